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

interface Counted {
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
  counted: Counted | undefined;
}

export class WrittenFigures {
  readonly #clock: Clock;
  readonly #send: (deltas: readonly FiguresDelta[]) => void;
  readonly #book = new FigureBook();
  #rooms: CountedRoom[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (deltas: readonly FiguresDelta[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** With each commit: no more than a look at each message. */
  committed(room: CountedRoom, events: readonly LogEvent[]): void {
    let counted: Counted | undefined;
    for (const event of events) {
      if (event.kind !== "message_sent") continue;
      if (counted === undefined || event.timestamp >= counted.untilMs) counted = this.#of(room, event.timestamp);
      counted.messages += 1;
      // Whose pseudonym it is, a count of people must not tell either.
      if (event.as !== undefined || event.by === counted.lastBy) continue;
      counted.lastBy = event.by;
      counted.writers.add(event.by);
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #of(room: CountedRoom, atMs: number): Counted {
    const untilMs = (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS;
    let { counted } = room;
    if (counted === undefined) {
      counted = { atMs, untilMs, messages: 0, writers: new Set(), lastBy: undefined };
      room.counted = counted;
      this.#rooms.push(room);
      this.#timer ??= this.#clock.after(FIGURES_TELL_MS, () => this.#tell());
    } else if (counted.untilMs !== untilMs) {
      this.#note(room, counted);
      Object.assign(counted, { atMs, untilMs, messages: 0, lastBy: undefined });
      counted.writers.clear();
    }
    return counted;
  }

  #note({ tenant, room }: CountedRoom, { atMs, messages, writers }: Counted): void {
    this.#book.wrote(tenant, room, atMs, messages, writers);
  }

  #tell(): void {
    this.#timer = undefined;
    for (const room of this.#rooms) {
      if (room.counted !== undefined) this.#note(room, room.counted);
      room.counted = undefined;
    }
    this.#rooms = [];
    this.#send(this.#book.take());
  }
}
