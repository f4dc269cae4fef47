/**
 * When an activation writes its fence, the mark in the log that ends all former owners' appends, and what it may not do before.
 * Invariant: no event is written, and nothing refused for good that a former owner may still do, before the fence.
 */
import type { Seq } from "../../base/ids.ts";
import { FENCE_RESPECT_MS } from "../../base/limits.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { Later } from "../actor.ts";
import { isFenceOf } from "../ownership.ts";
import type { RoomActor } from "./room-actor.ts";
import { topicKey } from "./room-listeners.ts";
import type { Former } from "./room-succession.ts";
import type { ShardEnv } from "../shard-env.ts";

/** A full store is asked again after this time, milliseconds. */
const STORAGE_FULL_RETRY_MS = 5_000;

export class RoomFence {
  /** This activation has written its fence. */
  isWritten = false;
  /** Somebody fenced the log since the former activation read it: what that one had left to write is not written here. */
  yields = false;
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  /** An uncommitted fence with nothing but committed events before it: no answer rests on it. */
  #bareSeq: Seq = 0;
  /** A former activation here ended with something under way, or in doubt: whose fence is the newest proves nothing. */
  #succeeds = false;
  /** Leaves the log alone for now, as long as nobody asks for something to be written. */
  waits = false;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  get #name(): string {
    return this.#env.ownership.fenceName(this.#env.settings.node);
  }

  /** The fence itself, to be written next. */
  make(): LogEvent {
    const { head, epoch, lastTimestamp } = this.#room.state;
    const timestamp = Math.max(lastTimestamp, this.#env.clock.wallMs());
    this.isWritten = true;
    return { kind: "fence", seq: head + 1, timestamp, epoch: epoch + 1, owner: this.#name };
  }

  /**
   * A former owner may have a copy of any request, and still carry it out. So before the first one is refused for good, or
   * answered as having nothing to change, a fence makes sure that the log it was judged by is all there will be.
   */
  get mayBeDoneElsewhere(): boolean {
    const { head, owner } = this.#room.state;
    if (head === 0 || !this.#env.ownership.isAmongOthers) return false;
    return owner !== this.#name || this.#succeeds;
  }

  /**
   * While another owner's fence is the newest, an append of theirs may still land, also after the log was read. Whoever
   * listens to a room in which nothing is written would never hear of it: so the fence does not wait for a first event.
   */
  get isDueForListeners(): boolean {
    const room = this.#room;
    const { head, owner } = room.state;
    if (room.audience.isEmpty || this.waits || room.publishedSeq < head) return false;
    if (owner === this.#name && !this.#succeeds) return false;
    // Listeners of a room that is another node's are about to be told to go there.
    return !room.audience.hasLaggards && !room.follows && this.#env.ownership.isOwn(room.hash);
  }

  /** It was written for listeners alone. */
  noteBare(): void {
    this.#bareSeq = this.#room.state.head;
  }

  /** What an answer rests on that was decided just now. */
  restOf(isRefusal: boolean): Seq {
    const { head } = this.#room.state;
    return head === this.#bareSeq && !isRefusal ? head - 1 : head;
  }

  /**
   * What a former activation left. Whoever took the log may be right: it is left to them for a while. A full store is not asked
   * again and again; `waited` runs when that is over. true: while nobody can be asked whose it is, it stays theirs.
   */
  inherit({ epoch, wasFull }: Former, waited: () => void): boolean {
    const { state, tenant, room } = this.#room;
    this.#succeeds = true;
    this.yields = state.epoch > epoch && !isFenceOf(this.#env.settings.node, state.owner);
    if (!this.yields && !wasFull) return false;
    this.waits = true;
    this.#env.clock.after(
      wasFull ? STORAGE_FULL_RETRY_MS : FENCE_RESPECT_MS,
      this.#later(() => {
        this.waits = false;
        waited();
      }),
    );
    return this.yields && this.#env.ownership.giveUp(topicKey(tenant, room));
  }
}
