/** Reactions over REST: adding one's own, taking it back, who reacted with what. */
import { Elysia, t } from "elysia";
import type { MutationReply } from "../../actors/calls.ts";
import type { MessageId, RoomId } from "../../base/ids.ts";
import { REACTION_PAGE_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { emoji, messageId, messageParams, mutationFields, mutationHeaders, roomId, userId } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: REACTION_PAGE_MAX, fallback: REACTION_PAGE_MAX } as const;
const query = t.Object({
  emoji: t.Optional(emoji),
  after: t.Optional(userId),
  limit: wholeText(LIMIT),
});
const reactBody = t.Object({
  emoji,
  action: t.Optional(t.Union([t.Literal("add"), t.Literal("remove")])),
  ...mutationFields,
});
const reactionParams = t.Object({ roomId, messageId, emoji });

export function reactionsPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["messages"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/messages/:messageId/reactions",
      async ({ principal, params, query: { emoji: shown, after, limit: limitText }, set }) => {
        const { roomId: room, messageId: target } = params;
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        if (shown === undefined) {
          const call = { to: "room", room, kind: "message", messageId: target } as const;
          return answer(set, await engine.call(principal, call), ({ message }) => ({
            messageId: target,
            reactions: Object.entries(message.reactions ?? {}).map(([name, { count, users, mine }]) => {
              return { emoji: name, count, users, mine: mine ?? false };
            }),
          }));
        }
        const page = { emoji: shown, limit, ...(after === undefined ? {} : { after }) };
        const call = { to: "room", room, kind: "reactions", messageId: target, ...page } as const;
        return answer(set, await engine.call(principal, call), ({ count, users, hasMore }) => ({
          messageId: target,
          emoji: shown,
          count,
          users: users.map((user) => ({
            userId: user.userId,
            reactedAt: user.reactedAt === null ? null : iso(user.reactedAt),
          })),
          pagination: { total: count, limit, hasMore, after: users.at(-1)?.userId ?? null },
        }));
      },
      {
        params: messageParams,
        query,
        detail: { summary: "Reactions to a message; with `emoji` who shows it, in the order of their ids" },
      },
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
      {
        params: messageParams,
        headers: mutationHeaders,
        body: reactBody,
        transform: onlyFields(reactBody),
        detail: { summary: "React to a message" },
      },
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

function changedReaction(
  room: RoomId,
  { messageId: target, emoji: shown, add }: { messageId: MessageId; emoji: string; add: boolean },
  reply: MutationReply,
) {
  return { roomId: room, messageId: target, emoji: shown, added: add, ...mutationJson(reply) };
}
