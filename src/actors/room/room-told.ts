/**
 * How far a room's listeners have been told. What is committed and shows them nothing (a member of a large room comes, an
 * invite is made) moves their position only, and that is told once for many commits.
 * Invariant: what is sent next follows what was told last, so a listener sees one unbroken run; whoever begins to listen
 * begins where the others are.
 */
import type { Timer } from "../../base/clock.ts";
import type { Seq } from "../../base/ids.ts";
import { POSITION_INTERVAL_MS } from "../../base/limits.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { Later } from "../actor.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";

export class RoomTold {
  /** What the listeners were told last. */
  seq: Seq = 0;
  #seenSeq: Seq = 0;
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  #timer: Timer | undefined;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  /** All up to here was told, or shows nothing. */
  get seen(): Seq {
    return this.#seenSeq;
  }

  /** The log was read up to here. */
  begin(head: Seq): void {
    this.seq = head;
    this.#seenSeq = head;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** `events` are those of one commit, following `after`; some of them may have been told already. */
  publishUpTo(seq: Seq, events: readonly LogEvent[], after: Seq): void {
    const from = this.#seenSeq;
    if (seq <= from) return;
    this.#seenSeq = seq;
    const { audience, facts } = this.#room;
    if (audience.isEmpty || facts === undefined) {
      this.seq = seq;
      return;
    }
    const run = from === after && seq - after === events.length ? events : events.slice(from - after, seq - after);
    if (audience.publishCommitted(run, this.seq, facts)) this.seq = seq;
    // A fence is a sign of another owner: whoever listens is to know soon that all is well.
    else if (run.some(({ kind }) => kind === "fence")) this.tell();
    // Checkpoints of answers are told with what follows them: an answer's end at the latest.
    else if (run.some(({ kind }) => kind !== "answer_extended"))
      this.#timer ??= this.#env.clock.after(POSITION_INTERVAL_MS, this.#later(this.tell));
  }

  /** Somebody comes who knows the room up to `seq`, from another owner perhaps: the others are told of it, too. */
  meet(seq: Seq): void {
    if (seq > this.seq && seq <= this.#seenSeq) this.tell();
  }

  /** Where the log is, if the listeners do not know. */
  readonly tell = (): void => {
    this.#timer?.cancel();
    this.#timer = undefined;
    const after = this.seq;
    if (after === this.#seenSeq) return;
    this.seq = this.#seenSeq;
    if (!this.#room.audience.isEmpty) this.#room.audience.publishPosition(after, this.seq);
  };
}
