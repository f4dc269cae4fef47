/** People: how they are called and shown, who may see them, when they are there, and when they seem to type. */
import { expect, test } from "bun:test";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import type { TestServer } from "../support/server.ts";

const PICTURE = "https://cdn.example.org/ada.png";
let server: TestServer;

let rooms = 0;
/** A room of these people, joined by all of them. */
async function roomOf(...clients: readonly TestClient[]): Promise<string> {
  rooms += 1;
  const roomId = `people_${rooms}`;
  await clients[0]?.ack({ type: "create_room", roomId, name: "Room", roomType: "public" });
  for (const client of clients) await client.join(roomId);
  return roomId;
}

const token = (user: string, name?: string, role?: string) =>
  server.token({ user, ...(name && { name }), ...(role && { role }) });
const connect = (user: string, name?: string) => TestClient.connect(server, { token: token(user, name), wire: "json" });
const me = (user: string, method: string, path = "", body?: unknown) =>
  server.rest(method, `/v1/chat/users/me${path}`, { token: token(user), ...(body === undefined ? {} : { body }) });

// Several shards: a person and their rooms are with different ones.
onBothStores(
  { STOA_SHARDS: "2", TYPING_TIMEOUT: "60000" },
  (given) => {
    server = given;
  },
  () => {
    test("a chosen name and picture replace those of the token: in rooms at once, in messages, over REST, after a new connection", async () => {
      const [ada, bob] = await Promise.all([connect("ada", "Ada Token"), connect("bob", "Bob")]);
      const roomId = await roomOf(ada, bob);
      const since = bob.frames.length;
      const changed = await me("ada", "PATCH", "", { displayName: " Countess ", avatar: PICTURE });
      expect(changed.body).toMatchObject({
        success: true,
        data: { userId: "ada", displayName: "Countess", avatar: PICTURE },
      });
      await bob.waitFor((frame) => at(frame, "user.name") === "Countess", "the new name", { from: since });
      const members = await server.rest("GET", `/v1/chat/rooms/${roomId}/members`, { token: token("bob") });
      expect(listAt(members.body, "data.members")[0]).toMatchObject({ displayName: "Countess", isOnline: true });
      await ada.say(roomId, "by socket");
      expect(await bob.message(roomId, "by socket")).toMatchObject({ authorName: "Countess", authorAvatar: PICTURE });
      const sent = await server.rest("POST", `/v1/chat/rooms/${roomId}/messages`, {
        token: token("ada", "Ada Token"),
        body: { content: "by REST" },
      });
      expect(at(sent.body, "data.authorName")).toBe("Countess");
      await ada.close();

      const again = await connect("ada", "Ada Token");
      await again.join(roomId);
      await again.say(roomId, "again");
      expect(await bob.message(roomId, "again")).toMatchObject({ authorName: "Countess" });
      expect((await me("ada", "PATCH", "", { displayName: null })).body).toMatchObject({
        data: { displayName: "Ada Token", avatar: PICTURE },
      });
      await again.say(roomId, "as before");
      expect(await bob.message(roomId, "as before")).toMatchObject({ authorName: "Ada Token" });
      await Promise.all([again.close(), bob.close()]);
    });

    test("people whom others brought into a room are called as they are known, although they are not there", async () => {
      const gil = await connect("gil", "Gil");
      await gil.close();
      const made = await server.rest("POST", "/v1/chat/rooms", {
        token: token("hal", "Hal"),
        body: { name: "Brought", type: "group", participants: ["gil", "ida", "joe"] },
      });
      const path = `/v1/chat/rooms/${textAt(made.body, "data.roomId")}`;
      // Whoever only writes over REST is known by their token from then on.
      await server.rest("POST", `${path}/messages`, { token: token("ida", "Ida"), body: { content: "here" } });
      // Their names are rows of their own, which nobody's request waits for.
      await eventually(async () => {
        const listed = await server.rest("GET", `${path}/members`, { token: token("hal") });
        const names = listAt(listed.body, "data.members").map((member) => [
          at(member, "userId"),
          at(member, "displayName"),
        ]);
        expect(names).toEqual([
          ["gil", "Gil"],
          ["hal", "Hal"],
          ["ida", "Ida"],
          ["joe", null],
        ]);
      });
    });

    test("what cannot be a name, a picture or a status is refused by its field", async () => {
      for (const [body, field] of [
        [{ displayName: "  " }, "displayName"],
        [{ displayName: "a\u0007b" }, "displayName"],
        [{ displayName: "x".repeat(121) }, "displayName"],
        [{ avatar: "javascript:alert(1)" }, "avatar"],
        [{ avatar: "" }, "avatar"],
        [{ customStatus: "x".repeat(141) }, "customStatus"],
        [{ expiresInMs: 0 }, "expiresInMs"],
        [{ expiresInMs: 604_800_001 }, "expiresInMs"],
      ] as const) {
        const refused = await me("ada", "PATCH", "", body);
        expect(refused.status).toBe(400);
        expect(refused.body.error?.details?.field).toBe(field);
      }
      expect((await me("ada", "PATCH", "", { displayName: "x".repeat(120) })).status).toBe(200);
    });

    test("a person is seen by those who share a room with them, and by administrators; to others nobody is there", async () => {
      const [cid, dee] = await Promise.all([connect("cid", "Cid"), connect("dee")]);
      const roomId = await roomOf(cid, dee);
      const alone = await roomOf(cid);
      await cid.ack({ type: "set_presence", status: "busy", customStatus: "digging" });
      const look = (user: string, path: string, role?: string) =>
        server.rest("GET", `/v1/chat${path}`, { token: token(user, undefined, role) });

      const seen = await look("dee", "/users/cid");
      expect(seen.body).toMatchObject({
        data: { userId: "cid", displayName: "Cid", status: "busy", customStatus: "digging", currentRooms: [roomId] },
      });
      expect(listAt((await look("cid", "/users/me")).body, "data.currentRooms").toSorted()).toEqual(
        [roomId, alone].sort(),
      );
      expect(listAt((await look("boss", "/users/cid", "admin")).body, "data.currentRooms")).toHaveLength(2);
      const [hidden, absent] = [await look("eve", "/users/cid"), await look("eve", "/users/never_was")];
      expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
      expect((await look("boss", "/users/never_was", "admin")).status).toBe(404);
      expect((await look("eve", "/presence?userId=cid")).status).toBe(404);

      const several = await look("dee", "/presence?userIds=eve,cid,dee,cid,never_was");
      expect(listAt(several.body, "data.presence").map((one) => at(one, "userId"))).toEqual(["cid", "dee"]);
      expect((await look("dee", `/presence?userIds=${Array(51).fill("a").join(",")}`)).status).toBe(400);
      expect((await look("dee", "/presence?userIds=a%20b")).status).toBe(400);
      await dee.ack({ type: "leave_room", roomId, membership: true });
      expect((await look("dee", "/users/cid")).status).toBe(404);
      await Promise.all([cid.close(), dee.close()]);
    });

    test("a member who never connected is shown as such to the other members", async () => {
      const ida = await connect("ida");
      await ida.ack({ type: "create_room", name: "G", roomType: "group", participants: ["joe"] });
      const reply = await server.rest("GET", "/v1/chat/users/joe", { token: token("ida") });
      expect(reply.body).toMatchObject({
        data: { userId: "joe", displayName: null, status: "offline", lastSeen: null },
      });
      await ida.close();
    });

    test("a custom status with an end goes by itself, also where it was chosen over REST", async () => {
      const [kim, lea] = await Promise.all([connect("kim"), connect("lea")]);
      await roomOf(kim, lea);
      const since = lea.frames.length;
      const startMs = Date.now();
      const set = await me("kim", "PUT", "/status", { status: "online", customStatus: "lunch", expiresInMs: 1_500 });
      expect(Date.parse(textAt(set.body, "data.customStatusUntil"))).toBeGreaterThanOrEqual(startMs + 1_500);
      const shown = await lea.waitFor((frame) => frame["customStatus"] === "lunch", "the custom status", {
        from: since,
      });
      expect(textAt(shown, "customStatusUntil")).toBe(textAt(set.body, "data.customStatusUntil"));
      const after = lea.frames.indexOf(shown) + 1;
      const isGone = (frame: unknown): boolean =>
        at(frame, "user.userId") === "kim" &&
        at(frame, "status") === "online" &&
        at(frame, "customStatus") === undefined;
      await lea.waitFor(isGone, "its end", { from: after });
      expect(at((await me("kim", "GET")).body, "data.customStatus")).toBeNull();
      await Promise.all([kim.close(), lea.close()]);
    });

    test("many devices are one presence: away only while the device used last is not in use", async () => {
      const [phone, laptop, max] = await Promise.all([connect("liz"), connect("liz"), connect("max")]);
      const roomId = await roomOf(max, phone);
      await laptop.join(roomId);
      await laptop.ack({ type: "set_presence", status: "online", auto: true });
      const statusNow = async () =>
        at((await server.rest("GET", "/v1/chat/presence?userId=liz", { token: token("max") })).body, "data");
      await phone.ack({ type: "set_presence", status: "away", auto: true });
      expect(await statusNow()).toMatchObject({ status: "online", devices: 2 });
      const since = max.frames.length;
      await laptop.ack({ type: "set_presence", status: "away", auto: true });
      await max.waitFor((frame) => frame.type === "presence_update" && frame["status"] === "away", "away", {
        from: since,
      });
      await phone.ack({ type: "set_presence", status: "online", auto: true });
      await max.waitFor((frame) => frame.type === "presence_update" && frame["status"] === "online", "online", {
        from: since,
      });
      expect(await laptop.refused({ type: "set_presence", status: "busy", auto: true })).toMatchObject({
        field: "status",
      });
      await Promise.all([phone, laptop, max].map((client) => client.close()));
    });

    test("one's devices are listed with what they are", async () => {
      const phone = await TestClient.connect(server, {
        token: token("ned"),
        wire: "json",
        headers: { "user-agent": "ChatApp/2.1 (iPhone)" },
      });
      const web = await connect("ned");
      // Several nodes share a directory, which lags.
      await eventually(async () => {
        const listed = listAt((await me("ned", "GET", "/devices")).body, "data.devices");
        expect(listed).toHaveLength(2);
        expect(listed).toContainEqual(expect.objectContaining({ type: "mobile", platform: "ios", version: "2.1" }));
      });
      expect((await me("oda", "GET", "/devices")).body).toMatchObject({ data: { devices: [] } });
      await Promise.all([phone.close(), web.close()]);
    });

    test("typing ends when the typing device leaves or is lost, or when its message comes", async () => {
      const [pam, other, quin] = await Promise.all([connect("pam"), connect("pam"), connect("quin")]);
      const roomId = await roomOf(quin, pam);
      await other.join(roomId);
      const typing = async (act: () => unknown): Promise<void> => {
        const from = quin.frames.length;
        await act();
        await quin.waitFor((frame) => frame.type === "typing_indicator" && frame["isTyping"] === true, "typing", {
          from,
        });
      };
      const ended = async (act: () => unknown): Promise<void> => {
        const from = quin.frames.length;
        await act();
        await quin.waitFor((frame) => frame.type === "typing_indicator" && frame["isTyping"] === false, "its end", {
          from,
        });
      };
      await typing(() => pam.ack({ type: "typing_start", roomId }));
      await ended(() => pam.say(roomId, "done"));
      await typing(() => pam.ack({ type: "typing_start", roomId }));
      await ended(() => pam.ack({ type: "leave_room", roomId }));
      await pam.join(roomId);
      await typing(() => other.ack({ type: "typing_start", roomId }));
      await ended(() => other.terminate());
      expect(numberAt(await quin.join(roomId), "position.head")).toBeGreaterThan(0);
      await Promise.all([pam.close(), quin.close()]);
    });
  },
);
