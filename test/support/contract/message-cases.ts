/** Messages, polls, threads, moderation and the assistant: statuses that need something to be there first. */
import { listAt, textAt } from "../json.ts";
import type { ProviderServer } from "../provider-server.ts";
import type { RestReply } from "../server.ts";
import { type Cases, type ContractWorld, MEMBER, OWNER, type Place } from "./contract-world.ts";

const RULES = [{ id: "held", action: "hold", words: ["heldword"] }];

/** A message of `MEMBER` waits for a moderator. */
async function held(world: ContractWorld): Promise<{ readonly place: Place; readonly reply: RestReply }> {
  const place = await world.place();
  await world.done(OWNER, "PUT", `/rooms/${place.roomId}/moderation`, { rules: RULES });
  const reply = await world.rest(MEMBER, "POST", `/rooms/${place.roomId}/messages`, { content: "heldword" });
  return { place, reply };
}

async function polled(world: ContractWorld, operation: string): Promise<RestReply> {
  const place = await world.place();
  const poll = { question: "Tea?", options: [{ text: "yes" }, { text: "no" }] };
  const sent = await world.done(OWNER, "POST", `/rooms/${place.roomId}/messages`, {
    content: "Tea?",
    type: "poll",
    poll,
  });
  const messageId = textAt(sent, "messageId");
  return world.at(operation, { ...place, messageId }, { token: world.token(OWNER) });
}

async function resolved(world: ContractWorld, operation: string): Promise<RestReply> {
  const { place } = await held(world);
  const waiting = await world.done(OWNER, "GET", `/rooms/${place.roomId}/held`);
  const heldId = textAt(listAt(waiting, "held")[0], "heldId");
  return world.at(operation, place, { token: world.token(OWNER), params: { heldId } });
}

async function inThread(world: ContractWorld, operation: string) {
  const place = await world.place();
  const reply = { content: "re", replyTo: place.messageId };
  await world.done(MEMBER, "POST", `/rooms/${place.roomId}/messages`, reply);
  return world.at(operation, place, { token: world.token(OWNER) });
}

const VOTE = "/v1/chat/rooms/{roomId}/messages/{messageId}/poll/vote";
const POLL = "/v1/chat/rooms/{roomId}/messages/{messageId}/poll";
const HELD = "POST /v1/chat/rooms/{roomId}/held/{heldId}";
const FOLLOW = "/v1/chat/rooms/{roomId}/messages/{messageId}/thread/follow";
const READ = "POST /v1/chat/rooms/{roomId}/messages/{messageId}/thread/read";
const RESOLVE = "POST /v1/chat/rooms/{roomId}/reports/{reportId}/resolve";

export const MESSAGE_CASES: Cases = {
  "POST /v1/chat/rooms/{roomId}/messages 202": async (world) => (await held(world)).reply,
  [`${HELD}/approve 200`]: (world) => resolved(world, `${HELD}/approve`),
  [`${HELD}/reject 200`]: (world) => resolved(world, `${HELD}/reject`),
  [`PUT ${VOTE} 200`]: (world) => polled(world, `PUT ${VOTE}`),
  [`DELETE ${VOTE} 200`]: (world) => polled(world, `DELETE ${VOTE}`),
  [`POST ${POLL}/close 200`]: (world) => polled(world, `POST ${POLL}/close`),
  [`GET ${POLL}/voters 200`]: (world) => polled(world, `GET ${POLL}/voters`),
  [`${READ} 200`]: (world) => inThread(world, READ),
  [`PUT ${FOLLOW} 200`]: (world) => inThread(world, `PUT ${FOLLOW}`),
  [`DELETE ${FOLLOW} 200`]: (world) => inThread(world, `DELETE ${FOLLOW}`),
  [`${RESOLVE} 200`]: async (world) => {
    const place = await world.place();
    await world.done(MEMBER, "POST", `/rooms/${place.roomId}/reports`, { messageId: place.messageId, reason: "rude" });
    const open = await world.done(OWNER, "GET", `/rooms/${place.roomId}/reports`);
    const reportId = textAt(listAt(open, "reports")[0], "reportId");
    return world.at(RESOLVE, place, { token: world.token(OWNER), params: { reportId } });
  },
};

const STOP = "POST /v1/chat/rooms/{roomId}/messages/{messageId}/stop";

export function assistantCases(provider: ProviderServer): Cases {
  return {
    "POST /v1/chat/ai/ask 200": (world) => world.rest(OWNER, "POST", "/ai/ask", { question: "Why?" }),
    "POST /v1/chat/ai/ask 404": (world) =>
      world.rest(OWNER, "POST", "/ai/ask", { question: "Why?", roomId: "no_such_room" }),
    "POST /v1/chat/ai/ask 403": async (world) => {
      const { roomId } = await world.place({ enableAI: true });
      await world.done(OWNER, "POST", `/rooms/${roomId}/bans`, { userId: MEMBER });
      return world.rest(MEMBER, "POST", "/ai/ask", { question: "Why?", roomId });
    },
    "POST /v1/chat/ai/ask 503": (world) => {
      provider.next("gemini", { status: 500 });
      provider.next("openai", { status: 500 });
      return world.rest(OWNER, "POST", "/ai/ask", { question: "Why?" });
    },
    [`${STOP} 200`]: async (world) => {
      provider.next("gemini", [{ text: "Well" }, { hang: true }]);
      const place = await world.place({ enableAI: true });
      await world.done(OWNER, "POST", `/rooms/${place.roomId}/messages`, { content: "@ai Why?" });
      for (;;) {
        const history = await world.done(OWNER, "GET", `/rooms/${place.roomId}/messages`);
        const answer = listAt(history, "messages").find((message) => textAt(message, "type") === "ai_response");
        if (answer !== undefined) {
          const messageId = textAt(answer, "messageId");
          return world.at(STOP, { ...place, messageId }, { token: world.token(OWNER) });
        }
        await Bun.sleep(20);
      }
    },
  };
}
