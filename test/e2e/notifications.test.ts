/**
 * Whoever is away is told, and nobody else: at the real server, alone on SQLite with a webhook, and as two nodes on DynamoDB and
 * Redis with a queue; browsers on both.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeVapid } from "../../src/integrations/notify/vapid.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { inTime } from "../support/in-time.ts";
import { at, listAt, textAt } from "../support/json.ts";
import {
  AwsReceiver,
  type Browser,
  PushReceiver,
  type Took,
  vapidClaims,
  WebhookReceiver,
} from "../support/notify-receivers.ts";
import { ensureRedis } from "../support/redis-servers.ts";
import { LOCAL_CERTIFICATE } from "../support/self-signed.ts";
import { type RestReply, TestServer } from "../support/server.ts";
import { TwoNodes } from "../support/two-nodes.ts";

setDefaultTimeout(60_000);
/** What has to happen within one is done again when the machine was too busy for it. */
const WINDOW_MS = 1_200;
const WAIT_MS = 20_000;
const keys = makeVapid();

interface Place {
  readonly one: TestServer;
  /** Another node, or the same. */
  readonly two: TestServer;
  /** What the queue, or the webhook, took. */
  readonly out: AwsReceiver | WebhookReceiver;
  readonly service: PushReceiver;
  dispose(): Promise<void>;
}

