/**
 * Reads typed values out of an environment and collects every complaint instead of stopping at the first.
 * Invariant: the value of a secret never stands in a complaint.
 */

/** `undefined` and the empty string both mean "not set": shells and compose files can't unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface WholeNumber {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  /** What the number counts, for the complaint: "ms", "s", "bytes". */
  readonly unit?: string;
}

export class EnvReader {
  readonly errors: string[] = [];
  readonly #env: Environment;
  readonly #known = new Set<string>();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Every name that was asked for so far. */
  get known(): ReadonlySet<string> {
    return this.#known;
  }

  raw(name: string): string | undefined {
    this.#known.add(name);
    const value = this.#env[name];
    return value === undefined || value === "" ? undefined : value;
  }

  complain(name: string, accepted: string, secret = false): void {
    const value = this.raw(name);
    const given = value === undefined ? "nothing" : secret ? `${value.length} characters` : JSON.stringify(value);
    this.errors.push(`${name}: got ${given}; accepted: ${accepted}`);
  }

  text(name: string): string | undefined;
  text(name: string, fallback: string): string;
  text(name: string, fallback?: string): string | undefined {
    return this.raw(name) ?? fallback;
  }

  /** A text that must match; the fallback is taken as it is. */
  matching<Fallback extends string | undefined>(
    name: string,
    pattern: RegExp,
    accepted: string,
    fallback: Fallback,
    secret = false,
  ): string | Fallback {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    if (!pattern.test(value)) this.complain(name, accepted, secret);
    return value;
  }

  /** Digits only: `1e3`, `0x10`, ` 5` and `5s` are mistakes that should not pass. */
  whole(name: string, { min, max, fallback, unit }: WholeNumber): number {
    const value = this.raw(name);
    if (value === undefined) return fallback;
    const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    this.complain(name, `a whole number from ${min} to ${max}${unit === undefined ? "" : ` (${unit})`}`);
    return fallback;
  }

  /** Case does not matter. */
  oneOf<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.raw(name)?.toLowerCase();
    if (value === undefined) return fallback;
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) this.complain(name, choices.join(", "));
    return choice ?? fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    const choices = ["on", "off", "true", "false", "1", "0", "yes", "no"] as const;
    const choice = this.oneOf(name, choices, fallback ? "on" : "off");
    return choice === "on" || choice === "true" || choice === "1" || choice === "yes";
  }

  url(name: string, schemes: readonly string[]): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (parsed === undefined || !schemes.includes(parsed.protocol.slice(0, -1))) {
      // The value may carry a password.
      this.complain(name, `an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`, true);
    }
    return value;
  }

  /** Names that begin with `prefix` and that nobody asked for, each with the nearest known name when one is near. */
  complainAboutUnknown(prefix: string): void {
    for (const name of Object.keys(this.#env)) {
      if (!name.startsWith(prefix) || this.#known.has(name)) continue;
      const near = nearest(name, this.#known);
      this.errors.push(`${name}: no such variable${near === undefined ? "" : `; did you mean ${near}?`}`);
    }
  }
}

/** The known name with the fewest single-letter changes, if it needs no more than a third of the letters. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(name.length / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
