/** What the assistant may not do: spend more than was allowed, run too often at once, answer where nobody configured it. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { AI_RUNS_MAX, AI_RUNS_PER_ROOM_MAX } from "../../src/base/limits.ts";
import { assistedRoom, ending, messageAfter } from "../support/assistant-steps.ts";
import { TestClient } from "../support/client.ts";
import { startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { at, listAt, numberAt } from "../support/json.ts";
import { ProviderServer } from "../support/provider-server.ts";
import { withinOneDay } from "../support/same-day.ts";
import { TestServer } from "../support/server.ts";

const START_MS_MAX = 60_000;
const provider = new ProviderServer();
const running: { dispose(): Promise<void> }[] = [];

afterAll(() => provider.stop());
afterEach(async () => {
  for (const one of running.splice(0)) await one.dispose();
  // What a stalled machine did not ask for is not left for the next test.
  provider.forget();
});

async function start(env: Record<string, string>): Promise<TestServer> {
  // None of these is about a provider that says nothing: on a stalled machine it is not given up.
  const patient = { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000", AI_RESPONSE_TIMEOUT: "60000" };
  const server = await TestServer.start({ env: { ...patient, ...env } });
  running.push(server);
  return server;
}

function connect(server: TestServer, user: string): Promise<TestClient> {
  return TestClient.connect(server, { token: server.token({ user }), wire: "json" });
}

describe("budgets", () => {
  /** With this little the first question may take nearly all: some 310 tokens of each of the two providers. */
  const SMALL = { STOA_AI_OUTPUT_TOKENS: "100", STOA_AI_INPUT_TOKENS: "1000" };

  async function spend(env: Record<string, string>): Promise<void> {
    await withinOneDay();
    const server = await start({ ...provider.env, ...SMALL, STOA_AI_USER_TOKENS: "900", ...env });
    const ann = await connect(server, "ann");
    const bob = await connect(server, "bob");
    const room = await assistedRoom(ann);
    const other = await assistedRoom(bob);
    // A provider that says how much it took: 40 and 250.
    provider.next("gemini", [{ text: "x".repeat(1_000) }]);
    expect(at(await ending(ann, room, messageAfter(await ann.say(room, "@ai one"))), "state")).toBe("complete");
    const asked = provider.requests.length;
    const refused = await ending(ann, room, messageAfter(await ann.say(room, "@ai two")));
    expect([at(refused, "state"), at(refused, "reason")]).toEqual(["failed", "budget_exhausted"]);
    expect(at(refused, "content")).toBe("The assistant's budget for today is used up.");
    expect(provider.requests.length).toBe(asked);
    const token = server.token({ user: "ann" });
    const reply = await server.rest("POST", "/v1/chat/ai/ask", { token, body: { question: "three?" } });
    expect([reply.status, at(reply.body, "error.code")]).toEqual([429, "ai_budget_exhausted"]);
    expect(numberAt(reply.body, "error.details.retryAfterMs")).toBeLessThanOrEqual(86_400_000);
    // Somebody else has a budget of their own.
    expect(at(await ending(bob, other, messageAfter(await bob.say(other, "@ai four"))), "state")).toBe("complete");
  }

  test("a person's is kept before the call, by what was really spent, on SQLite", () => spend({}), START_MS_MAX);

  test(
    "and on DynamoDB",
    async () => {
      const dynamo = await startDynalite();
      running.push({ dispose: () => dynamo.stop() });
      await spend((await makeTestTables(dynamo)).env);
    },
    START_MS_MAX,
  );

  test(
    "a room's and a tenant's end questions of everybody there, and of nobody else",
    async () => {
      await withinOneDay();
      const server = await start({
        ...provider.env,
        ...SMALL,
        STOA_AI_ROOM_TOKENS: "900",
        STOA_AI_TENANT_TOKENS: "1000",
      });
      const ann = await connect(server, "ann");
      const [one, two] = [await assistedRoom(ann), await assistedRoom(ann)];
      const reasonIn = async (room: string): Promise<unknown> => {
        provider.next("gemini", [{ text: "x".repeat(1_000) }]);
        const asked = provider.requests.length;
        const end = await ending(ann, room, messageAfter(await ann.say(room, "@ai hm?")));
        // What was not asked for is not left for the next test.
        if (provider.requests.length === asked) provider.forget();
        return at(end, "reason") ?? at(end, "state");
      };
      expect(await reasonIn(one)).toBe("complete");
      expect(await reasonIn(one)).toBe("budget_exhausted");
      expect(await reasonIn(two)).toBe("complete");
      const three = await assistedRoom(ann);
      expect(await reasonIn(three)).toBe("budget_exhausted");
    },
    START_MS_MAX,
  );
});

