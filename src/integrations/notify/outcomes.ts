/** What becomes of notifications: counted for metrics, and remembered for a moment for whoever asks why somebody was not told. */
import { NOTIFY_OUTCOME_SEQS_MAX } from "../../base/limits.ts";
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { Told } from "../../domain/notify/audience.ts";
import type { NotifyCounts, NotifyOutcome, ToldOutcome } from "../../domain/notify/outcome.ts";

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
    told: readonly (readonly [Told, NotifyOutcome])[],
  ): void {
    const seqs = new Map<NotifyOutcome, Seq[]>();
    for (const [{ occasion }, outcome] of told) {
      const own = seqs.get(outcome) ?? [];
      own.push(occasion.seq);
      seqs.set(outcome, own);
      if (outcome !== "sent" && outcome !== "failed") this.#skipped[outcome] = (this.#skipped[outcome] ?? 0) + 1;
    }
    const key = `${tenant}/${room}`;
    this.#told(
      [...seqs].map(([outcome, own]) => ({ atMs, key, userId, seqs: own.slice(-NOTIFY_OUTCOME_SEQS_MAX), outcome })),
    );
  }
}
