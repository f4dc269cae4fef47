/**
 * Counts what is written, for tenants' figures. It keeps sums for a moment and hands them on; what it had not handed on when
 * its thread ended is missing from the figures, and from nothing else: so it calls everything durable at once.
 */
import type { Clock } from "../base/clock.ts";
import { FIGURES_DAYS_MAX } from "../base/limits.ts";
import { FigureBook } from "../domain/figure-book.ts";
import { DAY_MS } from "../base/days.ts";
import type { FiguresDelta } from "../domain/figures.ts";
import type { Delivered, LogConsumer, LogRun } from "./log-consumer.ts";

export class FiguresConsumer implements LogConsumer {
  readonly name = "figures";
  readonly #clock: Clock;
  readonly #book = new FigureBook();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  deliver({ log: { tenant, room }, events }: LogRun, done: (outcome: Delivered) => void): void {
    // Whoever begins with old logs does not count what would be dropped.
    const oldestMs = this.#clock.wallMs() - FIGURES_DAYS_MAX * DAY_MS;
    for (const event of events) {
      // Whose pseudonym it is, a count of people must not tell either.
      if (event.kind === "message_sent" && event.timestamp > oldestMs)
        this.#book.wrote(tenant, room, event.timestamp, event.as === undefined ? event.by : undefined);
    }
    done("durable");
  }

  take(): readonly FiguresDelta[] {
    return this.#book.take();
  }
}
