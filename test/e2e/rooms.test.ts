/** Who comes into a room, who is kept out or quiet, and how a room ends: through the real server on both stores. */
import { expect, test } from "bun:test";
import { type Action, LEVEL, PERMISSIONS } from "../../src/domain/room/permissions.ts";
import { ROOM_TYPES } from "../../src/protocol/frames.ts";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import type { RestReply, TestServer } from "../support/server.ts";
import type { Frame } from "../support/wire.ts";

/** Six types, seven actions, five people, one after the other. */
const ROLES_MS_MAX = 60_000;
let server: TestServer;
let rooms = 0;

const connect = (user: string, wire: "msgpack" | "json" | "snake" = "json") =>
  TestClient.connect(server, { token: server.token({ user, name: `Name of ${user}` }), wire });
const rest = (user: string, method: string, path: string, body?: unknown) =>
  server.rest(method, `/v1/chat${path}`, { token: server.token({ user, name: `Name of ${user}` }), body });
const roomsOf = async (user: string, query = "") => {
  const { body } = await rest(user, "GET", `/rooms?limit=100${query}`);
  return listAt(body, "data.rooms").map((room) => textAt(room, "roomId"));
};
const codeOf = ({ status, body }: RestReply) => `${status} ${body.error?.code ?? "ok"}`;
const isNotification = (kind: string, room: string) => (frame: Frame) =>
  frame.type === "notification" && frame["kind"] === kind && frame["roomId"] === room;

/** A room of ann's, who listens; with bob as a moderator and cleo as a member. */
async function scene(settings: object = {}) {
  rooms += 1;
  const room = `room_${rooms}_${crypto.randomUUID().slice(0, 8)}`;
  const ann = await connect("ann", "msgpack");
  await ann.ack({ type: "create_room", roomId: room, name: room, roomType: "public", ...settings });
  await ann.ack({ type: "add_member", roomId: room, userId: "bob", role: "moderator" });
  await ann.ack({ type: "add_member", roomId: room, userId: "cleo" });
  return { room, ann, path: `/rooms/${room}` };
}

