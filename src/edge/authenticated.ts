/** The gate of every REST route: a principal from the bearer token, or an answer; then the user's share of requests. */
import { Elysia } from "elysia";
import { type Clock, SystemClock } from "../base/clock.ts";
import { err, type Result } from "../base/result.ts";
import { ERRORS, type Rejection } from "../protocol/errors.ts";
import { type Auth, bearerToken, type Verified } from "./auth.ts";
import { refuse } from "./envelope.ts";
import type { Log } from "./log.ts";
import type { KeyedBuckets } from "./rate-limit.ts";
import type { Engine } from "./ports.ts";

/** What REST plugins are made with. */
export interface RestOptions {
  readonly engine: Engine;
  readonly auth: Auth;
  /** Requests per user; without it there is no bound. */
  readonly rates?: KeyedBuckets;
  readonly clock?: Clock;
  /** For failures that nobody expected. */
  readonly log?: Log;
}

/** To be `.use`d by a plugin with routes: adds `principal` to their context, before their input is looked at. */
export function authenticated({ auth, rates, clock = new SystemClock() }: RestOptions) {
  return new Elysia().derive({ as: "scoped" }, async ({ request, set, status }) => {
    const verified = await verify(auth, request);
    if (!verified.ok) return status(ERRORS[verified.error.code].http, refuse(set, verified.error));
    const { principal } = verified.value;
    const retryAfterMs = rates?.take(`${principal.tenant}/${principal.userId}`, clock.monotonicMs()) ?? 0;
    if (retryAfterMs > 0) return status(429, refuse(set, { code: "rate_limited", retryAfterMs }));
    return { principal };
  });
}

async function verify(auth: Auth, request: Request): Promise<Result<Verified, Rejection>> {
  const token = bearerToken(request.headers.get("authorization"));
  if (token === undefined) return err({ code: "unauthorized", message: "Send a token: Authorization: Bearer …" });
  return auth.verifyToken(token);
}
