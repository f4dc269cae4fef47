/** Webhooks of a tenant, for its administrators: made, changed, tested, set back; and what their receivers refused. */
import { Elysia, t } from "elysia";
import * as limits from "../../base/limits.ts";
import { err, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { DeadLetter, Probed, Webhook, WebhookProbes, WebhookState } from "../../feed/webhook-records.ts";
import type { Webhooks } from "../../feed/webhooks.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { filterFields, fromOf, startFields } from "../rest/feed-wishes.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { noted } from "../rest/noted.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { iso } from "../rest/views.ts";
import { asAdmin } from "../rest/admins-only.ts";

export interface WebhooksRestOptions extends RestOptions {
  /** `undefined`: this server has none. */
  readonly webhooks: { readonly webhooks: Webhooks; readonly probes: WebhookProbes } | undefined;
}

const LIMIT = { min: 1, max: limits.WEBHOOK_DEAD_PAGE, fallback: 50 } as const;
const params = t.Object({ webhookId: t.String({ pattern: "^[a-z0-9_]{1,64}$", description: "Of a webhook" }) });
const letterParams = t.Object({
  ...params.properties,
  letterId: t.String({ pattern: "^[a-z0-9.-]{1,80}$", description: "Of a dead letter" }),
});
const url = t.String({ minLength: 1, maxLength: limits.URL_LENGTH_MAX, description: "https or http" });
const cursor = t.Optional(t.String({ minLength: 1, maxLength: 64, description: "A place in the feed" }));
const common = {
  ...filterFields,
  description: t.Optional(t.String({ maxLength: limits.WEBHOOK_DESCRIPTION_LENGTH_MAX })),
  paused: t.Optional(t.Boolean()),
};

export function webhooksPlugin(prefix: string, options: WebhooksRestOptions) {
  type Parts = NonNullable<WebhooksRestOptions["webhooks"]>;
  const asked = <Value>(
    principal: Principal,
    ask: (parts: Parts) => Promise<Result<Value, Rejection>>,
  ): Promise<Result<Value, Rejection>> =>
    asAdmin(principal, async () => (options.webhooks === undefined ? err(NONE) : ask(options.webhooks)));
  /** The same, and the act stands in the tenant's audit log. Never an address: some carry secrets. */
  const noting = async <Value>(
    principal: Principal,
    action: string,
    ask: (parts: Parts) => Promise<Result<Value, Rejection>>,
    idOf: (value: Value) => string,
  ): Promise<Result<Value, Rejection>> => {
    const done = await asked(principal, ask);
    return noted(options.engine, principal, action, done, (value) => ({ webhookId: idOf(value) }));
  };
  const ofState = ({ id }: WebhookState): string => id;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["feed"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/webhooks",
      async ({ principal, set }) => {
        const found = await asked(principal, ({ webhooks }) => webhooks.list(principal.tenant));
        return answer(set, found, (all) => ({ webhooks: all.map(stateJson) }));
      },
      { detail: { summary: "Webhooks of the tenant, and how far each is" } },
    )
    .post(
      "/webhooks",
      async ({ principal, body, set }) => {
        const from = fromOf(body);
        if (!from.ok) return refuse(set, from.error);
        const start = { by: principal.userId, from: from.value ?? "now" } as const;
        const wish = { url: body.url, ...wishOf(body) };
        const made = await noting(
          principal,
          "webhook_created",
          ({ webhooks }) => webhooks.create(principal.tenant, wish, start),
          ofState,
        );
        return answer(set, made, (state) => ({ ...stateJson(state), secret: state.hook.secret }), 201);
      },
      {
        ...strictBody(t.Object({ url, ...common, ...startFields, after: cursor })),
        detail: {
          summary: "Make a webhook",
          description:
            "It begins with what comes, unless `from`, `since` or `after` says otherwise. `secret` is in this answer and in no other: it signs what is posted. Addresses within the server's own network are refused unless its operator allows them. See docs/WEBHOOKS.md.",
        },
      },
    )
    .get(
      "/webhooks/:webhookId",
      async ({ principal, params: { webhookId }, set }) => {
        const found = await asked(principal, ({ webhooks }) => webhooks.get(principal.tenant, webhookId));
        return answer(set, found, stateJson);
      },
      { params, detail: { summary: "One webhook, and how far it is" } },
    )
    .patch(
      "/webhooks/:webhookId",
      async ({ principal, params: { webhookId }, body, set }) => {
        const wish = { ...(body.url !== undefined && { url: body.url }), ...wishOf(body) };
        const changed = await noting(
          principal,
          "webhook_changed",
          ({ webhooks }) => webhooks.change(principal.tenant, webhookId, wish),
          ofState,
        );
        return answer(set, changed, stateJson);
      },
      {
        params,
        ...strictBody(t.Object({ url: t.Optional(url), ...common })),
        detail: {
          summary: "Change, pause or go on with a webhook",
          description:
            "`paused: false` also switches one on again that was disabled; it goes on where it was. An empty list of `types` or `rooms` wants all.",
        },
      },
    )
    .delete(
      "/webhooks/:webhookId",
      async ({ principal, params: { webhookId }, set }) => {
        const gone = await noting(
          principal,
          "webhook_deleted",
          ({ webhooks }) => webhooks.remove(principal.tenant, webhookId),
          () => webhookId,
        );
        return answer(set, gone, () => ({ webhookId }));
      },
      { params, detail: { summary: "Delete a webhook with its dead letters" } },
    )
    .post(
      "/webhooks/:webhookId/secret",
      async ({ principal, params: { webhookId }, set }) => {
        const rotated = await noting(
          principal,
          "webhook_secret_rotated",
          ({ webhooks }) => webhooks.rotate(principal.tenant, webhookId),
          ofState,
        );
        return answer(set, rotated, (state) => ({ ...stateJson(state), secret: state.hook.secret }));
      },
      {
        params,
        detail: {
          summary: "Another secret for a webhook",
          description: "For a day what is posted is signed with both: `x-stoa-signature` has two signatures then.",
        },
      },
    )
    .post(
      "/webhooks/:webhookId/ping",
      async ({ principal, params: { webhookId }, set }) => {
        const pinged = await asked(principal, ({ probes }) => probes.ping(principal.tenant, webhookId));
        return answer(set, pinged, probedJson);
      },
      { params, detail: { summary: "Post a test to a webhook at once, and say what it answered" } },
    )
    .post(
      "/webhooks/:webhookId/replay",
      async ({ principal, params: { webhookId }, body, set }) => {
        const from = fromOf(body);
        if (!from.ok) return refuse(set, from.error);
        const { value: start } = from;
        if (start === undefined) return refuse(set, NO_START);
        const moved = await noting(
          principal,
          "webhook_replayed",
          ({ webhooks }) => webhooks.replay(principal.tenant, webhookId, start),
          ofState,
        );
        return answer(set, moved, stateJson);
      },
      {
        params,
        ...strictBody(t.Object({ ...startFields, after: cursor })),
        detail: { summary: "Set a webhook to another place of the feed: what is behind it comes again" },
      },
    )
    .get(
      "/webhooks/:webhookId/dead-letters",
      async ({ principal, params: { webhookId }, query, set }) => {
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const found = await asked(principal, async ({ webhooks }) => {
          const hook = await webhooks.hook(principal.tenant, webhookId);
          if (!hook.ok) return hook;
          return webhooks.deadLetters(principal.tenant, webhookId, { after: query.after, limit: limit + 1 });
        });
        return answer(set, found, (letters) => ({
          deadLetters: letters.slice(0, limit).map(({ id, value }) => letterJson(id, value)),
          pagination: {
            limit,
            hasMore: letters.length > limit,
            after: letters.slice(0, limit).at(-1)?.id ?? null,
          },
        }));
      },
      {
        params,
        query: t.Object({ after: t.Optional(t.String({ maxLength: 80 })), limit: wholeText(LIMIT) }),
        detail: { summary: "What a webhook's receiver refused until it was passed over, the oldest first" },
      },
    )
    .post(
      "/webhooks/:webhookId/dead-letters/:letterId/replay",
      async ({ principal, params: { webhookId, letterId }, set }) => {
        const done = await asked(principal, ({ probes }) => probes.replayDead(principal.tenant, webhookId, letterId));
        return answer(set, done, probedJson);
      },
      {
        params: letterParams,
        detail: { summary: "Post a dead letter once more, as it would be shown now; it is gone when it was taken" },
      },
    )
    .delete(
      "/webhooks/:webhookId/dead-letters/:letterId",
      async ({ principal, params: { webhookId, letterId }, set }) => {
        const gone = await asked(principal, async ({ webhooks }) => {
          const letter = await webhooks.deadLetter(principal.tenant, webhookId, letterId);
          return letter.ok ? webhooks.bury(principal.tenant, webhookId, letter.value) : letter;
        });
        return answer(set, gone, () => ({ letterId }));
      },
      { params: letterParams, detail: { summary: "Forget a dead letter" } },
    );
}

const NONE: Rejection = { code: "not_found", message: "This server keeps no event feed (STOA_FEED)." };
const NO_START: Rejection = { code: "missing_field", field: "from", message: 'Give "after", "since" or "from".' };

function wishOf({
  description,
  types,
  rooms,
  paused,
}: {
  readonly description?: string | undefined;
  readonly types?: Webhook["types"] | undefined;
  readonly rooms?: Webhook["rooms"] | undefined;
  readonly paused?: boolean | undefined;
}) {
  return {
    ...(description !== undefined && { description }),
    ...(types !== undefined && { types }),
    ...(rooms !== undefined && { rooms }),
    ...(paused !== undefined && { isPaused: paused }),
  };
}

/** Everything but its secrets. */
function stateJson({ id, hook, place }: WebhookState) {
  const { disabled, failing } = { ...hook, ...place };
  return {
    webhookId: id,
    url: hook.url,
    description: hook.description ?? null,
    types: hook.types ?? null,
    rooms: hook.rooms ?? null,
    state: disabled !== undefined ? "disabled" : hook.isPaused === true ? "paused" : "active",
    disabled: disabled === undefined ? null : { reason: disabled.reason, at: iso(disabled.atMs) },
    after: place.cursor,
    delivered: place.delivered,
    deadLetters: place.dead,
    lastDeliveredAt: place.lastMs === undefined ? null : iso(place.lastMs),
    failing:
      failing === undefined ? null : { since: iso(failing.sinceMs), attempts: failing.attempts, why: failing.why },
    formerSecretUntil: hook.former === undefined ? null : iso(hook.former.untilMs),
    by: hook.by,
    createdAt: iso(hook.createdMs),
    changedAt: iso(hook.changedMs),
  };
}

function letterJson(letterId: string, { events, attempts, why, atMs, from, to }: DeadLetter) {
  return { letterId, events, attempts, why, at: iso(atMs), from, to };
}

function probedJson({ isTaken, answer: said, ms, events }: Probed) {
  return { taken: isTaken, answer: said, ms, events };
}
