/** Moderation over REST: a room's rules, reports, held messages and audit log, and a tenant's rules. */
import { Elysia, t } from "elysia";
import type { TenantReply } from "../../actors/tenant-calls.ts";
import type { RoomId } from "../../base/ids.ts";
import * as limits from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import type { EdgeCircle } from "../circle/edge-circle.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { text } from "../rest/characters.ts";
import { answer, answerError, refuse, type ResponseSettings } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { moderationRule } from "../rest/moderation-rule.ts";
import { auditJson, heldJson, reportJson, type Row } from "../rest/moderation-views.ts";
import { createdStatus, idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import { onlyFields, strictBody } from "../rest/only-fields.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { messageId, mutationFields, mutationHeaders, oneOf, roomId, roomParams, userId } from "../rest/schemas.ts";

const LIMIT = { min: 1, max: limits.MODERATION_PAGE_MAX, fallback: 50 } as const;
const rules = t.Array(moderationRule, { maxItems: limits.MODERATION_RULES_MAX });
const reason = text(limits.REPORT_REASON_LENGTH_MAX, { minLength: 1 });
const reportBody = t.Object({
  messageId: t.Optional(messageId),
  userId: t.Optional(userId),
  reason,
  details: t.Optional(text(limits.REPORT_DETAILS_LENGTH_MAX)),
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

type RowList = "held" | "open_reports" | "resolved_reports" | "audit";
type Page = { readonly after?: string | undefined; readonly limit?: string | undefined };

interface ModerationOptions extends RestOptions {
  readonly circle: Pick<EdgeCircle, "tenantChanged">;
}

export function moderationPlugin(prefix: string, options: ModerationOptions) {
  const { engine, circle } = options;

  /** One page of a room's rows under `name`; `after` leads to the next one. */
  const listed = async (
    { principal, room, list }: { principal: Principal; room: RoomId; list: RowList },
    query: Page,
    set: ResponseSettings,
    [name, json]: readonly [name: string, json: (row: Row) => object],
  ) => {
    const size = readWhole("limit", query.limit, LIMIT);
    if (!size.ok) return refuse(set, size.error);
    const limit = size.value;
    const ask = { list, limit, ...(query.after === undefined ? {} : { after: query.after }) } as const;
    const found = await engine.call(principal, { to: "room", room, kind: "moderation", ask });
    return answer(set, found, ({ items = [], hasMore = false }) => ({
      [name]: items.map(json),
      pagination: { limit, hasMore, after: items.at(-1)?.id ?? null },
    }));
  };

  const resolveHeld = (verdict: "approve" | "reject", summary: string) =>
    new Elysia().use(authenticated(options)).post(
      `/rooms/:roomId/held/:heldId/${verdict}`,
      async ({ principal, params, headers, body, set }) => {
        const command = {
          kind: "resolve_held",
          heldId: params.heldId,
          approve: verdict === "approve",
          ...(body.reason === undefined ? {} : { reason: body.reason }),
          ...idempotencyOf({ headers, body }),
        } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), mutationJson);
      },
      {
        params: heldParams,
        headers: mutationHeaders,
        body: heldBody,
        transform: onlyFields(heldBody),
        detail: { summary },
      },
    );

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
        return answer(set, done, (reply) => ({ rules: body.rules, ...mutationJson(reply) }));
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        ...strictBody(t.Object({ rules, ...mutationFields }), ["heldCount"]),
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
        return answer(set, await mutate(engine, principal, params.roomId, command), mutationJson, createdStatus);
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
      ({ principal, params, query, set }) => {
        const list = query.state === "resolved" ? "resolved_reports" : "open_reports";
        return listed({ principal, room: params.roomId, list }, query, set, ["reports", reportJson]);
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
        return answer(set, await mutate(engine, principal, params.roomId, command), mutationJson);
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
      ({ principal, params, query, set }) =>
        listed({ principal, room: params.roomId, list: "held" }, query, set, ["held", heldJson]),
      { params: roomParams, query: t.Object(page), detail: { summary: "Messages that wait for a moderator" } },
    )
    .use(resolveHeld("approve", "Publish a held message"))
    .use(resolveHeld("reject", "Refuse a held message for good"))
    .get(
      "/rooms/:roomId/audit",
      ({ principal, params, query, set }) =>
        listed({ principal, room: params.roomId, list: "audit" }, query, set, ["entries", auditJson]),
      {
        params: roomParams,
        query: t.Object(page),
        detail: { summary: "What moderators and administrators did, newest first" },
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
        const done = await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
        if (done.ok) circle.tenantChanged(principal.tenant);
        return answer(set, done, tenantJson);
      },
      {
        ...strictBody(
          t.Object({ rules, hook: t.Optional(t.Boolean()), version: t.Optional(t.Integer({ minimum: 0 })) }),
          ["hookAvailable"],
        ),
        detail: { summary: "Give the tenant these rules, in the place of all it had" },
      },
    );
}

function tenantJson({ moderation, version, hookAvailable }: TenantReply) {
  return { rules: moderation?.rules ?? [], hook: moderation?.hook ?? false, hookAvailable, version };
}
