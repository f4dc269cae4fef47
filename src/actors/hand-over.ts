/**
 * What becomes of a shard's rooms when the view changes: read anew, handed over to another node, or looked after; and how a
 * shard empties itself before its process ends.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { HostedActors } from "./hosted-actors.ts";
import type { Ownership } from "./ownership.ts";
import type { RoomActor } from "./room/room-actor.ts";

/** How often it looks whether rooms that are another node's now have done what was under way, milliseconds. */
const HAND_OVER_POLL_MS = 100;
/** How often a draining shard looks whether it is done, milliseconds. */
const DRAIN_POLL_MS = 10;

export class HandOver {
  readonly #clock: Clock;
  readonly #actors: HostedActors;
  readonly #ownership: Ownership;
  /** Turns that were woken from outside are to run. */
  readonly #wake: () => void;
  /** Another node's now, and not idle yet. */
  readonly #leaving = new Set<RoomActor>();
  #timer: Timer | undefined;

  constructor(clock: Clock, actors: HostedActors, ownership: Ownership, wake: () => void) {
    this.#clock = clock;
    this.#actors = actors;
    this.#ownership = ownership;
    this.#wake = wake;
  }

  /** Another view is in force. `hasLapsed`: this node may have been thought gone in between. */
  viewChanged(hasLapsed: boolean): void {
    for (const room of [...this.#actors.rooms.values()]) {
      if (!room.fitsView() || hasLapsed) this.reread(room);
      else if (!this.#ownership.isHere(room.hash)) this.#leave(room);
      else room.watch.lookOnce();
    }
    this.#handOver();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** What the room knows may be out of date. */
  reread(room: RoomActor): void {
    if (!room.isIdle) return room.reread();
    room.stop();
    this.#actors.forget(room);
  }

  #leave(room: RoomActor): void {
    if (this.#leaving.has(room)) return;
    this.#leaving.add(room);
    room.marks.flushSent();
  }

  /** Rooms that another node has now end here when what was under way is done and nobody listens any more. */
  #handOver(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const room of this.#leaving) {
      if (room.stopped) {
        this.#leaving.delete(room);
      } else if (this.#ownership.isHere(room.hash)) {
        // Somebody else may have had it meanwhile.
        this.#leaving.delete(room);
        this.reread(room);
      } else if (room.isIdle) {
        this.#leaving.delete(room);
        room.passivate();
        this.#actors.forget(room);
      }
    }
    if (this.#leaving.size === 0) return;
    this.#timer = this.#clock.after(HAND_OVER_POLL_MS, () => {
      this.#handOver();
      this.#wake();
    });
  }

  /** Before the process ends: every room finishes what it has and leaves what it collected; then `done`. */
  drain(done: () => void): void {
    const { rooms } = this.#actors;
    for (const room of rooms.values()) {
      room.marks.flushSent();
      // An answer may take a minute: what has come of it is kept.
      room.assistant.interruptAll();
    }
    const poll = (): void => {
      if ([...rooms.values()].every((room) => room.isSettled)) {
        done();
      } else {
        this.#clock.after(DRAIN_POLL_MS, poll);
      }
      this.#wake();
    };
    poll();
  }
}
