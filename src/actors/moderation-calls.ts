/** What moderators ask of a room, as values that travel between an edge and the actors. */
import type { MessageId, Seq, UserId } from "../base/ids.ts";
import type { ModerationRule } from "../domain/moderation/rules.ts";

/** `after`: the last id of the page before. */
export type ModerationAsk =
  | { readonly list: "rules" }
  /** One page of what was written since, from `before` backwards. */
  | { readonly list: "figures"; readonly before?: Seq; readonly sinceMs: number }
  /** One page of a back-test, from `before` backwards. */
  | { readonly list: "backtest"; readonly rule: ModerationRule; readonly before?: Seq; readonly sinceMs: number }
  | {
      readonly list: "held" | "open_reports" | "resolved_reports" | "audit";
      readonly after?: string;
      readonly limit: number;
    };
export interface ModerationReply {
  /** Of `rules`. */
  readonly rules?: readonly ModerationRule[];
  readonly heldCount?: number;
  /** Of the others: rows as they stand. */
  readonly items?: readonly { readonly id: string; readonly value: object }[];
  readonly hasMore?: boolean;
  /** Of `backtest`: texts and events that were looked at, what was found, and where to go on. */
  readonly scanned?: number;
  readonly events?: number;
  readonly hits?: readonly BacktestHit[];
  readonly nextBefore?: Seq;
  readonly reachedMs?: number;
  /** Of `figures`: messages of each hour since 1970 and of each author, as the room shows them; all there are, and the last one. */
  readonly hours?: readonly (readonly [hour: number, messages: number])[];
  readonly writers?: readonly (readonly [author: UserId, messages: number])[];
  readonly messageCount?: number;
  readonly lastMessageSeq?: Seq;
}
export interface BacktestHit {
  readonly messageId: MessageId;
  readonly authorId: UserId;
  readonly at: number;
  /** `null`: it was deleted since. */
  readonly excerpt: string | null;
}
