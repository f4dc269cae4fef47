/**
 * A room's messages over REST, as a plugin that any Elysia app can `.use()`:
 * `app.use(historyPlugin({ engine, auth }))`. It brings its own authentication and error answers.
 */
import { Elysia, t } from "elysia";
import { HISTORY_PAGE_MAX } from "../../base/limits.ts";
import type { MessageView } from "../../protocol/frames.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { placeIn, readWhole, wholeText } from "../rest/paging.ts";
import { messageParams, roomParams } from "../rest/schemas.ts";
import { iso, messageJson } from "../rest/views.ts";

const LIMIT = { min: 1, max: HISTORY_PAGE_MAX, fallback: 50 } as const;

export interface HistoryOptions extends RestOptions {
  /** Default `/v1/chat`. */
  readonly prefix?: string;
}

function flag(description: string) {
  return t.Optional(t.Union([t.Literal("true"), t.Literal("false")], { description }));
}

const query = t.Object({
  limit: wholeText(LIMIT),
  before: t.Optional(
    t.String({ maxLength: 64, description: "A message id or a sequence number: what came before it" }),
  ),
  after: t.Optional(t.String({ maxLength: 64, description: "A message id or a sequence number: what came after it" })),
});

export function historyPlugin(options: HistoryOptions) {
  return new Elysia({ prefix: options.prefix ?? "/v1/chat" })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/messages",
      async ({ principal, params, query: { limit: limitText, before, after }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const place = placeIn(before, after);
        if (!place.ok) return refuse(set, place.error);
        const call = { to: "room", room: params.roomId, kind: "history", limit, ...place.value } as const;
        return answer(set, await options.engine.call(principal, call), ({ messages, hasMore, readBy, removed }) => ({
          messages: messages.map((message, i) => messageJson(message, readBy?.[i])),
          pagination: { ...paginationOf(messages, hasMore, limit), ...(removed && { removedByRetention: true }) },
        }));
      },
      { params: roomParams, query, detail: { summary: "Message history of a room, oldest first", tags: ["messages"] } },
    )
    .get(
      "/rooms/:roomId/messages/:messageId",
      async ({ principal, params, query: { deleted }, set }) => {
        const asked = { messageId: params.messageId, deleted: deleted === "true" };
        const call = { to: "room", room: params.roomId, kind: "message", ...asked } as const;
        return answer(set, await options.engine.call(principal, call), ({ message }) => ({
          ...messageJson(message),
          ...(message.deletedBy === undefined ? {} : { deletedBy: message.deletedBy }),
        }));
      },
      {
        params: messageParams,
        query: t.Object({ deleted: flag("What a deleted message said, for those who may see it") }),
        detail: { summary: "One message", tags: ["messages"] },
      },
    )
    .get(
      "/rooms/:roomId/messages/:messageId/history",
      async ({ principal, params, query: { deleted, includeDeleted }, set }) => {
        const asked = { messageId: params.messageId, deleted: deleted === "true" || includeDeleted === "true" };
        const call = { to: "room", room: params.roomId, kind: "versions", ...asked } as const;
        return answer(set, await options.engine.call(principal, call), ({ messageId, versions, isComplete }) => ({
          roomId: params.roomId,
          messageId,
          versions: versions.map(({ content, timestamp, until }) => ({
            content,
            timestamp: timestamp === undefined ? null : iso(timestamp),
            until: until === undefined ? null : iso(until),
          })),
          isComplete,
        }));
      },
      {
        params: messageParams,
        query: t.Object({
          deleted: flag("Also when the message was deleted, for those who may see it"),
          includeDeleted: flag("The same, by its older name"),
        }),
        detail: { summary: "The versions of a message, oldest first", tags: ["messages"] },
      },
    );
}

/** `before` and `after` lead to the neighbouring pages. */
function paginationOf(messages: readonly MessageView[], hasMore: boolean, limit: number) {
  return { hasMore, before: messages.at(0)?.messageId ?? null, after: messages.at(-1)?.messageId ?? null, limit };
}
