/** What people do besides talking, over REST: typing, reading, being there. */
import { Elysia, t } from "elysia";
import { CUSTOM_STATUS_LENGTH_MAX, MESSAGE_IDS_MAX } from "../base/limits.ts";
import { authenticated, type RestOptions } from "./authenticated.ts";
import { answer, answerError, refuse } from "./envelope.ts";
import { readJsonBody } from "./json-body.ts";
import { messageId, presenceStatus, roomParams, seq, userId } from "./schemas.ts";
import { presenceJson } from "./views.ts";

const typingBody = t.Object({ isTyping: t.Optional(t.Boolean()) });
const readBody = t.Object({
  seq: t.Optional(seq),
  messageId: t.Optional(messageId),
  messageIds: t.Optional(t.Array(messageId, { minItems: 1, maxItems: MESSAGE_IDS_MAX })),
});
const presenceBody = t.Object({
  status: presenceStatus,
  customStatus: t.Optional(t.String({ maxLength: CUSTOM_STATUS_LENGTH_MAX })),
});

export function activityPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["activity"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/rooms/:roomId/typing",
      async ({ principal, params, body, set }) => {
        const isTyping = body.isTyping ?? true;
        const call = { to: "room", room: params.roomId, kind: "typing", isTyping } as const;
        return answer(set, await engine.call(principal, call), () => ({ roomId: params.roomId, isTyping }));
      },
      { params: roomParams, body: typingBody, detail: { summary: "Say that you are typing, or no longer" } },
    )
    .post(
      "/rooms/:roomId/read",
      async ({ principal, params, body, set }) => {
        const messageIds = body.messageIds ?? (body.messageId === undefined ? undefined : [body.messageId]);
        if (messageIds === undefined && body.seq === undefined) {
          return refuse(set, { code: "missing_field", field: "messageIds", message: 'Give "messageIds" or "seq".' });
        }
        const upTo = { ...(messageIds && { messageIds }), ...(body.seq === undefined ? {} : { seq: body.seq }) };
        const call = { to: "room", room: params.roomId, kind: "mark_read", ...upTo } as const;
        return answer(set, await engine.call(principal, call), ({ readSeq, unread }) => ({
          roomId: params.roomId,
          readSeq,
          unreadCount: unread,
        }));
      },
      { params: roomParams, body: readBody, detail: { summary: "Mark messages as read" } },
    )
    .get(
      "/presence",
      async ({ principal, query, set }) => {
        const whose = query.userId ?? principal.userId;
        const call = { to: "user", user: whose, kind: "get_presence", userId: whose } as const;
        return answer(set, await engine.call(principal, call), presenceJson);
      },
      { query: t.Object({ userId: t.Optional(userId) }), detail: { summary: "Presence: yours, or that of userId" } },
    )
    .put(
      "/presence",
      async ({ principal, body, set }) => {
        const { status, customStatus } = body;
        const presence = { status, ...(customStatus === undefined ? {} : { customStatus }) };
        const call = { to: "user", user: principal.userId, kind: "set_presence", ...presence } as const;
        return answer(set, await engine.call(principal, call), presenceJson);
      },
      { body: presenceBody, detail: { summary: "Set your presence" } },
    );
}
