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
  // What nobody answers in time is posted again: not because this machine has much to do.
  STOA_WEBHOOK_TIMEOUT_MS: "15000",
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
  for (const roomId of ["room", "probes"]) {
    await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "private" });
  }
  return { ann, admin: new FeedClient(server, tenant) };
}

async function hookOf(admin: FeedClient, wish: object): Promise<{ id: string; secret: string; path: string }> {
  const made = await admin.done("POST", "/admin/webhooks", wish);
  const id = textAt(made, "webhookId");
  return { id, secret: textAt(made, "secret"), path: `/admin/webhooks/${id}` };
}

/** Whoever delivers has heard of all that was changed before: one that begins now is delivered to. */
async function known(ann: TestClient, admin: FeedClient): Promise<void> {
  const watcher = receive();
  const hook = await hookOf(admin, { url: watcher.url, rooms: ["probes"] });
  await ann.say("probes", "a probe");
  await eventually(async () => expect(contents(watcher.events)).toContain("a probe"), WAIT_MS);
  await admin.done("DELETE", hook.path);
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
      await eventually(async () => expect(some.events.length).toBeGreaterThan(0), WAIT_MS);
      expect(contents(all.events)).not.toContain("before");
      for (const event of some.events) {
        expect(event).toMatchObject({ roomId: "room", type: "message_deleted", messageId: gone });
      }
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
      await eventually(
        async () => expect(at(await admin.done("GET", hook.path), "failing.why")).toBe("status 503"),
        WAIT_MS,
      );
      await ann.ack({ type: "delete_message", roomId: "room", messageId: secret });
      // One attempt may have read it before; the next one has not.
      const { length } = receiver.refused;
      await eventually(async () => expect(receiver.refused.length).toBeGreaterThan(length + 1), WAIT_MS);
      receiver.answer = () => new Response(null, { status: 204 });
      await eventually(async () => expect(contents(receiver.events)).toHaveLength(6), WAIT_MS);
      expect(contents(receiver.events)).toEqual([...Array.from({ length: 5 }, (_, i) => `message ${i}`), ""]);
      expect(receiver.taken.map(({ body }) => body).join()).not.toContain("a secret");
      await eventually(
        async () => expect(await admin.done("GET", hook.path)).toMatchObject({ failing: null }),
        WAIT_MS,
      );
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
      const wish = { from: "beginning", types: ["new_message"], rooms: ["room"] };
      const hook = await hookOf(admin, { url: receiver.url, ...wish });
      // At least once is what is promised.
      const told = () => [...new Set(contents(receiver.events))];
      await ann.say("room", "one");
      await eventually(async () => expect(told()).toEqual(["one"]), WAIT_MS);
      expect(await admin.done("PATCH", hook.path, { paused: true })).toMatchObject({ state: "paused" });
      await known(ann, admin);
      const since = new Date().toISOString();
      await ann.say("room", "two");
      await known(ann, admin);
      expect(told()).toEqual(["one"]);
      const rotated = textAt(await admin.done("POST", `${hook.path}/secret`), "secret");
      await admin.done("PATCH", hook.path, { paused: false });
      await eventually(async () => expect(told()).toEqual(["one", "two"]), WAIT_MS);
      const last = receiver.taken.at(-1);
      if (last === undefined) throw new Error("nothing was taken");
      expect(signers(last, [hook.secret, rotated])).toEqual([hook.secret, rotated]);
      const { length } = receiver.events;
      await admin.done("POST", `${hook.path}/replay`, { since });
      await eventually(async () => expect(contents(receiver.events.slice(length))).toContain("two"), WAIT_MS);
      expect(contents(receiver.events.slice(length))).not.toContain("one");
      const shown = await admin.rest("GET", "/admin/webhooks");
      expect(shown.text).not.toContain("whsec_");
      await admin.done("DELETE", hook.path);
      expect((await admin.rest("GET", hook.path)).status).toBe(404);
      await known(ann, admin);
      await ann.say("room", "three");
      await known(ann, admin);
      expect(told()).toEqual(["one", "two"]);
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
      await eventually(async () => expect(contents(receiver.events)).toContain("one"), WAIT_MS);
      await eventually(async () => expect(server.output).toContain("webhook_disabled"), WAIT_MS);
      // Neither secrets nor what was said, nor addresses, which may carry secrets of their own.
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
    // Where nobody knows names at all, that takes its time.
    expect(pinged).toMatchObject({ taken: false, answer: expect.stringMatching(/^(no_address|timeout)$/) });
    expect(receiver.taken.length + receiver.refused.length).toBe(0);
  } finally {
    await strict.dispose();
  }
}, 60_000);
