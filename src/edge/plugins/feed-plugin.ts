/**
 * A tenant's event feed, for its administrators: everything that happens in all of its rooms, in order per room, from any place
 * on; and named consumers, whose place is kept here.
 */
import { Elysia, t } from "elysia";
import * as limits from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import { cursorText } from "../../feed/cursor.ts";
import type { FeedPage } from "../../feed/feed-reader.ts";
import type { NamedConsumer, TenantFeed } from "../../feed/tenant-feed.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { filterFields, fromOf, startFields, readRooms, readTypes } from "../rest/feed-wishes.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { noted } from "../rest/noted.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { iso } from "../rest/views.ts";
import { asAdmin } from "../rest/admins-only.ts";

const LIMIT = { min: 1, max: limits.FEED_PAGE_MAX, fallback: 100 } as const;
const WAIT = { min: 0, max: limits.FEED_WAIT_MS_MAX / 1_000, fallback: 0 } as const;
const LIST_LENGTH_MAX = 16_384;

const cursor = t.String({ minLength: 1, maxLength: 64, description: "What a page of this feed named as `after`" });
const params = t.Object({
  name: t.String({
    pattern: `^[a-zA-Z0-9._-]{1,${limits.FEED_NAME_LENGTH_MAX}}$`,
    description: `A name of 1 to ${limits.FEED_NAME_LENGTH_MAX} letters, digits, dots, dashes and underscores`,
  }),
});
/** `null`, as its answer has it: all. */
const consumerBody = t.Object({
  ...startFields,
  types: t.Optional(t.Union([filterFields.types, t.Null()])),
  rooms: t.Optional(t.Union([filterFields.rooms, t.Null()])),
  after: t.Optional(cursor),
});
const pageQuery = { limit: wholeText(LIMIT), wait: wholeText(WAIT) };

export interface FeedRestOptions extends RestOptions {
  /** `undefined`: this server has none. */
  readonly feed: TenantFeed | undefined;
}

