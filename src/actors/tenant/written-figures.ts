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

interface Written {
  /** A time in the hour that is counted, and its end. */
  atMs: number;
  untilMs: number;
  messages: number;
  readonly writers: Set<UserId>;
  /** One of them: who wrote last often writes next. */
  lastBy: UserId | undefined;
}
/** An activation. What is counted of it hangs on it: each commit asks, and a map's entry is memory of its own. */
export interface CountedRoom {
  readonly tenant: TenantId;
  readonly room: RoomId;
  written: Written | undefined;
}

export class WrittenFigures {
  readonly #clock: Clock;
  readonly #send: (deltas: readonly FiguresDelta[]) => void;
  readonly #book = new FigureBook();
  #written: CountedRoom[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (deltas: readonly FiguresDelta[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** With each commit: no more than a look at each message. */
  committed(room: CountedRoom, events: readonly LogEvent[]): void {
    let written: Written | undefined;
    for (const event of events) {
      if (event.kind !== "message_sent") continue;
      if (written === undefined || event.timestamp >= written.untilMs) written = this.#of(room, event.timestamp);
      written.messages += 1;
      // Whose pseudonym it is, a count of people must not tell either.
      if (event.as !== undefined || event.by === written.lastBy) continue;
      written.lastBy = event.by;
      written.writers.add(event.by);
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #of(room: CountedRoom, atMs: number): Written {
    const untilMs = (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS;
    let { written } = room;
    if (written === undefined) {
      written = { atMs, untilMs, messages: 0, writers: new Set(), lastBy: undefined };
      room.written = written;
      this.#written.push(room);
      this.#timer ??= this.#clock.after(FIGURES_TELL_MS, () => this.#tell());
    } else if (written.untilMs !== untilMs) {
      this.#note(room, written);
      Object.assign(written, { atMs, untilMs, messages: 0, lastBy: undefined });
      written.writers.clear();
    }
    return written;
  }

  #note({ tenant, room }: CountedRoom, { atMs, messages, writers }: Written): void {
    this.#book.wrote(tenant, room, atMs, messages, writers);
  }

  #tell(): void {
    this.#timer = undefined;
    for (const room of this.#written) {
      if (room.written !== undefined) this.#note(room, room.written);
      room.written = undefined;
    }
    this.#written = [];
    this.#send(this.#book.take());
  }
}
