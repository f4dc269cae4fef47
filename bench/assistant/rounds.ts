/** What was seen in rounds, with the load and without, and what that says. */

export const LEGS = ["alone", "beside"] as const;
export type Leg = (typeof LEGS)[number];

const FIRST_PIECE_MS_MAX = 50;
/** How much slower deliveries may be beside the answers. */
const SLOWER_MAX = 1.2;

/** What was seen in the stretches of one leg of a round. */
export class Seen {
  readonly latencies: number[] = [];
  /** Of the server. */
  cpuMs = 0;
  /** Of the provider and of those who ask. */
  aroundMs = 0;
  readonly threadsMs = new Map<string, number>();

  /** Milliseconds. */
  at(q: number): number {
    return quantile(this.latencies, q);
  }
}
export interface Round extends Readonly<Record<Leg, Seen>> {
  readonly firstPieces: number[];
}
/** What the rounds were made of. */
export interface Shape {
  readonly runs: number;
  /** Of each leg. */
  readonly seconds: number;
  readonly load: string;
  /** What is beside the server in place of it. */
  readonly against: string;
}

export function newRound(): Round {
  return { alone: new Seen(), beside: new Seen(), firstPieces: [] };
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const ms = (value: number): string => `${value.toFixed(2)} ms`;
const median = (values: readonly number[]): number => quantile(values, 0.5);

/** CPU of the server, milliseconds per answer and second. */
function costOf({ alone, beside }: Round, { seconds, runs }: Shape): number {
  return (beside.cpuMs - alone.cpuMs) / (seconds * runs);
}

const without = ({ against }: Shape): string => (against === "nothing" ? "alone" : `beside ${against}`);

/** Of a core, for the provider and those who ask. */
const aroundOf = ({ aroundMs }: Seen, { seconds }: Shape): string => (aroundMs / seconds / 10).toFixed(1);

export function lineOf(round: Round, shape: Shape): string {
  const of = (seen: Seen): string =>
    `p50 ${ms(seen.at(0.5))} p95 ${ms(seen.at(0.95))} p99 ${ms(seen.at(0.99))} p99.9 ${ms(seen.at(0.999))}`;
  const { alone, beside, firstPieces } = round;
  return (
    `deliveries ${of(alone)} ${without(shape)}, ${of(beside)} beside (${alone.latencies.length}, ${beside.latencies.length}), ` +
    `p99 ${percent(beside.at(0.99) / alone.at(0.99) - 1)}; ${costOf(round, shape).toFixed(2)} ms of CPU per answer and second; ` +
    `around it ${aroundOf(beside, shape)} % of a core, ${aroundOf(alone, shape)} % ${without(shape)}; ` +
    `first piece p50 ${ms(quantile(firstPieces, 0.5))} p99 ${ms(quantile(firstPieces, 0.99))}`
  );
}

/** Milliseconds of each second that the server's threads run. */
export function threadsOf({ alone, beside }: Round, { seconds }: Shape): string {
  const names = [...beside.threadsMs.keys()].toSorted();
  const of = (seen: Seen, name: string): string => ((seen.threadsMs.get(name) ?? 0) / seconds).toFixed(1);
  return names.map((name) => `  ${name}: ${of(alone, name)} alone, ${of(beside, name)} beside`).join("\n");
}

/**
 * Prints what the rounds say together. The bound is on the best 99th percentile of three rounds beside the load against the best of three
 * without it; the median of the rounds and all of their deliveries together stand beside it. Whether all bounds were held.
 */
export function verdict(all: readonly Round[], shape: Shape): boolean {
  const best = (of: (one: Round) => number): number => Math.min(...all.map(of));
  const tell = (what: string, beside: number, alone: number): void =>
    console.log(
      `delivery p99, ${what}: ${ms(beside)} beside ${shape.load}, ${ms(alone)} ${without(shape)} (${percent(beside / alone - 1)})`,
    );
  const p99 = (leg: Leg): number[] => all.map((one) => one[leg].at(0.99));
  const of = (leg: Leg): number =>
    quantile(
      all.flatMap((one) => one[leg].latencies),
      0.99,
    );
  const [alone, beside] = [Math.min(...p99("alone")), Math.min(...p99("beside"))];
  tell(`best of ${all.length}`, beside, alone);
  tell(`median of ${all.length}`, median(p99("beside")), median(p99("alone")));
  tell("all rounds together", of("beside"), of("alone"));
  const bounds = [{ what: "delivery p99 beside them, best round", is: beside, max: alone * SLOWER_MAX }];
  if (shape.load === "answers") {
    const is = best(({ firstPieces }) => quantile(firstPieces, 0.99));
    bounds.push({ what: "first piece in the room, p99, best round", is, max: FIRST_PIECE_MS_MAX });
    console.log(`CPU of the server per answer and second: ${best((one) => costOf(one, shape)).toFixed(2)} ms`);
  }
  for (const { what, is, max } of bounds)
    console.log(`${is <= max ? "holds " : "MISSED"} ${what}: ${ms(is)} (at most ${ms(max)})`);
  return bounds.every(({ is, max }) => is <= max);
}
