/** What administrators do to people of their tenant: disconnect, revoke tokens, suspend; and the tenant's own rate limits. */
import { Elysia, t } from "elysia";
import type { AccessChange, AccessEntry, TenantReply } from "../../actors/tenant-calls.ts";
import { type Clock, SystemClock } from "../../base/clock.ts";
import type { UserId } from "../../base/ids.ts";
import { ADMIN_REASON_LENGTH_MAX, SANCTION_MS_MAX, TOKEN_ID_LENGTH_MAX, TRACE_WAIT_MS } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import { ADMINS_ONLY, type Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { text } from "../rest/characters.ts";
import type { EdgeCircle } from "../circle/edge-circle.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { userId } from "../rest/schemas.ts";
import { readTime, timeText } from "../rest/times.ts";
import { iso } from "../rest/views.ts";

export interface AccessOptions extends RestOptions {
  readonly circle: Pick<EdgeCircle, "accessChanged" | "limitsChanged" | "dismissals">;
}

const SYSTEM_CLOCK: Clock = new SystemClock();
const RATE_MAX = 1_000_000;
const reason = t.Optional(text(ADMIN_REASON_LENGTH_MAX, { minLength: 1 }));
const reasonBody = t.Object({ reason });
/** `null`, as an absent one: only the installation's. */
const rate = t.Optional(
  t.Union([
    t.Object({
      perSecond: t.Integer({ minimum: 1, maximum: RATE_MAX }),
      burst: t.Integer({ minimum: 1, maximum: RATE_MAX }),
    }),
    t.Null(),
  ]),
);
const params = t.Object({ userId });

export function accessPlugin(prefix: string, options: AccessOptions) {
  const { engine, clock = SYSTEM_CLOCK } = options;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/users/:userId/disconnect",
      async ({ principal, params: path, body, set }) => {
        const done = await disconnect(options, principal, path.userId, reasonOf(body));
        return answer(set, done, ({ connections }) => ({ userId: path.userId, connections }));
      },
      {
        params,
        ...strictBody(t.Optional(reasonBody)),
        detail: { summary: "End all connections of a user, on all nodes" },
      },
    )
    .post(
      "/users/:userId/tokens/revoke",
      async ({ principal, params: path, body, set }) => {
        const before = readTime("issuedBefore", body?.issuedBefore);
        if (!before.ok) return refuse(set, before.error);
        const change = { kind: "revoke_user", userId: path.userId, before: before.value ?? clock.wallMs() } as const;
        return answer(set, await changeAccess(options, principal, { ...change, ...reasonOf(body) }), entryJson);
      },
      {
        params,
        ...strictBody(t.Optional(t.Object({ issuedBefore: t.Optional(timeText), reason }))),
        detail: { summary: "Refuse all tokens of a user that were issued before a time, or before now" },
      },
    )
    .post(
      "/tokens/:tokenId/revoke",
      async ({ principal, params: path, body, set }) => {
        const expires = readTime("expiresAt", body?.expiresAt);
        if (!expires.ok) return refuse(set, expires.error);
        const until = expires.value === undefined ? {} : { expiresAt: expires.value };
        const change = { kind: "revoke_token", tokenId: path.tokenId, ...until, ...reasonOf(body) } as const;
        return answer(set, await changeAccess(options, principal, change), entryJson);
      },
      {
        params: t.Object({
          tokenId: t.String({ minLength: 1, maxLength: TOKEN_ID_LENGTH_MAX, description: "The token's claim jti" }),
        }),
        ...strictBody(t.Optional(t.Object({ expiresAt: t.Optional(timeText), reason }))),
        detail: { summary: "Refuse one token, by its claim jti" },
      },
    )
    .put(
      "/users/:userId/suspension",
      async ({ principal, params: path, body, set }) => {
        if (path.userId === principal.userId) return refuse(set, SELF);
        const until = body?.durationMs === undefined ? {} : { until: clock.wallMs() + body.durationMs };
        const change = { kind: "suspend", userId: path.userId, ...until, ...reasonOf(body) } as const;
        return answer(set, await changeAccess(options, principal, change), entryJson);
      },
      {
        params,
        ...strictBody(
          t.Optional(t.Object({ durationMs: t.Optional(t.Integer({ minimum: 1, maximum: SANCTION_MS_MAX })), reason })),
        ),
        detail: { summary: "Keep a user out, for a time or until they are reinstated" },
      },
    )
    .delete(
      "/users/:userId/suspension",
      async ({ principal, params: path, set }) =>
        answer(set, await changeAccess(options, principal, { kind: "reinstate", userId: path.userId }), entryJson),
      { params, detail: { summary: "Let a suspended user in again" } },
    )
    .get(
      "/access",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "tenant", ask: { list: "access" } } as const;
        return answer(set, await engine.call(principal, call), ({ entries = [] }) => ({
          entries: entries.filter((entry) => holds(entry, clock.wallMs())).map(entryJson),
        }));
      },
      { detail: { summary: "Revoked tokens and suspended users" } },
    )
    .get(
      "/limits",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "tenant", ask: { list: "limits" } } as const;
        return answer(set, await engine.call(principal, call), limitsJson);
      },
      { detail: { summary: "The tenant's own rate limits, beside those of the installation" } },
    )
    .put(
      "/limits",
      async ({ principal, body, set }) => {
        const { version, ...limits } = body;
        const wish = {
          ...(limits.user != null && { user: limits.user }),
          ...(limits.tenant != null && { tenant: limits.tenant }),
          ...(limits.room != null && { room: limits.room }),
        };
        const expected = version === undefined ? {} : { expectedVersion: version };
        const ask = { list: "limits", set: wish, ...expected } as const;
        const done = await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
        if (done.ok) options.circle.limitsChanged(principal.tenant, done.value.limits ?? {});
        return answer(set, done, limitsJson);
      },
      {
        ...strictBody(
          t.Object({ user: rate, tenant: rate, room: rate, version: t.Optional(t.Integer({ minimum: 0 })) }),
        ),
        detail: {
          summary: "Give the tenant these rate limits; they count where they are less than the installation's",
        },
      },
    );
}

