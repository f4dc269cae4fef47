/** The assistant over REST: a question whose answer is for the asker alone, and stopping an answer that grows in a room. */
import { randomUUID } from "node:crypto";
import { Elysia, t } from "elysia";
import type { Result } from "../../base/result.ts";
import type { AskReply } from "../../domain/assistant/port.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";
import { AI_QUESTION_LENGTH_MAX, AI_TOPIC_LENGTH_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { changed } from "./messages-plugin.ts";
import { idempotencyOf, mutate } from "../rest/mutations.ts";
import { failure, messageParams, mutationBody, mutationHeaders, roomId } from "../rest/schemas.ts";

const askBody = t.Object({
  question: t.String({
    minLength: 1,
    maxLength: AI_QUESTION_LENGTH_MAX,
    pattern: "\\S",
    description: "More than blanks",
  }),
  context: t.Optional(t.String({ maxLength: AI_TOPIC_LENGTH_MAX, description: "What the question is about" })),
  roomId: t.Optional(roomId),
});
const askReply = t.Object({
  response: t.String(),
  sources: t.Array(t.String(), { description: "Ids of the messages that the provider was given" }),
  confidence: t.Optional(t.Number({ description: "0 to 1; only where the provider says how sure it was" })),
  responseTime: t.Number({ description: "Milliseconds" }),
  provider: t.Optional(t.String()),
  model: t.Optional(t.String()),
  cut: t.Optional(t.Literal(true, { description: "The answer was longer than it may be" })),
});
const FAILURES = {
  400: failure,
  401: failure,
  403: failure,
  404: failure,
  409: failure,
  413: failure,
  429: failure,
  503: failure,
};

export function assistantPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["assistant"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/ai/ask",
      async ({ principal, body, set, server, request }) => {
        // Nothing goes over this connection while the provider thinks, and Bun takes more than 255 seconds for 255: the engine's time holds.
        server?.timeout(request, 0);
        return answer(set, await askUntilGone(engine, principal, body, request.signal), askJson);
      },
      {
        body: askBody,
        response: { 200: t.Object({ success: t.Literal(true), data: askReply }), ...FAILURES },
        detail: {
          summary:
            "Ask the assistant: about a room when one is named, whose messages it is given; nobody else sees the answer",
        },
      },
    )
    .post(
      "/rooms/:roomId/messages/:messageId/stop",
      async ({ principal, params, headers, body, set }) => {
        const { messageId } = params;
        const command = { kind: "stop_answer", messageId, ...idempotencyOf({ headers, body }) } as const;
        const stopped = await mutate(engine, principal, params.roomId, command);
        return answer(set, stopped, (reply) => changed(params.roomId, messageId, reply));
      },
      {
        params: messageParams,
        headers: mutationHeaders,
        body: mutationBody,
        detail: { summary: "Stop an answer of the assistant: for whoever asked, and for moderators" },
      },
    );
}

/** Whoever goes away before there is an answer takes the question back: no tokens are spent for nobody. */
async function askUntilGone(
  engine: Engine,
  by: Principal,
  { question, context, roomId: room }: typeof askBody.static,
  signal: AbortSignal,
): Promise<Result<AskReply, Rejection>> {
  const askId = randomUUID();
  const asked = { question, askId, ...(context === undefined ? {} : { topic: context }) };
  const user = by.userId;
  const takeBack = (): void => {
    void (room === undefined
      ? engine.call(by, { to: "user", user, kind: "unread_counts", takeBack: askId })
      : engine.call(by, { to: "room", room, kind: "messages", seqs: [], takeBack: askId }));
  };
  const replied =
    room === undefined
      ? engine.call(by, { to: "user", user, kind: "ask_assistant", ...asked })
      : engine.call(by, { to: "room", room, kind: "ask", ...asked });
  if (signal.aborted) takeBack();
  else signal.addEventListener("abort", takeBack, { once: true });
  const result = await replied;
  signal.removeEventListener("abort", takeBack);
  return result;
}

function askJson({ response, sources, confidence, responseTimeMs, provider, model, reason }: AskReply) {
  return {
    response,
    sources: [...sources],
    ...(confidence === undefined ? {} : { confidence: Math.round(confidence * 1_000) / 1_000 }),
    responseTime: responseTimeMs,
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(reason === "length_limit" ? { cut: true as const } : {}),
  };
}
