/** The programs in examples/, as somebody runs them who has just found them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TestClient } from "../support/client.ts";
import { Example } from "../support/example.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { isThere } from "../support/programs.ts";
import { claimPort } from "../support/ports.ts";
import { TestServer } from "../support/server.ts";

const ROOM = "general";
let server: TestServer;
let ann: TestClient;
const running: Example[] = [];

beforeAll(async () => {
  server = await TestServer.start({ env: { STOA_OUTWARD_ALLOW: "127.0.0.1", STOA_WEBHOOK_RETRY_SECONDS_MAX: "1" } });
  ann = await TestClient.connect(server, { token: server.token({ user: "ann" }) });
  await ann.join(ROOM);
}, 60_000);
afterAll(async () => {
  for (const example of running) await example.stop();
  await server.dispose();
});

function run(program: readonly string[], file: string, args: readonly string[], env: Record<string, string>): Example {
  const example = new Example(program, file, args, env);
  running.push(example);
  return example;
}

function bot(): Example {
  return run(["node"], "bot.mjs", [ROOM], {
    CHAT_URL: `${server.ws}/chat`,
    CHAT_TOKEN: server.token({ user: "bot", name: "Bot" }),
    BOT_POSITION: join(server.dataDir, "bot-position.json"),
  });
}

const isMessage = (field: "replyTo" | "content", value: string) => (frame: { readonly type: string }) =>
  frame.type === "events" && listAt(frame, "events").some((event) => at(event, `message.${field}`) === value);
const isAnswerTo = (messageId: string) => isMessage("replyTo", messageId);

async function ask(text: string): Promise<string> {
  return textAt(await ann.say(ROOM, text), "messageId");
}

/** All answers that there are to a message, oldest first. */
async function answersTo(messageId: string): Promise<readonly string[]> {
  const token = server.token({ user: "ann" });
  const { body } = await server.rest("GET", `/v1/chat/rooms/${ROOM}/messages?limit=100`, { token });
  return listAt(body, "data.messages")
    .filter((message) => at(message, "replyTo") === messageId)
    .map((message) => textAt(message, "content"));
}

test("the bot answers once, also what was asked while it was away, and goes on after the server was killed", async () => {
  const first = bot();
  await first.says(`listening in ${ROOM} as bot`);
  const help = await ask("!help");
  await ann.waitFor(isAnswerTo(help), "the bot's answer");
  await first.stop();
  const dice = await ask("!dice");
  const second = bot();
  await second.says(`listening in ${ROOM} as bot`);
  await ann.waitFor(isAnswerTo(dice), "the answer of the bot that came back");
  await server.kill();
  await server.restart();
  ann = await TestClient.connect(server, { token: server.token({ user: "ann" }) });
  await ann.join(ROOM);
  const time = await ask("!time");
  await ann.waitFor(isAnswerTo(time), "the answer after the server came back");
  await second.stop();
  expect(await answersTo(help)).toEqual(["I know !help, !time and !dice."]);
  expect(await answersTo(dice)).toEqual([expect.stringMatching(/^You rolled a [1-6]\.$/)]);
  expect(await answersTo(time)).toEqual([expect.stringMatching(/^It is \d{4}-/)]);
}, 60_000);

test("an app of one's own has the history under its own path", async () => {
  const [port, appPort] = [String(claimPort()), String(claimPort())];
  const dataDir = join(server.dataDir, "app");
  const env = {
    HOST: "127.0.0.1",
    PORT: port,
    APP_PORT: appPort,
    STOA_DATA_DIR: dataDir,
    JWT_SECRET_KEY: server.secret,
  };
  const app = run([process.execPath], "history-app.ts", [], env);
  await app.says(`the app is on port ${appPort}`);
  const headers = { authorization: `Bearer ${server.token({ user: "ann" })}`, "content-type": "application/json" };
  const chat = `http://127.0.0.1:${port}/v1/chat/rooms`;
  const body = (value: object): RequestInit => ({ method: "POST", headers, body: JSON.stringify(value) });
  await fetch(chat, body({ roomId: "desk", name: "Desk", type: "public" }));
  await fetch(`${chat}/desk/messages`, body({ content: "My printer is on fire" }));
  const own = `http://127.0.0.1:${appPort}`;
  const page: unknown = await (await fetch(`${own}/support/rooms/desk/messages`, { headers })).json();
  expect(listAt(page, "data.messages").map((message) => textAt(message, "content"))).toEqual(["My printer is on fire"]);
  expect((await fetch(`${own}/support/rooms/desk/messages`)).status).toBe(401);
  expect(await (await fetch(own)).text()).toContain("support desk");
  await app.stop("SIGTERM");
}, 60_000);

