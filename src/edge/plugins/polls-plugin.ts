/** Polls over REST: voting, closing, who voted. Asking is sending a message of type poll: `messages-plugin.ts`. */
import { Elysia, t } from "elysia";
import { POLL_OPTIONS_MAX, VOTER_PAGE_MAX } from "../../base/limits.ts";
import { jsonOfPoll } from "../../protocol/json-frames.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { idempotencyOf, mutate } from "../rest/mutations.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { messageParams, mutationBody, mutationFields, mutationHeaders, userId } from "../rest/schemas.ts";
import { changed } from "./messages-plugin.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: VOTER_PAGE_MAX, fallback: VOTER_PAGE_MAX } as const;
const place = t.Integer({ minimum: 0, maximum: POLL_OPTIONS_MAX });
const voteBody = t.Object({
  choices: t.Array(place, { maxItems: POLL_OPTIONS_MAX, description: "Places of options, counted from 0" }),
  ...mutationFields,
});

export function pollsPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["messages"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .put(
      "/rooms/:roomId/messages/:messageId/poll/vote",
      async ({ principal, params, headers, body, set }) => {
        const { roomId, messageId } = params;
        const idempotency = idempotencyOf({ headers, body });
        const command = { kind: "vote_poll", messageId, choices: body.choices, ...idempotency } as const;
        const voted = await mutate(engine, principal, roomId, command);
        return answer(set, voted, (reply) => changed(roomId, messageId, reply));
      },
      {
        params: messageParams,
        headers: mutationHeaders,
        body: voteBody,
        transform: onlyFields(voteBody),
        detail: { summary: "Vote: all that the voter chooses, instead of what they chose before" },
      },
    )
    .delete(
      "/rooms/:roomId/messages/:messageId/poll/vote",
      async ({ principal, params, headers, set }) => {
        const { roomId, messageId } = params;
        const idempotency = idempotencyOf({ headers, body: undefined });
        const command = { kind: "vote_poll", messageId, choices: [], ...idempotency } as const;
        const voted = await mutate(engine, principal, roomId, command);
        return answer(set, voted, (reply) => changed(roomId, messageId, reply));
      },
      { params: messageParams, headers: mutationHeaders, detail: { summary: "Take one's vote back" } },
    )
    .post(
      "/rooms/:roomId/messages/:messageId/poll/close",
      async ({ principal, params, headers, body, set }) => {
        const { roomId, messageId } = params;
        const command = { kind: "close_poll", messageId, ...idempotencyOf({ headers, body }) } as const;
        const closed = await mutate(engine, principal, roomId, command);
        return answer(set, closed, (reply) => changed(roomId, messageId, reply));
      },
      { params: messageParams, headers: mutationHeaders, body: mutationBody, detail: { summary: "End a poll" } },
    )
    .get(
      "/rooms/:roomId/messages/:messageId/poll/voters",
      async ({ principal, params, query: { after, limit: limitText }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const page = { limit: size.value, ...(after === undefined ? {} : { after }) };
        const { roomId: room, messageId } = params;
        const call = { to: "room", room, kind: "voters", messageId, ...page } as const;
        return answer(set, await engine.call(principal, call), ({ poll, voters, hasMore }) => ({
          messageId,
          poll: jsonOfPoll(poll),
          voters: voters.map(({ votedAt, ...voter }) => ({ ...voter, votedAt: iso(votedAt) })),
          pagination: { total: poll.voters, limit: size.value, hasMore, after: voters.at(-1)?.userId ?? null },
        }));
      },
      {
        params: messageParams,
        query: t.Object({ after: t.Optional(userId), limit: wholeText(LIMIT) }),
        detail: { summary: "Who voted for what, in the order of their ids; not of an anonymous poll" },
      },
    );
}
