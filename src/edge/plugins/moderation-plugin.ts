/** Moderation over REST: a room's rules, reports, held messages, audit log and back-tests, and a tenant's rules and log. */
import { Elysia, t } from "elysia";
import type { MutationReply, TenantReply } from "../../actors/calls.ts";
import { type Clock, SystemClock } from "../../base/clock.ts";
import * as limits from "../../base/limits.ts";
import { RULE_ACTIONS, type RuleAction, WORD_MATCHES } from "../../domain/moderation/rules.ts";
import type { Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { type Backtest, runBacktest } from "../rest/backtest.ts";
import { answer, answerError, failureOf, refuse, succeed } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { auditJson, heldJson, reportJson, type Row } from "../rest/moderation-views.ts";
import { idempotencyOf, mutate } from "../rest/mutations.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { messageId, mutationFields, mutationHeaders, oneOf, roomId, roomParams, userId } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: limits.MODERATION_PAGE_MAX, fallback: 50 } as const;
const DAYS = { minimum: 1, maximum: limits.BACKTEST_DAYS_MAX };

const rule = t.Object({
  id: t.String({ minLength: 1, maxLength: limits.MODERATION_RULE_ID_LENGTH_MAX }),
  action: oneOf<RuleAction>(RULE_ACTIONS),
  words: t.Optional(
    t.Array(t.String({ minLength: 1, maxLength: limits.MODERATION_WORD_LENGTH_MAX }), {
      maxItems: limits.MODERATION_WORDS_MAX,
    }),
  ),
  match: t.Optional(oneOf<(typeof WORD_MATCHES)[number]>(WORD_MATCHES)),
  pattern: t.Optional(t.String({ minLength: 1, maxLength: limits.MODERATION_PATTERN_LENGTH_MAX })),
  reason: t.Optional(t.String({ minLength: 1, maxLength: limits.MODERATION_REASON_LENGTH_MAX })),
  replacement: t.Optional(t.String({ maxLength: limits.MODERATION_REPLACEMENT_LENGTH_MAX })),
});
const rules = t.Array(rule, { maxItems: limits.MODERATION_RULES_MAX });
const reason = t.String({ minLength: 1, maxLength: limits.REPORT_REASON_LENGTH_MAX });
const reportBody = t.Object({
  messageId: t.Optional(messageId),
  userId: t.Optional(userId),
  reason,
  details: t.Optional(t.String({ maxLength: limits.REPORT_DETAILS_LENGTH_MAX })),
  ...mutationFields,
});
const resolveBody = t.Object({
  action: oneOf<"dismiss" | "delete" | "mute" | "ban">(["dismiss", "delete", "mute", "ban"]),
  reason: t.Optional(reason),
  durationMs: t.Optional(t.Integer({ minimum: 1, maximum: limits.SANCTION_MS_MAX })),
  ...mutationFields,
});
const heldBody = t.Object({ reason: t.Optional(reason), ...mutationFields });
const page = { after: t.Optional(t.String({ maxLength: 300 })), limit: wholeText(LIMIT) };
const reportsQuery = t.Object({ ...page, state: t.Optional(oneOf<"open" | "resolved">(["open", "resolved"])) });
const reportParams = t.Object({ roomId, reportId: t.String({ minLength: 1, maxLength: 160 }) });
const heldParams = t.Object({ roomId, heldId: messageId });

export function moderationPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["moderation"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/moderation",
      async ({ principal, params, set }) => {
        const call = { to: "room", room: params.roomId, kind: "moderation", ask: { list: "rules" } } as const;
        return answer(set, await engine.call(principal, call), (reply) => ({
          rules: reply.rules ?? [],
          heldCount: reply.heldCount ?? 0,
        }));
      },
      { params: roomParams, detail: { summary: "A room's own rules" } },
    )
    .put(
      "/rooms/:roomId/moderation",
      async ({ principal, params, headers, body, set }) => {
        const command = { kind: "set_moderation", rules: body.rules, ...idempotencyOf({ headers, body }) } as const;
        const done = await mutate(engine, principal, params.roomId, command);
        return answer(set, done, (reply) => ({ rules: body.rules, ...receipt(reply) }));
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: t.Object({ rules, ...mutationFields }),
        detail: { summary: "Give a room these rules, in the place of all it had" },
      },
    )
    .post(
      "/rooms/:roomId/reports",
      async ({ principal, params, headers, body, set }) => {
        const command = {
          kind: "report",
          reason: body.reason,
          ...(body.messageId === undefined ? {} : { messageId: body.messageId }),
          ...(body.userId === undefined ? {} : { userId: body.userId }),
          ...(body.details === undefined ? {} : { details: body.details }),
          ...idempotencyOf({ headers, body }),
        } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), receipt, created);
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: reportBody,
        transform: onlyFields(reportBody),
        detail: { summary: "Report a message or a member to the room's moderators" },
      },
    )
    .get(
      "/rooms/:roomId/reports",
      async ({ principal, params, query, set }) => {
        const list = query.state === "resolved" ? "resolved_reports" : "open_reports";
        return listed(
          set,
          query,
          async (size) => {
            const ask = { list, ...size } as const;
            return engine.call(principal, { to: "room", room: params.roomId, kind: "moderation", ask });
          },
          "reports",
          reportJson,
        );
      },
      { params: roomParams, query: reportsQuery, detail: { summary: "Reports: open ones, or resolved ones" } },
    )
    .post(
      "/rooms/:roomId/reports/:reportId/resolve",
      async ({ principal, params, headers, body, set }) => {
        const command = {
          kind: "resolve_report",
          reportId: params.reportId,
          action: body.action,
          ...(body.reason === undefined ? {} : { reason: body.reason }),
          ...(body.durationMs === undefined ? {} : { durationMs: body.durationMs }),
          ...idempotencyOf({ headers, body }),
        } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), receipt);
      },
      {
        params: reportParams,
        headers: mutationHeaders,
        body: resolveBody,
        transform: onlyFields(resolveBody),
        detail: { summary: "Deal with a report: dismiss it, delete the message, mute or ban its author" },
      },
    )
    .get(
      "/rooms/:roomId/held",
      async ({ principal, params, query, set }) =>
        listed(
          set,
          query,
          async (size) => {
            const ask = { list: "held", ...size } as const;
            return engine.call(principal, { to: "room", room: params.roomId, kind: "moderation", ask });
          },
          "held",
          heldJson,
        ),
      { params: roomParams, query: t.Object(page), detail: { summary: "Messages that wait for a moderator" } },
    )
    .post(
      "/rooms/:roomId/held/:heldId/approve",
      async ({ principal, params, headers, body, set }) => {
        const command = {
          kind: "resolve_held",
          heldId: params.heldId,
          approve: true,
          ...reasonOf(body),
          ...idempotencyOf({ headers, body }),
        } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), receipt);
      },
      {
        params: heldParams,
        headers: mutationHeaders,
        body: heldBody,
        transform: onlyFields(heldBody),
        detail: { summary: "Publish a held message" },
      },
    )
    .post(
      "/rooms/:roomId/held/:heldId/reject",
      async ({ principal, params, headers, body, set }) => {
        const command = {
          kind: "resolve_held",
          heldId: params.heldId,
          approve: false,
          ...reasonOf(body),
          ...idempotencyOf({ headers, body }),
        } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), receipt);
      },
      {
        params: heldParams,
        headers: mutationHeaders,
        body: heldBody,
        transform: onlyFields(heldBody),
        detail: { summary: "Refuse a held message for good" },
      },
    )
    .get(
      "/rooms/:roomId/audit",
      async ({ principal, params, query, set }) =>
        listed(
          set,
          query,
          async (size) => {
            const ask = { list: "audit", ...size } as const;
            return engine.call(principal, { to: "room", room: params.roomId, kind: "moderation", ask });
          },
          "entries",
          auditJson,
        ),
      {
        params: roomParams,
        query: t.Object(page),
        detail: { summary: "What moderators and administrators did, newest first" },
      },
    )
    .post(
      "/rooms/:roomId/moderation/backtest",
      async ({ principal, params, body, request, set }) => {
        const nowMs = (options.clock ?? SYSTEM_CLOCK).wallMs();
        const backtest: Backtest = { room: params.roomId, rule: body.rule, days: body.days, nowMs };
        const isWanted = (): boolean => !request.signal.aborted;
        if (request.headers.get("accept")?.includes(LINES) === true) {
          return lines((tell, isOpen) =>
            runBacktest(engine, principal, backtest, { tell, isWanted: () => isOpen() && isWanted() }),
          );
        }
        return answer(
          set,
          await runBacktest(engine, principal, backtest, { tell: () => undefined, isWanted }),
          (result) => result,
        );
      },
      {
        params: roomParams,
        body: t.Object({ rule, days: t.Integer(DAYS) }),
        detail: {
          summary: "What a rule would have found in the room's last days",
          description: `With \`Accept: ${LINES}\` the answer comes as lines: how far it is, and the result last.`,
        },
      },
    )
    .get(
      "/admin/moderation",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "tenant", ask: { list: "rules" } } as const;
        return answer(set, await engine.call(principal, call), tenantJson);
      },
      { detail: { summary: "The tenant's rules, for all of its rooms" } },
    )
    .put(
      "/admin/moderation",
      async ({ principal, body, set }) => {
        const wish = { rules: body.rules, hook: body.hook ?? false };
        const expected = body.version === undefined ? {} : { expectedVersion: body.version };
        const ask = { list: "rules", set: wish, ...expected } as const;
        return answer(
          set,
          await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask }),
          tenantJson,
        );
      },
      {
        body: t.Object({ rules, hook: t.Optional(t.Boolean()), version: t.Optional(t.Integer({ minimum: 0 })) }),
        detail: { summary: "Give the tenant these rules, in the place of all it had" },
      },
    );
}

