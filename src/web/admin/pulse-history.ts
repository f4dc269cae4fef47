/**
 * What the server said of its nodes, poll by poll, as series: one for each node, and one of all of them together.
 * Invariant: a sample counts once, whoever told it again; no series is longer than the server's own memory.
 */

/** The answer of `/admin/overview`. */
export interface Overview {
  readonly everyMs: number;
  /** The first is `at`. */
  readonly columns: readonly string[];
  readonly nodes: readonly OverviewNode[];
  readonly silent: readonly string[];
  readonly lost: readonly { readonly node: string; readonly instance: string; readonly lastSeen: string }[];
}
export interface OverviewNode {
  readonly node: string;
  readonly instance: string;
  readonly startedAt: string;
  readonly isReady: boolean;
  readonly shards: number;
  readonly restarts: number;
  readonly dependencies: Readonly<Record<string, "healthy" | "degraded" | "down">>;
  readonly lagsMs: Readonly<Record<string, number>>;
  readonly assistant: Readonly<Record<"runs" | "requests" | "failures" | "inputTokens" | "outputTokens", Counts>>;
  readonly samples: readonly (readonly number[])[];
}
type Counts = Readonly<Record<string, number>>;

/** One figure over time: the same length as `at`. */
export interface Series {
  /** Milliseconds since 1970. */
  readonly at: readonly number[];
  readonly values: readonly number[];
}

/** Of several nodes the worst one counts; of everything else the sum. */
const WORST: ReadonlySet<string> = new Set([
  "commitP50Ms",
  "commitP99Ms",
  "answerP50Ms",
  "answerP99Ms",
  "shardLateMs",
  "edgeLateMs",
]);
const SAMPLES_MAX = 300;
const LATE_SLOTS = 2;
const EMPTY: Series = { at: [], values: [] };

export class PulseHistory {
  #columns: readonly string[] = [];
  #everyMs = 2_000;
  /** By node, ascending in time. */
  readonly #samples = new Map<string, (readonly number[])[]>();

  add({ columns, everyMs, nodes }: Overview): void {
    this.#columns = columns;
    this.#everyMs = everyMs;
    for (const { node, samples } of nodes) {
      const known = this.#samples.get(node) ?? [];
      const last = known.at(-1)?.[0] ?? 0;
      known.push(...samples.filter(([at = 0]) => at > last));
      this.#samples.set(node, known.slice(-SAMPLES_MAX));
    }
    const newest = this.#newest();
    for (const [node, samples] of this.#samples) {
      if ((samples.at(-1)?.[0] ?? 0) < newest - SAMPLES_MAX * everyMs) this.#samples.delete(node);
    }
  }

  /** From where on the next answer is wanted: what the node that is furthest behind has not told yet. */
  since(nodes: readonly string[]): string | undefined {
    const lasts = nodes.map((node) => this.#samples.get(node)?.at(-1)?.[0]);
    if (lasts.length === 0 || lasts.some((last) => last === undefined)) return undefined;
    return new Date(Math.min(...(lasts as number[]))).toISOString();
  }

  of(node: string, column: string): Series {
    const place = this.#columns.indexOf(column);
    const samples = this.#samples.get(node);
    if (place === -1 || samples === undefined) return EMPTY;
    return { at: samples.map(([at = 0]) => at), values: samples.map((sample) => sample[place] ?? 0) };
  }

  /** All nodes' samples of the same two seconds are one. */
  total(column: string): Series {
    const place = this.#columns.indexOf(column);
    if (place === -1) return EMPTY;
    const isWorst = WORST.has(column);
    const slots = new Map<number, number>();
    const nodes = [...this.#samples.values()].map((samples) => onePerSlot(samples, this.#everyMs));
    const lasts = nodes.map((samples) => samples.at(-1)?.[0] ?? 0);
    // What a node has not told yet is no dip; one that tells nothing any more is not waited for.
    const end = Math.min(...lasts.filter((last) => last >= Math.max(...lasts) - LATE_SLOTS));
    for (const samples of nodes) {
      for (const sample of samples) {
        const [slot = 0, value = 0] = [sample[0], sample[place]];
        if (slot > end) break;
        const known = slots.get(slot) ?? 0;
        slots.set(slot, isWorst ? Math.max(known, value) : known + value);
      }
    }
    const sorted = [...slots].sort(([a], [b]) => a - b).slice(-SAMPLES_MAX);
    return { at: sorted.map(([slot]) => slot * this.#everyMs), values: sorted.map(([, value]) => value) };
  }

  #newest(): number {
    return Math.max(0, ...[...this.#samples.values()].map((samples) => samples.at(-1)?.[0] ?? 0));
  }
}

/** By slot in the place of time. A late timer may put two samples into one slot, and none into the next: the second moves on. */
function onePerSlot(samples: readonly (readonly number[])[], everyMs: number): (readonly number[])[] {
  let last = Number.NEGATIVE_INFINITY;
  return samples.map((sample) => {
    const slot = Math.max(Math.round((sample[0] ?? 0) / everyMs), last + 1);
    last = slot;
    return [slot, ...sample.slice(1)];
  });
}

export function latest({ values }: Series): number | undefined {
  return values.at(-1);
}

/** What the newest sample of one node says. */
export function latestOf(history: PulseHistory, node: string, column: string): number | undefined {
  return latest(history.of(node, column));
}
