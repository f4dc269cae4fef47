/**
 * Requests that wait for something before they can be decided: rows, what the tenant wants, a hook's word. Later requests of the
 * same sender wait behind them, nobody else's.
 * Invariant: the requests of one sender are tried in the order they came.
 */
import type { UserId } from "../../base/ids.ts";
import { LANE_REQUESTS_MAX } from "../../base/limits.ts";
import type { Decision, RowKeys } from "../../domain/room/decision.ts";
import { learnRows } from "../../domain/room/message-rows.ts";
import type { Later } from "../actor.ts";
import { answerRejection } from "../answers.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import { RowFetcher } from "./row-fetcher.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { TenantWishes } from "../tenant/tenant-moderation.ts";

type ConsultQuestion = Extract<Decision, { kind: "consult" }>["question"];

const RETRY_MS = 500;

export class RoomLanes {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  /** false: the request waits again. */
  readonly #attempt: (request: RoomRequest) => boolean;
  readonly #later: Later;
  readonly #rows: RowFetcher;
  readonly #lanes = new Map<UserId, RoomRequest[]>();
  #isEmpty = true;

  constructor(env: ShardEnv, room: RoomActor, attempt: (request: RoomRequest) => boolean, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#attempt = attempt;
    this.#later = later;
    this.#rows = new RowFetcher(env, room, later);
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** false: nothing of its sender waits, so it can be tried at once. */
  take(request: RoomRequest): boolean {
    const lane = this.#lanes.get(request.by.userId);
    if (lane === undefined) return false;
    if (lane.length < LANE_REQUESTS_MAX) lane.push(request);
    else answerRejection(this.#env, request, { code: "overloaded", retryAfterMs: RETRY_MS });
    return true;
  }

  fetch(keys: RowKeys, request: RoomRequest): void {
    this.#hold(request);
    const { state } = this.#room;
    const caches = [state.members, state.messages, state.items];
    for (const cache of caches) cache.pin();
    this.#rows.fetch(keys, (rows) => {
      for (const cache of caches) cache.unpin();
      this.#room.rowsCame();
      if (rows.ok) {
        learnRows(state, rows.value);
        if (!this.#attempt(request)) return;
      } else {
        answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
      }
      this.#goOn(request.by.userId);
    });
  }

  /** What the tenant asks of its rooms is not known yet. */
  awaitWishes(wishes: TenantWishes, request: RoomRequest): void {
    this.#hold(request);
    wishes.waiting.push(
      this.#later((known) => {
        if (!known) answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        else if (!this.#attempt(request)) return;
        this.#goOn(request.by.userId);
      }),
    );
  }

  consult(question: ConsultQuestion, request: RoomRequest): void {
    this.#hold(request);
    const { tenant, room } = this.#room;
    this.#env.consult(
      { tenant, room, ...question },
      this.#later((verdict) => {
        request.verdict = verdict;
        if (this.#attempt(request)) this.#goOn(request.by.userId);
      }),
    );
  }

  unanswered(): RoomRequest[] {
    return [...this.#lanes.values()].flat();
  }

  #hold(request: RoomRequest): void {
    const { userId } = request.by;
    if (!this.#lanes.has(userId)) this.#lanes.set(userId, [request]);
    this.#isEmpty = false;
  }

  /** The sender's first request is through: the ones behind it follow in order. The one being tried stays in the lane. */
  #goOn(userId: UserId): void {
    const lane = this.#lanes.get(userId);
    lane?.shift();
    for (let next = lane?.[0]; next !== undefined; next = lane?.[0]) {
      if (!this.#attempt(next)) return;
      lane?.shift();
    }
    this.#lanes.delete(userId);
    this.#isEmpty = this.#lanes.size === 0;
  }
}