test.skipIf(!(await isThere("/usr/bin/python3")))(
  "Python talks MessagePack with the libraries of Debian",
  async () => {
    const text = "Grüße aus Python 🐍";
    const client = run(["/usr/bin/python3"], "client.py", [ROOM, text], {
      CHAT_URL: `${server.ws}/chat`,
      CHAT_TOKEN: server.token({ user: "py", name: "Python" }),
    });
    expect(await client.ended(), client.output).toBe(0);
    expect(client.output).toContain(`py: ${text}`);
    expect(client.output).toMatch(/kept as msg_/);
    await ann.waitFor(isMessage("content", text), "what Python said");
  },
  60_000,
);

test("the assistant answers from a server of one's own, and the answer grows before whoever asked", async () => {
  const model = run(["node"], "model-server.mjs", [], { MODEL_PORT: "0" });
  await model.says("the model is on port");
  const port = /on port (\d+)/.exec(model.output)?.[1];
  const assisted = await TestServer.start({ env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` } });
  try {
    const env = (user: string): Record<string, string> => ({
      CHAT_URL: `${assisted.ws}/chat`,
      CHAT_TOKEN: assisted.token({ user, name: user }),
    });
    const first = run(["node"], "ask.mjs", ["cafe", "who is there?"], env("Ann"));
    expect(await first.ended(), first.output).toBe(0);
    expect(first.output).toContain("Nobody has said anything here yet.\n(complete)");
    const second = run(["node"], "ask.mjs", ["cafe", "and now?"], env("Bob"));
    expect(await second.ended(), second.output).toBe(0);
    expect(second.output).toContain("Here have spoken: Ann, the assistant.\n(complete)");
  } finally {
    await assisted.dispose();
  }
}, 60_000);

test("a receiver of webhooks keeps what is genuine, once, also when it is killed", async () => {
  const port = claimPort();
  const file = join(server.dataDir, "events.jsonl");
  const token = server.token({ user: "root", role: "admin" });
  const rest = async (method: string, path: string, body: object) =>
    (await server.rest(method, `/v1/chat${path}`, { token, body })).body.data;
  const made = await rest("POST", "/admin/webhooks", { url: `http://127.0.0.1:${port}/`, types: ["new_message"] });
  const start = async (): Promise<Example> => {
    const started = run(["node"], "webhook-receiver.mjs", [String(port), file], {
      WEBHOOK_SECRET: textAt(made, "secret"),
    });
    await started.says(`receiving on port ${port}`);
    return started;
  };
  const lines = (): readonly unknown[] => {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    return text.split("\n").flatMap((line) => (line === "" ? [] : [at(JSON.parse(line), "message.content")]));
  };
  const first = await start();
  expect(await rest("POST", `/admin/webhooks/${textAt(made, "webhookId")}/ping`, {})).toMatchObject({ taken: true });
  await ask("to be kept");
  await eventually(async () => expect(lines()).toEqual(["to be kept"]), 20_000);
  await first.stop();
  // A crash in the middle of a line, and a request that nobody signed.
  appendFileSync(file, '{"roomId":"gene');
  await ask("while it was away");
  await start();
  const forged = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: '{"events":[]}' });
  expect(forged.status).toBe(401);
  await eventually(async () => expect(lines()).toEqual(["to be kept", "while it was away"]), 20_000);
}, 60_000);
