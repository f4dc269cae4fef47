/**
 * Lets so many pieces of work run at once; the others wait in the order they came. How many is learned: a store that no
 * longer answers in time is asked less at once, since whatever it is asked beyond its pace only makes all of it late.
 */
export type Went = "well" | "badly";

/** Fewer are never let through at once: something must find out that the store is well again. */
const AT_ONCE_MIN = 4;
/** What went badly was under way together with much else: it counts once for all of that. */
const SHRINK = 0.5;
const GROW = 0.25;

export class Gate {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #running = 0;
  /** At most so many at once, for now. */
  #atOnce: number;
  /** So much has to end before a failure says something new. */
  #toEnd = 0;

  constructor(max: number) {
    this.#max = max;
    this.#atOnce = max;
  }

  /** For tests. */
  get atOnce(): number {
    return Math.floor(this.#atOnce);
  }

  /** Work that rejects went badly. */
  async run<Value>(work: () => Promise<Value>, howItWent: (value: Value) => Went = () => "well"): Promise<Value> {
    if (this.#running < this.atOnce && this.#next === this.#waiting.length) this.#running += 1;
    else await new Promise<void>((go) => this.#waiting.push(go));
    let went: Went = "badly";
    try {
      const value = await work();
      went = howItWent(value);
      return value;
    } finally {
      this.#learn(went);
      this.#leave();
    }
  }

  #learn(went: Went): void {
    this.#toEnd -= 1;
    if (went === "well") {
      this.#atOnce = Math.min(this.#max, this.#atOnce + GROW);
    } else if (this.#toEnd <= 0) {
      this.#toEnd = this.#running;
      this.#atOnce = Math.max(Math.min(AT_ONCE_MIN, this.#max), this.#atOnce * SHRINK);
    }
  }

  /** Hands the place on, so that nobody who comes now gets in before those who wait. */
  #leave(): void {
    this.#running -= 1;
    while (this.#running < this.atOnce && this.#next < this.#waiting.length) {
      const go = this.#waiting[this.#next];
      this.#next += 1;
      this.#running += 1;
      go?.();
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#next = 0;
    } else if (this.#next >= 1_024) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
  }
}
