/**
 * Rooms of two people are told when one of them blocks the other, or does so no more: they believe what they read of it for a while.
 * The room that is named after the two is told whether it was made or not; others that they share may have been imported.
 * Invariant: `done` says ok when each of them has forgotten what it believed, or believes nothing; otherwise that nobody knows yet.
 */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { BLOCK_NEWS_AGAIN_MS, BLOCK_NEWS_MAX, BLOCK_NEWS_MS_MAX, SHARED_ROOMS_SHOWN_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Later } from "../actor.ts";
import { directRoomId, roomAddress } from "../address.ts";
import type { ShardEnv } from "../shard-env.ts";

type Done = (result: Result<true, Rejection>) => void;

interface News {
  readonly userId: UserId;
  /** Who have not answered. */
  readonly rooms: Set<RoomId>;
  /** On the monotonic clock. */
  readonly untilMs: number;
  readonly done: Done;
}

const RETRY_MS = 500;
const NAME_LENGTH = 8;

export class BlockNews {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #userId: UserId;
  readonly #later: Later;
  /** By a name of its own: what a room says of an earlier change says nothing of this one. */
  readonly #open = new Map<string, News>();

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#userId = userId;
    this.#later = later;
  }

  /** Once the change is in the store. */
  tell(userId: UserId, done: Done): void {
    const name = this.#env.random.token(NAME_LENGTH);
    if (this.#open.size >= BLOCK_NEWS_MAX) return done(err({ code: "overloaded", retryAfterMs: RETRY_MS }));
    const rooms = new Set([directRoomId(this.#tenant, this.#userId, userId)]);
    const untilMs = this.#env.clock.monotonicMs() + BLOCK_NEWS_MS_MAX;
    this.#open.set(name, { userId, rooms, untilMs, done });
    this.#env.projections.sharedRooms(
      this.#tenant,
      this.#userId,
      [userId],
      SHARED_ROOMS_SHOWN_MAX,
      this.#later((read) => {
        if (!read.ok) return this.#close(name, err({ code: "unavailable", retryAfterMs: RETRY_MS }));
        for (const room of read.value[0] ?? []) rooms.add(room);
        this.#send(name);
      }),
    );
  }

  heard(room: RoomId, name: string): void {
    const rooms = this.#open.get(name)?.rooms;
    rooms?.delete(room);
    if (rooms?.size === 0) this.#close(name, ok(true));
  }

  /** Again while somebody has not answered: what goes between shards and nodes may be lost, and rooms move. */
  #send(name: string): void {
    const news = this.#open.get(name);
    if (news === undefined) return;
    const { clock } = this.#env;
    if (clock.monotonicMs() >= news.untilMs) {
      return this.#close(name, err({ code: "unavailable", retryAfterMs: RETRY_MS }));
    }
    const asks = { by: this.#userId, news: name };
    for (const room of [...news.rooms]) {
      this.#env.tell(roomAddress(this.#tenant, room), { kind: "blocks_changed", userId: news.userId, asks });
    }
    clock.after(
      BLOCK_NEWS_AGAIN_MS,
      this.#later(() => this.#send(name)),
    );
  }

  #close(name: string, result: Result<true, Rejection>): void {
    const news = this.#open.get(name);
    this.#open.delete(name);
    news?.done(result);
  }
}
