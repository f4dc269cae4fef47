/**
 * Erasure through the real server on both stores: a token is planted by every way in which a person's words and names get into
 * the engine, and after the erasure it is in no byte of the data folder, the tables and Redis. Another way is another plant.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient, ListTablesCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { Redis } from "ioredis";
import { makeVapid } from "../../src/integrations/notify/vapid.ts";
import { assistedRoom, ending, messageAfter } from "../support/assistant-steps.ts";
import { TestClient } from "../support/client.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { BROWSER } from "../support/isolation-cases.ts";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import { ProviderServer } from "../support/provider-server.ts";
import { ensureRedis, RedisServer } from "../support/redis-servers.ts";
import { type RestReply, TestServer } from "../support/server.ts";

setDefaultTimeout(60_000);
const START_MS_MAX = 60_000;
const TENANT = "acme";
/** The person who is erased. */
const EVA = "eva";
const ROOM = "talk";

/** Lower case and no word of anybody's: nothing folds it, and nothing else says it. */
const tokenOf = (plant: string): string => `zqx${plant}${Bun.hash(plant).toString(36)}`;

interface Kept {
  readonly where: string;
  readonly bytes: Buffer;
}

interface Scene {
  readonly server: TestServer;
  readonly provider: ProviderServer;
  readonly hasFiles: boolean;
  readonly eva: TestClient;
  readonly bob: TestClient;
  readonly rest: (user: string, method: string, path: string, body?: unknown) => Promise<RestReply>;
}

