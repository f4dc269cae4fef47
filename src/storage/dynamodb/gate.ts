/** Lets so many pieces of work run at once; the others wait in the order they came. */
export class Gate {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#running < this.#max) this.#running += 1;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Hands the place on, so that nobody who comes now gets in before those who wait. */
  #leave(): void {
    const go = this.#waiting[this.#next];
    if (go === undefined) {
      this.#running -= 1;
      return;
    }
    this.#next += 1;
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#next = 0;
    } else if (this.#next >= 1_024) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    go();
  }
}
