/**
 * What waits for one person in all of their rooms: unread messages and mentions, replies in threads, invites.
 * Invariant: what is not known is not told as zero: one read that fails fails the whole.
 */
import { messageIdOf, type RoomId, type TenantId, type UserId } from "../../base/ids.ts";
import { OWN_INVITES_PAGE_MAX, THREADS_AT_CONNECT_MAX, THREADS_LOOKED_AT_MAX } from "../../base/limits.ts";
import { followsOf } from "../../domain/room/thread-items.ts";
import type { ConnectionFrame } from "../../protocol/frames.ts";
import type { Done } from "../../storage/journal.ts";
import type { UnreadCount, UnreadThread } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import type { ShardEnv } from "../shard-env.ts";
import { marksOf } from "../room/thread-marks.ts";
import { listInvites } from "./user-invites.ts";

interface Person {
  readonly tenant: TenantId;
  readonly userId: UserId;
}
type Unread = ConnectionFrame["unread"];

export interface Overview {
  readonly unread: Unread;
  readonly invites: number;
}

export function readOverview(env: ShardEnv, person: Person, later: Later, answer: Done<Overview>): void {
  let unread: Unread | undefined;
  let invites: number | undefined;
  let hasFailed = false;
  const fail = (): void => {
    if (!hasFailed) answer({ ok: false, error: "unavailable" });
    hasFailed = true;
  };
  const done = (): void => {
    if (unread !== undefined && invites !== undefined && !hasFailed) answer({ ok: true, value: { unread, invites } });
  };
  readUnread(env, person, later, (read) => {
    if (!read.ok) return fail();
    unread = read.value;
    done();
  });
  listInvites(env, person, { limit: OWN_INVITES_PAGE_MAX }, later, (read) => {
    if (!read.ok) return fail();
    invites = read.value.invites.length;
    done();
  });
}

export function readUnread(
  { projections }: ShardEnv,
  { tenant, userId }: Person,
  later: Later,
  answer: Done<Unread>,
): void {
  const query = {
    follows: followsOf(userId),
    marks: marksOf(userId),
    lookedAtMax: THREADS_LOOKED_AT_MAX,
    limit: THREADS_AT_CONNECT_MAX,
  };
  projections.unreadCounts(
    tenant,
    userId,
    later((counts) => {
      if (!counts.ok) return answer(counts);
      projections.unreadThreads(
        tenant,
        userId,
        query,
        later((threads) => {
          answer(threads.ok ? { ok: true, value: unreadOverview(counts.value, threads.value) } : threads);
        }),
      );
    }),
  );
}

function unreadOverview(counts: ReadonlyMap<RoomId, UnreadCount>, followed: readonly UnreadThread[]): Unread {
  let total = 0;
  let mentions = 0;
  const rooms: [RoomId, number][] = [];
  const mentionRooms: [RoomId, number][] = [];
  for (const [room, count] of counts) {
    total += count.unread;
    mentions += count.mentions;
    rooms.push([room, count.unread]);
    if (count.mentions > 0) mentionRooms.push([room, count.mentions]);
  }
  // `fromEntries` defines its own properties, so that a room called "__proto__" is only a name.
  const mentioned = mentions === 0 ? {} : { mentions, mentionRooms: Object.fromEntries(mentionRooms) };
  const threads = followed.map(({ room, root, unread }) => ({ roomId: room, threadId: messageIdOf(root), unread }));
  return { total, rooms: Object.fromEntries(rooms), ...mentioned, ...(threads.length > 0 && { threads }) };
}