/** By name: puts the token where it says. */
const PLANTS: Readonly<Record<string, (scene: Scene, token: string) => Promise<unknown>>> = {
  message: ({ eva }, token) => eva.say(ROOM, `hello ${token}`),
  firstversion: async ({ eva }, token) => {
    const sent = await eva.say(ROOM, `first ${token}`);
    await eva.ack({ type: "edit_message", roomId: ROOM, messageId: textAt(sent, "messageId"), content: "second" });
  },
  edit: async ({ eva }, token) => {
    const sent = await eva.say(ROOM, "before the edit");
    const edit = { type: "edit_message", roomId: ROOM, messageId: textAt(sent, "messageId") };
    await eva.ack({ ...edit, content: `once ${token}` });
    await eva.ack({ ...edit, content: `twice ${token}` });
  },
  deleted: async ({ eva }, token) => {
    const sent = await eva.say(ROOM, `gone ${token}`);
    await eva.ack({ type: "delete_message", roomId: ROOM, messageId: textAt(sent, "messageId") });
  },
  quote: async ({ eva, bob }, token) => {
    const sent = await eva.say(ROOM, `quote me ${token}`);
    await bob.say(ROOM, `> quote me ${token}\nI agree`, { replyTo: textAt(sent, "messageId") });
  },
  quoteedited: async ({ eva, bob }, token) => {
    const sent = await eva.say(ROOM, `again ${token}`);
    const reply = await bob.say(ROOM, "first without", { replyTo: textAt(sent, "messageId") });
    const edit = { type: "edit_message", roomId: ROOM, messageId: textAt(reply, "messageId") };
    await bob.ack({ ...edit, content: `> again ${token}\nthen with` });
    await bob.ack({ ...edit, content: `> again ${token}\nthen more` });
  },
  reply: async ({ eva, bob }, token) => {
    const sent = await bob.say(ROOM, "who says more?");
    await eva.say(ROOM, `I do: ${token}`, { replyTo: textAt(sent, "messageId") });
  },
  reacted: async ({ eva, bob }, token) => {
    const sent = await eva.say(ROOM, "to be reacted to");
    const messageId = textAt(sent, "messageId");
    await eva.ack({ type: "edit_message", roomId: ROOM, messageId, content: `reacted ${token}` });
    await bob.ack({ type: "message_reaction", roomId: ROOM, messageId, emoji: "👍" });
  },
  clientid: ({ eva }, token) => eva.say(ROOM, "with a key", { clientId: token }),
  poll: ({ eva }, token) => {
    const poll = { question: `who ${token}`, options: [{ text: `a ${token}` }, { text: "b" }] };
    return eva.ack({ type: "send_message", roomId: ROOM, content: "", poll });
  },
  anonymous: ({ eva }, token) => eva.say(ROOM, `secretly ${token}`, { anonymous: true }),
  attachment: ({ rest }, token) => {
    const attachment = {
      id: "a1",
      type: "file",
      url: `https://example.org/${token}`,
      fileName: `${token}.txt`,
      fileSize: 5,
      mimeType: "text/plain",
    };
    return made(
      rest(EVA, "POST", `/rooms/${ROOM}/messages`, { content: "see", type: "file", attachments: [attachment] }),
    );
  },
  upload: async ({ server, hasFiles, rest }, token) => {
    if (!hasFiles) return;
    const bytes = Buffer.from(`a text about ${token}`);
    const asked = { name: `${token}.txt`, size: bytes.length, type: "text/plain" };
    const begun = await made(rest(EVA, "POST", `/rooms/${ROOM}/attachments`, asked));
    const put = await fetch(server.http + textAt(begun.body, "data.upload.url"), { method: "PUT", body: bytes });
    expect(put.ok).toBe(true);
    const ticket = { ticket: textAt(begun.body, "data.upload.ticket") };
    const id = textAt(begun.body, "data.attachmentId");
    const done = await made(rest(EVA, "POST", `/rooms/${ROOM}/attachments/${id}/complete`, ticket));
    const attachments = [done.body.data];
    await made(rest(EVA, "POST", `/rooms/${ROOM}/messages`, { content: "", type: "file", attachments }));
  },
  report: async ({ eva, rest }, token) => {
    const sent = await eva.say(ROOM, `rude ${token}`);
    const body = { messageId: textAt(sent, "messageId"), reason: "rude", details: `she said ${token}` };
    await made(rest("bob", "POST", `/rooms/${ROOM}/reports`, body));
  },
  reporter: async ({ bob, rest }, token) => {
    const sent = await bob.say(ROOM, "something");
    const body = { messageId: textAt(sent, "messageId"), reason: `because ${token}`, details: `and ${token}` };
    await made(rest(EVA, "POST", `/rooms/${ROOM}/reports`, body));
  },
  held: async ({ eva, rest }, token) => {
    const rules = [{ id: "hold", action: "hold", words: ["holdthis"] }];
    await made(rest("ann", "PUT", `/rooms/${ROOM}/moderation`, { rules }));
    await eva.ack({ type: "send_message", roomId: ROOM, content: `holdthis ${token}` });
  },
  ban: async ({ rest }, token) => {
    await made(rest("ann", "POST", `/rooms/${ROOM}/bans`, { userId: "zed", reason: "no words of eva's" }));
    await made(rest(EVA, "POST", "/rooms", { roomId: "evas", name: "evas", type: "private", participants: ["bob"] }));
    await made(rest(EVA, "POST", "/rooms/evas/bans", { userId: "zed", reason: token }));
  },
  joinrequest: async ({ rest }, token) => {
    const room = { roomId: "asks", name: "asks", type: "public", requireApproval: true };
    await made(rest("ann", "POST", "/rooms", room));
    await made(rest(EVA, "POST", "/rooms/asks/join", { message: `let me in ${token}` }));
  },
  status: ({ rest }, token) => made(rest(EVA, "PUT", "/users/me/status", { status: "online", customStatus: token })),
  chosenname: ({ rest }, token) => made(rest(EVA, "PATCH", "/users/me", { displayName: token })),
  exported: async ({ eva, rest }, token) => {
    await eva.say(ROOM, `exported ${token}`);
    expect((await made(rest("ann", "GET", `/rooms/${ROOM}/export`))).text).toContain(token);
  },
  privatequestion: async ({ provider, rest }, token) => {
    provider.next("gemini", [{ text: `Nothing is known of ${token}.` }]);
    await made(rest(EVA, "POST", "/ai/ask", { question: `what is ${token}?` }));
    // So that the next one has something to remember.
    provider.next("gemini", [{ text: `Still nothing of ${token}.` }]);
    await made(rest(EVA, "POST", "/ai/ask", { question: `and now, ${token}?` }));
  },
  assistant: async ({ eva, provider }, token) => {
    const room = await assistedRoom(eva);
    provider.next("gemini", [{ text: `A word about ${token}.` }]);
    const asked = await eva.say(room, `@ai what of ${token}?`);
    const end = await ending(eva, room, messageAfter(asked));
    expect(at(end, "state")).toBe("complete");
  },
  pushsubscription: async ({ rest }, token) => {
    const browser = { ...BROWSER, endpoint: `https://push.example.org/send/${token}` };
    await made(rest(EVA, "PUT", "/me/push-subscriptions", browser));
  },
  notifications: async ({ rest }) => {
    await made(rest(EVA, "PUT", "/me/notifications", { level: "all" }));
    await made(rest(EVA, "PUT", `/me/notifications/rooms/${ROOM}`, { level: "all" }));
  },
  block: ({ rest }) => made(rest(EVA, "PUT", "/users/me/blocks/zed")),
};
/** Of these, nothing is a text of the person's, or they come with the token that she connects with. */
const WITHOUT_TOKEN = new Set(["block", "notifications"]);
const TOKEN_NAME = tokenOf("tokenname");

