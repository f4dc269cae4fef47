/**
 * Port of a source outside of the engine that knows how people are called and shown: a directory, a profile service. What a
 * person chose goes before it, what their token says behind it.
 */
import type { TenantId, UserId } from "../../base/ids.ts";
import type { Profile } from "./profile.ts";

export type { Profile } from "./profile.ts";

export interface ProfileQuestion {
  readonly tenant: TenantId;
  readonly userId: UserId;
}

export interface ProfileSource {
  /** For how long an answer counts, milliseconds. */
  readonly ttlMs: number;
  /**
   * Answers once, later and never from within the call, within its time limit. `undefined`: it could not be asked, and what is
   * known goes on to count. An empty profile: it knows nothing of them.
   */
  profileOf(question: ProfileQuestion, done: (profile: Profile | undefined) => void): void;
}
