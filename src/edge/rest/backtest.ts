/**
 * Runs a proposed rule over a room's past, page by page, each page a call of the room: what it does is bounded, tells how far
 * it is, and ends when nobody wants the answer any more. Nothing of it is kept anywhere.
 */
import { DAY_MS } from "../../base/days.ts";
import type { BacktestHit, ModerationReply } from "../../actors/moderation-calls.ts";
import type { RoomId, Seq } from "../../base/ids.ts";
import { BACKTEST_EVENTS_MAX, BACKTEST_IDS_MAX, BACKTEST_SAMPLE_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { ModerationRule } from "../../domain/moderation/rules.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";
import { iso } from "./views.ts";

export interface Backtest {
  readonly room: RoomId;
  readonly rule: ModerationRule;
  readonly days: number;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
}

export interface BacktestResult {
  readonly rule: ModerationRule;
  readonly days: number;
  /** Texts that were looked at: messages as sent, and as changed. */
  readonly scanned: number;
  readonly hits: number;
  /** By date (UTC), those without a hit left out. */
  readonly perDay: Readonly<Record<string, number>>;
  /** The newest first, at most `BACKTEST_IDS_MAX`, each once. */
  readonly messageIds: readonly string[];
  readonly sample: readonly object[];
  /** The room has more within these days than one back-test looks at. */
  readonly isCut: boolean;
}

export interface BacktestProgress {
  /** Between 0 and 1, by time. */
  readonly progress: number;
  readonly scanned: number;
  readonly hits: number;
}

/** `tell` hears of each page; `isWanted` is asked before each. */
export async function runBacktest(
  engine: Engine,
  principal: Principal,
  { room, rule, days, nowMs }: Backtest,
  { tell, isWanted }: { readonly tell: (progress: BacktestProgress) => void; readonly isWanted: () => boolean },
): Promise<Result<BacktestResult, Rejection>> {
  const sinceMs = nowMs - days * DAY_MS;
  const tally = new Tally();
  let before: Seq | undefined;
  do {
    if (!isWanted()) return err({ code: "unavailable", message: "Nobody waits for the answer any more." });
    const ask = { list: "backtest", rule, sinceMs, ...(before === undefined ? {} : { before }) } as const;
    const page: Result<ModerationReply, Rejection> = await engine.call(principal, {
      to: "room",
      room,
      kind: "moderation",
      ask,
    });
    if (!page.ok) return page;
    tally.add(page.value);
    before = page.value.nextBefore;
    const reachedMs = before === undefined ? sinceMs : (page.value.reachedMs ?? sinceMs);
    const progress = Math.min(1, Math.max(0, (nowMs - reachedMs) / (nowMs - sinceMs)));
    tell({ progress: Math.round(progress * 1_000) / 1_000, scanned: tally.scanned, hits: tally.hits });
  } while (before !== undefined && tally.events < BACKTEST_EVENTS_MAX);
  return ok({ rule, days, ...tally.result(), isCut: before !== undefined });
}

class Tally {
  scanned = 0;
  events = 0;
  hits = 0;
  readonly #perDay = new Map<string, number>();
  readonly #ids = new Set<string>();
  readonly #sample: object[] = [];

  add({ scanned = 0, events = 0, hits = [] }: ModerationReply): void {
    this.scanned += scanned;
    this.events += events;
    for (const hit of [...hits].reverse()) this.#hit(hit);
  }

  result(): Pick<BacktestResult, "scanned" | "hits" | "perDay" | "messageIds" | "sample"> {
    const perDay = Object.fromEntries([...this.#perDay].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { scanned: this.scanned, hits: this.hits, perDay, messageIds: [...this.#ids], sample: this.#sample };
  }

  #hit({ messageId, authorId, at, excerpt }: BacktestHit): void {
    this.hits += 1;
    const day = iso(at).slice(0, 10);
    this.#perDay.set(day, (this.#perDay.get(day) ?? 0) + 1);
    if (this.#ids.size < BACKTEST_IDS_MAX) this.#ids.add(messageId);
    if (this.#sample.length < BACKTEST_SAMPLE_MAX) this.#sample.push({ messageId, authorId, at: iso(at), excerpt });
  }
}
