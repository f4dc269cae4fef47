/**
 * How much one person uploads in a day, as a document: what was begun counts, whether or not it came.
 * Invariant: wishes are granted one after another, and two owners of a person's actor count together, since each write says
 * which version it rests on.
 */
import { DAY_MS } from "../../base/days.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import { UPLOADS_PER_DAY_MAX, UPLOADS_WAITING_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Later } from "../actor.ts";
import type { ShardEnv } from "../shard-env.ts";

type Done = (result: Result<true, Rejection>) => void;

export const UPLOADS = "uploads";
const RETRY_MS = 500;
/** Of a write that meets another owner's. */
const ROUNDS_MAX = 4;

interface Uploaded {
  /** Days since 1970. */
  readonly day: number;
  readonly files: number;
  readonly bytes: number;
}
export interface UploadWish {
  readonly bytes: number;
  readonly bytesPerDayMax: number;
}

export class UserUploads {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #id: string;
  readonly #later: Later;
  /** The first one is being granted. */
  readonly #waiting: { readonly wish: UploadWish; readonly done: Done }[] = [];

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#id = encodeURIComponent(userId);
    this.#later = later;
  }

  reserve(wish: UploadWish, done: Done): void {
    if (this.#waiting.length >= UPLOADS_WAITING_MAX) {
      return done(err({ code: "overloaded", retryAfterMs: RETRY_MS }));
    }
    this.#waiting.push({ wish, done });
    if (this.#waiting.length === 1) this.#next();
  }

  #next(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    this.#grant(first.wish, 1, (granted) => {
      this.#waiting.shift();
      first.done(granted);
      this.#next();
    });
  }

  #grant(wish: UploadWish, round: number, done: Done): void {
    const { projections, clock } = this.#env;
    projections.readDocument(
      this.#tenant,
      UPLOADS,
      this.#id,
      this.#later((read) => {
        if (!read.ok) return done(err({ code: "unavailable", retryAfterMs: RETRY_MS }));
        const nowMs = clock.wallMs();
        const next = added(read.value?.value as Uploaded | undefined, wish, nowMs);
        if (!next.ok) return done(next);
        projections.writeDocument(
          this.#tenant,
          UPLOADS,
          this.#id,
          next.value,
          read.value?.version ?? 0,
          this.#later((written) => {
            if (written.ok && written.value !== "conflict") return done(ok(true));
            if (written.ok && round < ROUNDS_MAX) return this.#grant(wish, round + 1, done);
            done(err({ code: "unavailable", retryAfterMs: RETRY_MS }));
          }),
        );
      }),
    );
  }
}

function added(known: Uploaded | undefined, wish: UploadWish, nowMs: number): Result<Uploaded, Rejection> {
  const day = Math.floor(nowMs / DAY_MS);
  const before = known?.day === day ? known : { files: 0, bytes: 0 };
  const next = { day, files: before.files + 1, bytes: before.bytes + wish.bytes };
  if (next.files <= UPLOADS_PER_DAY_MAX && next.bytes <= wish.bytesPerDayMax) return ok(next);
  const message = `One person uploads at most ${UPLOADS_PER_DAY_MAX} files and ${wish.bytesPerDayMax} bytes a day.`;
  return err({ code: "rate_limited", message, retryAfterMs: (day + 1) * DAY_MS - nowMs });
}
