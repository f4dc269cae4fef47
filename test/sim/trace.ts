/** What happened in a run as one number: equal for equal runs, different as soon as one byte or one instant differs. */

export class Trace {
  #hash = 0;
  #length = 0;
  readonly #show: ((line: string) => void) | undefined;

  /** `show`: every line as it comes, for a person who looks into a seed. */
  constructor(show?: (line: string) => void) {
    this.#show = show;
  }

  get hash(): string {
    return `${this.#hash.toString(16).padStart(8, "0")}.${this.#length.toString(36)}`;
  }

  /** `detail` is shown and adds nothing to the hash. */
  note(atMs: number, what: string, data?: Uint8Array, detail?: object): void {
    this.#length += 1;
    this.#hash = Bun.hash.crc32(`${atMs} ${what}`, this.#hash);
    if (data !== undefined) this.#hash = Bun.hash.crc32(data, this.#hash);
    this.#show?.(`${atMs.toFixed(3).padStart(12)} ${what}${detail === undefined ? "" : ` ${JSON.stringify(detail)}`}`);
  }
}
