/** What became of notifications: counted for metrics, and remembered for a moment for whoever asks why somebody was not told. */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { Told } from "../../domain/notify/audience.ts";
import type { SkipReason } from "../../domain/notify/verdict.ts";

/** `failed`: every way refused it, or could not. */
export type Outcome = "sent" | "failed" | SkipReason;

/** What became of some events for one person. */
export interface ToldOutcome {
  readonly atMs: number;
  /** `tenant/room`. */
  readonly key: string;
  readonly userId: UserId;
  readonly seqs: readonly Seq[];
  readonly outcome: Outcome;
}

/** Totals since the thread began. */
export interface NotifyCounts {
  /** By way: `sqs`, `sns`, `webhook`, `push`. */
  readonly sent: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Events that somebody was not told, by why. */
  readonly skipped: Readonly<Record<string, number>>;
}

export class Outcomes {
  readonly #told: (outcomes: readonly ToldOutcome[]) => void;
  readonly #sent: Record<string, number> = {};
  readonly #failed: Record<string, number> = {};
  readonly #skipped: Record<string, number> = {};

  constructor(told: (outcomes: readonly ToldOutcome[]) => void) {
    this.#told = told;
  }

  get counts(): NotifyCounts {
    return { sent: { ...this.#sent }, failed: { ...this.#failed }, skipped: { ...this.#skipped } };
  }

  way(name: string, isSent: boolean): void {
    const counts = isSent ? this.#sent : this.#failed;
    counts[name] = (counts[name] ?? 0) + 1;
  }

  note(
    { tenant, room }: { readonly tenant: TenantId; readonly room: RoomId },
    userId: UserId,
    atMs: number,
    told: readonly (readonly [Told, Outcome])[],
  ): void {
    const seqs = new Map<Outcome, Seq[]>();
    for (const [{ occasion }, outcome] of told) {
      seqs.set(outcome, [...(seqs.get(outcome) ?? []), occasion.seq]);
      if (outcome !== "sent" && outcome !== "failed") this.#skipped[outcome] = (this.#skipped[outcome] ?? 0) + 1;
    }
    const key = `${tenant}/${room}`;
    this.#told([...seqs].map(([outcome, own]) => ({ atMs, key, userId, seqs: own, outcome })));
  }
}