test(
  "what both providers wrote of one answer is within the budget, and paid",
  async () => {
    await withinOneDay();
    const usage = { prompt_tokens: 200, completion_tokens: 90 };
    const env = { STOA_AI_OUTPUT_TOKENS: "100", STOA_AI_USER_TOKENS: "1000", STOA_SHARDS: "1" };
    const server = await start({ ...provider.env, ...env });
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    provider.next("gemini", [{ text: "Half of ".repeat(20) }, { cut: true }]);
    provider.next("openai", [{ usage }, { text: "All of it." }]);
    expect(at(await ending(ann, room, messageAfter(await ann.say(room, "@ai one"))), "content")).toBe("All of it.");
    const token = server.token({ user: "root", role: "admin" });
    const spent = await server.rest("GET", "/v1/chat/admin/assistant", { token });
    // Of the first one an estimate: the question, and 54 for what it wrote.
    expect(numberAt(spent.body, "data.answers.tokens")).toBeGreaterThan(290 + 54 + 200);
    const asked = provider.requests.length;
    const refused = await ending(ann, room, messageAfter(await ann.say(room, "@ai two")));
    expect(at(refused, "reason")).toBe("budget_exhausted");
    expect(provider.requests.length).toBe(asked);
  },
  START_MS_MAX,
);

test(
  "without a provider a room says so once, and a private question is refused",
  async () => {
    const server = await start({});
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    const end = await ending(ann, room, messageAfter(await ann.say(room, "@ai hello?")));
    expect([at(end, "reason"), at(end, "content")]).toEqual([
      "not_configured",
      "The assistant is not configured on this server.",
    ]);
    await ann.say(room, "@ai hello??");
    const token = server.token({ user: "ann" });
    const history = await server.rest("GET", `/v1/chat/rooms/${room}/messages`, { token });
    expect(listAt(history.body, "data.messages")).toHaveLength(3);
    const reply = await server.rest("POST", "/v1/chat/ai/ask", { token, body: { question: "?", roomId: room } });
    expect([reply.status, at(reply.body, "error.code")]).toEqual([503, "ai_not_configured"]);
  },
  START_MS_MAX,
);

test(
  "so many answers grow in one room, one more is refused, and when one has ended another may begin",
  async () => {
    const server = await start({ ...provider.env, AI_RESPONSE_TIMEOUT: "20000" });
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    const growing: string[] = [];
    const asked = provider.requests.length;
    for (let i = 0; i < AI_RUNS_PER_ROOM_MAX; i += 1) {
      provider.next("gemini", [{ text: "Hm. " }, { hang: true }]);
      growing.push(messageAfter(await ann.say(room, `@ai ${i}`)));
    }
    await provider.came(asked + AI_RUNS_PER_ROOM_MAX);
    const end = await ending(ann, room, messageAfter(await ann.say(room, "@ai one more")));
    expect([at(end, "state"), at(end, "reason")]).toEqual(["failed", "too_many_runs"]);
    await ann.ack({ type: "stop_answer", roomId: room, messageId: growing[0] });
    provider.next("gemini", [{ text: "Yes." }]);
    expect(at(await ending(ann, room, messageAfter(await ann.say(room, "@ai now?"))), "state")).toBe("complete");
  },
  START_MS_MAX,
);

test(
  "whoever goes away before a private answer is there takes the question back: no more is written, and the place is free",
  async () => {
    const server = await start({ ...provider.env, STOA_AI_RUNS: "1", STOA_SHARDS: "1" });
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    const token = server.token({ user: "ann" });
    const url = `http://127.0.0.1:${server.port}/v1/chat/ai/ask`;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    for (const about of [{}, { roomId: room }]) {
      const asked = provider.requests.length;
      provider.next("gemini", [{ text: "Once upon a time " }, { hang: true }]);
      const gone = new AbortController();
      const body = JSON.stringify({ question: "A long story?", ...about });
      const reply = fetch(url, { method: "POST", headers, body, signal: gone.signal });
      await provider.came(asked + 1);
      gone.abort();
      expect(await reply.catch(({ name }: Error) => name)).toBe("AbortError");
      const end = messageAfter(await ann.say(room, "@ai now?"));
      expect(at(await ending(ann, room, end), "content")).toBe("Yes.");
      expect(provider.requests[asked]?.aborted).toBe(true);
    }
  },
  START_MS_MAX,
);

