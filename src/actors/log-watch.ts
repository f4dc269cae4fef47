/**
 * Looks now and then whether somebody else has written to a room's log: for rooms that are followed, and for those of a node
 * that does not hear of the others; and once after nodes have come or gone, who may have written and told nobody here.
 */
import type { Timer } from "../base/clock.ts";
import type { Seq } from "../base/ids.ts";
import { LOG_WATCH_MS } from "../base/limits.ts";
import type { LogKey } from "../storage/journal.ts";
import type { Later } from "./actor.ts";
import type { ShardEnv } from "./shard-env.ts";

/** The room, as it is watched. */
export interface Watched {
  readonly needsWatch: boolean;
  /** `undefined`: no look is needed just now. */
  lookAfter(): Seq | undefined;
  /** There is more in the log. */
  foundMore(): void;
  /** There was not, at some time after the look was asked for. */
  foundNone(): void;
}

export class LogWatch {
  readonly #env: ShardEnv;
  readonly #key: LogKey;
  readonly #room: Watched;
  readonly #later: Later;
  #timer: Timer | undefined;

  constructor(env: ShardEnv, key: LogKey, room: Watched, later: Later) {
    this.#env = env;
    this.#key = key;
    this.#room = room;
    this.#later = later;
  }

  start(): void {
    if (this.#timer !== undefined || !this.#room.needsWatch) return;
    // Jittered: the rooms of an isolated node must not all ask in the same moment.
    const delayMs = LOG_WATCH_MS * (0.75 + this.#env.random.next() / 2);
    this.#timer = this.#env.clock.after(delayMs, this.#later(this.#look));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    const head = this.#room.lookAfter();
    if (head === undefined) return this.#again();
    // Segments are contiguous: what follows the head stands in this place or nowhere.
    this.#env.journal.readSegment(
      this.#key,
      head + 1,
      this.#later((found) => {
        const isStill = this.#room.lookAfter() === head;
        if (isStill && found.ok && found.value !== undefined) return this.#room.foundMore();
        if (found.ok) this.#room.foundNone();
        this.#again();
      }),
    );
  };

  #again(): void {
    if (this.#timer === undefined) return;
    this.#timer = undefined;
    this.start();
  }
}
