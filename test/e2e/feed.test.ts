/** A tenant's event feed and its named consumers over REST, on both stores: all rooms, in order per room, from any place on. */
import { expect, test } from "bun:test";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import type { TestServer } from "../support/server.ts";
import { eventNames, FeedClient } from "../support/tenant-feed-client.ts";

let server: TestServer;
const connect = (user: string, tenant: string) =>
  TestClient.connect(server, { token: server.token({ user, tenant }), wire: "json" });

/** Every event of these rooms, as the rooms themselves tell it. */
async function told(feed: FeedClient, rooms: readonly string[]): Promise<readonly string[]> {
  const all: string[] = [];
  for (const room of rooms) {
    all.push(...eventNames((await feed.room(room)).map((event) => ({ ...(event as object), roomId: room }))));
  }
  return all.toSorted();
}

function inOrder(names: readonly string[]): boolean {
  const last = new Map<string, number>();
  return names.every((name) => {
    const [room = "", seq = ""] = name.split(" ");
    const isNext = Number(seq) >= (last.get(room) ?? 0);
    last.set(room, Number(seq));
    return isNext;
  });
}

onBothStores(
  {},
  (started) => {
    server = started;
  },
  () => {
    test("has what happened before it was asked for and what comes, of private rooms too, in order per room", async () => {
      const tenant = "all";
      const ann = await connect("ann", tenant);
      const feed = new FeedClient(server, tenant);
      const rooms = ["r1", "r2", "r3"];
      for (const roomId of rooms) {
        await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "private" });
        await ann.say(roomId, "before");
      }
      const first = await feed.read("limit=2", (events) => events.length >= 6);
      for (let i = 0; i < 10; i += 1) await ann.say(rooms[i % 3] ?? "", `after ${i}`);
      const rest = await feed.read(`limit=3&after=${first.after}`, (events) => events.length >= 10);
      const names = eventNames([...first.events, ...rest.events]);
      expect(names.toSorted()).toEqual([...(await told(feed, rooms))]);
      expect(inOrder(names)).toBe(true);
      // Once more, all at once, and only what is wanted.
      const again = await feed.read("limit=500", (events) => events.length >= names.length);
      expect(eventNames(again.events).toSorted()).toEqual(names.toSorted());
      const wanted = await feed.read("limit=500&rooms=r1+r2&types=new_message", (events) => events.length >= 9);
      expect(eventNames(wanted.events).every((name) => /^r[12] \d+ new_message$/.test(name))).toBe(true);
    });

    test("a request that waits is answered as soon as something happens, and one from now on has nothing else", async () => {
      const tenant = "waits";
      const ann = await connect("ann", tenant);
      const feed = new FeedClient(server, tenant);
      await ann.ack({ type: "create_room", roomId: "room", name: "Room", roomType: "public" });
      await ann.say("room", "old");
      await feed.read("limit=100", (events) => events.length >= 2);
      const now = await feed.done("GET", "/admin/events?from=now");
      expect(listAt(now, "events")).toEqual([]);
      const waiting = feed.done("GET", `/admin/events?after=${textAt(now, "pagination.after")}&wait=20`);
      await ann.say("room", "new");
      const startMs = performance.now();
      const page = await waiting;
      expect(performance.now() - startMs).toBeLessThan(10_000);
      expect(listAt(page, "events").map((event) => at(event, "message.content"))).toEqual(["new"]);
    });

    test("shows messages as a member would see them now: no words of deleted ones, no names of anonymous ones", async () => {
      const tenant = "shown";
      const [ann, bob] = await Promise.all([connect("ann", tenant), connect("bob", tenant)]);
      const feed = new FeedClient(server, tenant);
      await ann.ack({ type: "create_room", roomId: "room", name: "Room", roomType: "public", allowAnonymous: true });
      await bob.join("room");
      const gone = textAt(await ann.say("room", "secret words"), "messageId");
      const edited = textAt(await ann.say("room", "first wording"), "messageId");
      await bob.ack({ type: "send_message", roomId: "room", content: "whispered", anonymous: true });
      await ann.ack({ type: "edit_message", roomId: "room", messageId: edited, content: "second wording" });
      await ann.ack({ type: "delete_message", roomId: "room", messageId: gone });
      const { events } = await feed.read("limit=100", (seen) => seen.length >= 7);
      const text = JSON.stringify(events);
      expect(text).not.toContain("secret words");
      expect(text).not.toContain("first wording");
      expect(text).toContain("second wording");
      const whispered = events.find((event) => at(event, "message.content") === "whispered");
      expect(at(whispered, "message.isAnonymous")).toBe(true);
      expect(JSON.stringify(whispered)).not.toContain("bob");
    });

    test("a named consumer gets a page until it says that it has it, also after a restart, and can be set back", async () => {
      const tenant = "named";
      const ann = await connect("ann", tenant);
      const feed = new FeedClient(server, tenant);
      await ann.ack({ type: "create_room", roomId: "room", name: "Room", roomType: "public" });
      for (let i = 0; i < 5; i += 1) await ann.say("room", `message ${i}`);
      expect((await feed.rest("PUT", "/admin/consumers/crm", { types: ["new_message"] })).status).toBe(201);
      const next = () => feed.done("GET", "/admin/consumers/crm/events?limit=2&wait=20");
      const contents = (page: unknown) => listAt(page, "events").map((event) => at(event, "message.content"));
      const commit = (page: unknown) =>
        feed.rest("POST", "/admin/consumers/crm/commit", {
          after: textAt(page, "pagination.after"),
          from: textAt(page, "from"),
        });
      // The feed follows the log: pages are the same when all of it is there.
      await feed.read("limit=100&types=new_message", (events) => events.length >= 5, 20);
      const seen: unknown[] = [];
      let page = await next();
      expect(contents(await next())).toEqual(contents(page));
      while (seen.length < 5) {
        seen.push(...contents(page));
        expect((await commit(page)).status).toBe(200);
        // Somebody else has moved it: this page is not to be committed again.
        expect((await commit(page)).body.error?.code).toBe("conflict");
        if (seen.length < 5) page = await next();
      }
      expect(seen).toEqual(["message 0", "message 1", "message 2", "message 3", "message 4"]);
      await server.kill();
      await server.restart();
      const ready = new FeedClient(server, tenant);
      expect(at(await ready.done("GET", "/admin/consumers/crm"), "types")).toEqual(["new_message"]);
      const again = await connect("ann", tenant);
      // What was under way at the old one's end may be in the way for a moment.
      await eventually(() => again.say("room", "message 5"), 20_000);
      expect(contents(await next())).toEqual(["message 5"]);
      await ready.done("PUT", "/admin/consumers/crm", { from: "beginning" });
      expect(contents(await next())[0]).toBe("message 0");
      await ready.done("DELETE", "/admin/consumers/crm");
      expect((await ready.rest("GET", "/admin/consumers/crm")).status).toBe(404);
    });

    test("what makes no sense is refused with the field's name, and who is no administrator with a reason", async () => {
      const feed = new FeedClient(server, "refused");
      const wrong: readonly (readonly [query: string, field: string])[] = [
        ["after=nonsense", "after"],
        ["after=1-0-0-0&from=now", "from"],
        ["from=yesterday", "from"],
        ["since=yesterday", "since"],
        ["types=new_message,none", "types"],
        ["rooms=a/b", "rooms"],
        [`rooms=${Array.from({ length: 101 }, (_, i) => `r${i}`).join("+")}`, "rooms"],
        ["limit=501", "limit"],
        ["wait=21", "wait"],
      ];
      for (const [query, field] of wrong) {
        const { status, body } = await feed.rest("GET", `/admin/events?${query}`);
        expect([query.slice(0, 30), status, at(body, "error.details.field")]).toEqual([query.slice(0, 30), 400, field]);
      }
      const many = Array.from({ length: 100 }, (_, i) => `r${i}`).join("+");
      expect((await feed.rest("GET", `/admin/events?rooms=${many}&limit=500&wait=0`)).status).toBe(200);
      for (const [length, status] of [
        [64, 201],
        [65, 400],
      ] as const) {
        expect((await feed.rest("PUT", `/admin/consumers/${"c".repeat(length)}`, {})).status).toBe(status);
      }
      const user = server.token({ user: "ann", tenant: "refused" });
      expect((await server.rest("GET", "/v1/chat/admin/events", { token: user })).status).toBe(403);
    });
  },
);
