/**
 * Port of the pre-publish hook: something outside that may allow, change, hold or refuse a message before it is published.
 * An HTTP service is one implementation; a model that judges messages is another.
 */
import type { MessageId, RoomId, TenantId, UserId } from "../../base/ids.ts";

export interface HookQuestion {
  readonly tenant: TenantId;
  readonly room: RoomId;
  /** The pseudonym of somebody who wrote under one. */
  readonly author: UserId;
  readonly content: string;
  readonly messageType: string;
  /** The message that is to be changed; absent: a new one. */
  readonly messageId?: MessageId;
  /** How closely the room looks. */
  readonly level?: "none" | "basic" | "strict";
}

export type HookVerdict =
  /** `content`: in its place. */
  | { readonly outcome: "publish"; readonly content?: string }
  /** `reason` is what the author is told. */
  | { readonly outcome: "hold" | "reject"; readonly reason: string }
  /** Too much is being asked already; nobody decided. */
  | { readonly outcome: "overloaded" };

export interface ModerationHook {
  /** Answers once, later and never from within the call, within its time limit: without a verdict by its failure policy. */
  judge(question: HookQuestion, done: (verdict: HookVerdict) => void): void;
}

/** What becomes of a message that nobody judged in time. */
export type HookFailurePolicy = "publish" | "hold" | "reject";

/** Code units of a reason that the author is told. */
const REASON_LENGTH_MAX = 300;
const REASON_DEFAULT = "The message was not accepted.";
const WITHOUT_VERDICT: Readonly<Record<HookFailurePolicy, HookVerdict>> = {
  publish: { outcome: "publish" },
  hold: { outcome: "hold", reason: "The message could not be checked and waits for a moderator." },
  reject: { outcome: "reject", reason: "The message could not be checked. Try again later." },
};

export function withoutVerdict(policy: HookFailurePolicy): HookVerdict {
  return WITHOUT_VERDICT[policy];
}

/** `reason` as it came from outside: whatever it is, the author is told a sentence. */
export function verdictAgainst(outcome: "hold" | "reject", reason: unknown): HookVerdict {
  if (typeof reason !== "string" || reason.trim() === "") return { outcome, reason: REASON_DEFAULT };
  return { outcome, reason: reason.slice(0, REASON_LENGTH_MAX).toWellFormed() };
}
