/**
 * How many different ones there were, without keeping them: exact for the first hundreds, then within a few percent, in 2 KiB
 * however many there are. What two counted separately can be put together. Pure.
 */
import { hash32 } from "./hash.ts";

/** So many are kept by their hashes; beyond that registers are (HyperLogLog: error 1.04 / √2048 = 2.3 %). */
export const DISTINCT_EXACT_MAX = 256;
const REGISTER_BITS = 11;
const REGISTERS = 1 << REGISTER_BITS;
/** Bias of the estimate for so many registers. */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

/** As it is stored: hashes, or registers as base64. */
export type DistinctData = readonly number[] | string;

export class Distinct {
  #hashes: Set<number> | undefined = new Set();
  #registers: Uint8Array | undefined;

  static of(data: DistinctData | undefined): Distinct {
    const made = new Distinct();
    if (data === undefined) return made;
    if (typeof data === "string") {
      made.#hashes = undefined;
      made.#registers = Uint8Array.fromBase64(data);
    } else for (const hash of data) made.#note(hash);
    return made;
  }

  get data(): DistinctData {
    return this.#registers === undefined ? [...(this.#hashes ?? [])] : this.#registers.toBase64();
  }

  add(name: string): void {
    // Two hashes of 32 bits with different beginnings: 53 bits of them are a number.
    this.#note(hash32(name) * 2 ** 21 + (hash32(`~${name}`) >>> 11));
  }

  merge(other: Distinct): void {
    if (other.#registers !== undefined) {
      const registers = this.#asRegisters();
      for (const [i, rank] of other.#registers.entries()) registers[i] = Math.max(registers[i] ?? 0, rank);
    } else for (const hash of other.#hashes ?? []) this.#note(hash);
  }

  get count(): number {
    if (this.#registers === undefined) return this.#hashes?.size ?? 0;
    let sum = 0;
    let zeros = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) zeros += 1;
    }
    const estimate = (ALPHA * REGISTERS * REGISTERS) / sum;
    // With few of them the empty registers tell better.
    const isFew = estimate <= 2.5 * REGISTERS && zeros > 0;
    return Math.round(isFew ? REGISTERS * Math.log(REGISTERS / zeros) : estimate);
  }

  #note(hash: number): void {
    if (this.#registers !== undefined) return setRegister(this.#registers, hash);
    this.#hashes?.add(hash);
    if ((this.#hashes?.size ?? 0) > DISTINCT_EXACT_MAX) this.#asRegisters();
  }

  #asRegisters(): Uint8Array {
    if (this.#registers !== undefined) return this.#registers;
    const registers = new Uint8Array(REGISTERS);
    for (const hash of this.#hashes ?? []) setRegister(registers, hash);
    this.#registers = registers;
    this.#hashes = undefined;
    return registers;
  }
}

/** The lower bits choose the register, the others are looked at for how rare they are. */
function setRegister(registers: Uint8Array, hash: number): void {
  const at = hash % REGISTERS;
  let rest = Math.floor(hash / REGISTERS);
  let rank = 1;
  while (rest % 2 === 0 && rank < 53 - REGISTER_BITS) {
    rest /= 2;
    rank += 1;
  }
  if (rank > (registers[at] ?? 0)) registers[at] = rank;
}
