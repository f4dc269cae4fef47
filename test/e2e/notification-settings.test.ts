/** What people want to be told of while they are away, and their browsers, over REST at the real server, on both stores. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { NOTIFY_MUTE_MS_MAX, PUSH_SUBSCRIPTIONS_MAX } from "../../src/base/limits.ts";
import { makeVapid } from "../../src/integrations/notify/vapid.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { BROWSER } from "../support/isolation-cases.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { ensureRedis, RedisServer } from "../support/redis-servers.ts";
import { type RestReply, TestServer } from "../support/server.ts";

setDefaultTimeout(60_000);

for (const store of ["SQLite", "DynamoDB"] as const) {
  describe(`on ${store}`, () => {
    let server: TestServer;
    let dynamo: DynamoServer | undefined;
    let redis: RedisServer | undefined;
    const keys = makeVapid();
    const rest = (user: string, method: string, path: string, body?: unknown): Promise<RestReply> =>
      server.rest(method, `/v1/chat${path}`, {
        token: server.token({ user, ...(user === "root" && { role: "admin" }) }),
        ...(body !== undefined && { body }),
      });
    const refusedField = async (asked: Promise<RestReply>): Promise<readonly unknown[]> => {
      const reply = await asked;
      return [reply.status, reply.body.error?.details?.field];
    };

    beforeAll(async () => {
      let env: Record<string, string | undefined> = { STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org" };
      if (store === "DynamoDB") {
        await ensureRedis();
        [dynamo, redis] = await Promise.all([startDynalite(), RedisServer.start()]);
        const tables = await makeTestTables(dynamo);
        env = {
          ...{ ...env, ...tables.env, REDIS_URL: redis.url },
          ...{ STOA_VAPID_PUBLIC_KEY: keys.publicKey, STOA_VAPID_PRIVATE_KEY: keys.privateKey },
        };
      }
      server = await TestServer.start({ env });
      await rest("ann", "POST", "/rooms", { roomId: "den", name: "Den", type: "private", participants: ["ben"] });
      await rest("ann", "POST", "/rooms", { roomId: "hall", name: "Hall", type: "public" });
    });
    afterAll(async () => {
      await server.dispose();
      await Promise.all([dynamo?.stop(), redis?.dispose()]);
    });

    test("who says nothing has the tenant's default, which administrators decide", async () => {
      const nothing = { level: null, muteUntil: null, quietHours: null, default: { level: "mentions" } };
      expect((await rest("ben", "GET", "/me/notifications")).body.data).toEqual(nothing);
      expect((await rest("ben", "PUT", "/admin/notifications", { level: "all", withText: true })).status).toBe(403);
      expect((await rest("ben", "GET", "/admin/notifications")).status).toBe(403);
      const set = { level: "none", withText: false };
      expect((await rest("root", "PUT", "/admin/notifications", set)).body.data).toEqual(set);
      expect((await rest("root", "GET", "/admin/notifications")).body.data).toEqual(set);
      expect(at((await rest("ben", "GET", "/me/notifications")).body, "data.default.level")).toBe("none");
      await rest("root", "PUT", "/admin/notifications", { level: "mentions", withText: true });
      const audit = await rest("root", "GET", "/admin/audit");
      expect(audit.text).toContain("notifications_changed");
    });

    test("what is put takes the place of what was there, and stays over a restart", async () => {
      const quietHours = { from: "22:30", to: "07:00", timeZone: "Europe/Berlin", days: [5, 1, 5] };
      const muteUntil = new Date(Date.now() + 60_000).toISOString();
      const put = await rest("ben", "PUT", "/me/notifications", { level: "all", muteUntil, quietHours });
      const kept = {
        level: "all",
        muteUntil,
        quietHours: { ...quietHours, days: [1, 5] },
        default: { level: "mentions" },
      };
      expect(put.body.data).toEqual(kept);
      await server.stop();
      await server.restart();
      expect((await rest("ben", "GET", "/me/notifications")).body.data).toEqual(kept);
      await rest("ben", "PUT", "/me/notifications", {});
      expect((await rest("ben", "GET", "/me/notifications")).body.data).toMatchObject({
        level: null,
        quietHours: null,
      });
    });

    test("what is wrong is named", async () => {
      const put = (body: object) => refusedField(rest("ben", "PUT", "/me/notifications", body));
      const hours = { from: "22:00", to: "07:00", timeZone: "UTC" };
      expect(await put({ level: "some" })).toEqual([400, "level"]);
      expect(await put({ muteUntil: "tomorrow" })).toEqual([400, "muteUntil"]);
      const tooLate = new Date(Date.now() + NOTIFY_MUTE_MS_MAX + 60_000).toISOString();
      expect(await put({ muteUntil: tooLate })).toEqual([400, "muteUntil"]);
      const justSo = new Date(Date.now() + NOTIFY_MUTE_MS_MAX - 60_000).toISOString();
      expect((await rest("ben", "PUT", "/me/notifications", { muteUntil: justSo })).status).toBe(200);
      expect(await put({ quietHours: { ...hours, from: "24:00" } })).toEqual([400, "from"]);
      expect(await put({ quietHours: { ...hours, to: "7:00" } })).toEqual([400, "to"]);
      expect(await put({ quietHours: { ...hours, to: "22:00" } })).toEqual([400, "to"]);
      expect(await put({ quietHours: { ...hours, timeZone: "Mars/Olympus" } })).toEqual([400, "timeZone"]);
      expect((await put({ quietHours: { ...hours, days: [] } }))[0]).toBe(400);
      expect((await put({ quietHours: { ...hours, days: [8] } }))[0]).toBe(400);
    });

    test("of one room its members say something of their own, and of a hidden one nobody else learns", async () => {
      const room = "/me/notifications/rooms/den";
      expect((await rest("ben", "GET", room)).body.data).toEqual({ roomId: "den", level: null, muteUntil: null });
      const put = await rest("ben", "PUT", room, { level: "none" });
      expect(put.body.data).toEqual({ roomId: "den", level: "none", muteUntil: null });
      expect((await rest("ann", "GET", room)).body.data).toMatchObject({ level: null });
      for (const [method, body] of [["GET"], ["PUT", { level: "all" }], ["DELETE"]] as const) {
        expect((await rest("eve", method, room, body)).status).toBe(404);
      }
      expect((await rest("eve", "PUT", "/me/notifications/rooms/hall", { level: "all" })).status).toBe(403);
      await rest("ann", "PUT", "/me/notifications/rooms/hall", { level: "all" });
      await rest("ann", "PUT", room, { level: "mentions" });
      const first = await rest("ann", "GET", "/me/notifications/rooms?limit=1");
      expect(listAt(first.body, "data.rooms").map((one) => at(one, "roomId"))).toEqual(["den"]);
      expect(at(first.body, "data.pagination")).toEqual({ limit: 1, hasMore: true, after: "den" });
      const second = await rest("ann", "GET", "/me/notifications/rooms?limit=1&after=den");
      expect(listAt(second.body, "data.rooms").map((one) => at(one, "roomId"))).toEqual(["hall"]);
      expect(at(second.body, "data.pagination.hasMore")).toBe(false);
      expect((await rest("ben", "DELETE", room)).status).toBe(200);
      expect(listAt((await rest("ben", "GET", "/me/notifications/rooms")).body, "data.rooms")).toEqual([]);
    });

    test("a browser subscribes with the server's key; again is the same, and the eleventh replaces the first", async () => {
      const key = await rest("cyd", "GET", "/me/push-subscriptions/key");
      expect(at(key.body, "data.isAvailable")).toBe(true);
      expect(Buffer.from(textAt(key.body, "data.publicKey"), "base64url")).toHaveLength(65);
      if (store === "DynamoDB") expect(textAt(key.body, "data.publicKey")).toBe(keys.publicKey);
      const put = async (n: number): Promise<string> => {
        const body = { ...BROWSER, endpoint: `https://push.example.org/send/${n}` };
        return textAt((await rest("cyd", "PUT", "/me/push-subscriptions", body)).body, "data.subscriptionId");
      };
      const list = async (): Promise<readonly unknown[]> =>
        listAt((await rest("cyd", "GET", "/me/push-subscriptions")).body, "data.subscriptions");
      const ids: string[] = [];
      for (let n = 0; n < PUSH_SUBSCRIPTIONS_MAX; n += 1) ids.push(await put(n));
      expect(await put(3)).toBe(ids[3] ?? "");
      expect(new Set((await list()).map((one) => at(one, "subscriptionId")))).toEqual(new Set(ids));
      const more = await put(PUSH_SUBSCRIPTIONS_MAX);
      const kept = new Set((await list()).map((one) => at(one, "subscriptionId")));
      expect(kept).toEqual(new Set([...ids.slice(1), more]));
      // The address is not told to anybody.
      expect((await rest("cyd", "GET", "/me/push-subscriptions")).text).not.toContain("send/");
      expect((await rest("ben", "GET", "/me/push-subscriptions")).body.data).toEqual({ subscriptions: [] });
      expect((await rest("ben", "DELETE", `/me/push-subscriptions/${more}`)).status).toBe(404);
      expect((await rest("cyd", "DELETE", `/me/push-subscriptions/${more}`)).status).toBe(200);
      expect((await rest("cyd", "DELETE", `/me/push-subscriptions/${more}`)).status).toBe(404);
      expect(await list()).toHaveLength(PUSH_SUBSCRIPTIONS_MAX - 1);
    });

    test("an address where nobody is to be asked is refused", async () => {
      const put = (endpoint: string) =>
        refusedField(rest("cyd", "PUT", "/me/push-subscriptions", { ...BROWSER, endpoint }));
      const wrong = ["http://push.example.org/x", "https://127.0.0.1/x", "https://10.1.2.3/x", "https://[::1]/x"];
      wrong.push(
        "https://localhost/x",
        "https://169.254.169.254/latest",
        "https://user:pw@push.example.org/x",
        "https://",
      );
      for (const endpoint of wrong) expect(await put(endpoint)).toEqual([400, "endpoint"]);
      const bad = { ...BROWSER, keys: { ...BROWSER.keys, auth: "short" } };
      expect((await rest("cyd", "PUT", "/me/push-subscriptions", bad)).status).toBe(400);
      const long = `https://push.example.org/${"x".repeat(1_024)}`;
      expect((await put(long))[0]).toBe(400);
      expect((await put(long.slice(0, 1_024)))[0]).toBe(200);
    });
  });
}

test("a server that sends nothing to browsers says so", async () => {
  const server = await TestServer.start();
  const token = server.token({ user: "ann" });
  const key = await server.rest("GET", "/v1/chat/me/push-subscriptions/key", { token });
  expect(key.body.data).toEqual({ isAvailable: false, publicKey: null });
  const put = await server.rest("PUT", "/v1/chat/me/push-subscriptions", { token, body: BROWSER });
  expect([put.status, put.body.error?.code]).toEqual([404, "not_found"]);
  await server.dispose();
});