async function made(asked: Promise<RestReply>): Promise<RestReply> {
  const reply = await asked;
  if (reply.status >= 300) throw new Error(`${reply.status} ${reply.text}`);
  return reply;
}

for (const store of ["SQLite", "DynamoDB"] as const) {
  describe(`on ${store}`, () => {
    let dynamo: DynamoServer | undefined;
    let redis: RedisServer | undefined;
    let server: TestServer;
    let scene: Scene;
    const provider = new ProviderServer();
    let other: TestClient;
    const rest: Scene["rest"] = (user, method, path, body) => {
      const claims = {
        user,
        tenant: TENANT,
        ...(user === "root" && { role: "admin" }),
        ...(user === EVA && { name: TOKEN_NAME }),
      };
      return server.rest(method, `/v1/chat${path}`, { token: server.token(claims), body });
    };
    const planted = [
      TOKEN_NAME,
      ...Object.keys(PLANTS)
        .filter((name) => !WITHOUT_TOKEN.has(name) && (store === "SQLite" || name !== "upload"))
        .map(tokenOf),
    ];

    beforeAll(async () => {
      await ensureRedis();
      dynamo = store === "DynamoDB" ? await startDynalite() : undefined;
      const tables = dynamo && (await makeTestTables(dynamo));
      // So that what is dumped reads as it was written.
      redis = dynamo && (await RedisServer.start({ args: ["--rdbcompression", "no"] }));
      const env = tables && {
        ...{ ...tables.env, REDIS_URL: redis?.url },
      };
      const { publicKey, privateKey } = makeVapid();
      const push = {
        STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org",
        ...{ STOA_VAPID_PUBLIC_KEY: publicKey, STOA_VAPID_PRIVATE_KEY: privateKey },
      };
      server = await TestServer.start({
        env: { ...env, ...provider.env, ...push, STOA_SHARDS: "2", STOA_SYSTEM_MESSAGES: "false" },
      });
      const clientOf = (user: string, name?: string): Promise<TestClient> =>
        TestClient.connect(server, { token: server.token({ user, tenant: TENANT, ...(name && { name }) }) });
      const ann = await clientOf("ann");
      const participants = ["bob", EVA];
      await ann.ack({
        type: "create_room",
        roomId: ROOM,
        name: "Talk",
        roomType: "public",
        participants,
        allowAnonymous: true,
      });
      const [eva, bob] = [await clientOf(EVA, TOKEN_NAME), await clientOf("bob")];
      await eva.join(ROOM);
      await bob.join(ROOM);
      await bob.say(ROOM, "what bob says stays");
      scene = { server, provider, hasFiles: store === "SQLite", eva, bob, rest };
      for (const [name, plant] of Object.entries(PLANTS)) await plant(scene, tokenOf(name));
      await eva.ack({ type: "mark_read", roomId: ROOM, seq: 20 });
      other = await clientOf("cyd");
      await other.join(ROOM);
      ann.close();
    }, START_MS_MAX);
    afterAll(async () => {
      await server.dispose();
      await dynamo?.stop();
      await redis?.dispose();
      await provider.stop();
    });

    /** All bytes that are kept anywhere. */
    async function bytesKept(): Promise<readonly Kept[]> {
      const kept: Kept[] = [...filesIn(server.dataDir)];
      kept.push({ where: "output", bytes: Buffer.from(server.output) });
      if (dynamo !== undefined) kept.push(...(await tablesOf(dynamo)));
      if (redis !== undefined) kept.push(...(await dumpOf(redis)));
      return kept;
    }
    async function found(tokens: readonly string[] = planted): Promise<ReadonlyMap<string, string>> {
      const kept = await bytesKept();
      const hits = tokens.flatMap((token) => {
        const where = kept.filter(({ bytes }) => bytes.includes(token)).map((one) => one.where);
        return where.length === 0 ? [] : [[token, where.join(", ")] as const];
      });
      return new Map(hits);
    }
    async function erase(): Promise<RestReply> {
      const begun = await rest("root", "POST", "/admin/erasures", { userId: EVA });
      expect(begun.status).toBe(202);
      const id = textAt(begun.body, "data.erasureId");
      return eventually(async () => {
        const read = await rest("root", "GET", `/admin/erasures/${id}`);
        if (at(read.body, "data.state") === "running") throw new Error(`still running: ${read.text}`);
        return read;
      }, 60_000);
    }

    test("the tokens are there at first, and found by search", async () => {
      // What goes beside the log is written a moment later.
      await eventually(async () => {
        const before = await found();
        expect(planted.filter((token) => !before.has(token))).toEqual([]);
      });
      await eventually(async () => {
        const hits = await rest("bob", "GET", `/search?q=${tokenOf("message")}`);
        expect(hits.text).toContain(tokenOf("message"));
      }, 60_000);
    });

    test("a hold is in the way, and the report says so", async () => {
      await rest("root", "PUT", `/admin/holds/users/${EVA}`, {});
      const held = await erase();
      expect(at(held.body, "data.state")).toBe("held");
      expect(at(held.body, "data.remains")).toEqual([{ what: "everything", why: "legal hold" }]);
      await rest("root", "DELETE", `/admin/holds/users/${EVA}`);
      expect((await found()).size).toBe(planted.length);
    });

    test("after an erasure none of them is in any byte, and who listens has heard of it", async () => {
      scene.eva.close();
      await scene.eva.closed;
      const messages = listAt((await rest("bob", "GET", `/rooms/${ROOM}/messages?limit=100`)).body, "data.messages");
      const head = numberAt(messages.at(-1), "seq");
      const done = await erase();
      expect(at(done.body, "data.state")).toBe("done");
      expect(numberAt(done.body, "data.counts.messages")).toBeGreaterThan(9);
      expect(numberAt(done.body, "data.counts.quotes")).toBe(2);
      expect(numberAt(done.body, "data.counts.push_subscriptions")).toBe(1);
      expect(numberAt(done.body, "data.counts.notification_settings")).toBe(2);
      expect(numberAt(done.body, "data.counts.notification_lists")).toBe(2);
      if (store === "SQLite") expect(numberAt(done.body, "data.counts.files")).toBe(1);
      expect([...(await found())]).toEqual([]);
      await eventually(async () => {
        const deletions = (other.rooms.get(ROOM)?.events ?? []).filter(({ type }) => type === "message_deleted");
        expect(deletions.length).toBeGreaterThan(9);
      });
      expect(other.rooms.get(ROOM)?.faults).toEqual([]);
      const after = listAt((await rest("bob", "GET", `/rooms/${ROOM}/messages?limit=100`)).body, "data.messages");
      expect(after.map((one) => at(one, "seq"))).toEqual(messages.map((one) => at(one, "seq")));
      expect(after.map((one) => at(one, "content"))).toContain("what bob says stays");
      expect(after.map((one) => at(one, "content"))).toContain("> …\nI agree");
      const sent = await scene.bob.say(ROOM, "bob goes on");
      expect(numberAt(sent, "seq")).toBeGreaterThan(head);
      expect((await rest("bob", "GET", `/search?q=${tokenOf("message")}`)).text).not.toContain("hello");
    });

    test("a second one finds nothing; its receipt is genuine, and a changed one is not", async () => {
      const again = await erase();
      expect(at(again.body, "data.counts")).toEqual({});
      expect(listAt(again.body, "data.remains").length).toBeGreaterThan(3);
      const receipt = textAt(again.body, "data.receipt");
      const genuine = await rest("root", "POST", "/admin/erasures/verify", { receipt });
      expect(at(genuine.body, "data.valid")).toBe(true);
      expect(at(genuine.body, "data.report.userId")).toBe(EVA);
      const changed = await rest("root", "POST", "/admin/erasures/verify", { receipt: receipt.replace(".", ".e") });
      expect(at(changed.body, "data.valid")).toBe(false);
      expect((await rest("bob", "POST", "/admin/erasures", { userId: EVA })).status).toBe(403);
    });

    test("nothing of it comes back after a restart", async () => {
      await server.stop();
      await server.restart();
      const page = await rest("bob", "GET", `/rooms/${ROOM}/messages?limit=100`);
      expect(listAt(page.body, "data.messages").map((one) => at(one, "content"))).toContain("bob goes on");
      expect([...(await found())]).toEqual([]);
    });

    test("what was being answered to them in private is not remembered afterwards", async () => {
      const room = { roomId: "assisted", name: "assisted", type: "public", enableAI: true };
      await made(rest("bob", "POST", "/rooms", room));
      const asked = provider.requests.length;
      const gate = Promise.withResolvers<void>();
      const tokens = [tokenOf("aboutnothing"), tokenOf("aboutaroom")];
      const answers = [{}, { roomId: room.roomId }].map((about, i) => {
        provider.next("gemini", [{ until: gate.promise }, { text: "Nothing is known." }]);
        return rest(EVA, "POST", "/ai/ask", { question: `what is ${tokens[i]}?`, ...about });
      });
      await provider.came(asked + answers.length);
      expect(at((await erase()).body, "data.state")).toBe("done");
      gate.resolve();
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect([statuses, [...(await found(tokens))]]).toEqual([[503, 503], []]);
    });
  });
}

