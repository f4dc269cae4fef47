/** Webhooks through the real server, on both stores: signed, filtered, repeated, given up, set back; and never to one's own network. */
import { afterEach, expect, test } from "bun:test";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { FeedClient } from "../support/tenant-feed-client.ts";
import { signers, WebhookReceiver } from "../support/webhook-receiver.ts";

const WAIT_MS = 20_000;
const ENV = {
  STOA_OUTWARD_ALLOW: "127.0.0.1",
  STOA_WEBHOOK_RETRY_SECONDS_MAX: "1",
  STOA_WEBHOOK_ATTEMPTS: "3",
  STOA_WEBHOOK_TIMEOUT_MS: "1000",
  LOG_LEVEL: "info",
};
let server: TestServer;
const receivers: WebhookReceiver[] = [];
afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.stop();
});

function receive(): WebhookReceiver {
  const receiver = new WebhookReceiver();
  receivers.push(receiver);
  return receiver;
}

/** A tenant of its own with one room, and whoever writes there. */
async function world(tenant: string) {
  const token = server.token({ user: "ann", tenant });
  const ann = await TestClient.connect(server, { token, wire: "json" });
  await ann.ack({ type: "create_room", roomId: "room", name: "Room", roomType: "private" });
  return { ann, admin: new FeedClient(server, tenant) };
}

async function hookOf(admin: FeedClient, wish: object): Promise<{ id: string; secret: string; path: string }> {
  const made = await admin.done("POST", "/admin/webhooks", wish);
  const id = textAt(made, "webhookId");
  return { id, secret: textAt(made, "secret"), path: `/admin/webhooks/${id}` };
}

const contents = (events: readonly unknown[]) =>
  events.flatMap((event) => (at(event, "type") === "new_message" ? [at(event, "message.content")] : []));

