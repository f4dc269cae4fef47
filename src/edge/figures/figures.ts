/**
 * Hands a tenant's figures on to its documents: who was there, as this edge sees it, and what shards counted.
 * Nothing of it is on the way of a message. What could not be written is given again with the next round.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { FIGURES_BOOK_TENANTS_MAX } from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import { FigureBook } from "../../domain/figure-book.ts";
import { HOUR_MS } from "../../base/days.ts";
import { addFigures, type FiguresDelta } from "../../domain/figures.ts";
import type { Connection } from "../sockets/connection.ts";

export interface FiguresPorts {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly connections: () => Iterable<Connection>;
  /** false: not now. */
  readonly write: (delta: FiguresDelta) => Promise<boolean>;
}

export class Figures {
  readonly #ports: FiguresPorts;
  readonly #book = new FigureBook();
  #waiting = new Map<string, FiguresDelta>();
  /** Whoever is connected is there in each hour. */
  #countedHour = 0;
  #timer: Timer;
  #isStopped = false;

  constructor(ports: FiguresPorts) {
    this.#ports = ports;
    this.#timer = ports.clock.after(ports.everyMs, () => void this.#round());
  }

  /** Their token was verified. */
  seen({ tenant, userId }: Principal): void {
    this.#book.wasThere(tenant, this.#ports.clock.wallMs(), userId);
  }

  counted(deltas: readonly FiguresDelta[]): void {
    for (const delta of deltas) {
      const key = `${delta.tenant}/${delta.day}`;
      const known = this.#waiting.get(key);
      if (known === undefined && this.#waiting.size >= FIGURES_BOOK_TENANTS_MAX) continue;
      const figures = known === undefined ? delta.figures : addFigures(known.figures, delta.figures);
      this.#waiting.set(key, { ...delta, figures });
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer.cancel();
    await this.flush();
  }

  /** One after the other: there is no hurry, and others wait for the store. */
  async flush(): Promise<void> {
    this.counted(this.#book.take());
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const delta of waiting.values()) if (!(await this.#ports.write(delta))) this.counted([delta]);
  }

  async #round(): Promise<void> {
    const { clock, connections, everyMs } = this.#ports;
    const nowMs = clock.wallMs();
    const hour = Math.floor(nowMs / HOUR_MS);
    if (hour !== this.#countedHour) {
      this.#countedHour = hour;
      for (const { principal } of connections())
        if (principal !== undefined) this.#book.wasThere(principal.tenant, nowMs, principal.userId);
    }
    await this.flush();
    // A round may be under way when it is stopped.
    if (!this.#isStopped) this.#timer = clock.after(everyMs, () => void this.#round());
  }
}
