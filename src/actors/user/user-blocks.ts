/**
 * Whom one person has blocked: a document per blocked person, so that two owners of the same list do no harm to each other.
 * Held by the user's actor once somebody is on it; most people have nobody blocked and no such list.
 * Invariant: who is in the set is in the store; a change is answered when the store has it and no room believes what was before.
 */
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { BLOCKS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Later } from "../actor.ts";
import type { BlockedView } from "../calls.ts";
import type { ShardEnv } from "../shard-env.ts";
import { BlockNews } from "./block-news.ts";

type Done<Value> = (result: Result<Value, Rejection>) => void;

const UNAVAILABLE: Rejection = { code: "unavailable", retryAfterMs: 500 };
/** Of a removal that meets another one's change. */
const ROUNDS_MAX = 4;

/** The documents of whom `userId` has blocked, by id. */
export function blocksOf(userId: UserId): string {
  return `blocks.${userId}`;
}

export class UserBlocks {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #userId: UserId;
  readonly #later: Later;
  readonly #news: BlockNews;
  /** `undefined` until it was read. */
  #blocked: Set<UserId> | undefined;

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#userId = userId;
    this.#later = later;
    this.#news = new BlockNews(env, tenant, userId, later);
  }

  /** By a room that was told of a change. */
  heard(room: RoomId, news: string): void {
    this.#news.heard(room, news);
  }

  /** Whether what this person does is not to be told. What can't be read now blocks nobody. */
  has(userId: UserId, done: (isBlocked: boolean) => void): void {
    this.#whole((read) => done(read.ok && read.value.has(userId)));
  }

  block(userId: UserId, done: Done<true>): void {
    this.#whole((read) => {
      if (!read.ok) return done(read);
      const blocked = read.value;
      if (!blocked.has(userId) && blocked.size >= BLOCKS_MAX) return done(err({ code: "too_many_blocks" }));
      const { projections, clock } = this.#env;
      projections.writeDocument(
        this.#tenant,
        blocksOf(this.#userId),
        userId,
        { at: clock.wallMs() },
        0,
        this.#later((written) => {
          if (!written.ok) return done(err(UNAVAILABLE));
          // A conflict: it is there, by an earlier request or by another owner of the list.
          blocked.add(userId);
          this.#news.tell(userId, done);
        }),
      );
    });
  }

  unblock(userId: UserId, done: Done<true>, round = 1): void {
    const { projections } = this.#env;
    const collection = blocksOf(this.#userId);
    const gone = (): void => {
      this.#blocked?.delete(userId);
      this.#news.tell(userId, done);
    };
    projections.readDocument(
      this.#tenant,
      collection,
      userId,
      this.#later((read) => {
        if (!read.ok) return done(err(UNAVAILABLE));
        if (read.value === null) return gone();
        projections.writeDocument(
          this.#tenant,
          collection,
          userId,
          null,
          read.value.version,
          this.#later((written) => {
            if (!written.ok || (written.value === "conflict" && round >= ROUNDS_MAX)) return done(err(UNAVAILABLE));
            if (written.value === "conflict") return this.unblock(userId, done, round + 1);
            gone();
          }),
        );
      }),
    );
  }

  /** In the order of their ids. */
  list(page: { readonly after?: UserId; readonly limit: number }, done: Done<readonly BlockedView[]>): void {
    this.#env.projections.listDocuments(
      this.#tenant,
      blocksOf(this.#userId),
      page,
      this.#later((read) => {
        if (!read.ok) return done(err(UNAVAILABLE));
        done(ok(read.value.map(({ id, value }) => ({ userId: id as UserId, blockedAt: Number(Object(value).at) }))));
      }),
    );
  }

  #whole(done: Done<Set<UserId>>): void {
    if (this.#blocked !== undefined) return done(ok(this.#blocked));
    this.#env.projections.listDocuments(
      this.#tenant,
      blocksOf(this.#userId),
      { limit: BLOCKS_MAX },
      this.#later((read) => {
        if (!read.ok) return done(err(UNAVAILABLE));
        this.#blocked ??= new Set(read.value.map(({ id }) => id as UserId));
        done(ok(this.#blocked));
      }),
    );
  }
}