onBothStores(
  ENV,
  (started) => {
    server = started;
  },
  () => {
    test("post what comes, signed, to whoever wants it, and only what is wanted", async () => {
      const { ann, admin } = await world("posts");
      const { ann: stranger } = await world("strangers");
      await ann.say("room", "before");
      const [all, some] = [receive(), receive()];
      const hook = await hookOf(admin, { url: all.url });
      await hookOf(admin, { url: some.url, types: ["message_deleted"], rooms: ["room"] });
      const gone = textAt(await ann.say("room", "one"), "messageId");
      await ann.ack({ type: "delete_message", roomId: "room", messageId: gone });
      await stranger.say("room", "of another tenant");
      await ann.say("room", "two");
      await eventually(async () => expect(contents(all.events)).toContain("two"), WAIT_MS);
      expect(contents(all.events)).not.toContain("of another tenant");
      await eventually(async () => expect(some.events).toHaveLength(1), WAIT_MS);
      expect(contents(all.events)).not.toContain("before");
      expect(some.events).toMatchObject([{ roomId: "room", type: "message_deleted", messageId: gone }]);
      for (const posted of all.taken) {
        expect(signers(posted, [hook.secret, "another"])).toEqual([hook.secret]);
        expect(posted.headers.get("x-stoa-webhook")).toBe(hook.id);
        expect(Math.abs(Date.now() / 1_000 - Number(posted.headers.get("x-stoa-timestamp")))).toBeLessThan(60);
      }
    });

    test("bring everything, in order, when the receiver is there again; what was erased meanwhile does not leave", async () => {
      const { ann, admin } = await world("away");
      const receiver = receive();
      const hook = await hookOf(admin, { url: receiver.url });
      receiver.answer = () => new Response("", { status: 503 });
      for (let i = 0; i < 5; i += 1) await ann.say("room", `message ${i}`);
      const secret = textAt(await ann.say("room", "a secret"), "messageId");
      await eventually(async () => expect(receiver.refused.length).toBeGreaterThan(1), WAIT_MS);
      const failing = await admin.done("GET", hook.path);
      expect(at(failing, "failing.why")).toBe("status 503");
      await ann.ack({ type: "delete_message", roomId: "room", messageId: secret });
      receiver.answer = () => new Response(null, { status: 204 });
      await eventually(async () => expect(contents(receiver.events)).toHaveLength(6), WAIT_MS);
      expect(contents(receiver.events)).toEqual([...Array.from({ length: 5 }, (_, i) => `message ${i}`), ""]);
      expect(receiver.taken.map(({ body }) => body).join()).not.toContain("a secret");
      await eventually(async () => expect(await admin.done("GET", hook.path)).toMatchObject({ failing: null }));
    });

    test("go past what is refused again and again, alone, and keep it as a dead letter that can be posted once more", async () => {
      const { ann, admin } = await world("dead");
      const receiver = receive();
      receiver.answer = ({ body }) => new Response("", { status: body.includes("poison") ? 422 : 200 });
      const hook = await hookOf(admin, { url: receiver.url });
      for (const text of ["one", "poison", "two"]) await ann.say("room", text);
      await eventually(async () => expect(contents(receiver.events)).toContain("two"), WAIT_MS);
      const letters = await admin.done("GET", `${hook.path}/dead-letters`);
      expect(listAt(letters, "deadLetters")).toMatchObject([{ events: 1, why: "status 422" }]);
      const letter = textAt(letters, "deadLetters.0.letterId");
      const again = `${hook.path}/dead-letters/${letter}/replay`;
      expect(await admin.done("POST", again)).toMatchObject({ taken: false, answer: "status 422" });
      receiver.answer = () => new Response("");
      expect(await admin.done("POST", again)).toMatchObject({ taken: true });
      expect(contents(receiver.events)).toContain("poison");
      expect(await admin.done("GET", `${hook.path}/dead-letters`)).toMatchObject({ deadLetters: [] });
      expect((await admin.rest("POST", again)).status).toBe(404);
    });

    test("pause, go on, are set back to a moment, get another secret, and end", async () => {
      const { ann, admin } = await world("changes");
      const receiver = receive();
      const hook = await hookOf(admin, { url: receiver.url, from: "beginning", types: ["new_message"] });
      await ann.say("room", "one");
      await eventually(async () => expect(contents(receiver.events)).toEqual(["one"]), WAIT_MS);
      expect(await admin.done("PATCH", hook.path, { paused: true })).toMatchObject({ state: "paused" });
      // The change is known here when the next thing is waited for by somebody else.
      const watcher = receive();
      await hookOf(admin, { url: watcher.url, types: ["new_message"] });
      const since = new Date().toISOString();
      await ann.say("room", "two");
      await eventually(async () => expect(contents(watcher.events)).toEqual(["two"]), WAIT_MS);
      expect(contents(receiver.events)).toEqual(["one"]);
      const rotated = textAt(await admin.done("POST", `${hook.path}/secret`), "secret");
      await admin.done("PATCH", hook.path, { paused: false });
      await eventually(async () => expect(contents(receiver.events)).toEqual(["one", "two"]), WAIT_MS);
      const last = receiver.taken.at(-1);
      if (last === undefined) throw new Error("nothing was taken");
      expect(signers(last, [hook.secret, rotated])).toEqual([hook.secret, rotated]);
      await admin.done("POST", `${hook.path}/replay`, { since });
      await eventually(async () => expect(contents(receiver.events)).toEqual(["one", "two", "two"]), WAIT_MS);
      const shown = await admin.rest("GET", "/admin/webhooks");
      expect(shown.text).not.toContain("whsec_");
      await admin.done("DELETE", hook.path);
      expect((await admin.rest("GET", hook.path)).status).toBe(404);
      await ann.say("room", "three");
      await eventually(async () => expect(contents(watcher.events)).toContain("three"), WAIT_MS);
      expect(contents(receiver.events)).not.toContain("three");
    });

    test("are disabled by a receiver that is gone, with the reason, and go on when they are switched on", async () => {
      const { ann, admin } = await world("gone");
      const receiver = receive();
      receiver.answer = () => new Response("", { status: 410 });
      const hook = await hookOf(admin, { url: receiver.url });
      await ann.say("room", "one");
      await eventually(
        async () => expect(await admin.done("GET", hook.path)).toMatchObject({ state: "disabled" }),
        WAIT_MS,
      );
      expect(textAt(await admin.done("GET", hook.path), "disabled.reason")).toContain("410");
      receiver.answer = () => new Response("");
      await admin.done("PATCH", hook.path, { paused: false });
      await eventually(async () => expect(contents(receiver.events)).toEqual(["one"]), WAIT_MS);
      // Neither secrets nor what was said, nor addresses, which may carry secrets of their own.
      expect(server.output).toContain("webhook_disabled");
      expect(server.output).not.toMatch(/whsec_|a secret|\/hook/);
    });
  },
);

test("an address within one's own network is refused where the operator does not allow it, in words, with every spelling", async () => {
  const strict = await TestServer.start();
  const admin = new FeedClient(strict, "ssrf");
  const receiver = receive();
  try {
    for (const url of [
      receiver.url,
      receiver.url.replace("127.0.0.1", "localhost"),
      receiver.url.replace("127.0.0.1", "2130706433"),
      receiver.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
      "http://169.254.169.254/latest/meta-data",
      "https://10.0.0.1/",
      "ftp://example.org/",
      "https://user:password@example.org/",
    ]) {
      const { status, body } = await admin.rest("POST", "/admin/webhooks", { url, description: "d".repeat(200) });
      expect([url, status, at(body, "error.details.field")]).toEqual([url, 400, "url"]);
    }
    const long = { url: "https://example.org/", description: "d".repeat(201), paused: true };
    expect((await admin.rest("POST", "/admin/webhooks", long)).status).toBe(400);
    // A name of one's own network is seen when it is resolved: at a test, and at each delivery.
    const made = await admin.done("POST", "/admin/webhooks", { url: "http://localtest.invalid/" });
    const pinged = await admin.done("POST", `/admin/webhooks/${textAt(made, "webhookId")}/ping`);
    expect(pinged).toMatchObject({ taken: false, answer: "no_address" });
    expect(receiver.taken.length + receiver.refused.length).toBe(0);
  } finally {
    await strict.dispose();
  }
}, 30_000);
