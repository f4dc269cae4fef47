/** How fast messages come into a room: whether somebody could still listen to each. */
const CALM_MAX = 5;
export const CALM_MS = 5_000;

/** How much comes. Time is given, in milliseconds. */
export class Pace {
  #seq: number | undefined;
  #came: readonly number[] = [];

  /** There was nothing before what comes. */
  begin(): void {
    this.#seq ??= 0;
  }

  /** The newest message is this one now. false: too much came in the last seconds, or it was there before. */
  isCalm(seq: number, now: number): boolean {
    const count = this.#seq === undefined ? CALM_MAX + 1 : Math.min(CALM_MAX + 1, Math.max(0, seq - this.#seq));
    this.#seq = seq;
    this.#came = [...this.#came.filter((at) => now - at < CALM_MS), ...Array<number>(count).fill(now)].slice(
      -CALM_MAX - 1,
    );
    return this.#came.length <= CALM_MAX;
  }
}
