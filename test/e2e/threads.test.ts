/** Threads, mentions, pins, versions and what was deleted, through the real server on both stores: over sockets and REST. */
import { describe, expect, test } from "bun:test";
import { snakeName } from "../../src/protocol/json-dialects.ts";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { PlainSocket } from "../support/plain-socket.ts";
import type { RestReply, TestServer } from "../support/server.ts";
import type { Frame } from "../support/wire.ts";

let server: TestServer;

let rooms = 0;
interface Scene {
  readonly room: string;
  readonly ann: TestClient;
  readonly bob: TestClient;
  /** As this user; what is not 2xx comes as it is. */
  readonly rest: (user: string, method: string, path: string, body?: unknown) => Promise<RestReply>;
}

/** A room of ann's, with bob, both listening. */
async function scene(type = "public"): Promise<Scene> {
  rooms += 1;
  const room = `room_${rooms}`;
  const ann = await TestClient.connect(server, { token: server.token({ user: "ann" }), wire: "msgpack" });
  const bob = await TestClient.connect(server, { token: server.token({ user: "bob" }), wire: "json" });
  await ann.ack({ type: "create_room", roomId: room, name: room, roomType: type, participants: ["bob"] });
  await ann.join(room);
  await bob.join(room);
  const rest: Scene["rest"] = (user, method, path, body) => {
    return server.rest(method, `/v1/chat/rooms/${room}${path}`, { token: server.token({ user }), body });
  };
  return { room, ann, bob, rest };
}

async function say(client: TestClient, roomId: string, content: string, extra: object = {}): Promise<string> {
  return textAt(await client.say(roomId, content, { ...extra }), "messageId");
}

function contents(reply: RestReply, path: string): unknown[] {
  return listAt(reply.body, path).map((message) => at(message, "content"));
}

