/**
 * Times a message's way between nodes: from its receipt by a witness on the node that owns the room, where it became
 * visible with its commit, to its receipt by a receiver on another node. Rooms have one sender.
 * Invariant: a message is counted once, when both have it; whoever is first is remembered until the other has it.
 */
import { Histogram } from "./histogram.ts";
import type { Link } from "./link.ts";

/** Places of the three in their room. */
const WITNESS = 1;
const RECEIVER = 2;
/** Messages of one room of which one of the two has not heard yet. */
const RING = 16_384;

export class Route {
  cross = new Histogram();
  receipt = new Histogram();
  readonly #firstUs: Float64Array;

  constructor(rooms: number) {
    this.#firstUs = new Float64Array(rooms * RING);
  }

  /** A receiver that is ahead of the witness counts as 0. */
  delivered(link: Link, number: number, dueUs: number, nowUs: number): void {
    const seat = link.id - link.roomFirst;
    if (seat !== WITNESS && seat !== RECEIVER) return;
    if (seat === RECEIVER) this.receipt.record(nowUs - dueUs);
    const index = link.room * RING + (number % RING);
    const first = this.#firstUs[index] ?? 0;
    this.#firstUs[index] = first === 0 ? nowUs : 0;
    if (first > 0) this.cross.record(seat === RECEIVER ? nowUs - first : 0);
  }

  cut(): void {
    this.cross = new Histogram();
    this.receipt = new Histogram();
  }
}