const LINES = "application/x-ndjson";
const SYSTEM_CLOCK: Clock = new SystemClock();

type Listed = Result<{ readonly items?: readonly Row[]; readonly hasMore?: boolean }, Rejection>;

/** One page of rows under `name`; `after` leads to the next one. */
async function listed(
  set: Parameters<typeof refuse>[0],
  query: { readonly after?: string | undefined; readonly limit?: string | undefined },
  ask: (size: { readonly after?: string; readonly limit: number }) => Promise<Listed>,
  name: string,
  json: (row: Row) => object,
) {
  const size = readWhole("limit", query.limit, LIMIT);
  if (!size.ok) return refuse(set, size.error);
  const limit = size.value;
  const found = await ask({ limit, ...(query.after === undefined ? {} : { after: query.after }) });
  return answer(set, found, ({ items = [], hasMore = false }) => ({
    [name]: items.map(json),
    pagination: { limit, hasMore, after: items.at(-1)?.id ?? null },
  }));
}

function receipt({ seq, timestamp, duplicate }: MutationReply) {
  return { seq, timestamp: iso(timestamp), duplicate };
}

function created({ duplicate }: MutationReply): number {
  return duplicate ? 200 : 201;
}

function reasonOf({ reason: given }: { readonly reason?: string }): { readonly reason?: string } {
  return given === undefined ? {} : { reason: given };
}

function tenantJson({ moderation, version, hookAvailable }: TenantReply) {
  return { rules: moderation?.rules ?? [], hook: moderation?.hook ?? false, hookAvailable, version };
}

/** An answer in lines: each progress, then the envelope that it would have been. */
function lines(
  run: (tell: (line: object) => void, isOpen: () => boolean) => Promise<Result<object, Rejection>>,
): Response {
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const write = (line: object): void => {
        if (isOpen) controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
      };
      const done = await run(write, () => isOpen);
      write(done.ok ? succeed(done.value) : failureOf(done.error));
      if (isOpen) controller.close();
    },
    cancel: () => {
      isOpen = false;
    },
  });
  return new Response(body, { headers: { "content-type": LINES } });
}
