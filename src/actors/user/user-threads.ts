/**
 * The threads that a user follows, over all of their rooms: room by room, the one that was active last first, and in a room
 * the thread that hangs on the newest message first. Invariant: only rooms that the user is a member of now are looked into.
 * A room that becomes active between two pages may be met again, or later.
 */
import type { Seq, TenantId, UserId } from "../../base/ids.ts";
import { REACTION_NAMES_LARGE_ROOM, THREAD_ROOMS_SCANNED_MAX } from "../../base/limits.ts";
import type { Done } from "../../storage/journal.ts";
import type { RoomListItem } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import type { UserCalls } from "../calls.ts";
import { gather } from "../gather.ts";
import type { ShardEnv } from "../shard-env.ts";
import { ThreadMarks } from "../room/thread-marks.ts";
import { type Follow, type FollowedThread, ThreadReads } from "../room/thread-reads.ts";
import { presentView } from "../views.ts";

type Reply = UserCalls["list_threads"]["reply"];

/** Where a page begins: how many rooms before it, and in its first room the thread that it follows. */
interface Place {
  readonly rooms: number;
  readonly before: Seq | undefined;
}
interface Found {
  readonly follows: readonly Follow[];
  /** `undefined`: there is nothing more. */
  readonly next: Place | undefined;
}

/** Rooms looked into at once. */
const ROOMS_AT_ONCE = 20;

export class UserThreads {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #userId: UserId;
  readonly #later: Later;
  readonly #reads: ThreadReads;

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#userId = userId;
    this.#later = later;
    this.#reads = new ThreadReads(env.journal, tenant, new ThreadMarks(env.projections, tenant, later), later);
  }

  list({ after, limit }: { readonly after?: string | undefined; readonly limit: number }, answer: Done<Reply>): void {
    const place = after === undefined ? { rooms: 0, before: undefined } : placeOf(after);
    this.#collect(place, limit, { follows: [], scanned: 0 }, (found) => {
      if (!found.ok) return answer(found);
      const { follows, next } = found.value;
      this.#reads.threads(follows, this.#userId, (threads) => {
        if (!threads.ok) return answer(threads);
        const value = { threads: threads.value.map((thread) => this.#entry(thread)), next: next ? textOf(next) : null };
        answer({ ok: true, value });
      });
    });
  }

  /** Looks on until the page is full, no room is left, or enough was looked at. */
  #collect(
    place: Place,
    limit: number,
    { follows, scanned }: { readonly follows: readonly Follow[]; readonly scanned: number },
    answer: Done<Found>,
  ): void {
    const query = { tenant: this.#tenant, userId: this.#userId, scope: "member" as const, limit: ROOMS_AT_ONCE };
    this.#env.projections.listRooms(
      { ...query, offset: place.rooms },
      this.#later((rooms) => {
        if (!rooms.ok) return answer(rooms);
        const { items } = rooms.value;
        this.#followsIn(items, place.before, limit + 1, (read) => {
          if (!read.ok) return answer(read);
          const all = [...follows, ...read.value.flat()];
          if (all.length > limit) {
            const next = cut(place, read.value, limit - follows.length);
            return answer({ ok: true, value: { follows: all.slice(0, limit), next } });
          }
          const rest = { rooms: place.rooms + items.length, before: undefined };
          const isEnd = items.length < ROOMS_AT_ONCE;
          if (isEnd || scanned + items.length >= THREAD_ROOMS_SCANNED_MAX) {
            return answer({ ok: true, value: { follows: all, next: isEnd ? undefined : rest } });
          }
          this.#collect(rest, limit, { follows: all, scanned: scanned + items.length }, answer);
        });
      }),
    );
  }

  #followsIn(
    rooms: readonly RoomListItem[],
    before: Seq | undefined,
    limit: number,
    answer: Done<readonly (readonly Follow[])[]>,
  ): void {
    gather<readonly Follow[]>(
      rooms.map(({ roomId }, i) => (done) => {
        this.#reads.follows(roomId, this.#userId, { before: i === 0 ? before : undefined, limit }, done);
      }),
      answer,
    );
  }

  #entry({ follow, message, unread }: FollowedThread): Reply["threads"][number] {
    const nowMs = this.#env.clock.wallMs();
    const reading = { userId: this.#userId, nowMs, namesMax: REACTION_NAMES_LARGE_ROOM, own: new Map() };
    return { message: presentView(follow.room, message.event, message.overlay, reading), unread };
  }
}

/** The place behind the first `taken` follows. */
function cut(from: Place, rooms: readonly (readonly Follow[])[], taken: number): Place {
  let left = taken;
  for (const [i, follows] of rooms.entries()) {
    if (left < follows.length) {
      const before = left > 0 ? follows[left - 1]?.root : i === 0 ? from.before : undefined;
      return { rooms: from.rooms + i, before };
    }
    left -= follows.length;
  }
  return { rooms: from.rooms + rooms.length, before: undefined };
}

function textOf({ rooms, before }: Place): string {
  return `${rooms}.${before ?? 0}`;
}

/** Of what `textOf` gave; the edge has seen that it looks like it. */
function placeOf(text: string): Place {
  const [rooms = 0, before = 0] = text.split(".").map(Number);
  return { rooms, before: before === 0 ? undefined : before };
}
