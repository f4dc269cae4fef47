/** Search through the real server on both stores: what is found, who finds it, what is no longer found, and what a crash leaves. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SEARCH_PAGE_MAX, SEARCH_QUERY_LENGTH_MAX, SEARCH_QUERY_TERMS_MAX } from "../../src/base/limits.ts";
import { onBothStores } from "../support/both-stores.ts";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import { type RestReply, TestServer } from "../support/server.ts";

const FAST = { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" };
const SCENE_MS_MAX = 180_000;
const FILE = {
  ...{ id: "f1", type: "file", url: "https://example.org/f", fileName: "fileword.pdf" },
  ...{ fileSize: 1, mimeType: "application/pdf" },
};

let server: TestServer;
let rooms = 0;

function search(node: TestServer, user: string, query: string, room?: string): Promise<RestReply> {
  const path = room === undefined ? "/v1/chat/search" : `/v1/chat/rooms/${room}/search`;
  return node.rest("GET", `${path}?${query}`, { token: node.token({ user }) });
}

/** Texts of the hits, or the error's code. */
async function found(user: string, query: string, room?: string, node = server): Promise<unknown> {
  const reply = await search(node, user, query, room);
  if (reply.status !== 200) return at(reply.body, "error.code");
  return listAt(reply.body, "data.hits").map((hit) => at(hit, "message.content"));
}

/** The index follows a moment later. */
function finds(expected: unknown, ...args: Parameters<typeof found>): Promise<void> {
  return eventually(async () => expect(await found(...args)).toEqual(expected));
}

/** So that a time tells what was said before from what was said after. */
async function nextMillisecond(): Promise<void> {
  const startMs = Date.now();
  while (Date.now() === startMs) await Bun.sleep(1);
}

async function scene(type = "group", extra: object = {}) {
  rooms += 1;
  const room = `room_${rooms}`;
  const ann = await TestClient.connect(server, { token: server.token({ user: "ann" }) });
  const bob = await TestClient.connect(server, { token: server.token({ user: "bob" }), wire: "json" });
  const participants = type === "public" ? [] : ["bob"];
  await ann.ack({ type: "create_room", roomId: room, name: room, roomType: type, participants, ...extra });
  await ann.join(room);
  if (type !== "public") await bob.join(room);
  const rest = (user: string, method: string, path: string, body?: unknown) =>
    server.rest(method, `/v1/chat/rooms/${room}${path}`, { token: server.token({ user }), body });
  return { room, ann, bob, rest };
}