const SELF: Rejection = { code: "invalid_field", field: "userId", message: "Nobody can suspend themselves." };

/** The edges end what they have; the person's actor what nodes have that did not answer, and notes the act. */
async function disconnect(
  { engine, circle }: AccessOptions,
  principal: Principal,
  userId: UserId,
  why: { readonly reason?: string },
): Promise<Result<{ readonly connections: number }, Rejection>> {
  if (principal.role === "user") return err(ADMINS_ONLY);
  const edges = await circle.dismissals.end(principal.tenant, userId);
  if (edges === undefined) return err({ code: "overloaded", retryAfterMs: TRACE_WAIT_MS });
  const ended = {
    connections: edges.views.reduce((sum, { connections }) => sum + connections, 0),
    nodes: edges.views.map(({ node }) => node),
  };
  return engine.call(principal, { to: "user", user: principal.userId, kind: "disconnect", userId, ended, ...why });
}

/** Durable first, then told to all nodes: whoever does not hear it reads it later. */
async function changeAccess(
  { engine, circle }: AccessOptions,
  principal: Principal,
  change: AccessChange,
): Promise<Result<AccessEntry, Rejection>> {
  const ask = { list: "access", change } as const;
  const done = await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
  if (!done.ok) return done;
  const { entry } = done.value;
  if (entry === undefined) return err({ code: "internal" });
  circle.accessChanged(principal.tenant, entry);
  return ok(entry);
}

function reasonOf(body: { readonly reason?: string | undefined } | null | undefined): { readonly reason?: string } {
  return body?.reason === undefined ? {} : { reason: body.reason };
}

/** One that was reinstated, and has no revoked tokens, says nothing any more. */
function holds({ before, suspended }: AccessEntry, nowMs: number): boolean {
  return before !== undefined || (suspended !== undefined && (suspended.until ?? Number.POSITIVE_INFINITY) > nowMs);
}

function entryJson({ key, before, suspended, by, at, reason: why }: AccessEntry) {
  const [kind, id] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
  return {
    ...(kind === "user" ? { userId: id as UserId } : { tokenId: id }),
    ...(kind === "user" && { issuedBefore: before === undefined ? null : iso(before) }),
    ...(kind === "user" && { suspended: suspended !== undefined }),
    ...(suspended?.until !== undefined && { suspendedUntil: iso(suspended.until) }),
    by,
    at: iso(at),
    ...(why !== undefined && { reason: why }),
  };
}

function limitsJson({ limits = {}, version = 0 }: TenantReply) {
  return { user: limits.user ?? null, tenant: limits.tenant ?? null, room: limits.room ?? null, version };
}
