/** Messages over REST: send, edit, delete. Reading them is `history-plugin.ts`, reacting to them `reactions-plugin.ts`. */
import { Elysia, t } from "elysia";
import type { MutationReply } from "../../actors/calls.ts";
import type { MessageId, RoomId } from "../../base/ids.ts";
import { ATTACHMENTS_MAX, MENTIONS_MAX } from "../../base/limits.ts";
import { err, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import { newPoll, pollOf } from "../rest/new-poll.ts";
import {
  attachment,
  messageId,
  messageParams,
  messageType,
  mutationFields,
  mutationHeaders,
  roomParams,
  userId,
} from "../rest/schemas.ts";
import { messageJson } from "../rest/views.ts";

const sendBody = t.Object({
  content: t.String(),
  type: t.Optional(messageType),
  /** The frames' name of `type`. */
  messageType: t.Optional(messageType),
  replyTo: t.Optional(t.Union([messageId, t.Null()])),
  mentions: t.Optional(t.Array(userId, { maxItems: MENTIONS_MAX })),
  attachments: t.Optional(t.Array(attachment, { maxItems: ATTACHMENTS_MAX })),
  mentionRoom: t.Optional(t.Boolean()),
  poll: t.Optional(newPoll),
  /** Shown under the author's pseudonym in this room. */
  isAnonymous: t.Optional(t.Boolean()),
  /** The frames' name of it: passed over, it would name its author. */
  anonymous: t.Optional(t.Boolean()),
  ...mutationFields,
});
const editBody = t.Object({ content: t.String(), ...mutationFields });

export function messagesPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["messages"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/rooms/:roomId/messages",
      async ({ principal, params, headers, body, set }) => {
        const poll = pollOf(body.poll);
        if (!poll.ok) return refuse(set, poll.error);
        const command = {
          kind: "send_message",
          content: body.content,
          messageType: body.type ?? body.messageType ?? (body.poll === undefined ? "text" : "poll"),
          ...poll.value,
          ...(body.isAnonymous === true || body.anonymous === true ? { anonymous: true } : {}),
          ...(body.replyTo == null ? {} : { replyTo: body.replyTo }),
          ...(body.mentions === undefined ? {} : { mentions: body.mentions }),
          ...(body.mentionRoom === undefined ? {} : { mentionRoom: body.mentionRoom }),
          ...(body.attachments === undefined ? {} : { attachments: body.attachments }),
          ...idempotencyOf({ headers, body }),
        } as const;
        const sent = await mutate(engine, principal, params.roomId, command);
        const status = ({ duplicate, held }: MutationReply) => (held ? 202 : duplicate ? 200 : 201);
        return answer(set, inRestWords(sent), (reply) => changed(params.roomId, reply.messageId, reply), status);
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
    );
}

/** What frames call `messageType` is `type` here, as it is in a message. */
function inRestWords<Value>(result: Result<Value, Rejection>): Result<Value, Rejection> {
  return result.ok || result.error.field !== "messageType" ? result : err({ ...result.error, field: "type" });
}

/** The message when the engine gave it, and always what identifies the change. */
export function changed(room: RoomId, message: MessageId | undefined, reply: MutationReply) {
  if (reply.message !== undefined) return { ...messageJson(reply.message), duplicate: reply.duplicate };
  const held = reply.held === true ? { held: true } : {};
  return { roomId: room, messageId: message, ...mutationJson(reply), ...held };
}
