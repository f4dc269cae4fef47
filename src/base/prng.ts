/** Randomness as a parameter: real bytes in production, a seed in the simulation. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `length` characters of a-z and 0-9, unguessable in production. */
  token(length: number): string;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** From the platform's cryptographic source. */
export class SystemRandom implements Random {
  next(): number {
    return Math.random();
  }

  token(length: number): string {
    const bytes = crypto.getRandomValues(new Uint8Array(length * 2));
    let text = "";
    for (const byte of bytes) {
      // 252 is the largest multiple of 36 in a byte: what lies above would favour the first letters.
      if (byte < 252 && text.length < length) text += ALPHABET.charAt(byte % 36);
    }
    return text.length === length ? text : text + this.token(length - text.length);
  }
}

/** mulberry32: the same seed gives the same sequence on every machine. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  token(length: number): string {
    let text = "";
    for (let i = 0; i < length; i += 1) text += ALPHABET.charAt(this.below(36));
    return text;
  }
}
