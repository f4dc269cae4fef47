/** What people do besides talking, over REST: typing, reading, being there. */
import { Elysia, t } from "elysia";
import { parseId, type UserId } from "../../base/ids.ts";
import { MESSAGE_IDS_MAX, PRESENCE_USERS_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { lookAt, lookAtOne } from "../rest/people.ts";
import { statusBody } from "./people-plugin.ts";
import { messageId, roomParams, seq, userId } from "../rest/schemas.ts";
import { presenceJson } from "../rest/views.ts";

const typingBody = t.Object({ isTyping: t.Optional(t.Boolean()) });
const readBody = t.Object({
  seq: t.Optional(seq),
  messageId: t.Optional(messageId),
  messageIds: t.Optional(t.Array(messageId, { minItems: 1, maxItems: MESSAGE_IDS_MAX })),
});
/** One, or several separated by commas. */
const presenceQuery = t.Object({ userId: t.Optional(userId), userIds: t.Optional(t.String()) });

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
      { params: roomParams, ...strictBody(typingBody), detail: { summary: "Say that you are typing, or no longer" } },
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
        return answer(set, await engine.call(principal, call), ({ readSeq, unread, mentions }) => ({
          roomId: params.roomId,
          readSeq,
          unreadCount: unread,
          mentionCount: mentions,
        }));
      },
      { params: roomParams, ...strictBody(readBody), detail: { summary: "Mark messages as read" } },
    )
    .get(
      "/presence",
      async ({ principal, query, set }) => {
        if (query.userIds === undefined) {
          return answer(set, await lookAtOne(engine, principal, query.userId ?? principal.userId), (one) => one);
        }
        const asked = readIds(query.userIds);
        if (asked === undefined) {
          const message = `The field "userIds" is not acceptable: 1 to ${PRESENCE_USERS_MAX} ids, separated by commas.`;
          return refuse(set, { code: "invalid_field", field: "userIds", message });
        }
        return answer(set, await lookAt(engine, principal, asked), (presence) => ({ presence }));
      },
      {
        query: presenceQuery,
        detail: { summary: "Presence: yours, that of userId, or of userIds as far as you share a room with them" },
      },
    )
    .put(
      "/presence",
      async ({ principal, body, set }) => {
        const call = { to: "user", user: principal.userId, kind: "set_presence", ...body } as const;
        return answer(set, await engine.call(principal, call), (me) => presenceJson(me));
      },
      { ...strictBody(statusBody), detail: { summary: "Set your presence" } },
    );
}

function readIds(text: string): readonly UserId[] | undefined {
  const ids: UserId[] = [];
  for (const part of text.split(",")) {
    const id = parseId<UserId>(part);
    if (id === undefined || ids.length >= PRESENCE_USERS_MAX) return undefined;
    ids.push(id);
  }
  return ids;
}
