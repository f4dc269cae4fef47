/** The gate of every REST route: a principal from the bearer token, or an answer; then their share of requests, which the answer's headers tell. */
import { Elysia } from "elysia";
import type { Clock } from "../../base/clock.ts";
import { err, type Result } from "../../base/result.ts";
import { ERRORS, type Rejection } from "../../protocol/errors.ts";
import { type Auth, bearerToken, type Verified } from "../auth.ts";
import { refuse, type ResponseSettings } from "./envelope.ts";
import type { Log } from "../log.ts";
import type { Engine } from "../ports.ts";
import type { Rates, Standing } from "../rates/rates.ts";

/** What REST plugins are made with. */
export interface RestOptions {
  readonly engine: Engine;
  readonly auth: Pick<Auth, "verifyToken">;
  /** Without it there is no bound. */
  readonly rates?: Pick<Rates, "request">;
  readonly clock?: Clock;
  /** For failures that nobody expected. */
  readonly log?: Log;
}

/** To be `.use`d by a plugin with routes: adds `principal` and what their token says to their context, before their input is looked at. */
export function authenticated({ auth, rates }: RestOptions) {
  return new Elysia().derive({ as: "scoped" }, async ({ request, set, status }) => {
    const verified = await verify(auth, request);
    if (!verified.ok) return status(ERRORS[verified.error.code].http, refuse(set, verified.error));
    const { principal } = verified.value;
    const verdict = rates?.request(principal);
    if (verdict?.standing !== undefined) showStanding(set, verdict.standing);
    const retryAfterMs = verdict?.waitMs ?? 0;
    if (retryAfterMs > 0) return status(429, refuse(set, { code: "rate_limited", retryAfterMs }));
    return { principal, verified: verified.value };
  });
}

/** Of a bucket that fills steadily: how much it holds, what is in it, when it is full, and how fast it fills. */
function showStanding(set: ResponseSettings, { rate, remaining, fullInMs }: Standing): void {
  const { headers } = set;
  headers["ratelimit-limit"] = String(rate.burst);
  headers["ratelimit-remaining"] = String(remaining);
  headers["ratelimit-reset"] = String(Math.ceil(fullInMs / 1000));
  headers["ratelimit-policy"] = `${rate.burst};w=${Math.max(1, Math.ceil(rate.burst / rate.perSecond))}`;
}

async function verify(auth: Pick<Auth, "verifyToken">, request: Request): Promise<Result<Verified, Rejection>> {
  const token = bearerToken(request.headers.get("authorization"));
  if (token === undefined) return err({ code: "unauthorized", message: "Send a token: Authorization: Bearer …" });
  return auth.verifyToken(token);
}
