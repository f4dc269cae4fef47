/**
 * What a shard's thread is doing, in memory that outlives the thread: the record that it handles, of which link, and a beat.
 * The supervisor reads it when the thread is lost, to know what not to repeat, and meanwhile, to see that it is not stuck.
 */

export const WORKING_NONE = 0;
/** In the store's commit: may take as long as a disk takes. */
export const WORKING_STORE = -1;

/** What a shard's former worker was handling when it was lost. */
export interface Lost {
  /** Number of the record; 0: nobody knows, or its link has begun anew since, or this is the first worker. */
  readonly record: number;
  readonly link: number;
  readonly explained: boolean;
}

/**
 * What a mark says of a loss. The own edge's link counts its records anew whenever it begins anew: then a number of the one
 * before is that of another request, which is not to be blamed. `begun`: how often that was ordered.
 */
export function lossOf({ record, link }: Pick<WorkingMark, "record" | "link">, begun: number): Lost {
  const explained = record > 0;
  const isPresent = link > 0 || link + begun === 0;
  return { record: explained && isPresent ? record : 0, link: Math.max(link, 0), explained };
}

const RECORD = 0;
const BEAT = 1;
const LINK = 2;
const CELLS = 3;

export class WorkingMark {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(CELLS * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Float64Array(memory);
  }

  get record(): number {
    return this.#cells[RECORD] ?? WORKING_NONE;
  }

  /** Of the record: the number of another edge's link; how often the own edge's has begun anew, below 0. */
  get link(): number {
    return this.#cells[LINK] ?? 0;
  }

  /** Handling this record of that link now, and alive. */
  work(record: number, link: number): void {
    this.#cells[LINK] = link;
    this.#cells[RECORD] = record;
    this.#cells[BEAT] = (this.#cells[BEAT] ?? 0) + 1;
  }

  get beats(): number {
    return this.#cells[BEAT] ?? 0;
  }

  beat(): void {
    this.#cells[BEAT] = this.beats + 1;
  }
}
