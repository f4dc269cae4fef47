/** Who has read what, and what one has not read, over REST. */
import { Elysia, t } from "elysia";
import { seqOfMessageId } from "../../base/ids.ts";
import { RECEIPTS_NAMES_PAGE_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { idempotencyOf } from "../rest/mutations.ts";
import {
  clientId,
  messageId,
  messageParams,
  mutationHeaders,
  receiptState,
  roomParams,
  seq,
  userId,
} from "../rest/schemas.ts";
import { receiptsJson, unreadJson } from "../rest/views.ts";

const LIMIT = { min: 1, max: RECEIPTS_NAMES_PAGE_MAX, fallback: 50 } as const;

const pageQuery = t.Object({
  state: t.Optional(receiptState),
  after: t.Optional(userId),
  limit: wholeText(LIMIT),
});
const unreadBody = t.Object({ seq: t.Optional(seq), messageId: t.Optional(messageId), clientId: t.Optional(clientId) });

export function receiptsPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["activity"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/messages/:messageId/receipts",
      async ({ principal, params, query, set }) => {
        const limit = readWhole("limit", query.limit, LIMIT);
        if (!limit.ok) return refuse(set, limit.error);
        const place = seqOfMessageId(params.messageId);
        if (place === undefined) return refuse(set, { code: "message_not_found", field: "messageId" });
        const { state = "read", after } = query;
        const page = { state, limit: limit.value, ...(after === undefined ? {} : { after }) };
        const call = { to: "room", room: params.roomId, kind: "receipts", seq: place, ...page } as const;
        return answer(set, await engine.call(principal, call), (view) => ({
          messageId: params.messageId,
          state,
          ...receiptsJson(view, limit.value),
        }));
      },
      {
        params: messageParams,
        query: pageQuery,
        detail: { summary: "Who has read a message, in numbers and by name" },
      },
    )
    .post(
      "/rooms/:roomId/unread",
      async ({ principal, params, body, headers, set }) => {
        const { seq: from, messageId: message } = body;
        if (from === undefined && message === undefined) {
          return refuse(set, { code: "missing_field", field: "messageId", message: 'Give "messageId" or "seq".' });
        }
        const first = {
          ...(from !== undefined && { seq: from }),
          ...(message !== undefined && { messageId: message }),
        };
        const { clientId: key } = idempotencyOf({ headers, body });
        const call = { to: "room", room: params.roomId, kind: "mark_unread", ...first, clientId: key } as const;
        return answer(set, await engine.call(principal, call), ({ readSeq, unread, mentions }) => ({
          roomId: params.roomId,
          readSeq,
          unreadCount: unread,
          mentionCount: mentions,
        }));
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: unreadBody,
        transform: onlyFields(unreadBody),
        detail: { summary: "Mark as unread, from one message on" },
      },
    )
    .get(
      "/unread",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "unread_counts" } as const;
        return answer(set, await engine.call(principal, call), unreadJson);
      },
      { detail: { summary: "What you have not read: in all, and by room" } },
    );
}
