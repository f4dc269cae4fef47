/** Hands what was gathered for the shards over: once for all that arrived together, later under load (`tick.ts`). */
import type { Clock } from "../../base/clock.ts";
import { Tick } from "./tick.ts";

export interface GatheredPorts {
  readonly clock: Clock;
  /** Runs once, when what arrived in this turn of the event loop has been taken in. */
  readonly defer: (run: () => void) => void;
  readonly handOver: () => void;
}

export class Gathered {
  readonly #ports: GatheredPorts;
  readonly #tick = new Tick();
  #records = 0;
  #isDue = false;

  constructor(ports: GatheredPorts) {
    this.#ports = ports;
  }

  /** One more record waits. */
  add(): void {
    this.#records += 1;
    if (this.#isDue) return;
    this.#isDue = true;
    const delayMs = this.#tick.delayMs(this.#ports.clock.monotonicMs());
    if (delayMs === 0) this.#ports.defer(this.#handOver);
    else this.#ports.clock.after(delayMs, this.#handOver);
  }

  readonly #handOver = (): void => {
    this.#isDue = false;
    this.#tick.handedOver(this.#records, this.#ports.clock.monotonicMs());
    this.#records = 0;
    this.#ports.handOver();
  };
}
