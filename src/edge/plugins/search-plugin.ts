/** Search in messages over REST: in one room, or in all rooms of the asker. */
import { Elysia, t } from "elysia";
import { SEARCH_PAGE_MAX, SEARCH_QUERY_LENGTH_MAX } from "../../base/limits.ts";
import { ok, type Result } from "../../base/result.ts";
import type { RoomId } from "../../base/ids.ts";
import type { Principal } from "../../domain/principal.ts";
import { parseQuery } from "../../domain/search/text-query.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { HIT_PLACE } from "../../storage/search-index.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse, type ResponseSettings, refusedField } from "../rest/envelope.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { failure, messageType, oneOf, roomParams, userId } from "../rest/schemas.ts";
import { type Search, searchMessages, type SearchPage, type Searcher } from "../rest/search.ts";
import { messageJson } from "../rest/views.ts";

const LIMIT = { min: 1, max: SEARCH_PAGE_MAX, fallback: 20 } as const;
const CURSOR_LENGTH_MAX = 400;

const query = t.Object({
  q: t.Optional(
    t.String({
      maxLength: SEARCH_QUERY_LENGTH_MAX,
      description: 'Words that must all be there; word* for a beginning, "…" for words that follow one another',
    }),
  ),
  author: t.Optional(userId),
  type: t.Optional(messageType),
  from: t.Optional(t.String({ maxLength: 40, description: "Sent at this time or later, ISO 8601" })),
  to: t.Optional(t.String({ maxLength: 40, description: "Sent before this time, ISO 8601" })),
  order: t.Optional(oneOf<Search["order"]>(["relevance", "newest"])),
  limit: wholeText(LIMIT),
  cursor: t.Optional(t.String({ maxLength: CURSOR_LENGTH_MAX, description: "The `next` of the page before" })),
});
type Asked = typeof query.static;

const offset = t.Integer({ minimum: 0 });
const page = t.Object({
  hits: t.Array(
    t.Object({
      message: t.Object({}, { additionalProperties: true, description: "As in history" }),
      excerpt: t.Object({
        text: t.String({ description: "Plain text; escape it" }),
        marks: t.Array(t.Tuple([offset, offset]), { description: "From and to (exclusive), UTF-16 units of the text" }),
        isCutBefore: t.Boolean(),
        isCutAfter: t.Boolean(),
      }),
    }),
  ),
  pagination: t.Object({
    next: t.Union([t.String(), t.Null()], { description: "The `cursor` of the next page" }),
    hasMore: t.Boolean(),
    limit: t.Integer(),
  }),
  isPartial: t.Boolean({ description: "You have more rooms than were looked into, or one of them cannot be read now" }),
});
const failures = { 400: failure, 401: failure, 404: failure, 429: failure };
const response = { 200: t.Object({ success: t.Literal(true), data: page }), ...failures };

/** Without a searcher this installation has no search, and says so. */
export function searchPlugin(prefix: string, options: RestOptions & { readonly searcher: Searcher | undefined }) {
  const { engine, searcher } = options;
  const run = async (set: ResponseSettings, principal: Principal, asked: Asked, room: RoomId | undefined) => {
    const search = searchOf(asked, room);
    if (!search.ok) return refuse(set, search.error);
    if (searcher === undefined) return refuse(set, { code: "not_found", message: NO_SEARCH });
    const page = await searchMessages(engine, searcher, principal, search.value);
    return answer(set, page, (found) => pageJson(found, search.value.limit));
  };
  return new Elysia({ prefix, detail: { tags: ["search"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get("/search", ({ principal, query: asked, set }) => run(set, principal, asked, undefined), {
      query,
      response,
      detail: { summary: "Messages in all of your rooms by their words, author, type and time" },
    })
    .get(
      "/rooms/:roomId/search",
      ({ principal, params, query: asked, set }) => run(set, principal, asked, params.roomId),
      {
        params: roomParams,
        query,
        response: { ...response, 403: failure },
        detail: { summary: "Messages of a room by their words, author, type and time" },
      },
    );
}

const NO_SEARCH = "This installation keeps no search index.";

function searchOf(asked: Asked, room: RoomId | undefined): Result<Search, Rejection> {
  const { q = "", author, type, order, cursor } = asked;
  const limit = readWhole("limit", asked.limit, LIMIT);
  if (!limit.ok) return limit;
  const terms = parseQuery(q);
  if (!terms.ok) return refusedField("q", terms.error);
  if (terms.value.length === 0 && author === undefined && type === undefined) {
    return refusedField("q", "there must be a word with letters or digits, or an author, or a type");
  }
  const from = readTime("from", asked.from);
  if (!from.ok) return from;
  const to = readTime("to", asked.to);
  if (!to.ok) return to;
  if (cursor !== undefined && !HIT_PLACE.test(cursor)) return refusedField("cursor", "it is the next of a page before");
  return ok({
    terms: terms.value,
    order: order ?? (terms.value.length > 0 ? "relevance" : "newest"),
    limit: limit.value,
    ...(room !== undefined && { room }),
    ...(author !== undefined && { author }),
    ...(type !== undefined && { type }),
    ...(from.value !== undefined && { from: from.value }),
    ...(to.value !== undefined && { to: to.value }),
    ...(cursor !== undefined && { after: cursor }),
  });
}

function readTime(field: string, text: string | undefined): Result<number | undefined, Rejection> {
  if (text === undefined) return ok(undefined);
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? refusedField(field, "a time is written like 2026-11-28T12:00:00Z") : ok(ms);
}

function pageJson({ hits, next, isPartial }: SearchPage, limit: number) {
  return {
    hits: hits.map(({ message, excerpt }) => ({
      message: messageJson(message),
      excerpt: {
        text: excerpt.text,
        marks: excerpt.marks.map(({ start, end }): [number, number] => [start, end]),
        isCutBefore: excerpt.isCutBefore,
        isCutAfter: excerpt.isCutAfter,
      },
    })),
    pagination: { next, hasMore: next !== null, limit },
    isPartial,
  };
}
