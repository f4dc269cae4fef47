/**
 * Tells people of what concerns them in a room, on connections that do not listen to it.
 * Invariant: members, and whoever is brought in, put out or answered, only. The domain names members; who is told as one of all is read from the room's rows.
 */
import { messageIdOf, type Seq, type UserId } from "../../base/ids.ts";
import { MENTION_ALL_MAX, NOTICES_PAGE } from "../../base/limits.ts";
import type { NotifyReason, RoomEffect } from "../../domain/room/decision.ts";
import type { Later } from "../actor.ts";
import { userAddress } from "../address.ts";
import type { ActorMessage } from "../messages.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";

type Room = Pick<RoomActor, "tenant" | "room" | "key">;

interface Notice {
  readonly effect: Extract<RoomEffect, { readonly kind: "notify" | "notify_all" }>;
  /** Who asked. */
  readonly by: UserId;
  /** The event that it is about. */
  readonly seq: Seq;
}

const ABOUT_MESSAGES: ReadonlySet<NotifyReason> = new Set<NotifyReason>(["mention", "reply"]);

export function notify(env: ShardEnv, room: Room, { effect, by, seq }: Notice, later: Later): void {
  const { reason, as = by } = effect;
  const messageId = ABOUT_MESSAGES.has(reason) ? { messageId: messageIdOf(effect.seq ?? seq) } : {};
  const message: ActorMessage = { kind: "notify", reason, room: room.room, by: as, ...messageId };
  const tell = (userId: UserId): void => env.tell(userAddress(room.tenant, userId), message);
  if (effect.kind === "notify") for (const userId of effect.userIds) tell(userId);
  else
    tellMembers(env, room, (userId) => userId !== effect.author && tell(userId), later, { after: undefined, told: 0 });
}

/** Page by page, so that a large room is not read at once. What cannot be read now is left out: the room shows it all the same. */
function tellMembers(
  env: ShardEnv,
  room: Room,
  tell: (userId: UserId) => void,
  later: Later,
  { after, told }: { readonly after: UserId | undefined; readonly told: number },
): void {
  const limit = Math.min(NOTICES_PAGE, MENTION_ALL_MAX - told);
  if (limit <= 0) return;
  env.journal.listMembers(
    room.key,
    { ...(after !== undefined && { after }), limit },
    later((read) => {
      if (!read.ok) return;
      for (const { userId } of read.value) tell(userId);
      const last = read.value[read.value.length - 1];
      if (last === undefined || read.value.length < limit) return;
      tellMembers(env, room, tell, later, { after: last.userId, told: told + read.value.length });
    }),
  );
}