onBothStores(
  FAST,
  (started) => {
    server = started;
  },
  () => {
    test("finds messages by words, beginnings and phrases, marked, by pages and in both orders", async () => {
      const { room, ann, bob } = await scene();
      await ann.say(room, "The plan for Zürich is ready");
      await bob.say(room, "planning is half of it: plan, plan and plan");
      await ann.say(room, "東京都に行く");
      await finds(["The plan for Zürich is ready"], "ann", "q=zurich", room);
      await finds(["東京都に行く"], "bob", `q=${encodeURIComponent("京都")}`, room);
      expect(await found("bob", `q=${encodeURIComponent('"plan for"')}`, room)).toEqual([
        "The plan for Zürich is ready",
      ]);
      expect(await found("bob", "q=plan*&order=newest", room)).toHaveLength(2);
      expect(await found("bob", "q=plan&order=relevance", room)).toEqual([
        "planning is half of it: plan, plan and plan",
        "The plan for Zürich is ready",
      ]);
      const reply = await search(server, "bob", "q=plan&order=newest&limit=1", room);
      const [hit] = listAt(reply.body, "data.hits");
      const excerpt = textAt(hit, "excerpt.text");
      const marked = listAt(hit, "excerpt.marks").map((mark) =>
        excerpt.slice(numberAt(mark, "0"), numberAt(mark, "1")),
      );
      expect(marked).toEqual(["plan", "plan", "plan"]);
      const next = textAt(reply.body, "data.pagination.next");
      expect(await found("bob", `q=plan&order=newest&limit=1&cursor=${encodeURIComponent(next)}`, room)).toEqual([
        "The plan for Zürich is ready",
      ]);
    });

    test("filters by author, type and time, and looks into all rooms of the asker", async () => {
      const [one, two] = [await scene(), await scene()];
      await one.ann.say(one.room, "filterword one");
      await nextMillisecond();
      const middle = await two.bob.say(two.room, "filterword two");
      const picture = { ...FILE, type: "image", fileName: "p.png", mimeType: "image/png" };
      await two.ann.say(two.room, "filterword three", { messageType: "image", attachments: [picture] });
      await finds(["filterword three", "filterword two", "filterword one"], "ann", "q=filterword&order=newest");
      expect(await found("ann", "q=filterword&author=bob")).toEqual(["filterword two"]);
      expect(await found("ann", "q=filterword&type=image")).toEqual(["filterword three"]);
      expect(await found("ann", "author=bob&type=text&limit=1")).toEqual(["filterword two"]);
      const message = await two.rest("ann", "GET", `/messages/${textAt(middle, "messageId")}`);
      const time = encodeURIComponent(textAt(message.body, "data.timestamp"));
      expect(await found("ann", `q=filterword&to=${time}`)).toEqual(["filterword one"]);
      expect(await found("ann", `q=filterword&order=newest&from=${time}`)).toEqual([
        "filterword three",
        "filterword two",
      ]);
      expect(await found("eve", "q=filterword")).toEqual([]);
    });

    test("only who may read the room now finds anything in it", async () => {
      const { room, ann, rest } = await scene("private");
      await ann.say(room, "secretword");
      await finds(["secretword"], "bob", "q=secretword");
      expect(await found("eve", "q=secretword", room)).toBe("room_not_found");
      expect(await found("eve", "q=secretword", "room_none")).toBe("room_not_found");
      await rest("ann", "DELETE", "/members/bob");
      await finds([], "bob", "q=secretword");
      expect(await found("bob", "q=secretword", room)).toBe("room_not_found");
      await rest("ann", "POST", "/archive", {});
      expect(await found("ann", "q=secretword", room)).toEqual(["secretword"]);
      await rest("ann", "DELETE", "");
      expect(await found("ann", "q=secretword", room)).toBe("room_not_found");
      await finds([], "ann", "q=secretword");
    });

    test("a public room may be searched by whoever may read it, until they are banned", async () => {
      const { room, ann, rest } = await scene("public");
      await ann.say(room, "publicword");
      await finds(["publicword"], "ann", "q=publicword", room);
      const stranger = await rest("eve", "GET", "/messages");
      expect(await found("eve", "q=publicword", room)).toEqual(
        stranger.status === 200 ? ["publicword"] : at(stranger.body, "error.code"),
      );
      await rest("ann", "POST", "/bans", { userId: "eve" });
      const banned = await rest("eve", "GET", "/messages");
      expect(banned.status).not.toBe(200);
      expect(await found("eve", "q=publicword", room)).toBe(at(banned.body, "error.code"));
    });

    test("what was edited is found by its new words alone, and what was deleted by none", async () => {
      const { room, ann } = await scene();
      const edited = textAt(await ann.say(room, "oldword here"), "messageId");
      const deleted = textAt(await ann.say(room, "goneword here"), "messageId");
      await finds(["oldword here"], "ann", "q=oldword", room);
      await finds(["goneword here"], "ann", "q=goneword", room);
      await ann.ack({ type: "edit_message", roomId: room, messageId: edited, content: "newword here" });
      await ann.ack({ type: "delete_message", roomId: room, messageId: deleted });
      // At once, whether the index knows of it or not.
      expect(await found("ann", "q=oldword", room)).toEqual([]);
      expect(await found("ann", "q=goneword", room)).toEqual([]);
      await finds(["newword here"], "ann", "q=newword", room);
    });

    test("the author of an anonymous message is its pseudonym, and a held message is none", async () => {
      const { room, bob, rest } = await scene("group", { allowAnonymous: true });
      const masked = await rest("bob", "POST", "/messages", { content: "maskedword", isAnonymous: true });
      const pseudonym = textAt(masked.body, "data.authorId");
      expect(pseudonym).not.toBe("bob");
      await finds(["maskedword"], "ann", "q=maskedword", room);
      expect(await found("ann", "q=maskedword&author=bob", room)).toEqual([]);
      expect(await found("ann", `q=maskedword&author=${pseudonym}`, room)).toEqual(["maskedword"]);
      await rest("ann", "PUT", "/moderation", { rules: [{ id: "wait", action: "hold", words: ["heldword"] }] });
      const held = await bob.ack({ type: "send_message", roomId: room, content: "heldword" });
      await bob.say(room, "afterword");
      await finds(["afterword"], "ann", "q=afterword", room);
      expect(await found("ann", "q=heldword", room)).toEqual([]);
      expect((await rest("ann", "POST", `/held/${textAt(held, "messageId")}/approve`, {})).status).toBe(200);
      await finds(["heldword"], "ann", "q=heldword", room);
    });

    test("a poll and the names of files are found, too", async () => {
      const { room, ann } = await scene();
      const poll = { question: "pollword?", options: [{ text: "optionword" }, { text: "no" }] };
      await ann.ack({ type: "send_message", roomId: room, content: "vote", messageType: "poll", poll });
      await ann.ack({ type: "send_message", roomId: room, content: "look", attachments: [FILE] });
      await finds(["vote"], "ann", "q=optionword", room);
      await finds(["look"], "ann", "q=fileword.pdf", room);
    });

    test("what is asked wrongly is refused by name", async () => {
      const refused = async (query: string) => {
        const { status, body } = await search(server, "ann", query);
        return [status, at(body, "error.details.field")];
      };
      expect(await refused("")).toEqual([400, "q"]);
      expect(await refused("q=%2A%3F")).toEqual([400, "q"]);
      expect(await refused("q=a*")).toEqual([400, "q"]);
      expect(await refused(`q=${"a".repeat(SEARCH_QUERY_LENGTH_MAX)}`)).toEqual([200, undefined]);
      expect(await refused(`q=${"a".repeat(SEARCH_QUERY_LENGTH_MAX + 1)}`)).toEqual([400, "q"]);
      const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join("+");
      expect(await refused(`q=${words(SEARCH_QUERY_TERMS_MAX)}`)).toEqual([200, undefined]);
      expect(await refused(`q=${words(SEARCH_QUERY_TERMS_MAX + 1)}`)).toEqual([400, "q"]);
      expect(await refused(`q=a&limit=${SEARCH_PAGE_MAX}`)).toEqual([200, undefined]);
      expect(await refused(`q=a&limit=${SEARCH_PAGE_MAX + 1}`)).toEqual([400, "limit"]);
      expect(await refused("q=a&from=yesterday")).toEqual([400, "from"]);
      expect(await refused("q=a&author=no%20id")).toEqual([400, "author"]);
      expect(await refused("q=a&type=poem")).toEqual([400, "type"]);
      expect(await refused("q=a&cursor=far")).toEqual([400, "cursor"]);
    });
  },
);