onBothStores(
  {},
  (started) => {
    server = started;
  },
  () => {
    test("who is banned hears it, is shown nothing more, and is kept out of frames and REST until the ban is lifted", async () => {
      const { room, ann, path } = await scene();
      const cleo = await connect("cleo");
      await cleo.join(room);
      const banned = await rest("bob", "POST", `${path}/bans`, {
        userId: "cleo",
        reason: "spam",
        durationMs: 3_600_000,
      });
      expect([banned.status, at(banned.body, "data.userId")]).toEqual([201, "cleo"]);
      expect(await cleo.event(room, "user_left")).toMatchObject({ reason: "banned", user: { userId: "cleo" } });
      await ann.say(room, "quietly");
      const refused = await cleo.refused({ type: "join_room", roomId: room });
      expect(refused).toMatchObject({ code: "banned", temporary: false });
      expect(Number(refused["retryAfterMs"])).toBeGreaterThan(3_500_000);
      expect(codeOf(await rest("cleo", "GET", `${path}/messages`))).toBe("403 banned");
      expect(codeOf(await rest("cleo", "POST", `${path}/join`))).toBe("403 banned");
      expect(JSON.stringify(cleo.frames)).not.toContain("quietly");

      const list = await rest("bob", "GET", `${path}/bans`);
      expect(listAt(list.body, "data.bans")).toMatchObject([{ userId: "cleo", by: "bob", reason: "spam" }]);
      expect(codeOf(await rest("dora", "GET", `${path}/bans`))).toBe("403 forbidden");
      expect(codeOf(await rest("bob", "POST", `${path}/bans`, { userId: "ann" }))).toBe("403 forbidden");
      expect((await rest("bob", "DELETE", `${path}/bans/cleo`)).status).toBe(200);
      expect(listAt((await rest("bob", "GET", `${path}/bans`)).body, "data.bans")).toEqual([]);
      await cleo.join(room);
      expect((await rest("cleo", "GET", `${path}/messages`)).status).toBe(200);
    });

    test("a banned stranger who listened in a public room is shown nothing more, and cannot resume", async () => {
      const { room, ann } = await scene();
      const eve = await connect("eve");
      await eve.ack({ type: "join_room", roomId: room });
      await eve.ack({ type: "leave_room", roomId: room, membership: true });
      const resume = { type: "resume", rooms: { [room]: 1 } } as const;
      expect(at(await eve.request({ ...resume }), "rooms.0.error") ?? undefined).toBeUndefined();
      await ann.say(room, "before");
      await eve.message(room, "before");
      await ann.ack({ type: "ban_member", roomId: room, userId: "eve" });
      await ann.say(room, "unseen words");
      expect(at(await eve.request({ ...resume }), "rooms.0.error")).toBe("banned");
      expect(JSON.stringify(eve.frames)).not.toContain("unseen words");
    });

    test("who is muted reads and does not write; everybody sees it, and when it ends", async () => {
      const { room, ann, path } = await scene();
      const cleo = await connect("cleo");
      await cleo.join(room);
      await ann.join(room);
      await ann.ack({ type: "mute_member", roomId: room, userId: "cleo", durationMs: 3_600_000 });
      const event = await cleo.event(room, "member_muted");
      expect(event).toMatchObject({ user: { userId: "cleo" }, by: "ann" });
      expect(Date.parse(textAt(event, "until"))).toBeGreaterThan(Date.now());
      expect(await cleo.refused({ type: "send_message", roomId: room, content: "hi" })).toMatchObject({
        code: "muted",
      });
      expect(codeOf(await rest("cleo", "POST", `${path}/messages`, { content: "hi" }))).toBe("403 muted");
      const { body } = await rest("bob", "GET", `${path}/mutes`);
      expect(listAt(body, "data.mutes")).toMatchObject([{ userId: "cleo", by: "ann", reason: null }]);
      expect((await rest("bob", "DELETE", `${path}/mutes/cleo`)).status).toBe(200);
      await cleo.event(room, "member_unmuted");
      await cleo.say(room, "thanks");
    });

    test("an invited person is told, sees what it is, joins or declines; to others the room is not there", async () => {
      const { room, ann, path } = await scene({ roomType: "private" });
      const dora = await connect("dora");
      expect(await dora.refused({ type: "join_room", roomId: room })).toMatchObject({ code: "room_not_found" });
      const made = await rest("ann", "POST", `${path}/invites`, { userId: "dora" });
      expect([made.status, at(made.body, "data.userId")]).toEqual([201, "dora"]);
      await dora.waitFor(isNotification("invite", room), "word of the invite");
      expect(at((await rest("dora", "GET", `${path}/invite`)).body, "data.room.name")).toBe(room);
      const mine = async () => listAt((await rest("dora", "GET", "/invites")).body, "data.invites");
      const ofRoom = (invites: readonly unknown[]) => invites.filter((one) => at(one, "room.roomId") === room);
      await eventually(async () => expect(ofRoom(await mine())).toHaveLength(1));
      const hello = (await connect("dora")).frames.find(({ type }) => type === "connection");
      expect(hello?.["invites"]).toBeGreaterThanOrEqual(1);
      expect((await rest("dora", "DELETE", `${path}/invite`)).status).toBe(200);
      expect(codeOf(await rest("dora", "GET", `${path}/invite`))).toBe("404 room_not_found");
      await ann.ack({ type: "create_invite", roomId: room, userId: "dora" });
      expect(listAt((await rest("ann", "GET", `${path}/invites`)).body, "data.invites")).toMatchObject([
        { userId: "dora", by: "ann" },
      ]);
      await dora.join(room);
      await dora.waitFor(isNotification("invite_ended", room), "word that it is over");
      await eventually(async () => expect(ofRoom(await mine())).toEqual([]));
      expect(await roomsOf("dora")).toContain(room);
    });

    test("a code lets in so many, is the same when asked for again, and can be taken back", async () => {
      const { room, ann, path } = await scene({ roomType: "private" });
      const ask = { type: "create_invite", roomId: room, clientId: "code-1", maxUses: 1 } as const;
      const { invite } = await ann.ack({ ...ask });
      expect(await ann.ack({ ...ask })).toMatchObject({ invite, duplicate: true });
      const code = encodeURIComponent(String(invite));
      expect(at((await rest("dora", "GET", `/invites/${code}`)).body, "data.room.roomId")).toBe(room);
      const joined = await rest("dora", "POST", `/invites/${code}`);
      expect([joined.status, at(joined.body, "data.roomId")]).toEqual([200, room]);
      expect(codeOf(await rest("eve", "POST", `/invites/${code}`))).toBe("404 invite_ended");
      expect(codeOf(await rest("eve", "GET", `/invites/wrong.${room}`))).toBe("404 room_not_found");
      expect(codeOf(await rest("eve", "GET", "/invites/nothing"))).toBe("404 invite_not_found");
      const other = await rest("ann", "POST", `${path}/invites`, {});
      const otherCode = encodeURIComponent(textAt(other.body, "data.invite"));
      expect((await rest("ann", "DELETE", `${path}/invites/${otherCode}`)).status).toBe(200);
      expect(codeOf(await rest("eve", "POST", `/invites/${otherCode}`))).toBe("404 room_not_found");
    });

    test("where one must ask, joining waits for a moderator, who is told; so is whoever asked", async () => {
      const { room, path } = await scene({ requireApproval: true });
      const [bob, dora, eve] = [await connect("bob"), await connect("dora", "snake"), await connect("eve", "msgpack")];
      const asked = await eve.ack({ type: "join_room", roomId: room, message: "please" });
      expect([asked["state"], asked["position"] ?? undefined]).toEqual(["pending", undefined]);
      await bob.waitFor(isNotification("join_request", room), "word of the request");
      expect((await rest("dora", "POST", `${path}/join`, {})).status).toBe(202);
      expect(listAt((await rest("bob", "GET", `${path}/requests`)).body, "data.requests")).toMatchObject([
        { userId: "dora", displayName: "Name of dora", message: null },
        { userId: "eve", displayName: "Name of eve", message: "please" },
      ]);
      expect((await rest("bob", "POST", `${path}/requests/eve/approve`)).status).toBe(200);
      await eve.waitFor(isNotification("request_approved", room), "the answer");
      expect((await eve.join(room))["position"]).toBeDefined();
      await bob.ack({ type: "answer_request", roomId: room, userId: "dora", approve: false });
      await dora.waitFor((frame) => frame.type === "notification" && frame["kind"] === "request_denied", "the answer");
      expect(listAt((await rest("bob", "GET", `${path}/requests`)).body, "data.requests")).toEqual([]);
      expect(codeOf(await rest("bob", "POST", `${path}/requests/dora/approve`))).toBe("404 request_not_found");
    });

    test("members are found page by page by the beginning of a name, or of an id where there is no name", async () => {
      const { room, path } = await scene();
      for (const user of ["dora", "dan", "cleo.2"]) await (await connect(user)).join(room);
      const pages = async (prefix: string) => {
        const found: string[] = [];
        for (let after = ""; ; ) {
          const query = new URLSearchParams({ prefix, limit: "1", ...(after !== "" && { after }) });
          const { body } = await rest("eve", "GET", `${path}/members?${query}`);
          found.push(...listAt(body, "data.members").map((member) => textAt(member, "userId")));
          if (at(body, "data.pagination.hasMore") !== true) return found;
          after = textAt(body, "data.pagination.after");
        }
      };
      expect(await pages("NAME OF D")).toEqual(["dan", "dora"]);
      expect(await pages("cleo")).toEqual(["cleo", "cleo.2"]);
      expect(await pages("name of cleo")).toEqual(["cleo.2"]);
      expect((await rest("dora", "POST", `${path}/leave`)).status).toBe(200);
      expect(await pages("name of d")).toEqual(["dan"]);
      expect(await pages("nobody")).toEqual([]);
    });

    test("an archived room stays in the lists and is only read; opened again it goes on", async () => {
      const { room, ann, path } = await scene();
      const cleo = await connect("cleo");
      await cleo.join(room);
      expect(at((await rest("ann", "POST", `${path}/archive`)).body, "data.isArchived")).toBe(true);
      expect(await cleo.event(room, "room_updated")).toMatchObject({ room: { isArchived: true } });
      expect(await cleo.refused({ type: "send_message", roomId: room, content: "hi" })).toMatchObject({
        code: "room_archived",
      });
      expect(codeOf(await rest("dora", "POST", `${path}/join`))).toBe("409 room_archived");
      expect(await roomsOf("cleo")).toContain(room);
      await ann.ack({ type: "archive_room", roomId: room, archived: false });
      await cleo.say(room, "again");
    });

    test("a deleted room is told to who listens, is in nobody's lists or counts, and is not made again", async () => {
      const { room, ann, path } = await scene();
      const cleo = await connect("cleo");
      await cleo.join(room);
      await ann.say(room, "unread");
      await rest("ann", "POST", `${path}/transfer`, { userId: "bob" });
      expect(codeOf(await rest("ann", "DELETE", path))).toBe("403 forbidden");
      const deleted = await rest("bob", "DELETE", path);
      expect([deleted.status, at(deleted.body, "data.isDeleted")]).toEqual([200, true]);
      expect(await cleo.event(room, "room_deleted")).toMatchObject({ by: "bob" });
      for (const [method, where] of [
        ["GET", ""],
        ["GET", "/messages"],
        ["GET", "/members"],
        ["POST", "/join"],
        ["DELETE", ""],
      ] as const) {
        expect(codeOf(await rest("bob", method, path + where))).toBe("404 room_not_found");
      }
      expect(await cleo.refused({ type: "send_message", roomId: room, content: "hi" })).toMatchObject({
        code: "room_not_found",
      });
      for (const user of ["ann", "bob", "cleo", "dora"]) expect(await roomsOf(user)).not.toContain(room);
      const again = await connect("cleo");
      const greeting = again.frames.find((frame) => frame.type === "connection");
      expect(at(greeting, "unread.rooms")).not.toHaveProperty(room);
      expect(codeOf(await rest("ann", "POST", "/rooms", { roomId: room, name: "again" }))).toBe("409 room_exists");
    });

    test("the list of rooms is asked by type, tags and a part of the name", async () => {
      const tag = `t${crypto.randomUUID().slice(0, 8)}`;
      const one = await scene({ tags: [tag, "red"], name: "Alpha Centauri" });
      const two = await scene({ tags: [tag], name: "Beta", roomType: "private" });
      expect((await roomsOf("ann", `&tags=${tag}`)).sort()).toEqual([one.room, two.room].sort());
      expect(await roomsOf("ann", `&tags=${tag},red`)).toEqual([one.room]);
      expect(await roomsOf("ann", `&tags=${tag}&text=CENT`)).toEqual([one.room]);
      expect(await roomsOf("ann", `&tags=${tag}&type=private`)).toEqual([two.room]);
      expect(await roomsOf("dora", `&tags=${tag}`)).toEqual([one.room]);
      const { body } = await rest("ann", "GET", `/rooms?tags=${tag}&limit=1`);
      expect(at(body, "data.pagination")).toMatchObject({ total: 2, limit: 1, hasMore: true });
    });

    test(
      "each role does over REST what the table of permissions says, in every type of room",
      async () => {
        const people = { ann: "owner", adam: "admin", bob: "moderator", cleo: "member" } as const;
        const samples: readonly (readonly [Action, string, string, object | undefined])[] = [
          ["read", "GET", "", undefined],
          ["write", "POST", "/messages", { content: "hello" }],
          ["update_room", "PATCH", "", { description: "described" }],
          ["moderate_settings", "PATCH", "", { slowModeSeconds: 0, moderationLevel: "none" }],
          ["mute", "POST", "/mutes", { userId: "max" }],
          ["ban", "POST", "/bans", { userId: "zoe" }],
          ["approve", "GET", "/requests", undefined],
        ];
        for (const type of ROOM_TYPES.filter((one) => one !== "direct")) {
          const { room, ann, path } = await scene({ roomType: type, participants: ["max"] });
          await ann.ack({ type: "add_member", roomId: room, userId: "adam", role: "admin" });
          for (const [action, method, where, body] of samples) {
            for (const [user, role] of Object.entries(people)) {
              const reply = await rest(user, method, path + where, body);
              const needs = LEVEL[PERMISSIONS[type][action]];
              const expected = LEVEL[role] >= needs ? "ok" : "forbidden";
              expect(`${type} ${action} ${role}: ${reply.body.error?.code ?? "ok"}`).toBe(
                `${type} ${action} ${role}: ${expected}`,
              );
              if (expected === "forbidden") expect(reply.status).toBe(403);
            }
            const stranger = await rest("nobody", method, path + where, body);
            const isOpen = PERMISSIONS[type].read === "none";
            const code = isOpen && action === "read" ? "200 ok" : isOpen ? "403 forbidden" : "404 room_not_found";
            expect(`${type} ${action}: ${codeOf(stranger)}`.replace(/: 20\d/, ": 200")).toBe(
              `${type} ${action}: ${code}`,
            );
          }
        }
      },
      ROLES_MS_MAX,
    );

    test("two people have one direct room, whichever way it is asked for; nobody comes, goes or takes its name", async () => {
      const [pia, quin] = [`pia${rooms}`, `quin${rooms}`];
      const made = await rest(pia, "POST", "/rooms", { type: "direct", participants: [quin] });
      const room = textAt(made.body, "data.roomId");
      const socket = await connect(quin);
      const opened = await socket.ack({ type: "create_room", roomType: "direct", participants: [pia] });
      expect(at(opened, "position.roomId")).toBe(room);
      const peer = { userId: pia, displayName: `Name of ${pia}`, avatar: null };
      expect(at((await rest(quin, "GET", `/rooms/${room}`)).body, "data.peer")).toEqual(peer);
      const group = await rest(quin, "POST", "/rooms", { type: "group", name: "x", participants: [pia] });
      const listed = listAt((await rest(quin, "GET", "/rooms?scope=member")).body, "data.rooms");
      expect(listed.map((one) => [at(one, "roomId"), at(one, "peer")])).toEqual([
        [textAt(group.body, "data.roomId"), undefined],
        [room, peer],
      ]);
      expect(at((await rest(pia, "GET", `/rooms/${room}`)).body, "data.peer.userId")).toBe(quin);
      const named = { roomId: "another", type: "direct", participants: [quin] };
      expect(codeOf(await rest(pia, "POST", "/rooms", named))).toBe("400 invalid_field");
      const squat = { roomId: "direct_0123", name: "x", type: "private" };
      expect(codeOf(await rest(pia, "POST", "/rooms", squat))).toBe("400 invalid_field");
      const path = `/rooms/${room}`;
      expect(codeOf(await rest(pia, "POST", `${path}/leave`))).toBe("403 forbidden");
      expect(codeOf(await rest(pia, "POST", `${path}/members`, { userId: "ann" }))).toBe("403 forbidden");
      expect(codeOf(await rest(pia, "POST", `${path}/invites`, {}))).toBe("403 forbidden");
      expect(codeOf(await rest(pia, "POST", `${path}/bans`, { userId: quin }))).toBe("403 forbidden");
      expect(codeOf(await rest("ann", "POST", `${path}/join`))).toBe("404 room_not_found");
    });
  },
);
