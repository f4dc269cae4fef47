/**
 * A room's messages over REST, as a plugin that any Elysia app can `.use()`:
 * `app.use(historyPlugin({ engine, auth }))`. It brings its own authentication and error answers.
 */
import { Elysia, t } from "elysia";
import { type Seq, seqOfMessageId } from "../base/ids.ts";
import { HISTORY_PAGE_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { MessageView } from "../protocol/frames.ts";
import type { Rejection } from "../protocol/errors.ts";
import { authenticated, type RestOptions } from "./authenticated.ts";
import { answer, answerError, refuse } from "./envelope.ts";
import { readWhole, wholeText } from "./paging.ts";
import { roomParams } from "./schemas.ts";
import { messageJson } from "./views.ts";

const LIMIT = { min: 1, max: HISTORY_PAGE_MAX, fallback: 50 } as const;

export interface HistoryOptions extends RestOptions {
  /** Default `/v1/chat`. */
  readonly prefix?: string;
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
        const place = placeOf(before, after);
        if (!place.ok) return refuse(set, place.error);
        const call = { to: "room", room: params.roomId, kind: "history", limit, ...place.value } as const;
        return answer(set, await options.engine.call(principal, call), ({ messages, hasMore }) => ({
          messages: messages.map(messageJson),
          pagination: paginationOf(messages, hasMore, limit),
        }));
      },
      { params: roomParams, query, detail: { summary: "Message history of a room, oldest first", tags: ["messages"] } },
    );
}

type Place = { readonly before?: Seq; readonly after?: Seq };

function placeOf(before: string | undefined, after: string | undefined): Result<Place, Rejection> {
  if (before !== undefined && after !== undefined) {
    return err({ code: "invalid_field", field: "after", message: 'Give "before" or "after", not both.' });
  }
  if (before !== undefined) return seqIn("before", before);
  return after === undefined ? ok({}) : seqIn("after", after);
}

/** A client that was told of a missing range knows sequence numbers, not message ids. */
function seqIn(field: "before" | "after", text: string): Result<Place, Rejection> {
  const seq = /^\d{1,15}$/.test(text) ? Number(text) : seqOfMessageId(text);
  if (seq === undefined) return err({ code: "invalid_field", field, message: `"${field}" must be a message id.` });
  return ok({ [field]: seq });
}

/** `before` and `after` lead to the neighbouring pages. */
function paginationOf(messages: readonly MessageView[], hasMore: boolean, limit: number) {
  return { hasMore, before: messages.at(0)?.messageId ?? null, after: messages.at(-1)?.messageId ?? null, limit };
}
