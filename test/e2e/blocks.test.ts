/** Blocks: no direct messages from somebody, and no word of what they mention or invite to; rooms of more people are as before. */
import { expect, test } from "bun:test";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;

const connect = (user: string) => TestClient.connect(server, { token: server.token({ user }), wire: "json" });
const rest = (user: string, method: string, path: string, body?: unknown) =>
  server.rest(method, `/v1/chat${path}`, { token: server.token({ user }), ...(body === undefined ? {} : { body }) });
const direct = (user: string, other: string) => rest(user, "POST", "/rooms", { type: "direct", participants: [other] });

onBothStores(
  { STOA_SHARDS: "2" },
  (given) => {
    server = given;
  },
  () => {
    test("a block counts in a direct room at once, however it is written to, and no longer when it is taken back", async () => {
      const [ann, bob] = await Promise.all([connect("ann"), connect("bob")]);
      const roomId = textAt((await direct("bob", "ann")).body, "data.roomId");
      await Promise.all([ann.join(roomId), bob.join(roomId)]);
      const sent = await bob.say(roomId, "before");
      expect((await rest("ann", "PUT", "/users/me/blocks/bob")).body).toMatchObject({
        data: { userId: "bob", isBlocked: true },
      });
      const refused = await bob.refused({ type: "send_message", roomId, content: "blocked" });
      expect(refused).toMatchObject({ code: "forbidden", temporary: false });
      expect((await rest("bob", "POST", `/rooms/${roomId}/messages`, { content: "blocked" })).status).toBe(403);
      const messageId = textAt(sent, "messageId");
      expect(await bob.refused({ type: "message_reaction", roomId, messageId, emoji: "👍" })).toMatchObject({
        code: "forbidden",
        message: textAt(refused, "message"),
      });
      await bob.refused({ type: "typing_start", roomId });
      await ann.say(roomId, "from the one who blocks");
      expect((await rest("bob", "GET", `/rooms/${roomId}/messages`)).status).toBe(200);
      await ann.ack({ type: "block_user", userId: "bob", blocked: false });
      await bob.say(roomId, "again");
      expect(JSON.stringify(ann.frames)).not.toContain('"blocked"');
      await Promise.all([ann.close(), bob.close()]);
    });

    test("a direct room with the person who blocked is not made", async () => {
      const cid = await connect("cid");
      await cid.ack({ type: "block_user", userId: "dee" });
      const refused = await direct("dee", "cid");
      expect([refused.status, refused.body.error?.code]).toEqual([403, "forbidden"]);
      expect((await direct("cid", "dee")).status).toBe(201);
      await cid.close();
    });

    test("mentions and invitations by a blocked person are not told; in a group they are read as before", async () => {
      const [eve, fay, gus, ivo] = await Promise.all([connect("eve"), connect("fay"), connect("gus"), connect("ivo")]);
      await eve.ack({ type: "block_user", userId: "fay" });
      const create = { type: "create_room", roomType: "group", participants: ["eve", "fay", "gus", "ivo"] };
      await gus.ack({ ...create, roomId: "group_g", name: "By Gus" });
      await eve.waitFor(
        (frame) => frame.type === "notification" && frame["roomId"] === "group_g",
        "the invitation of Gus",
      );
      await fay.ack({ ...create, roomId: "group_f", name: "By Fay" });
      await fay.say("group_g", "hello @eve", { mentions: ["eve", "ivo"] });
      await ivo.waitFor((frame) => at(frame, "by") === "fay" && at(frame, "kind") === "mention", "the mention of Ivo");
      await gus.say("group_g", "hello eve", { mentions: ["eve"] });
      await eve.waitFor((frame) => at(frame, "by") === "gus" && at(frame, "kind") === "mention", "the mention of Eve");
      expect(eve.frames.filter((frame) => at(frame, "by") === "fay")).toEqual([]);
      // What is not reachable for now is asked for again.
      await eventually(async () => {
        const history = await rest("eve", "GET", "/rooms/group_g/messages");
        expect(listAt(history.body, "data.messages").map((message) => at(message, "authorId"))).toEqual(["fay", "gus"]);
      });
      await Promise.all([eve, fay, gus, ivo].map((client) => client.close()));
    });

    test("the list is one's own, by pages; one cannot be on it oneself; it outlives a restart", async () => {
      for (const user of ["p1", "p2", "p3", "p2"]) await rest("hal", "PUT", `/users/me/blocks/${user}`);
      const page = await rest("hal", "GET", "/users/me/blocks?limit=2");
      expect(page.body).toMatchObject({
        data: { blocks: [{ userId: "p1" }, { userId: "p2" }], pagination: { hasMore: true, after: "p2" } },
      });
      const rest2 = await rest("hal", "GET", "/users/me/blocks?limit=2&after=p2");
      expect(rest2.body).toMatchObject({
        data: { blocks: [{ userId: "p3" }], pagination: { hasMore: false, after: null } },
      });
      expect((await rest("hal", "PUT", "/users/me/blocks/hal")).body.error).toMatchObject({
        code: "invalid_field",
        details: { field: "userId" },
      });
      await rest("hal", "DELETE", "/users/me/blocks/p1");
      expect((await rest("hal", "DELETE", "/users/me/blocks/never")).status).toBe(200);
      await server.stop();
      await server.restart();
      expect(listAt((await rest("hal", "GET", "/users/me/blocks")).body, "data.blocks")).toMatchObject([
        { userId: "p2" },
        { userId: "p3" },
      ]);
      expect((await direct("p2", "hal")).status).toBe(403);
      expect((await direct("p1", "hal")).status).toBe(201);
    });
  },
);
