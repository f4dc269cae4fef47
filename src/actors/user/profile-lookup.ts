/**
 * Keeps what a profile service says of one person: asks when they connect or write, and again when its answer is too old.
 * Nothing waits for it but a REST request of somebody of whom it never said anything, and that for no longer than its time limit.
 * Invariant: one question at a time; without an answer what is known goes on to count, and it is asked again after a pause.
 */
import type { Timer } from "../../base/clock.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import { PROFILE_RETRY_MS, PROFILE_WAITERS_MAX } from "../../base/limits.ts";
import type { Profile } from "../../domain/user/profile.ts";
import type { ProfileSource } from "../../domain/user/profile-source.ts";
import type { Later } from "../actor.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { UserProfile } from "./user-profile.ts";

/** The actor, as far as it is asked about. */
export interface LookedUp {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly profile: UserProfile;
  readonly connectionCount: number;
  /** The answer is another one, or newer than the one before. */
  profileLearned(isShownOtherwise: boolean): void;
}

/** People who came at once are not asked about at once again. */
const REFRESH = { from: 0.9, to: 1.1 } as const;

export class ProfileLookup {
  readonly #env: ShardEnv;
  readonly #source: ProfileSource;
  readonly #person: LookedUp;
  readonly #later: Later;
  #isAsking = false;
  /** Monotonic time until which it is not asked after a failure. */
  #pauseMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #waiting: (() => void)[] = [];

  constructor(env: ShardEnv, source: ProfileSource, person: LookedUp, later: Later) {
    this.#env = env;
    this.#source = source;
    this.#person = person;
    this.#later = later;
  }

  get isIdle(): boolean {
    return !this.#isAsking;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Somebody may see the person now. */
  look(): void {
    if (this.#isDue) this.#ask();
    else if (!this.#isAsking) this.#lookAgainLater();
  }

  /** `run`s when the service has said something once, or could not be asked. */
  whenKnown(run: () => void): void {
    this.look();
    const isAwaited = this.#isAsking && this.#person.profile.sourcedAtMs === undefined;
    if (isAwaited && this.#waiting.length < PROFILE_WAITERS_MAX) this.#waiting.push(run);
    else run();
  }

  get #isDue(): boolean {
    if (this.#isAsking || this.#env.clock.monotonicMs() < this.#pauseMs) return false;
    const { sourcedAtMs } = this.#person.profile;
    if (sourcedAtMs === undefined) return true;
    const ageMs = this.#env.clock.wallMs() - sourcedAtMs;
    // Said in the future: the clock has jumped.
    return ageMs < 0 || ageMs >= this.#source.ttlMs * REFRESH.from;
  }

  #ask(): void {
    this.#isAsking = true;
    const { tenant, userId } = this.#person;
    this.#source.profileOf({ tenant, userId }, this.#later(this.#answered));
  }

  readonly #answered = (profile: Profile | undefined): void => {
    this.#isAsking = false;
    if (profile === undefined) this.#pauseMs = this.#env.clock.monotonicMs() + PROFILE_RETRY_MS;
    else this.#person.profileLearned(this.#person.profile.learn(profile, this.#env.clock.wallMs()));
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
    this.#lookAgainLater();
  };

  /** Whoever stays connected is looked up again. */
  #lookAgainLater(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#person.connectionCount === 0) return;
    const share = REFRESH.from + this.#env.random.next() * (REFRESH.to - REFRESH.from);
    const pauseMs = this.#pauseMs - this.#env.clock.monotonicMs();
    const delayMs = pauseMs > 0 ? pauseMs : this.#source.ttlMs * share;
    this.#timer = this.#env.clock.after(
      delayMs,
      this.#later(() => {
        this.#timer = undefined;
        if (this.#person.connectionCount > 0) this.look();
      }),
    );
  }
}
