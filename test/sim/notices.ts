/**
 * Where notifications of people who are away leave the simulated engine: a service that is away, or whose answers get lost; and what it
 * was given, for the judge. Invariant: what is noted was taken, whether the answer arrived or not.
 */
import type { SeededRandom } from "../../src/base/prng.ts";
import type { Notification } from "../../src/domain/notify/notification.ts";
import type { SendOutcome } from "../../src/integrations/notify/notifier.ts";
import type { ReceiverFaults } from "./receivers.ts";
import type { Trace } from "./trace.ts";
import type { EventQueue } from "./virtual-clock.ts";

export class Notices {
  /** Nobody takes anything, whatever else. */
  isAway = false;
  readonly told: Notification[] = [];
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #faults: () => ReceiverFaults;

  constructor(queue: EventQueue, random: SeededRandom, trace: Trace, faults: () => ReceiverFaults) {
    this.#queue = queue;
    this.#random = random;
    this.#trace = trace;
    this.#faults = faults;
  }

  post(notification: Notification, answer: (outcome: SendOutcome) => void): void {
    const { away, answerLost, delayMsMax } = this.#faults();
    const delayMs = (): number => 0.2 + this.#random.next() ** 2 * delayMsMax;
    this.#queue.after(delayMs(), () => {
      const isTaken = !this.isAway && this.#random.next() >= away;
      if (isTaken) this.#take(notification);
      const isHeard = isTaken && this.#random.next() >= answerLost;
      this.#queue.after(delayMs(), () => answer(isHeard ? "sent" : "later"));
    });
  }

  #take(notification: Notification): void {
    const { userId, roomId, fromSeq, toSeq, reason, id } = notification;
    this.told.push(notification);
    this.#trace.note(this.#queue.nowMs, `${userId} is told of ${roomId} ${fromSeq} to ${toSeq}, ${reason}, as ${id}`);
  }
}
