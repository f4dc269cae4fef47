/**
 * A profile service over HTTP: it is asked who a person is, signed, and says how they are called and shown.
 * Invariant: what cannot be shown is no answer: nobody is called by half of a name, or shown by an address that is none.
 */
import type { Clock } from "../base/clock.ts";
import { parseObject } from "../base/parse-object.ts";
import { PROFILE_ANSWER_BYTES_MAX, PROFILE_REQUESTS_MAX, PROFILE_WAITING_MAX } from "../base/limits.ts";
import { isPersonName, isPictureAddress } from "../base/person-name.ts";
import type { Profile, ProfileQuestion, ProfileSource } from "../domain/user/profile-source.ts";
import { type QuestionReport, type QuestionSettings, SignedQuestions } from "./signed-questions.ts";

export interface ProfileSourceSettings extends QuestionSettings {
  readonly ttlMs: number;
}

const BOUNDS = {
  requestsMax: PROFILE_REQUESTS_MAX,
  waitingMax: PROFILE_WAITING_MAX,
  answerBytesMax: PROFILE_ANSWER_BYTES_MAX,
} as const;
const FOUND = 200;
const NOT_FOUND = 404;

export class HttpProfileSource implements ProfileSource {
  readonly ttlMs: number;
  readonly #questions: SignedQuestions;

  constructor(settings: ProfileSourceSettings, clock: Clock, report: QuestionReport) {
    this.ttlMs = settings.ttlMs;
    this.#questions = new SignedQuestions(settings, BOUNDS, { clock, event: "profile_service_failed", report });
  }

  profileOf({ tenant, userId }: ProfileQuestion, done: (profile: Profile | undefined) => void): void {
    if (this.#questions.isFull) queueMicrotask(() => done(undefined));
    else this.#questions.ask({ tenantId: tenant, userId }, readProfile, done);
  }
}

function readProfile(status: number, text: string): Profile | undefined {
  if (status === NOT_FOUND) return {};
  const answer = status === FOUND ? parseObject(text) : undefined;
  if (answer === undefined) return undefined;
  const { name, avatar } = answer;
  const called = typeof name === "string" ? name.trim() : undefined;
  if (name != null && (called === undefined || !isPersonName(called))) return undefined;
  if (avatar != null && (typeof avatar !== "string" || !isPictureAddress(avatar))) return undefined;
  return { ...(called !== undefined && { name: called }), ...(avatar != null && { avatar }) };
}
