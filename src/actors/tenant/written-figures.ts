/**
 * Counts what rooms of this shard commit, for tenants' figures: per room a number and who wrote, put together and handed on once in a
 * while. What it had not handed on when its thread ended is missing from the figures, and from nothing else.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { HOUR_MS } from "../../base/days.ts";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { FIGURES_TELL_MS } from "../../base/limits.ts";
import { FigureBook } from "../../domain/figure-book.ts";
import type { FiguresDelta } from "../../domain/figures.ts";
import type { LogEvent } from "../../domain/room/events.ts";

interface Room {
  readonly tenant: TenantId;
  readonly room: RoomId;
}
interface Written {
  /** A time in the hour that is counted, and its end. */
  atMs: number;
  untilMs: number;
  messages: number;
  readonly writers: Set<UserId>;
}

export class WrittenFigures {
  readonly #clock: Clock;
  readonly #send: (deltas: readonly FiguresDelta[]) => void;
  readonly #book = new FigureBook();
  readonly #written = new Map<Room, Written>();
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (deltas: readonly FiguresDelta[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** With each commit: no more than a look at each message. */
  committed(room: Room, events: readonly LogEvent[]): void {
    let written: Written | undefined;
    for (const event of events) {
      if (event.kind !== "message_sent") continue;
      if (written === undefined || event.timestamp >= written.untilMs) written = this.#of(room, event.timestamp);
      written.messages += 1;
      // Whose pseudonym it is, a count of people must not tell either.
      if (event.as === undefined) written.writers.add(event.by);
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #of(room: Room, atMs: number): Written {
    const untilMs = (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS;
    let written = this.#written.get(room);
    if (written === undefined) {
      written = { atMs, untilMs, messages: 0, writers: new Set() };
      this.#written.set(room, written);
      this.#timer ??= this.#clock.after(FIGURES_TELL_MS, () => this.#tell());
    } else if (written.untilMs !== untilMs) {
      this.#note(room, written);
      Object.assign(written, { atMs, untilMs, messages: 0 });
      written.writers.clear();
    }
    return written;
  }

  #note({ tenant, room }: Room, { atMs, messages, writers }: Written): void {
    this.#book.wrote(tenant, room, atMs, messages, writers);
  }

  #tell(): void {
    this.#timer = undefined;
    for (const [room, written] of this.#written) this.#note(room, written);
    this.#written.clear();
    this.#send(this.#book.take());
  }
}
