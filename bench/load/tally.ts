/**
 * Counts every delivery of every receiver and checks it: each message of each sender exactly once and in order.
 * Invariant: `seen` holds, per receiver and sender of its room, the number of the last message that arrived.
 */
import { readNumber, readSender, readTime } from "./content.ts";
import { Histogram } from "./histogram.ts";
import type { Link } from "./link.ts";
import type { Route } from "./route.ts";

export class Tally {
  deliveries = 0;
  repeated = 0;
  gaps = 0;
  foreign = 0;
  latency = new Histogram();
  /** Time of the present read, µs since the start of the process. */
  nowUs = 0;
  readonly #members: number;
  readonly #senders: number;
  readonly #sampleAll: boolean;
  readonly #returns: boolean;
  readonly #seen: Int32Array;
  readonly #route: Route | undefined;

  /**
   * `sampleAll`: every delivery's latency is recorded, otherwise a sender's own messages only (the round trip).
   * `returns`: a sender's own delivery lets it send the next.
   */
  constructor(
    shape: { rooms: number; members: number; senders: number; sampleAll: boolean; returns: boolean },
    route?: Route,
  ) {
    this.#route = route;
    this.#members = shape.members;
    this.#senders = shape.senders;
    this.#sampleAll = shape.sampleAll;
    this.#returns = shape.returns;
    this.#seen = new Int32Array(shape.rooms * shape.members * shape.senders);
  }

  /** A message whose content begins at `at` arrived at `link`. */
  deliver(link: Link, bytes: Uint8Array, at: number): void {
    const sender = readSender(bytes, at);
    const slot = sender - link.roomFirst;
    if (slot < 0 || slot >= this.#senders) {
      this.foreign += 1;
      return;
    }
    const index = link.id * this.#senders + slot;
    const number = readNumber(bytes, at);
    const last = this.#seen[index] ?? 0;
    this.deliveries += 1;
    if (number !== last + 1) {
      if (number <= last) this.repeated += 1;
      else this.gaps += number - last - 1;
    }
    if (number > last) this.#seen[index] = number;
    this.#route?.delivered(link, number, readTime(bytes, at), this.nowUs);
    const own = sender === link.id;
    if (own && this.#returns) link.due += 1;
    if (this.#sampleAll || (own && this.#returns)) this.latency.record(this.nowUs - readTime(bytes, at));
  }

  /** Deliveries that must have arrived when nothing is under way any more. */
  expected(links: readonly Link[]): number {
    let sum = 0;
    for (const link of links) sum += link.sent * this.#members;
    return sum;
  }

  /** Messages that receivers have not seen, by the senders' own count. Gaps that were seen on the way count as well. */
  missing(links: readonly Link[]): number {
    let sum = this.gaps;
    for (const receiver of links) {
      for (let slot = 0; slot < this.#senders; slot += 1) {
        const sent = links[receiver.roomFirst + slot]?.sent ?? 0;
        sum += Math.max(0, sent - (this.#seen[receiver.id * this.#senders + slot] ?? 0));
      }
    }
    return sum;
  }
}
