/** Retention, legal holds and what is seen of both, through the real server on both stores: messages of 40 days ago and of now. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import { type RestReply, TestServer } from "../support/server.ts";

const START_MS_MAX = 60_000;
const DAY_MS = 86_400_000;
const OLD = Array.from({ length: 30 }, (_, i) => `old ${i}`);

for (const store of ["SQLite", "DynamoDB"] as const) {
  describe(`on ${store}`, () => {
    let dynamo: DynamoServer | undefined;
    let server: TestServer;
    const folder = mkdtempSync(join(tmpdir(), "stoa-time-"));
    const clock = join(folder, "offset");
    const rest = (user: string, method: string, path: string, body?: unknown, tenant = "default") => {
      const token = server.token({ user, tenant, ...(user === "root" && { role: "admin" }) });
      return server.rest(method, `/v1/chat${path}`, { token, body });
    };
    const contents = (reply: RestReply) => listAt(reply.body, "data.messages").map((one) => at(one, "content"));
    const oldIds: Record<string, string[]> = {};

    beforeAll(async () => {
      dynamo = store === "DynamoDB" ? await startDynalite() : undefined;
      const env = dynamo && (await makeTestTables(dynamo)).env;
      writeFileSync(clock, String(-40 * DAY_MS));
      server = await TestServer.start({
        entry: "test/support/other-time-server.ts",
        env: { ...env, TEST_CLOCK_FILE: clock, MESSAGE_RETENTION_DAYS: "90", STOA_SHARDS: "2" },
      });
      const ann = await TestClient.connect(server, { token: server.token({ user: "ann" }) });
      for (const room of ["kept", "month", "held", "written", "silent"]) {
        const days = room === "kept" ? {} : { messageRetention: 30 };
        await ann.ack({
          type: "create_room",
          roomId: room,
          name: room,
          roomType: "public",
          participants: ["bob", "cyd"],
          ...days,
        });
        const author = await TestClient.connect(server, {
          token: server.token({ user: room === "written" ? "cyd" : "bob" }),
        });
        oldIds[room] = [];
        for (const content of OLD) oldIds[room]?.push(textAt(await author.say(room, content), "messageId"));
        const [first = ""] = oldIds[room] ?? [];
        await author.say(room, "a reply", { replyTo: first });
        await ann.ack({ type: "message_reaction", roomId: room, messageId: first, emoji: "👍" });
        await ann.ack({ type: "pin_message", roomId: room, messageId: first });
        await author.ack({ type: "edit_message", roomId: room, messageId: first, content: "old, edited" });
        author.close();
      }
      ann.close();
      await server.stop();
      writeFileSync(clock, "0");
      await server.restart();
    }, START_MS_MAX);
    afterAll(async () => {
      await server.dispose();
      await dynamo?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test("what is too old is seen by nobody although it is stored still", async () => {
      const page = await rest("ann", "GET", "/rooms/silent/messages");
      expect(contents(page)).toEqual([]);
      expect(at(page.body, "data.pagination")).toMatchObject({ hasMore: false, removedByRetention: true });
      const id = oldIds.silent?.[3] ?? "";
      expect((await rest("ann", "GET", `/rooms/silent/messages/${id}`)).status).toBe(404);
      expect(listAt((await rest("ann", "GET", "/rooms/silent/pins")).body, "data.pins")).toEqual([]);
      const kept = await rest("ann", "GET", "/rooms/kept/messages?limit=100");
      expect(contents(kept)).toHaveLength(31);
      expect(at(kept.body, "data.pagination.removedByRetention")).toBeUndefined();
      const events = await rest("ann", "GET", "/rooms/silent/events?limit=500");
      const head = numberAt(events.body, "data.head");
      expect(at(events.body, "data")).toMatchObject({
        events: [],
        missing: { from: 1, to: head },
        pagination: { hasMore: false, after: head },
      });
      const all = await rest("ann", "GET", "/rooms/kept/events?limit=500");
      expect(listAt(all.body, "data.events").length).toBeGreaterThan(OLD.length);
      expect(at(all.body, "data.missing")).toBeUndefined();
      const cyd = await TestClient.connect(server, { token: server.token({ user: "cyd" }) });
      cyd.send({ type: "resume", ref: "r0", rooms: { silent: 8 } });
      const resumed = await cyd.waitFor((frame) => frame.type === "resumed", "resumed");
      expect(numberAt(listAt(resumed, "rooms")[0], "missing.from")).toBe(9);
      expect(cyd.frames.filter(({ type }) => type === "events")).toEqual([]);
      cyd.close();
    });

    test("a dry run says what would go and changes nothing", async () => {
      for (let round = 0; round < 2; round += 1) {
        const found = await rest("root", "GET", "/admin/retention");
        const rooms = listAt(found.body, "data.rooms");
        expect(rooms.map((room) => textAt(room, "roomId")).sort()).toEqual(["held", "month", "silent", "written"]);
        for (const room of rooms) {
          expect(numberAt(room, "messages")).toBeGreaterThanOrEqual(30);
          expect(numberAt(room, "bytes")).toBeGreaterThan(300);
          expect(Date.parse(textAt(room, "oldest"))).toBeLessThan(Date.now() - 39 * DAY_MS);
        }
      }
      expect((await rest("ann", "GET", "/admin/retention")).status).toBe(403);
      expect(listAt((await rest("root", "GET", "/admin/retention", undefined, "other")).body, "data.rooms")).toEqual(
        [],
      );
    });

    test("holds stop it: of a room, of a person who wrote there, of the tenant", async () => {
      for (const path of ["/admin/holds/rooms/held", "/admin/holds/users/cyd", "/admin/holds/tenant"]) {
        expect((await rest("ann", "PUT", path, {})).status).toBe(403);
        const placed = await rest("root", "PUT", path, { reason: "case 7" });
        expect(at(placed.body, "data.changed")).toBe(true);
      }
      expect(at((await rest("root", "PUT", "/admin/holds/tenant", {})).body, "data.changed")).toBe(false);
      const all = await rest("root", "POST", "/admin/retention");
      expect(listAt(all.body, "data.rooms").every((room) => at(room, "held") === "tenant")).toBe(true);
      expect(at((await rest("root", "DELETE", "/admin/holds/tenant")).body, "data.changed")).toBe(true);
      const shown = listAt((await rest("root", "GET", "/admin/holds")).body, "data.holds");
      expect(shown.map((hold) => at(hold, "scope")).sort()).toEqual(["room", "user"]);
      expect(listAt((await rest("root", "GET", "/admin/holds", undefined, "other")).body, "data.holds")).toEqual([]);
      const audit = listAt((await rest("root", "GET", "/admin/audit")).body, "data.entries");
      expect(audit.map((entry) => at(entry, "action"))).toEqual(expect.arrayContaining(["hold_placed", "hold_lifted"]));
    });

    test("the front goes, in rooms that nobody is in; what is held stays", async () => {
      const ann = await TestClient.connect(server, { token: server.token({ user: "ann" }) });
      const done = await rest("root", "POST", "/admin/retention");
      const byRoom = new Map(listAt(done.body, "data.rooms").map((room) => [textAt(room, "roomId"), room]));
      expect(at(byRoom.get("held"), "held")).toBe("room");
      expect(at(byRoom.get("written"), "held")).toBe("user");
      expect(at(byRoom.get("month"), "held")).toBeNull();
      expect(numberAt(byRoom.get("month"), "messages")).toBeGreaterThanOrEqual(30);
      const left = listAt((await rest("root", "GET", "/admin/retention")).body, "data.rooms");
      expect(left.map((room) => textAt(room, "roomId")).sort()).toEqual(["held", "written"]);
      const audit = listAt((await rest("root", "GET", "/admin/audit")).body, "data.entries");
      expect(audit.filter((entry) => at(entry, "action") === "history_trimmed")).toHaveLength(2);
      ann.close();
    });

    test("a room without its beginning goes on: messages, counts, marks, replies, resume", async () => {
      const bob = await TestClient.connect(server, { token: server.token({ user: "bob" }) });
      const joined = await bob.join("month");
      expect(numberAt(joined, "position.unread")).toBeLessThanOrEqual(1);
      const cyd = await TestClient.connect(server, { token: server.token({ user: "cyd" }) });
      const sent = [];
      for (const content of ["new 1", "new 2", "new 3"])
        sent.push(textAt(await bob.say("month", content), "messageId"));
      const page = await rest("cyd", "GET", "/rooms/month/messages?limit=100");
      expect(contents(page).slice(-3)).toEqual(["new 1", "new 2", "new 3"]);
      expect(at(page.body, "data.pagination.removedByRetention")).toBe(true);
      expect(contents(await rest("cyd", "GET", "/rooms/month/messages?limit=2"))).toEqual(["new 2", "new 3"]);
      const old = oldIds.month?.[2] ?? "";
      expect((await rest("cyd", "PUT", `/rooms/month/messages/${old}`, { content: "x" })).status).toBe(404);
      expect((await rest("bob", "POST", "/rooms/month/messages", { content: "x", replyTo: old })).status).toBe(404);
      expect(listAt((await rest("cyd", "GET", "/rooms/month/pins")).body, "data.pins")).toEqual([]);
      const position = await cyd.join("month");
      expect(numberAt(position, "position.unread")).toBe(3);
      // The list may be another shard's: it follows within about a second.
      await eventually(async () => {
        const rooms = listAt((await rest("cyd", "GET", "/rooms")).body, "data.rooms");
        const month = rooms.filter((room) => at(room, "roomId") === "month");
        expect(month.map((room) => at(room, "unreadCount"))).toEqual([3]);
      });
      const marked = await rest("cyd", "POST", "/rooms/month/read", { messageIds: [sent[1]] });
      expect(at(marked.body, "data.unread") ?? at(marked.body, "data.unreadCount")).toBe(1);
      cyd.send({ type: "resume", ref: "r1", rooms: { month: 5 } });
      const resumed = await cyd.waitFor((frame) => frame.type === "resumed", "resumed");
      expect(numberAt(listAt(resumed, "rooms")[0], "missing.from")).toBe(6);
      bob.close();
      cyd.close();
    });

    test("and goes on after a restart", async () => {
      await server.stop();
      await server.restart();
      const page = await rest("cyd", "GET", "/rooms/month/messages?limit=100");
      expect(contents(page).slice(-3)).toEqual(["new 1", "new 2", "new 3"]);
      const bob = await TestClient.connect(server, { token: server.token({ user: "bob" }) });
      await bob.say("month", "new 4");
      bob.close();
    });
  });
}