describe("an erasure that is interrupted", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({
      env: { STOA_SHARDS: "1", STOA_RATE_BURST: "100000", STOA_RATE_PER_SECOND: "100000" },
    });
  }, START_MS_MAX);
  afterAll(() => server.dispose());

  /** Of somebody who wrote in many rooms. Returns how often the server was killed meanwhile. */
  async function eraseAndKill(user: string, token: string, rooms: readonly string[]): Promise<number> {
    const eva = await TestClient.connect(server, { token: server.token({ user, name: token }) });
    for (const roomId of rooms) {
      await eva.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
      await Promise.all(Array.from({ length: 40 }, (_, i) => eva.say(roomId, `${i} ${token}`)));
    }
    eva.close();
    const root = server.token({ user: "root", role: "admin" });
    const begun = await server.rest("POST", "/v1/chat/admin/erasures", { token: root, body: { userId: user } });
    const path = `/v1/chat/admin/erasures/${textAt(begun.body, "data.erasureId")}`;
    let kills = 0;
    for (let seen = 0; kills < 2; ) {
      const { body } = await server.rest("GET", path, { token: root });
      if (at(body, "data.state") === "done") break;
      const erased = Number(at(body, "data.counts.rooms") ?? 0);
      if (erased <= seen) continue;
      seen = erased + 5;
      await server.kill();
      kills += 1;
      await server.restart();
    }
    const done = await eventually(async () => {
      const read = await server.rest("GET", path, { token: root });
      if (at(read.body, "data.state") !== "done") throw new Error(read.text);
      return read;
    }, 60_000);
    expect(numberAt(done.body, "data.counts.rooms")).toBe(rooms.length);
    const left = filesIn(server.dataDir).filter(({ bytes }) => bytes.includes(token));
    expect(left.map(({ where }) => where)).toEqual([]);
    const page = await server.rest("GET", `/v1/chat/rooms/${rooms[7]}/messages?limit=100`, { token: root });
    expect(listAt(page.body, "data.messages")).toHaveLength(40);
    return kills;
  }

  test("goes on after kill -9, by itself, until nothing is left", async () => {
    let kills = 0;
    // On a machine that has other things to do, one may be done before somebody saw it begin.
    for (let attempt = 0; attempt < 5 && kills === 0; attempt += 1) {
      const rooms = Array.from({ length: 25 }, (_, i) => `room_${attempt}_${i}`);
      kills = await eraseAndKill(`${EVA}_${attempt}`, tokenOf(`interrupted${attempt}`), rooms);
    }
    expect(kills).toBeGreaterThan(0);
  }, 180_000);
});

