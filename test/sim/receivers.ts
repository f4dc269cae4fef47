/**
 * The world outside that is told what happens: receivers of webhooks that are away, slow, or whose answers get lost; and what each
 * was brought, for the judges. Invariant: what is noted as taken was answered with a 2xx, whether the answer arrived or not.
 */
import type { RoomId, Seq } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { cursorText, type FeedCursor } from "../../src/feed/cursor.ts";
import type { FeedPage } from "../../src/feed/feed-reader.ts";
import type { Outcome } from "../../src/integrations/webhooks/webhook-sender.ts";
import type { Brought, FinalLog, Reader } from "./history.ts";
import { lastShownIn } from "./check-feed.ts";
import { Notices } from "./notices.ts";
import type { Trace } from "./trace.ts";
import type { EventQueue } from "./virtual-clock.ts";

export interface Posted {
  readonly page: FeedPage;
  readonly from: FeedCursor;
  readonly to: FeedCursor;
}

/** Chances from 0 to 1, per delivery. */
export interface ReceiverFaults {
  readonly away: number;
  readonly refused: number;
  readonly answerLost: number;
  readonly delayMsMax: number;
}

export const HEALTHY_RECEIVERS: ReceiverFaults = { away: 0, refused: 0, answerLost: 0, delayMsMax: 5 };
const AWAY: Outcome = { kind: "away", why: "simulated" };
const REFUSED: Outcome = { kind: "refused", why: "status 422", status: 422 };
const TAKEN: Outcome = { kind: "taken", status: 200 };

export class Receivers {
  faults: ReceiverFaults = HEALTHY_RECEIVERS;
  readonly notices: Notices;
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #readers = new Map<string, Brought[]>();

  constructor(queue: EventQueue, random: SeededRandom, trace: Trace) {
    this.#queue = queue;
    this.#random = random;
    this.#trace = trace;
    this.notices = new Notices(queue, new SeededRandom(random.below(0xffff_ffff)), trace, () => this.faults);
  }

  get readers(): readonly Reader[] {
    return [...this.#readers].map(([name, brought]) => ({ name, brought }));
  }

  /** Somebody who is to be brought everything, whatever comes. */
  expect(name: string): void {
    if (!this.#readers.has(name)) this.#readers.set(name, []);
  }

  post(id: string, posted: Posted, answer: (outcome: Outcome) => void): void {
    this.#queue.after(this.#delayMs(), () => {
      const outcome = this.#receive(id, posted);
      const isLost = this.#random.next() < this.faults.answerLost;
      this.#queue.after(this.#delayMs(), () => answer(isLost ? AWAY : outcome));
    });
  }

  /** What a program read, and has dealt with. */
  note(name: string, { page, from, to }: Posted, isTaken: boolean): void {
    const events = page.events.map(({ roomId: room, seq, type }) => ({ room, seq, type }));
    const missing = page.missing.map(({ roomId: room, from: first, to: last }) => ({ room, from: first, to: last }));
    this.expect(name);
    this.#readers.get(name)?.push({ events, missing, isTaken });
    const text = events.map(({ room, seq, type }) => `${room} ${seq} ${type}`).join(", ");
    const place = `${cursorText(from)} to ${cursorText(to)}`;
    this.#trace.note(this.#queue.nowMs, `${name} ${isTaken ? "took" : "did not take"} ${place}: ${text}`);
  }

  /** Each has what stands last in each room. */
  haveAll(logs: readonly FinalLog[]): boolean {
    const heads = new Map(logs.map((log) => [log.room, lastShownIn(log)] as const));
    return [...this.#readers.keys()].every((name) => this.#has(name, heads));
  }

  #has(name: string, heads: ReadonlyMap<RoomId, Seq>): boolean {
    const last = new Map<RoomId, Seq>();
    for (const { events, missing, isTaken } of this.#readers.get(name) ?? []) {
      if (!isTaken) continue;
      for (const { room, seq } of events) last.set(room, Math.max(seq, last.get(room) ?? 0));
      for (const { room, to } of missing) if (room !== undefined) last.set(room, Math.max(to, last.get(room) ?? 0));
    }
    return [...heads].every(([room, head]) => (last.get(room) ?? 0) >= head);
  }

  #receive(id: string, posted: Posted): Outcome {
    const { away, refused } = this.faults;
    const dice = this.#random.next();
    if (dice < away) return AWAY;
    const isTaken = dice >= away + refused;
    this.note(id, posted, isTaken);
    return isTaken ? TAKEN : REFUSED;
  }

  #delayMs(): number {
    return 0.2 + this.#random.next() ** 2 * this.faults.delayMsMax;
  }
}