test(
  "more questions than a node answers at once wait for a place",
  async () => {
    const server = await start({ ...provider.env, STOA_AI_RUNS: "1", STOA_SHARDS: "1", AI_RESPONSE_TIMEOUT: "20000" });
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    const gate = Promise.withResolvers<void>();
    const asked = provider.requests.length;
    provider.next("gemini", [{ until: gate.promise }, { text: "First." }], [{ text: "Second." }]);
    const first = messageAfter(await ann.say(room, "@ai first"));
    await provider.came(asked + 1);
    const second = messageAfter(await ann.say(room, "@ai second"));
    gate.resolve();
    expect(at(await ending(ann, room, first), "content")).toBe("First.");
    expect(at(await ending(ann, room, second), "content")).toBe("Second.");
  },
  START_MS_MAX,
);

test(
  "as many answers as a node may have leave its other requests to others their way out",
  async () => {
    const judge = Bun.serve({ port: 0, fetch: () => Response.json({ action: "reject", reason: "No." }) });
    running.push({ dispose: () => judge.stop(true) });
    const server = await start({
      ...provider.env,
      STOA_SHARDS: "1",
      STOA_AI_ROOM_TOKENS: "0",
      STOA_AI_USER_TOKENS: "0",
      STOA_MODERATION_HOOK_URL: `http://127.0.0.1:${judge.port}/`,
      STOA_MODERATION_HOOK_SECRET: "a secret of the hook",
      STOA_MODERATION_HOOK_TIMEOUT_MS: "4000",
    });
    const ann = await connect(server, "ann");
    const asked = provider.requests.length;
    for (let i = 0; i < AI_RUNS_MAX; i += AI_RUNS_PER_ROOM_MAX) {
      const room = await assistedRoom(ann);
      for (let j = 0; j < AI_RUNS_PER_ROOM_MAX; j += 1) {
        provider.next("gemini", [{ text: "Hm. " }, { hang: true }]);
        await ann.say(room, `@ai ${j}`);
      }
    }
    await provider.came(asked + AI_RUNS_MAX);
    const token = server.token({ user: "root", role: "admin" });
    const judged = { token, body: { rules: [], hook: true } };
    expect((await server.rest("PUT", "/v1/chat/admin/moderation", judged)).status).toBe(200);
    const room = await assistedRoom(ann);
    const bob = await connect(server, "bob");
    await bob.join(room);
    const refused = await bob.refused({ type: "send_message", roomId: room, content: "Hello?" });
    expect([refused["code"], refused["message"]]).toEqual(["message_rejected", "No."]);
  },
  START_MS_MAX,
);

test(
  "an answer as long as a message may be is whole, a longer one is cut and says so",
  async () => {
    const server = await start({ ...provider.env, MAX_MESSAGE_LENGTH: "10" });
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    provider.next("gemini", [{ text: "12345" }, { text: "6789😀" }]);
    const whole = await ending(ann, room, messageAfter(await ann.say(room, "@ai a")));
    expect([at(whole, "content"), at(whole, "reason")]).toEqual(["123456789😀", undefined]);
    provider.next("gemini", [{ text: "12345" }, { text: "6789😀!" }, { hang: true }]);
    const cut = await ending(ann, room, messageAfter(await ann.say(room, "@ai b")));
    expect([at(cut, "state"), at(cut, "content"), at(cut, "reason")]).toEqual([
      "complete",
      "123456789😀",
      "length_limit",
    ]);
  },
  START_MS_MAX,
);

test(
  "a server that is stopped ends its answers with what has come, and is out in time",
  async () => {
    const server = await start({ ...provider.env, AI_RESPONSE_TIMEOUT: "20000" });
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    provider.next("gemini", [{ text: "Just begun" }, { hang: true }]);
    const messageId = messageAfter(await ann.say(room, "@ai a long one"));
    await ann.waitFor((frame) => frame.type === "ai_response" && frame["messageId"] === messageId, "a piece");
    const { code, ms } = await server.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(10_000);
    await server.restart();
    const history = await server.rest("GET", `/v1/chat/rooms/${room}/messages`, {
      token: server.token({ user: "ann" }),
    });
    const answer = listAt(history.body, "data.messages").at(-1);
    expect([at(answer, "content"), at(answer, "answer.state"), at(answer, "answer.reason")]).toEqual([
      "Just begun",
      "failed",
      "interrupted",
    ]);
  },
  START_MS_MAX,
);

