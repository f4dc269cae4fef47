/**
 * Whether what waits in a queue of writes is to be committed now, or may go on waiting for others to go with.
 * Invariant: nothing waits longer than its own patience, and everything goes with the first write that has none.
 */
import type { PatienceMs } from "../journal.ts";

export class Urgency {
  readonly #due: () => void;
  #isDue = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer runs out, monotonic. */
  #timerMs = Number.POSITIVE_INFINITY;

  /** `due` is called when the patience of something that waits is over. */
  constructor(due: () => void) {
    this.#due = due;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** One more write waits. */
  add(patienceMs: PatienceMs): void {
    if (this.#isDue) return;
    if (patienceMs <= 0) return this.hurry();
    const dueMs = performance.now() + patienceMs;
    if (dueMs >= this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = dueMs;
    this.#timer = setTimeout(() => {
      this.hurry();
      this.#due();
    }, patienceMs);
  }

  hurry(): void {
    this.#isDue = true;
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  /** Nothing waits any more. */
  taken(): void {
    this.hurry();
    this.#isDue = false;
  }
}
