/**
 * The invites of one person over all rooms, read from the rooms' own rows.
 * Invariant: what was accepted, declined, revoked, or has ended by the clock is not shown, nor what is of a room that is gone.
 */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { isOpen, INVITES, invitedId, type InviteRow } from "../../domain/room/standing-rows.ts";
import type { Done } from "../../storage/journal.ts";
import type { PersonalItem } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import type { OwnInviteView, UserCalls } from "../calls.ts";
import type { ShardEnv } from "../shard-env.ts";

/** A page may be short of what has ended; `after` says where the next one begins, if there is one. */
export function listInvites(
  { projections, clock }: ShardEnv,
  { tenant, userId }: { readonly tenant: TenantId; readonly userId: UserId },
  { after, limit }: { readonly after?: RoomId; readonly limit: number },
  later: Later,
  answer: Done<UserCalls["list_invites"]["reply"]>,
): void {
  const start = after === undefined ? {} : { after };
  projections.personalItems(
    tenant,
    userId,
    { collection: INVITES, id: invitedId(userId), limit: limit + 1, ...start },
    later((read) => {
      if (!read.ok) return answer(read);
      const page = read.value.slice(0, limit);
      const now = clock.wallMs();
      const invites = page.filter(({ value }) => isOpen(value as InviteRow, now)).map(inviteView);
      const last = read.value.length > limit ? page.at(-1) : undefined;
      answer({ ok: true, value: { invites, after: last?.room ?? null } });
    }),
  );
}

/** Enough to decide, and no more: whoever is invited is not in yet. */
function inviteView({ room, card, value }: PersonalItem): OwnInviteView {
  const { by, at, until } = value as InviteRow;
  const { name, type, description, avatar } = card.settings;
  return {
    roomId: room,
    name,
    type,
    ...(description !== undefined && { description }),
    ...(avatar !== undefined && { avatar }),
    memberCount: card.memberCount,
    by,
    at,
    until,
  };
}
