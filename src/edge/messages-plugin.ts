/** Messages over REST: send, edit, delete, react. Reading them is `history-plugin.ts`. */
import { Elysia, t } from "elysia";
import type { MutationReply } from "../actors/calls.ts";
import type { MessageId, RoomId } from "../base/ids.ts";
import { ATTACHMENTS_MAX, MENTIONS_MAX } from "../base/limits.ts";
import { authenticated, type RestOptions } from "./authenticated.ts";
import { answer, answerError } from "./envelope.ts";
import { readJsonBody } from "./json-body.ts";
import { idempotencyOf, mutate } from "./mutations.ts";
import {
  attachment,
  emoji,
  messageId,
  messageParams,
  messageType,
  mutationFields,
  mutationHeaders,
  roomId,
  roomParams,
  userId,
} from "./schemas.ts";
import { iso, messageJson } from "./views.ts";

/** `isAnonymous` is part of the API; only `false` can be granted, and anything else must not be ignored. */
const sendBody = t.Object({
  content: t.String(),
  type: t.Optional(messageType),
  replyTo: t.Optional(t.Union([messageId, t.Null()])),
  mentions: t.Optional(t.Array(userId, { maxItems: MENTIONS_MAX })),
  attachments: t.Optional(t.Array(attachment, { maxItems: ATTACHMENTS_MAX })),
  mentionRoom: t.Optional(t.Boolean()),
  isAnonymous: t.Optional(t.Literal(false)),
  ...mutationFields,
});
const editBody = t.Object({ content: t.String(), ...mutationFields });
const reactBody = t.Object({
  emoji,
  action: t.Optional(t.Union([t.Literal("add"), t.Literal("remove")])),
  ...mutationFields,
});
const reactionParams = t.Object({ roomId, messageId, emoji });

export function messagesPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["messages"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/rooms/:roomId/messages",
      async ({ principal, params, headers, body, set }) => {
        const command = {
          kind: "send_message",
          content: body.content,
          messageType: body.type ?? "text",
          ...(body.replyTo == null ? {} : { replyTo: body.replyTo }),
          ...(body.mentions === undefined ? {} : { mentions: body.mentions }),
          ...(body.mentionRoom === undefined ? {} : { mentionRoom: body.mentionRoom }),
          ...(body.attachments === undefined ? {} : { attachments: body.attachments }),
          ...idempotencyOf({ headers, body }),
        } as const;
        const sent = await mutate(engine, principal, params.roomId, command);
        const status = ({ duplicate }: MutationReply) => (duplicate ? 200 : 201);
        return answer(set, sent, (reply) => changed(params.roomId, reply.messageId, reply), status);
      },
      { params: roomParams, headers: mutationHeaders, body: sendBody, detail: { summary: "Send a message" } },
    )
    .patch(
      "/rooms/:roomId/messages/:messageId",
      async ({ principal, params, headers, body, set }) => {
        const { messageId: target } = params;
        const idempotency = idempotencyOf({ headers, body });
        const command = { kind: "edit_message", messageId: target, content: body.content, ...idempotency } as const;
        const edited = await mutate(engine, principal, params.roomId, command);
        return answer(set, edited, (reply) => changed(params.roomId, target, reply));
      },
      {
        params: messageParams,
        headers: mutationHeaders,
        body: editBody,
        detail: { summary: "Change a message's text" },
      },
    )
    .delete(
      "/rooms/:roomId/messages/:messageId",
      async ({ principal, params, headers, set }) => {
        const { messageId: target } = params;
        const command = {
          kind: "delete_message",
          messageId: target,
          ...idempotencyOf({ headers, body: undefined }),
        } as const;
        const deleted = await mutate(engine, principal, params.roomId, command);
        return answer(set, deleted, (reply) => changed(params.roomId, target, reply));
      },
      { params: messageParams, headers: mutationHeaders, detail: { summary: "Delete a message" } },
    )
    .post(
      "/rooms/:roomId/messages/:messageId/reactions",
      async ({ principal, params, headers, body, set }) => {
        const reaction = { messageId: params.messageId, emoji: body.emoji, add: body.action !== "remove" };
        const command = { kind: "react", ...reaction, ...idempotencyOf({ headers, body }) } as const;
        const reacted = await mutate(engine, principal, params.roomId, command);
        const status = ({ duplicate }: MutationReply) => (duplicate || !reaction.add ? 200 : 201);
        return answer(set, reacted, (reply) => changedReaction(params.roomId, reaction, reply), status);
      },
      { params: messageParams, headers: mutationHeaders, body: reactBody, detail: { summary: "React to a message" } },
    )
    .delete(
      "/rooms/:roomId/messages/:messageId/reactions/:emoji",
      async ({ principal, params, headers, set }) => {
        const reaction = { messageId: params.messageId, emoji: params.emoji, add: false };
        const command = { kind: "react", ...reaction, ...idempotencyOf({ headers, body: undefined }) } as const;
        const reacted = await mutate(engine, principal, params.roomId, command);
        return answer(set, reacted, (reply) => changedReaction(params.roomId, reaction, reply));
      },
      { params: reactionParams, headers: mutationHeaders, detail: { summary: "Take a reaction back" } },
    );
}

/** The message when the engine gave it, and always what identifies the change. */
function changed(room: RoomId, message: MessageId | undefined, reply: MutationReply) {
  const { seq, timestamp, duplicate } = reply;
  if (reply.message !== undefined) return { ...messageJson(reply.message), duplicate };
  return { roomId: room, messageId: message, seq, timestamp: iso(timestamp), duplicate };
}

function changedReaction(
  room: RoomId,
  { messageId: target, emoji: shown, add }: { messageId: MessageId; emoji: string; add: boolean },
  { seq, timestamp, duplicate }: MutationReply,
) {
  return { roomId: room, messageId: target, emoji: shown, added: add, seq, timestamp: iso(timestamp), duplicate };
}