describe("after a crash", () => {
  test(
    "a killed server finds after its start what it had not indexed, in rooms that nobody enters",
    async () => {
      const own = await TestServer.start({ env: FAST });
      const ann = await TestClient.connect(own, { token: own.token({ user: "ann" }) });
      for (let i = 0; i < 20; i += 1) {
        await ann.ack({ type: "create_room", roomId: `r${i}`, name: "R", roomType: "group" });
        await ann.ack({ type: "send_message", roomId: `r${i}`, content: `crashword ${i}` });
      }
      await own.kill();
      await own.restart();
      await eventually(async () => expect(await found("ann", "q=crashword&limit=50", undefined, own)).toHaveLength(20));
      await own.dispose();
    },
    SCENE_MS_MAX,
  );

  test(
    "without an index the routes say so",
    async () => {
      const own = await TestServer.start({ env: { STOA_SEARCH: "off" } });
      const reply = await search(own, "ann", "q=word");
      expect([reply.status, at(reply.body, "error.code")]).toEqual([404, "not_found"]);
      await own.dispose();
    },
    SCENE_MS_MAX,
  );
});

describe("two nodes on one DynamoDB", () => {
  let dynamo: DynamoServer;
  let nodes: TestServer[] = [];
  beforeAll(async () => {
    dynamo = await startDynalite();
    const tables = await makeTestTables(dynamo);
    const env = {
      ...FAST,
      ...tables.env,
      STOA_HEARTBEAT_MS: "300",
      STOA_NODE_TTL_MS: "2000",
    };
    nodes = await Promise.all(["one", "two"].map((INSTANCE_ID) => TestServer.start({ env: { ...env, INSTANCE_ID } })));
  }, SCENE_MS_MAX);
  afterAll(async () => {
    for (const node of nodes) await node.dispose();
    await dynamo?.stop();
  });

  test(
    "either finds what was written on the other, and the one that is left what a killed one did not index",
    async () => {
      const [one, two] = nodes as [TestServer, TestServer];
      const ann = await TestClient.connect(one, { token: one.token({ user: "ann" }) });
      const ids = Array.from({ length: 8 }, (_, i) => `shared-${i}`);
      for (const roomId of ids) {
        await ann.ack({ type: "create_room", roomId, name: roomId, roomType: "group" });
        await ann.ack({ type: "send_message", roomId, content: `nodeword ${roomId}` });
      }
      const all = (node: TestServer, word: string) =>
        eventually(async () =>
          expect(await found("ann", `q=${word}&limit=50`, undefined, node)).toHaveLength(ids.length),
        );
      await Promise.all([all(one, "nodeword"), all(two, "nodeword")]);
      const sent = ids.map((roomId) => ann.ack({ type: "send_message", roomId, content: `lastword ${roomId}` }));
      await Promise.all(sent);
      // Which of the rooms were its own nobody needs to know: half of them, and their hints are lost with it.
      await two.kill();
      const deadlineMs = performance.now() + 30_000;
      for (;;) {
        const hits = await found("ann", "q=lastword&limit=50", undefined, one);
        if (Array.isArray(hits) && hits.length === ids.length) break;
        expect(performance.now()).toBeLessThan(deadlineMs);
        await Bun.sleep(200);
      }
      await ann.close();
    },
    SCENE_MS_MAX,
  );
});