/** A database's files come and go: one that is gone when it is to be read has nothing in it. */
function filesIn(dir: string): readonly Kept[] {
  return readdirSync(dir, { recursive: true }).flatMap((name) => {
    const where = join(dir, String(name));
    try {
      return statSync(where).isFile() ? [{ where, bytes: readFileSync(where) }] : [];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  });
}

async function tablesOf({ endpoint }: DynamoServer) {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new DynamoDBClient({ endpoint, region: "local", credentials });
  const kept: Kept[] = [];
  for (const TableName of (await client.send(new ListTablesCommand({}))).TableNames ?? []) {
    let ExclusiveStartKey: ReturnType<typeof Object> | undefined;
    do {
      const input = { TableName, ...(ExclusiveStartKey && { ExclusiveStartKey }) };
      const page = await client.send(new ScanCommand(input));
      for (const item of page.Items ?? []) {
        const parts = Object.values(item).map(({ S, B, N }) => Buffer.from(B ?? S ?? N ?? ""));
        kept.push({ where: `${TableName} ${item.pk?.S} ${item.sk?.S}`, bytes: Buffer.concat(parts) });
      }
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }
  client.destroy();
  return kept;
}

async function dumpOf({ url }: RedisServer) {
  const redis = new Redis(url, { protocol: 2 } as object);
  const kept: Kept[] = [];
  for (const key of await redis.keys("*")) {
    const bytes = await redis.dumpBuffer(key);
    if (bytes !== null) kept.push({ where: `redis ${key}`, bytes: Buffer.concat([Buffer.from(key), bytes]) });
  }
  redis.disconnect();
  return kept;
}