onBothStores(
  {},
  (started) => {
    server = started;
  },
  () => {
    describe("a thread", () => {
      test("hangs on the message that was answered first, and everybody hears how it grows", async () => {
        const { room, ann, bob, rest } = await scene();
        const root = await say(ann, room, "Lunch?");
        const first = await say(bob, room, "Yes", { replyTo: root });
        const second = await say(ann, room, "Where?", { replyTo: first });
        await say(bob, room, "Something else");

        const grown = await ann.event(room, "message_updated", (event) => at(event, "change.thread.replyCount") === 2);
        expect(grown).toMatchObject({ messageId: root, change: { kind: "thread" } });
        expect(await ann.message(room, "Where?")).toMatchObject({ replyTo: first, threadId: root });

        const thread = await rest("ann", "GET", `/messages/${root}/thread`);
        expect(thread.status).toBe(200);
        expect(at(thread.body, "data.message")).toMatchObject({
          messageId: root,
          thread: { replyCount: 2, participants: ["bob", "ann"] },
        });
        expect(contents(thread, "data.replies")).toEqual(["Yes", "Where?"]);

        await ann.ack({ type: "delete_message", roomId: room, messageId: second });
        const shrunk = await bob.event(room, "message_updated", (event) => at(event, "change.thread.replyCount") === 1);
        expect(shrunk).toMatchObject({ messageId: root });
        expect(ann.faults()).toEqual([]);
        expect(bob.faults()).toEqual([]);
      });

      test("is read by pages, from both ends", async () => {
        const { room, ann, rest } = await scene();
        const root = await say(ann, room, "Count");
        for (let i = 1; i <= 5; i += 1) await say(ann, room, `${i}`, { replyTo: root });
        const first = await rest("bob", "GET", `/messages/${root}/thread?limit=2`);
        expect(contents(first, "data.replies")).toEqual(["1", "2"]);
        expect(at(first.body, "data.pagination.hasMore")).toBe(true);
        const after = textAt(first.body, "data.pagination.after");
        const second = await rest("bob", "GET", `/messages/${root}/thread?limit=3&after=${after}`);
        expect(contents(second, "data.replies")).toEqual(["3", "4", "5"]);
        expect(at(second.body, "data.pagination.hasMore")).toBe(false);
        const back = await rest(
          "bob",
          "GET",
          `/messages/${root}/thread?limit=2&before=${textAt(second.body, "data.pagination.after")}`,
        );
        expect(contents(back, "data.replies")).toEqual(["3", "4"]);
        expect(at(back.body, "data.pagination.hasMore")).toBe(true);
      });

      test("is followed by its author, by who replies and by who is mentioned, each with unread replies of their own", async () => {
        const { room, ann, bob, rest } = await scene();
        const cleo = await TestClient.connect(server, { token: server.token({ user: "cleo" }), wire: "json" });
        await cleo.join(room);
        const root = await say(ann, room, "Plans");
        const first = await say(bob, room, "One", { replyTo: root });
        await say(bob, room, "Two", { replyTo: root });
        const unread = async (user: string): Promise<unknown> => {
          const { body } = await rest(user, "GET", "/threads");
          return listAt(body, "data.threads").map((thread) => [at(thread, "threadId"), at(thread, "unreadCount")]);
        };
        expect([await unread("ann"), await unread("bob"), await unread("cleo")]).toEqual([
          [[root, 2]],
          [[root, 0]],
          [],
        ]);

        await say(bob, room, "@cleo, and you?", { replyTo: root });
        expect(await unread("cleo")).toEqual([[root, 1]]);

        await ann.ack({ type: "mark_thread_read", roomId: room, threadId: root, messageId: first });
        expect(await unread("ann")).toEqual([[root, 2]]);
        const elsewhere = await TestClient.connect(server, { token: server.token({ user: "ann" }), wire: "json" });
        const marked = await rest("ann", "POST", `/messages/${root}/thread/read`, {});
        // Of the mark before this one it may hear as well.
        const isRead = (frame: Frame): boolean => frame.type === "thread_unread" && frame["unread"] === 0;
        const heard = await elsewhere.waitFor(isRead, "the mark");
        expect(heard).toMatchObject({ roomId: room, threadId: root, unread: 0 });
        expect(at(marked.body, "data")).toEqual({ roomId: room, threadId: root, unreadCount: 0 });
        // A slower device does not take it back.
        await ann.ack({ type: "mark_thread_read", roomId: room, threadId: root, messageId: first });
        expect(await unread("ann")).toEqual([[root, 0]]);

        const other = await scene();
        const newer = await say(other.bob, other.room, "Elsewhere");
        await say(other.ann, other.room, "Here too", { replyTo: newer });
        // Rooms of another shard are looked into from outside: what is new there follows within about a second.
        const all = await eventually(async () => {
          const page = await server.rest("GET", "/v1/chat/threads?limit=1", { token: server.token({ user: "bob" }) });
          expect(listAt(page.body, "data.threads").map((thread) => at(thread, "threadId"))).toEqual([newer]);
          return page;
        });
        const next = await server.rest(
          "GET",
          `/v1/chat/threads?limit=1&after=${textAt(all.body, "data.pagination.after")}`,
          {
            token: server.token({ user: "bob" }),
          },
        );
        expect(at(listAt(next.body, "data.threads")[0], "roomId")).toBe(room);
      });

      test("tells who follows it of a reply, where they do not listen", async () => {
        const { room, ann, bob } = await scene();
        const root = await say(ann, room, "Anyone?");
        await ann.ack({ type: "leave_room", roomId: room });
        const reply = await say(bob, room, "Me", { replyTo: root });
        const notified = await ann.waitFor((frame: Frame) => frame["kind"] === "reply", "the notification");
        expect(notified).toMatchObject({ type: "notification", roomId: room, by: "bob", messageId: reply });
      });

      test("is followed and left over REST and by frames, which the person's own devices hear, and nobody else", async () => {
        const { room, ann, bob, rest } = await scene();
        const root = await say(ann, room, "Who comes?");
        expect((await rest("ann", "PUT", `/messages/${root}/thread/follow`, {})).status).toBe(404);
        await say(bob, room, "I do", { replyTo: root });
        const following = async (user: string): Promise<unknown> => {
          const { body } = await rest(user, "GET", `/messages/${root}/thread`);
          const listed = listAt((await rest(user, "GET", "/threads")).body, "data.threads").length;
          return [at(body, "data.isFollowing"), at(body, "data.unreadCount"), listed];
        };
        expect(await following("ann")).toEqual([true, 1, 1]);
        const left = await rest("ann", "DELETE", `/messages/${root}/thread/follow`);
        expect([left.status, left.body.data]).toMatchObject([
          200,
          { roomId: room, threadId: root, isFollowing: false, duplicate: false },
        ]);
        const heard = await ann.waitFor((frame: Frame) => frame.type === "thread_unread", "that nothing is unread");
        expect(heard).toMatchObject({ roomId: room, threadId: root, unread: 0 });
        expect(await following("ann")).toEqual([false, 0, 0]);
        await ann.ack({ type: "leave_room", roomId: room });
        await say(bob, room, "Still nobody else?", { replyTo: root });
        await say(bob, room, "@ann?");
        const isTold = (frame: Frame): boolean => frame["kind"] === "reply" || frame["kind"] === "mention";
        const notified = await ann.waitFor(isTold, "the mention alone");
        expect(notified).toMatchObject({ kind: "mention" });
        expect(await following("ann")).toEqual([false, 0, 0]);
        const elsewhere = await TestClient.connect(server, { token: server.token({ user: "ann" }), wire: "snake" });
        await ann.ack({ type: "follow_thread", roomId: room, threadId: root });
        expect(await following("ann")).toEqual([true, 0, 1]);
        await elsewhere.waitFor((frame: Frame) => frame.type === "thread_unread", "where it begins");
        await say(bob, room, "And now?", { replyTo: root });
        expect(await following("ann")).toEqual([true, 1, 1]);
        await elsewhere.ack({ type: "follow_thread", roomId: room, threadId: root, follow: false });
        expect(await following("ann")).toEqual([false, 0, 0]);
        const again = await rest("ann", "PUT", `/messages/${root}/thread/follow`, { clientId: "again" });
        expect(again.body.data).toMatchObject({ isFollowing: true, duplicate: false });
        const repeated = await rest("ann", "PUT", `/messages/${root}/thread/follow`, { clientId: "again" });
        expect(repeated.body.data).toMatchObject({ isFollowing: true, duplicate: true });
        expect(bob.faults()).toEqual([]);
      });

      test("is nobody's business who may not read the room", async () => {
        const { room, ann, rest } = await scene("private");
        const root = await say(ann, room, "Secret");
        for (const path of [
          `/messages/${root}`,
          `/messages/${root}/thread`,
          `/messages/${root}/history`,
          "/pins",
          "/threads",
        ]) {
          expect([path, (await rest("eve", "GET", path)).status]).toEqual([path, 404]);
        }
        expect((await rest("eve", "POST", `/messages/${root}/thread/read`, {})).status).toBe(404);
        expect((await rest("eve", "PUT", `/messages/${root}/thread/follow`, {})).status).toBe(404);
        expect((await rest("eve", "DELETE", `/messages/${root}/thread/follow`)).status).toBe(404);
        const strange = await server.rest("GET", "/v1/chat/threads?after=zzz", {
          token: server.token({ user: "eve" }),
        });
        expect([strange.status, strange.body.error?.details?.field]).toEqual([400, "after"]);
        expect((await rest("eve", "POST", `/messages/${root}/pin`, {})).status).toBe(404);
      });
    });

    describe("the plain dialects", () => {
      test.each([
        ["/chat", (name: string) => name],
        ["/api/v1/ws/chat", snakeName],
      ])("at %s answer, pin and mark as read under their own names", async (path, spelled) => {
        const { room, ann } = await scene("group");
        const root = await say(ann, room, "Coffee?");
        const socket = await new PlainSocket(`${server.ws}${path}?token=${server.token({ user: "bob" })}`).open();
        const tell = (type: string, fields: Readonly<Record<string, unknown>>): void => {
          const all = { type, ref: type, roomId: room, ...fields };
          socket.send(Object.fromEntries(Object.entries(all).map(([name, value]) => [spelled(name), value])));
        };
        const acked = (ref: string): Promise<unknown> => socket.next("ack", (frame) => at(frame, "ref") === ref);
        await socket.next("connection");
        tell("join_room", {});
        await acked("join_room");
        tell("send_message", { content: "@all yes", replyTo: root, mentionRoom: true });
        expect(at(await socket.next("new_message"), "message")).toMatchObject({
          [spelled("replyTo")]: root,
          [spelled("threadId")]: root,
          [spelled("mentionsRoom")]: true,
        });
        expect(await socket.next("message_updated")).toMatchObject({
          [spelled("messageId")]: root,
          change: {
            kind: "thread",
            thread: { [spelled("replyCount")]: 1, [spelled("lastReplyAt")]: expect.any(String) },
          },
        });
        await acked("send_message");
        tell("pin_message", { messageId: root });
        expect(await socket.next("message_pinned")).toMatchObject({ [spelled("messageId")]: root, by: "bob" });
        await acked("pin_message");
        tell("mark_thread_read", { threadId: root });
        await acked("mark_thread_read");
        socket.close();
      });
    });

    describe("mentions", () => {
      test("are read from the text when no list is given, and mean members only", async () => {
        const { room, ann } = await scene();
        const said = await ann.say(room, "@bob @stranger: see bob@ann");
        expect(at(said, "messageId")).toBeString();
        expect(await ann.message(room, "@bob @stranger: see bob@ann")).toMatchObject({ mentions: ["bob"] });
      });

      test("of everybody are refused who may not, and are plain text when only the text says so", async () => {
        const { room, ann, bob } = await scene();
        const refused = await bob.refused({ type: "send_message", roomId: room, content: "x", mentionRoom: true });
        expect(refused).toMatchObject({ code: "forbidden" });
        await bob.say(room, "@room hello");
        expect(at(await ann.message(room, "@room hello"), "mentionsRoom")).toBeUndefined();
        await ann.say(room, "@room now");
        expect(await bob.message(room, "@room now")).toMatchObject({ mentionsRoom: true });
      });

      test("of everybody are told to members who do not listen", async () => {
        const { room, ann, bob } = await scene();
        await bob.ack({ type: "leave_room", roomId: room });
        const messageId = await say(ann, room, "All of you", { mentionRoom: true });
        const notified = await bob.waitFor((frame: Frame) => frame["kind"] === "mention", "the notification");
        expect(notified).toMatchObject({ type: "notification", roomId: room, by: "ann", messageId });
      });
    });

    describe("pins", () => {
      test("are listed with who and when, the newest first, and go with the message", async () => {
        const { room, ann, bob, rest } = await scene();
        const one = await say(bob, room, "one");
        const two = await say(bob, room, "two");
        expect((await rest("bob", "POST", `/messages/${one}/pin`, {})).status).toBe(403);
        await ann.ack({ type: "pin_message", roomId: room, messageId: one });
        expect(await bob.event(room, "message_pinned")).toMatchObject({ messageId: one, by: "ann" });
        expect((await rest("ann", "POST", `/messages/${two}/pin`, {})).status).toBe(200);
        const pins = await rest("bob", "GET", "/pins");
        expect(at(pins.body, "data")).toMatchObject({
          pins: [
            { message: { content: "two" }, pinnedBy: "ann", pinnedAt: expect.any(String) },
            { message: { content: "one" } },
          ],
          limit: 50,
        });
        await ann.ack({ type: "unpin_message", roomId: room, messageId: one });
        expect(await bob.event(room, "message_unpinned")).toMatchObject({ messageId: one, by: "ann" });
        await bob.ack({ type: "delete_message", roomId: room, messageId: two });
        expect(listAt((await rest("bob", "GET", "/pins")).body, "data.pins")).toEqual([]);
        expect((await rest("ann", "POST", `/messages/${two}/pin`, {})).status).toBe(409);
      });
    });

    describe("versions", () => {
      test("are for the author and for who looks into what was said; so is what was deleted", async () => {
        const { room, ann, bob, rest } = await scene();
        const cleo = await TestClient.connect(server, { token: server.token({ user: "cleo" }), wire: "json" });
        await cleo.join(room);
        const id = await say(bob, room, "v1");
        await bob.ack({ type: "edit_message", roomId: room, messageId: id, content: "v2" });
        const versions = async (user: string, query = ""): Promise<unknown> => {
          const { status, body } = await rest(user, "GET", `/messages/${id}/history${query}`);
          return status === 200 ? contents({ body } as RestReply, "data.versions") : status;
        };
        expect([await versions("bob"), await versions("ann"), await versions("cleo")]).toEqual([
          ["v1", "v2"],
          ["v1", "v2"],
          403,
        ]);

        await bob.ack({ type: "delete_message", roomId: room, messageId: id });
        expect(at((await rest("cleo", "GET", `/messages/${id}`)).body, "data")).toMatchObject({
          content: "",
          isDeleted: true,
        });
        expect((await rest("cleo", "GET", `/messages/${id}?deleted=true`)).status).toBe(403);
        expect(at((await rest("ann", "GET", `/messages/${id}?deleted=true`)).body, "data")).toMatchObject({
          content: "v2",
          isDeleted: true,
          deletedBy: "bob",
        });
        const audit = await server.rest("GET", "/v1/chat/admin/audit?limit=10", {
          token: server.token({ user: "root", role: "admin" }),
        });
        expect(listAt(audit.body, "data.entries")).toContainEqual(
          expect.objectContaining({ action: "deleted_message_seen", by: "ann", messageId: id }),
        );
        expect(await versions("ann", "?includeDeleted=true")).toEqual(["v1", "v2"]);
        expect([await versions("bob"), await versions("ann"), await versions("cleo")]).toEqual([409, 409, 403]);
        expect((await rest("ann", "GET", "/messages/msg_zzz")).status).toBe(404);
        expect(ann.faults()).toEqual([]);
      });
    });
  },
);