describe("judging messages", () => {
  /** Long enough to start the thread that asks, on a busy machine. */
  const PATIENT = { STOA_MODERATION_HOOK_TIMEOUT_MS: "4000" };

  async function judging(level: string, env: Record<string, string> = {}): Promise<[TestServer, TestClient, string]> {
    const server = await start({ ...provider.env, STOA_AI_MODERATION: "on", ...env });
    const token = server.token({ user: "root", role: "admin" });
    const set = await server.rest("PUT", "/v1/chat/admin/moderation", { token, body: { rules: [], hook: true } });
    expect(set.status).toBe(200);
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann, { moderationLevel: level });
    const bob = await connect(server, "bob");
    await bob.join(room);
    return [server, bob, room];
  }

  test(
    "a model holds, refuses and lets through, by the room's level",
    async () => {
      const [, bob, room] = await judging("strict", PATIENT);
      const asked = provider.requests.length;
      provider.next("gemini", [{ text: '{"action":' }, { text: '"allow"}' }]);
      expect((await bob.say(room, "Good morning."))["held"]).toBeUndefined();
      expect(provider.requests[asked]?.text).toContain("harassment");
      // Most are spent by a model that thinks first.
      expect(at(provider.requests[asked]?.body, "generationConfig.maxOutputTokens")).toBe(1_000);
      provider.next("gemini", [{ text: '```json\n{"action":"hold","reason":"Perhaps rude."}\n```' }]);
      expect((await bob.say(room, "You there."))["held"]).toBe(true);
      provider.next("gemini", [{ text: '{"action":"reject","reason":"No insults."}' }]);
      const refused = await bob.refused({ type: "send_message", roomId: room, content: "You fool." });
      expect([refused["code"], refused["message"]]).toEqual(["message_rejected", "No insults."]);
    },
    START_MS_MAX,
  );

  test(
    "what it does not judge in time, or not in the words it was asked for, is decided by the failure policy",
    async () => {
      const env = { STOA_MODERATION_HOOK_FAILURE: "reject", STOA_MODERATION_HOOK_TIMEOUT_MS: "300" };
      const [, bob, room] = await judging("basic", env);
      provider.next("gemini", [{ hang: true }]);
      const late = await bob.refused({ type: "send_message", roomId: room, content: "Hello?" });
      expect(late["code"]).toBe("message_rejected");
      provider.forget();
      provider.next("gemini", [{ text: "I like this message!" }]);
      const vague = await bob.refused({ type: "send_message", roomId: room, content: "Hello?" });
      expect(vague["code"]).toBe("message_rejected");
    },
    START_MS_MAX,
  );
});

test(
  "the mood of a conversation is an annotation of the answer",
  async () => {
    const server = await start(provider.env);
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    await ann.say(room, "What a wonderful day!");
    provider.next("gemini", [{ text: "Pos" }, { text: "itive. Everybody is happy." }], [{ text: "Who knows?" }]);
    const told = await ending(ann, room, messageAfter(await ann.say(room, "@ai sentiment")));
    expect([at(told, "sentiment"), at(told, "content")]).toEqual(["positive", "Positive. Everybody is happy."]);
    const vague = await ending(ann, room, messageAfter(await ann.say(room, "@ai sentiment")));
    expect(at(vague, "sentiment")).toBeUndefined();
  },
  START_MS_MAX,
);

test(
  "a provider without another behind it is waited for when it says for how long, and left alone when that is long",
  async () => {
    const server = await start({ OPENAI_API_KEY: "key", OPENAI_BASE_URL: `${provider.url}/v1` });
    const ann = await connect(server, "ann");
    const room = await assistedRoom(ann);
    const asked = provider.requests.length;
    provider.next("openai", { status: 429, retryAfterSeconds: 1 }, [{ text: "Now." }]);
    const patient = await ending(ann, room, messageAfter(await ann.say(room, "@ai soon?")));
    expect([at(patient, "state"), at(patient, "content")]).toEqual(["complete", "Now."]);
    expect(provider.requests.length).toBe(asked + 2);
    provider.next("openai", { status: 429, retryAfterSeconds: 60 });
    for (const question of ["@ai one", "@ai two"]) {
      const refused = await ending(ann, room, messageAfter(await ann.say(room, question)));
      expect([at(refused, "state"), at(refused, "reason")]).toEqual(["failed", "rate_limited"]);
    }
    // The second question was not even sent.
    expect(provider.requests.length).toBe(asked + 3);
  },
  START_MS_MAX,
);