export function feedPlugin(prefix: string, options: FeedRestOptions) {
  /** As an administrator, where there is a feed. */
  const asked = <Value>(
    principal: Principal,
    ask: (feed: TenantFeed) => Promise<Result<Value, Rejection>>,
  ): Promise<Result<Value, Rejection>> =>
    asAdmin(principal, async () => (options.feed === undefined ? err(NO_FEED) : ask(options.feed)));
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["feed"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/events",
      async ({ principal, query, set }) => {
        const wish = readPage(query);
        if (!wish.ok) return refuse(set, wish.error);
        const from = fromOf(query);
        if (!from.ok) return refuse(set, from.error);
        const types = readTypes(query.types);
        if (!types.ok) return refuse(set, types.error);
        const rooms = readRooms(query.rooms);
        if (!rooms.ok) return refuse(set, rooms.error);
        const filter = { ...(types.value && { types: types.value }), ...(rooms.value && { rooms: rooms.value }) };
        const found = await asked(principal, (feed) =>
          feed.page(principal.tenant, from.value ?? "beginning", { ...wish.value, ...filter }),
        );
        return answer(set, found, (page) => pageJson(page, wish.value.limit));
      },
      {
        query: t.Object({
          after: t.Optional(cursor),
          since: t.Optional(
            t.String({ maxLength: 40, description: "A point in time: what happened before is left out" }),
          ),
          from: t.Optional(t.String({ description: "beginning or now; beginning when nothing is said" })),
          types: t.Optional(t.String({ maxLength: LIST_LENGTH_MAX, description: "Types of events, comma-separated" })),
          rooms: t.Optional(
            t.String({ maxLength: LIST_LENGTH_MAX, description: "Ids of rooms, with spaces between them" }),
          ),
          ...pageQuery,
        }),
        detail: {
          summary: "What happened in all rooms of the tenant, in order per room",
          description:
            "Go on with `after` of `pagination`, whether the page has events or not. `wait` keeps the request open for so many seconds while nothing follows. Events come at least once: a room and its `seq` tell one that came before. Edited and deleted messages are shown as they are now. `missing` names what can't be read any more. The first request of a tenant starts its feed: what happened before follows within seconds.",
        },
      },
    )
    .get(
      "/consumers",
      async ({ principal, set }) => {
        const found = await asked(principal, (feed) => feed.consumers(principal.tenant));
        return answer(set, found, (consumers) => ({ consumers: consumers.map(consumerJson) }));
      },
      { detail: { summary: "Named consumers of the feed, and where they are" } },
    )
    .put(
      "/consumers/:name",
      async ({ principal, params: { name }, body, set }) => {
        const from = fromOf(body);
        if (!from.ok) return refuse(set, from.error);
        const { types, rooms } = body;
        const wish = {
          by: principal.userId,
          ...(types && { types }),
          ...(rooms && { rooms }),
          ...(from.value !== undefined && { from: from.value }),
        };
        const put = await asked(principal, (feed) => feed.put(principal.tenant, name, wish));
        await noted(options.engine, principal, "consumer_set", put, () => ({ consumer: name }));
        return answer(set, put, consumerJson, ({ isNew }) => (isNew ? 201 : 200));
      },
      {
        params,
        ...strictBody(consumerBody, ["name", "entriesBehind", "by", "createdAt", "movedAt"]),
        detail: {
          summary: "Make a named consumer, change what it wants, or set it to another place",
          description:
            "A new one begins with everything there is, unless `from`, `since` or `after` says where. The same fields move one that is there, also back: what is behind that place comes again.",
        },
      },
    )
    .get(
      "/consumers/:name",
      async ({ principal, params: { name }, set }) => {
        const found = await asked(principal, (feed) => feed.consumer(principal.tenant, name));
        return answer(set, found, consumerJson);
      },
      { params, detail: { summary: "One named consumer, and where it is" } },
    )
    .delete(
      "/consumers/:name",
      async ({ principal, params: { name }, set }) => {
        const gone = await asked(principal, (feed) => feed.remove(principal.tenant, name));
        await noted(options.engine, principal, "consumer_deleted", gone, () => ({ consumer: name }));
        return answer(set, gone, () => ({ name }));
      },
      { params, detail: { summary: "Forget a named consumer" } },
    )
    .get(
      "/consumers/:name/events",
      async ({ principal, params: { name }, query, set }) => {
        const wish = readPage(query);
        if (!wish.ok) return refuse(set, wish.error);
        const found = await asked(principal, (feed) => feed.next(principal.tenant, name, wish.value));
        return answer(set, found, ({ from, ...page }) => ({ from, ...pageJson(page, wish.value.limit) }));
      },
      {
        params,
        query: t.Object(pageQuery),
        detail: {
          summary: "The next page of a named consumer",
          description: "It stays where it is until `after` of `pagination` is committed: so what is lost comes again.",
        },
      },
    )
    .post(
      "/consumers/:name/commit",
      async ({ principal, params: { name }, body, set }) => {
        const { after, from } = body;
        const move = { after, ...(from !== undefined && { from }) };
        return answer(set, await asked(principal, (feed) => feed.commit(principal.tenant, name, move)), consumerJson);
      },
      {
        params,
        ...strictBody(t.Object({ after: cursor, from: t.Optional(cursor) })),
        detail: {
          summary: "A page was dealt with: the consumer moves behind it",
          description: "With `from` of the page, only if nobody else has moved it meanwhile (else `conflict`).",
        },
      },
    );
}

const NO_FEED: Rejection = { code: "not_found", message: "This server keeps no event feed (STOA_FEED)." };

function readPage(query: { readonly limit?: string | undefined; readonly wait?: string | undefined }) {
  const limit = readWhole("limit", query.limit, LIMIT);
  if (!limit.ok) return limit;
  const wait = readWhole("wait", query.wait, WAIT);
  return wait.ok ? ok({ limit: limit.value, waitMs: 1_000 * wait.value }) : wait;
}

/** The events are JSON already. */
function pageJson({ events, missing, cursor: end, hasMore }: FeedPage, limit: number) {
  return {
    events: events.map(({ json }) => JSON.parse(json) as object),
    missing,
    pagination: { after: cursorText(end), hasMore, limit },
  };
}

function consumerJson({ createdMs, movedMs, cursor: at, types, rooms, name, by, entriesBehind }: NamedConsumer) {
  const filter = { types: types ?? null, rooms: rooms ?? null };
  return { name, after: at, ...filter, entriesBehind, by, createdAt: iso(createdMs), movedAt: iso(movedMs) };
}