async function open(make: (env: Record<string, string>) => Promise<Omit<Place, "service">>): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "stoa-ca-"));
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, LOCAL_CERTIFICATE);
  const service = new PushReceiver();
  const env = {
    ...{ STOA_NOTIFY_WINDOW_MS: String(WINDOW_MS), STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org" },
    ...{ STOA_VAPID_PUBLIC_KEY: keys.publicKey, STOA_VAPID_PRIVATE_KEY: keys.privateKey },
    ...{ STOA_OUTWARD_ALLOW: "127.0.0.0/8,::1", NODE_EXTRA_CA_CERTS: ca },
    ...{ STOA_RATE_PER_SECOND: "10000", STOA_RATE_BURST: "10000" },
  };
  const place = await make(env);
  return {
    ...place,
    service,
    dispose: async () => {
      await place.dispose();
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function alone(env: Record<string, string>): Promise<Omit<Place, "service">> {
  const out = new WebhookReceiver();
  const webhook = { STOA_NOTIFY_WEBHOOK_URL: out.url, STOA_NOTIFY_WEBHOOK_SECRET: "a secret of the operator" };
  const server = await TestServer.start({ env: { ...env, ...webhook } });
  return {
    one: server,
    two: server,
    out,
    dispose: () => Promise.all([server.dispose(), out.stop()]).then(() => undefined),
  };
}

async function asTwoNodes(env: Record<string, string>): Promise<Omit<Place, "service">> {
  await ensureRedis();
  const out = new AwsReceiver();
  const beats = { STOA_HEARTBEAT_MS: "300", STOA_NODE_TTL_MS: "2000" };
  const nodes = await TwoNodes.start({ ...env, ...beats, SQS_QUEUE_URL: out.queueUrl });
  const { one, two } = nodes;
  return { one, two, out, dispose: () => Promise.all([nodes.dispose(), out.stop()]).then(() => undefined) };
}

for (const [where, make] of [
  ["alone on SQLite", alone],
  ["as two nodes on DynamoDB", asTwoNodes],
] as const) {
  describe(where, () => {
    let place: Place;
    let ann: TestClient;
    beforeAll(async () => {
      place = await open(make);
      ann = await TestClient.connect(place.one, { token: place.one.token({ user: "ann", name: "Ann" }) });
      await rest("root", "PUT", "/admin/tracing", { minutes: 60 });
    });
    afterAll(async () => {
      ann?.close();
      await place?.dispose();
    });

    const rest = (user: string, method: string, path: string, body?: unknown, server = place.two): Promise<RestReply> =>
      server.rest(method, `/v1/chat${path}`, {
        token: server.token({ user, name: user === "ann" ? "Ann" : user, ...(user === "root" && { role: "admin" }) }),
        ...(body !== undefined && { body }),
      });
    const done = async (...asked: Parameters<typeof rest>): Promise<unknown> => {
      const reply = await rest(...asked);
      if (reply.status >= 300) throw new Error(`${asked[1]} ${asked[2]}: ${reply.status} ${reply.text}`);
      return reply.body.data;
    };
    const makeRoom = (roomId: string, participants: readonly string[], more: object = {}): Promise<unknown> =>
      done("ann", "POST", "/rooms", { roomId, name: roomId, type: "group", participants, ...more });
    const tookBy = (user: string, roomId?: string): readonly Took[] =>
      place.out.took.filter(
        ({ body }) => body["userId"] === user && (roomId === undefined || body["roomId"] === roomId),
      );
    /** The same one again has the same. */
    const idsOf = (user: string): ReadonlySet<unknown> => new Set(tookBy(user).map(({ body }) => body["id"]));
    const firstOf = (user: string, roomId?: string): Promise<Took> =>
      eventually(async () => {
        const [first] = tookBy(user, roomId);
        if (first === undefined)
          throw new Error(`nothing for ${user}: ${JSON.stringify(place.out.took)}\n${place.one.output}`);
        return first;
      }, WAIT_MS);
    const why = async (roomId: string, messageId: string, userId: string): Promise<unknown> => {
      const data = await done("root", "GET", `/admin/trace?${new URLSearchParams({ roomId, messageId, userId })}`);
      return at(
        listAt(data, "steps").find((step) => at(step, "step") === "notified"),
        "away",
      );
    };
    const subscribe = async (user: string): Promise<Browser> => {
      const browser = place.service.browser(`${user}-${crypto.randomUUID()}`);
      await done(user, "PUT", "/me/push-subscriptions", browser.subscription);
      return browser;
    };

    /** What neither the store nor other nodes have a part in. */
    const onOne = (name: string, run: () => Promise<void>): void => {
      if (make === alone) test(name, run);
    };

    test("several messages of a window are one notification, by the queue or webhook and in the browser", async () => {
      await makeRoom("talk", ["ben"]);
      const browser = await subscribe("ben");
      const texts = ["first @ben", "nothing for anybody", "and @ben, last"];
      const [, , last] = await Promise.all(texts.map((text) => ann.say("talk", text)));
      const took = await firstOf("ben");
      expect(took.body).toMatchObject({
        ...{ type: "notification", version: 1, userId: "ben", roomId: "talk", roomName: "talk", reason: "mention" },
        ...{ count: 2, title: "talk", body: "Ann: and @ben, last (2 new)", author: "ann", authorName: "Ann" },
        messageId: textAt(last, "messageId"),
      });
      await eventually(async () => expect(browser.took).toHaveLength(1), WAIT_MS);
      const shown = browser.took[0];
      expect(shown?.body).toMatchObject({
        id: took.body["id"],
        tag: took.body["collapseKey"],
        roomId: "talk",
        count: 2,
      });
      expect(vapidClaims(shown?.headers["authorization"])).toMatchObject({
        key: keys.publicKey,
        aud: place.service.origin,
      });
      expect(tookBy("ben")).toHaveLength(1);
      // Another window is another notification, which takes the place of the first.
      await ann.say("talk", "later, @ben");
      const again = await eventually(async () => {
        const [, second] = tookBy("ben");
        if (second === undefined) throw new Error("no second one");
        return second;
      }, WAIT_MS);
      expect(again.body).toMatchObject({ count: 1, collapseKey: took.body["collapseKey"] });
      expect(again.body["id"]).not.toBe(took.body["id"]);
    });

    test("who is there, has read it, wants quiet, or wants nothing is not told, and why is known", async () => {
      const kinds = ["online", "reader", "quiet", "muted", "nothing", "blocker", "leaver", "away"];
      const now = new Date();
      const clock = (minutes: number): string => new Date(now.getTime() + minutes * 60_000).toISOString().slice(11, 16);
      const quietHours = { from: clock(-60), to: clock(60), timeZone: "UTC" };
      const muteUntil = new Date(now.getTime() + 600_000).toISOString();
      const clients: TestClient[] = [];
      /** A room of its own, with people of its own. */
      const gather = async (attempt: number): Promise<(kind: string) => string> => {
        const named = (kind: string): string => `${kind}_${attempt}`;
        await makeRoom(named("crowd"), kinds.map(named));
        clients.push(await TestClient.connect(place.two, { token: place.two.token({ user: named("online") }) }));
        await done(named("quiet"), "PUT", "/me/notifications", { quietHours });
        await done(named("muted"), "PUT", `/me/notifications/rooms/${named("crowd")}`, { muteUntil });
        await done(named("nothing"), "PUT", "/me/notifications", { level: "none" });
        await done(named("blocker"), "PUT", "/users/me/blocks/ann");
        return named;
      };
      // Read and left before the window ends.
      const { named, sent } = await inTime(WINDOW_MS, gather, async (name) => {
        const text = kinds.map((kind) => `@${name(kind)}`).join(" ");
        const acked = await ann.say(name("crowd"), text);
        await done(name("reader"), "POST", `/rooms/${name("crowd")}/read`, {
          messageIds: [textAt(acked, "messageId")],
        });
        await done(name("leaver"), "POST", `/rooms/${name("crowd")}/leave`, {});
        return { named: name, sent: acked };
      });
      const id = textAt(sent, "messageId");
      expect((await firstOf(named("away"))).body).toMatchObject({ reason: "mention", count: 1 });
      const reasons = async () => {
        const outcomes = kinds.map(async (kind) => [kind, at(await why(named("crowd"), id, named(kind)), "outcome")]);
        return Object.fromEntries(await Promise.all(outcomes)) as unknown;
      };
      await eventually(async () => {
        expect(await reasons()).toEqual({
          ...{ online: "online", reader: "read", quiet: "quiet_hours", muted: "muted", nothing: "level" },
          ...{ blocker: "blocked", leaver: "not_member", away: "sent" },
        });
      }, WAIT_MS);
      expect(place.out.took.filter(({ body }) => body["roomId"] === named("crowd"))).toHaveLength(1);
      const query = new URLSearchParams({ roomId: named("crowd"), messageId: id, userId: named("away") });
      const trace = await done("root", "GET", `/admin/trace?${query}`);
      const told = at(
        listAt(trace, "steps").find((step) => at(step, "step") === "notified"),
        "toldUpTo",
      );
      expect(told).toEqual({ seq: sent["seq"], at: expect.stringContaining("T") as string });
      for (const client of clients) client.close();
    });

    test("direct messages, replies, invites, everything for who wants it; a deleted message is nobody's", async () => {
      await makeRoom("den", [], { type: "private" });
      const direct = await done("ann", "POST", "/rooms", { type: "direct", participants: ["pal"], name: "pal" });
      await done("ann", "POST", `/rooms/${textAt(direct, "roomId")}/messages`, { content: "hello you" });
      await done("ann", "POST", "/rooms/den/invites", { userId: "guest" });
      const gather = async (attempt: number): Promise<(name: string) => string> => {
        const name = (word: string): string => `${word}_${attempt}`;
        await makeRoom(name("threads"), ["dan", "all", "plain"].map(name));
        await makeRoom(name("erased"), [name("gus")]);
        await done(name("all"), "PUT", `/me/notifications/rooms/${name("threads")}`, { level: "all" });
        return name;
      };
      const named = await inTime(WINDOW_MS, gather, async (name) => {
        const gone = await ann.say(name("erased"), `@${name("gus")} never mind`);
        await ann.ack({ type: "delete_message", roomId: name("erased"), messageId: textAt(gone, "messageId") });
        const root = await done(name("dan"), "POST", `/rooms/${name("threads")}/messages`, { content: "who knows?" });
        await ann.say(name("threads"), "I do", { replyTo: textAt(root, "messageId") });
        return name;
      });
      expect((await firstOf(named("dan"))).body).toMatchObject({ reason: "reply", body: "Ann: I do" });
      expect((await firstOf("pal")).body).toMatchObject({
        reason: "direct",
        roomType: "direct",
        title: "Ann",
        body: "hello you",
      });
      expect((await firstOf("guest")).body).toMatchObject({ reason: "invite", roomId: "den", body: "ann invites you" });
      expect((await firstOf(named("all"))).body).toMatchObject({ reason: "message", count: 2 });
      expect([...tookBy(named("plain")), ...tookBy(named("gus"))]).toEqual([]);
    });

    onOne("a tenant may have all told by default, and keep what was written to itself", async () => {
      // What is known of a tenant is believed for a while; another tenant's is read now.
      const inOther = (user: string) => place.two.token({ user, tenant: "quiet-co", name: user });
      const tenantRest = async (user: string, method: string, path: string, body: unknown, role?: string) => {
        const token = place.two.token({ user, tenant: "quiet-co", name: user, ...(role !== undefined && { role }) });
        const reply = await place.two.rest(method, `/v1/chat${path}`, { token, body });
        if (reply.status >= 300) throw new Error(reply.text);
      };
      await tenantRest("root", "PUT", "/admin/notifications", { level: "all", withText: false }, "admin");
      const room = { roomId: "safe", name: "safe", type: "group", participants: ["zoe"] };
      await tenantRest("yan", "POST", "/rooms", room);
      const browser = place.service.browser("zoe");
      await tenantRest("zoe", "PUT", "/me/push-subscriptions", browser.subscription);
      await tenantRest("root", "POST", "/admin/users/zoe/tokens/revoke", {}, "admin");
      const yan = await TestClient.connect(place.one, { token: inOther("yan") });
      await yan.say("safe", "nobody else is to read this");
      const took = await eventually(async () => {
        const found = place.out.took.find(({ body }) => body["tenantId"] === "quiet-co");
        if (found === undefined) throw new Error("nothing for the other tenant");
        return found;
      }, WAIT_MS);
      expect(took.body).toMatchObject({ userId: "zoe", reason: "message", body: "yan sent a message" });
      expect(JSON.stringify(took.body)).not.toContain("nobody else");
      // The browser was added with a token that is not valid any more.
      await eventually(async () => {
        const list = await place.two.rest("GET", "/v1/chat/me/push-subscriptions", { token: inOther("zoe") });
        expect(list.body.data).toEqual({ subscriptions: [] });
      }, WAIT_MS);
      expect(browser.took).toEqual([]);
      yan.close();
    });

    onOne("a browser that is gone is forgotten", async () => {
      await makeRoom("browsers", ["hal", "ida"]);
      const [gone, kept] = [await subscribe("hal"), await subscribe("ida")];
      place.service.gone.add(gone.endpoint);
      await ann.say("browsers", "@hal look");
      await firstOf("hal");
      await eventually(async () => {
        expect(listAt(await done("hal", "GET", "/me/push-subscriptions"), "subscriptions")).toEqual([]);
      }, WAIT_MS);
      expect(gone.took).toEqual([]);
      expect(listAt(await done("ida", "GET", "/me/push-subscriptions"), "subscriptions")).toHaveLength(1);
      expect(kept.took).toEqual([]);
    });

    onOne("a way that is down is tried again, and nobody is told twice", async () => {
      await makeRoom("down", ["kim"]);
      place.out.fail({ status: 503 }, { status: 503 });
      await ann.say("down", "@kim are you there?");
      await firstOf("kim");
      await ann.say("down", "@kim again");
      await eventually(async () => expect(idsOf("kim").size).toBe(2), WAIT_MS);
      expect(new Set(tookBy("kim").map(({ body }) => body["count"]))).toEqual(new Set([1]));
    });

    test("metrics say how many were sent, and why others were not", async () => {
      await eventually(async () => {
        const texts = await Promise.all(
          [...new Set([place.one, place.two])].map(async (server) => (await server.rest("GET", "/metrics")).text),
        );
        const all = texts.join("\n");
        expect(all).toMatch(/stoa_notifications_sent_total\{[^}]*way="push"[^}]*\} [1-9]/);
        expect(all).toMatch(/stoa_notifications_skipped_total\{[^}]*reason="quiet_hours"[^}]*\} [1-9]/);
      }, WAIT_MS);
    });

    test("after a kill before it was sent it is sent once; after one in between once more, with the same id", async () => {
      await makeRoom("killed", ["lea", "moe", "olga"]);
      // At the node that is left, if there is another one.
      const olga = await TestClient.connect(place.two, { token: place.two.token({ user: "olga" }) });
      await ann.say("killed", "@lea and @olga, before");
      await place.one.kill();
      if (place.one === place.two) await place.one.restart();
      // Whoever is left takes over.
      expect((await firstOf("lea")).body).toMatchObject({ count: 1 });
      if (place.one !== place.two) {
        expect(tookBy("olga")).toEqual([]);
        await place.one.restart();
      }
      olga.close();
      const again = await TestClient.connect(place.one, { token: place.one.token({ user: "ann", name: "Ann" }) });
      const killed = Promise.withResolvers<void>();
      place.out.beforeAnswer = async () => {
        place.out.beforeAnswer = undefined;
        const victims = [...new Set([place.one, place.two])];
        await Promise.all(victims.map((server) => server.kill()));
        killed.resolve();
      };
      await again.say("killed", "@moe in between");
      await killed.promise;
      await Promise.all([...new Set([place.one, place.two])].map((server) => server.restart()));
      await eventually(async () => expect(tookBy("moe").length).toBeGreaterThan(1), WAIT_MS);
      expect(idsOf("moe").size).toBe(1);
      // Whatever else would come, comes before what was said later.
      const last = await TestClient.connect(place.one, { token: place.one.token({ user: "ann", name: "Ann" }) });
      await last.say("killed", "@lea and @moe, after");
      await eventually(async () => expect([idsOf("lea").size, idsOf("moe").size]).toEqual([2, 2]), WAIT_MS);
      last.close();
    });
  });
}
