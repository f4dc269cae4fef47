/**
 * Tells a large room's listeners how many members it has, where coming and going is no event for them.
 * Invariant: at most one frame in `MEMBER_COUNT_INTERVAL_MS`, and after the last change one that says how it ended.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { RoomId } from "../../base/ids.ts";
import { MEMBER_COUNT_INTERVAL_MS } from "../../base/limits.ts";
import type { ServerFrame } from "../../protocol/frames.ts";
import type { Later } from "../actor.ts";

export class MemberCount {
  readonly #clock: Clock;
  readonly #room: RoomId;
  readonly #show: (frame: ServerFrame) => void;
  readonly #later: Later;
  #count = 0;
  #timer: Timer | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, room: RoomId, show: (frame: ServerFrame) => void, later: Later) {
    this.#clock = clock;
    this.#room = room;
    this.#show = show;
    this.#later = later;
  }

  /** Somebody came or went. `isShown`: the listeners are told who; only what is about to be told changes. */
  changed(count: number, isShown: boolean): void {
    this.#count = count;
    if (isShown || this.#timer !== undefined) return;
    const waitMs = this.#toldMs + MEMBER_COUNT_INTERVAL_MS - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(Math.max(0, waitMs), this.#later(this.#tell));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  readonly #tell = (): void => {
    this.#timer = undefined;
    this.#toldMs = this.#clock.monotonicMs();
    this.#show({ type: "member_count", roomId: this.#room, memberCount: this.#count });
  };
}
