/** A room's events over REST: page by page what a socket was told, as it may be shown now. On both stores. */
import { expect, test } from "bun:test";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import type { RestReply, TestServer } from "../support/server.ts";

let server: TestServer;

const connect = (user: string) => TestClient.connect(server, { token: server.token({ user }), wire: "json" });

function page(user: string, room: string, query: string): Promise<RestReply> {
  return server.rest("GET", `/v1/chat/rooms/${room}/events${query}`, { token: server.token({ user }) });
}

/** All pages from the beginning on. */
async function feed(user: string, room: string, limit: number): Promise<readonly unknown[]> {
  const events: unknown[] = [];
  let after = 0;
  for (;;) {
    const { status, body } = await page(user, room, `?after=${after}&limit=${limit}`);
    expect(status).toBe(200);
    events.push(...listAt(body, "data.events"));
    after = numberAt(body, "data.pagination.after");
    if (at(body, "data.pagination.hasMore") === false) return events;
  }
}

const typeOf = (event: unknown): string => textAt(event, "type");

onBothStores(
  {},
  (started) => {
    server = started;
  },
  () => {
    test("pages of any size are what a listener was told", async () => {
      const [ann, bob] = await Promise.all([connect("ann"), connect("bob")]);
      await ann.ack({ type: "create_room", roomId: "feed", name: "Feed", roomType: "public" });
      await bob.join("feed");
      const first = textAt(await ann.say("feed", "one"), "messageId");
      await bob.ack({ type: "message_reaction", roomId: "feed", messageId: first, emoji: "👍" });
      await ann.ack({ type: "pin_message", roomId: "feed", messageId: first });
      const reply = { type: "send_message", roomId: "feed", content: "two", replyTo: first };
      const last = numberAt(await bob.ack(reply), "seq");
      await eventually(async () => expect(ann.rooms.get("feed")?.head).toBeGreaterThanOrEqual(last));
      const told = (ann.rooms.get("feed")?.events ?? []).map(({ seq, type }) => `${seq} ${type}`);
      expect(told.length).toBeGreaterThan(5);
      for (const limit of [1, 2, 500]) {
        const events = await feed("bob", "feed", limit);
        // Whoever made the room listens from then on, not from its first event.
        const from = ann.rooms.get("feed")?.events[0]?.seq ?? 0;
        const since = events.filter((event) => numberAt(event, "seq") >= from);
        expect(since.map((event) => `${numberAt(event, "seq")} ${typeOf(event)}`)).toEqual(told);
        expect(events.slice(0, -since.length).map(typeOf)).toEqual(["user_joined"]);
      }
    });

    test("what was edited or deleted since is shown as it is now", async () => {
      const ann = await connect("ann");
      await ann.ack({ type: "create_room", roomId: "changed", name: "Changed", roomType: "public" });
      const edited = textAt(await ann.say("changed", "first words"), "messageId");
      const deleted = textAt(await ann.say("changed", "regretted words"), "messageId");
      await ann.ack({ type: "edit_message", roomId: "changed", messageId: edited, content: "second words" });
      await ann.ack({ type: "edit_message", roomId: "changed", messageId: edited, content: "last words" });
      await ann.ack({ type: "edit_message", roomId: "changed", messageId: deleted, content: "more regretted words" });
      await ann.ack({ type: "delete_message", roomId: "changed", messageId: deleted });
      const events = await feed("ann", "changed", 500);
      expect(JSON.stringify(events)).not.toMatch(/first words|second words|regretted/);
      expect(events.map(typeOf)).toEqual([
        "user_joined",
        "new_message",
        "new_message",
        "message_updated",
        "message_updated",
        "message_deleted",
      ]);
      expect(events.map((event) => at(event, "message.content") ?? at(event, "change.content") ?? null)).toEqual([
        null,
        "last words",
        "",
        "last words",
        "last words",
        null,
      ]);
    });

    test("it waits at the end, is for members only, and says what it does not take", async () => {
      const ann = await connect("ann");
      await ann.ack({ type: "create_room", roomId: "secret", name: "Secret", roomType: "private" });
      const seq = numberAt(await ann.say("secret", "hush"), "seq");
      const end = await page("ann", "secret", `?after=${seq}`);
      expect(at(end.body, "data")).toMatchObject({
        roomId: "secret",
        after: seq,
        head: seq,
        events: [],
        pagination: { hasMore: false, after: seq, limit: 100 },
      });
      expect((await page("bob", "secret", "")).body.error?.code).toBe("room_not_found");
      for (const [query, field] of [
        ["?limit=0", "limit"],
        ["?limit=501", "limit"],
        ["?after=yesterday", "after"],
      ] as const) {
        const { status, body } = await page("ann", "secret", query);
        expect([status, body.error?.details?.field]).toEqual([400, field]);
      }
      expect((await page("ann", "secret", "?limit=500")).status).toBe(200);
    });
  },
);
