/**
 * A room as a file, as operators take it: the commands beside real servers that are in use, from SQLite to DynamoDB and back.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Database } from "bun:sqlite";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);
const ROOT = join(import.meta.dir, "../..");
const ROOM = "room_capsule";
const PATH = `/v1/chat/rooms/${ROOM}`;

interface Node {
  readonly server: TestServer;
  /** Where its store is, for a command. */
  readonly env: Readonly<Record<string, string>>;
}

let dynalite: DynamoServer;
let folder: TemporaryFolder;
let [sqlite, dynamo]: Node[] = [];

beforeAll(async () => {
  dynalite = await startDynalite();
  folder = temporaryFolder();
  const { env } = await makeTestTables(dynalite);
  const server = await TestServer.start();
  sqlite = { server, env: { STOA_DATA_DIR: server.dataDir } };
  dynamo = { server: await TestServer.start({ env }), env };
  await talk(server);
});
afterAll(async () => {
  await sqlite?.server.dispose();
  await dynamo?.server.dispose();
  await dynalite?.stop();
  folder?.remove();
});

const as = (node: Node | undefined, user: string, tenant?: string) => {
  const { server } = node ?? {};
  if (server === undefined) throw new Error("no server");
  const token = server.token({ user, name: `Name of ${user}`, ...(tenant !== undefined && { tenant }) });
  return (method: string, path: string, body?: unknown) =>
    server.rest(method, path, { token, ...(body === undefined ? {} : { body }) });
};

const asAdmin = (node: Node | undefined) => {
  const { server } = node ?? {};
  if (server === undefined) throw new Error("no server");
  const token = server.token({ user: "root", role: "admin" });
  return (method: string, path: string, body?: unknown) =>
    server.rest(method, path, { token, ...(body === undefined ? {} : { body }) });
};

/** Messages with an edit, a deletion, reactions, a poll with a vote, a thread, a pin, a file, and a name that is hidden. */
async function talk(server: TestServer): Promise<void> {
  const ann = as({ server, env: {} }, "ann");
  const ben = as({ server, env: {} }, "ben");
  await ann("POST", "/v1/chat/rooms", { roomId: ROOM, name: "The capsule", type: "private", allowAnonymous: true });
  await ann("POST", `${PATH}/members`, { userId: "ben" });
  await ann("POST", `${PATH}/members`, { userId: "cleo" });
  const said = async (who: typeof ann, body: object): Promise<string> =>
    textAt((await who("POST", `${PATH}/messages`, body)).body, "data.messageId");
  const first = await said(ann, { content: "Hello Ben" });
  await ann("PATCH", `${PATH}/messages/${first}`, { content: "Hello, Ben!" });
  await ben("POST", `${PATH}/messages/${first}/reactions`, { emoji: "👋" });
  await ann("POST", `${PATH}/messages/${first}/pin`);
  await said(ben, { content: "Hello, Ann", replyTo: first });
  const gone = await said(ben, { content: "never mind" });
  await ben("DELETE", `${PATH}/messages/${gone}`);
  const file = {
    id: "f1",
    type: "file",
    url: "https://files.example/a.pdf",
    fileName: "a.pdf",
    fileSize: 9,
    mimeType: "application/pdf",
  };
  await said(ann, { content: "the plan", type: "file", attachments: [file] });
  await said(ben, { content: "I do not like it", isAnonymous: true });
  const poll = { question: "Lunch?", options: [{ text: "yes" }, { text: "no" }] };
  const asked = await said(ann, { content: "Lunch?", type: "poll", poll });
  await ben("PUT", `${PATH}/messages/${asked}/poll/vote`, { choices: [1] });
  await ben("POST", `${PATH}/read`, { messageIds: [first] });
  // That authors have read what they wrote is counted within a moment.
  await eventually(async () => {
    const { body } = await ben("GET", `${PATH}/messages?limit=1`);
    expect(at(body, "data.messages.0.readBy")).toContainEqual({ userId: "ann" });
  });
}

async function command(
  name: "export" | "import",
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ readonly out: string; readonly errors: string; readonly code: number }> {
  const child = Bun.spawn([process.execPath, `src/cli/${name}.ts`, ...args], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, errors, code };
}

/** What a member is shown, without what a room of another name or another moment differs in. */
async function shown(node: Node | undefined, user: string, room: string, tenant?: string): Promise<unknown> {
  const rest = as(node, user, tenant);
  const path = `/v1/chat/rooms/${room}`;
  const [history, members, pins, one] = await Promise.all([
    rest("GET", `${path}/messages?limit=100`),
    rest("GET", `${path}/members`),
    rest("GET", `${path}/pins`),
    rest("GET", path),
  ]);
  // How people without a name in the room are called is the installation's to know.
  for (const member of listAt(members.body, "data.members")) delete (member as { displayName?: unknown }).displayName;
  const replies = [history, members, pins, one].map(({ status, body }) => ({ status, data: body.data }));
  return JSON.parse(JSON.stringify(replies).replaceAll(room, "ROOM"));
}

function withoutOwn(message: unknown): object {
  const { poll, ...rest } = message as { readonly poll?: { readonly mine?: unknown } };
  if (poll === undefined) return rest;
  const { mine: _mine, ...shown } = poll;
  return { ...rest, poll: shown };
}

describe("a room in use", () => {
  test("goes from SQLite to DynamoDB and back, and shows each member the same", async () => {
    const file = join(folder.path, "moved.capsule");
    const before = await shown(sqlite, "ben", ROOM);
    const exported = await command("export", sqlite?.env ?? {}, "--room", ROOM, "--out", file, "--identities");
    expect(exported).toMatchObject({ errors: expect.stringContaining("100 %"), code: 0 });
    expect(exported.out).toMatch(/moved\.capsule: 6 messages and 3 members up to sequence \d+, sha256 [0-9a-f]{64}\n$/);
    const imported = await command("import", dynamo?.env ?? {}, "--file", file, "--tenant", "other");
    expect(imported).toMatchObject({
      code: 0,
      out: expect.stringContaining(`room ${ROOM} of tenant other has 6 messages`),
    });
    for (const user of ["ann", "ben", "cleo"]) {
      expect(await shown(dynamo, user, ROOM, "other")).toEqual(await shown(sqlite, user, ROOM));
    }
    const followed = await as(dynamo, "ben", "other")("GET", "/v1/chat/threads");
    expect(listAt(followed.body, "data.threads")).toHaveLength(1);
    // The server that it came to knows it: members talk on, where the numbers stopped.
    const said = await as(dynamo, "ben", "other")("POST", `${PATH}/messages`, { content: "here we are" });
    expect(said.status).toBe(201);
    expect(listAt((await as(dynamo, "ann", "other")("GET", "/v1/chat/rooms")).body, "data.rooms")).toHaveLength(1);
    expect((await as(dynamo, "ann")("GET", PATH)).status).toBe(404);

    const back = join(folder.path, "back.capsule");
    await command("export", dynamo?.env ?? {}, "--room", ROOM, "--tenant", "other", "--out", back, "--identities");
    await command("import", sqlite?.env ?? {}, "--file", back, "--room", "room_back");
    const came = await shown(sqlite, "ben", "room_back");
    const contents = (room: unknown) => listAt(room, "0.data.messages").map((message) => textAt(message, "content"));
    expect(contents(came)).toEqual([...contents(before), "here we are"]);
    const more = await as(sqlite, "ann")("POST", "/v1/chat/rooms/room_back/messages", { content: "and back" });
    expect(more.status).toBe(201);
  });

  test("is forked at a sequence, and the fork knows nothing of what came later", async () => {
    const file = join(folder.path, "fork.capsule");
    const { body } = await as(sqlite, "ann")("GET", `${PATH}/messages?limit=1&after=0`);
    const until = String(at(body, "data.messages.0.seq"));
    await command("export", sqlite?.env ?? {}, "--room", ROOM, "--until", until, "--out", file);
    await command("import", sqlite?.env ?? {}, "--file", file, "--room", "room_fork");
    const [history] = (await shown(sqlite, "ann", "room_fork")) as { data: { messages: object[] } }[];
    expect(history?.data.messages).toMatchObject([{ content: "Hello Ben", isEdited: false, reactions: {} }]);
  });

  test("is read by people with any SQLite, and hides who wrote without a name", async () => {
    const file = join(folder.path, "read.capsule");
    await command("export", sqlite?.env ?? {}, "--room", ROOM, "--out", file);
    const db = new Database(file, { readonly: true });
    const all = (sql: string) => db.prepare(sql).all();
    expect(all("SELECT who, says FROM conversation")).toMatchObject([
      { who: "Name of ann", says: "Hello, Ben!" },
      { who: "Name of ben", says: "Hello, Ann" },
      { who: "Name of ben", says: "(deleted)" },
      { who: "Name of ann", says: "the plan" },
      { who: expect.stringMatching(/^Guest /), says: "I do not like it" },
      { who: "Name of ann", says: "Lunch?" },
    ]);
    expect(all("SELECT emoji, count FROM reaction")).toEqual([{ emoji: "👋", count: 1 }]);
    expect(all("SELECT question, option, votes FROM poll")).toMatchObject([
      { question: "Lunch?", option: "yes", votes: 0 },
      { option: "no", votes: 1 },
    ]);
    expect(all("SELECT file_name, media_type, url FROM attachment")).toEqual([
      { file_name: "a.pdf", media_type: "application/pdf", url: "https://files.example/a.pdf" },
    ]);
    expect(all("SELECT replies FROM thread")).toEqual([{ replies: 1 }]);
    expect(all("SELECT user_id, role FROM member")).toMatchObject([
      { role: "owner" },
      { role: "member" },
      { role: "member" },
    ]);
    expect(all("SELECT value FROM setting WHERE name = 'name'")).toEqual([{ value: "The capsule" }]);
    expect(all("SELECT pinned_by FROM pin")).toEqual([{ pinned_by: "ann" }]);
    expect(all("SELECT user_id FROM mark WHERE user_id = 'ben'")).toHaveLength(1);
    db.close();
    expect(readFileSync(file).includes("u:ben")).toBe(false);
  });

  test("is a line of JSON per message, as REST shows it", async () => {
    const file = join(folder.path, "room.jsonl");
    const exported = await command("export", sqlite?.env ?? {}, "--room", ROOM, "--format", "jsonl", "--out", file);
    expect(exported.code).toBe(0);
    expect([`${file}.part`, `${file}.lines`].some(existsSync)).toBe(false);
    const lines = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string });
    expect(lines.map(({ kind }) => kind)).toEqual([
      "room",
      ...Array(3).fill("member"),
      ...Array(6).fill("message"),
      "end",
    ]);
    const { body } = await as(sqlite, "cleo")("GET", `${PATH}/messages?limit=100`);
    const messages = listAt(body, "data.messages").map((message) => {
      const { readBy: _readBy, clientId: _clientId, ...rest } = message as Record<string, unknown>;
      return { kind: "message", ...rest };
    });
    const exportedMessages = lines
      .filter(({ kind }) => kind === "message")
      .map(({ clientId: _clientId, ...rest }: { clientId?: string } & { kind: string }) => rest);
    // What is the reader's own is nobody's here.
    expect(exportedMessages).toMatchObject(exportedMessages.map((_, i) => withoutOwn(messages[i])));
    expect(exportedMessages).toHaveLength(messages.length);
  });

  test("comes as the same lines over REST, on either store, to owners and administrators alone", async () => {
    for (const [node, tenant] of [
      [sqlite, undefined],
      [dynamo, "other"],
    ] as const) {
      const exported = await as(node, "ann", tenant)("GET", `${PATH}/export`);
      expect([exported.status, exported.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
      const lines = exported.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { readonly kind: string });
      const messages = lines.filter(({ kind }) => kind === "message");
      expect(lines.at(-1)).toEqual({ kind: "end", messages: messages.length } as never);
      const { body } = await as(node, "ann", tenant)("GET", `${PATH}/messages?limit=100`);
      const shownToAnn = listAt(body, "data.messages").map((message) => {
        const { readBy: _readBy, ...rest } = message as Record<string, unknown>;
        return { kind: "message", ...rest };
      });
      expect(messages).toEqual(shownToAnn as never);
      expect((await as(node, "ben", tenant)("GET", `${PATH}/export`)).status).toBe(403);
      expect((await as(node, "eve", tenant)("GET", `${PATH}/export`)).status).toBe(404);
    }
  });

  test("has nothing of a person who was erased, and is whole", async () => {
    const word = "zqxplanted";
    const path = "/v1/chat/rooms/room_erased";
    const [ann, eva] = [as(sqlite, "ann"), as(sqlite, "eva")];
    await ann("POST", "/v1/chat/rooms", { roomId: "room_erased", name: "Erased", type: "public" });
    await eva("POST", `${path}/join`);
    const sent = await eva("POST", `${path}/messages`, { content: `first ${word}` });
    const id = textAt(sent.body, "data.messageId");
    await eva("PATCH", `${path}/messages/${id}`, { content: `second ${word}` });
    await ann("POST", `${path}/messages`, { content: `> second ${word}\nso it is`, replyTo: id });
    const erase = await asAdmin(sqlite)("POST", "/v1/chat/admin/erasures", { userId: "eva" });
    const erasure = textAt(erase.body, "data.erasureId");
    await eventually(async () => {
      const { body } = await asAdmin(sqlite)("GET", `/v1/chat/admin/erasures/${erasure}`);
      expect(at(body, "data.state")).toBe("done");
    });
    const file = join(folder.path, "erased.capsule");
    expect(await command("export", sqlite?.env ?? {}, "--room", "room_erased", "--out", file)).toMatchObject({
      code: 0,
    });
    expect(readFileSync(file).includes(word)).toBe(false);
    const imported = await command("import", dynamo?.env ?? {}, "--file", file);
    expect(imported).toMatchObject({ code: 0 });
    expect(await shown(dynamo, "ann", "room_erased")).toEqual(await shown(sqlite, "ann", "room_erased"));
  });

  test("is refused with a sentence where it cannot be", async () => {
    const out = join(folder.path, "none.capsule");
    const none = await command("export", sqlite?.env ?? {}, "--room", "room_none", "--out", out);
    expect(none).toMatchObject({ code: 1, errors: "there is no room room_none of tenant default\n" });
    const usage = await command("export", sqlite?.env ?? {}, "--room", "a/b", "--until", "x", "--format", "xml");
    expect(usage.code).toBe(2);
    for (const name of ["--room: got", "--until: got", "--format: got"]) expect(usage.errors).toContain(name);
    const file = join(folder.path, "again.capsule");
    await command("export", sqlite?.env ?? {}, "--room", ROOM, "--out", file);
    const twice = await command("export", sqlite?.env ?? {}, "--room", ROOM, "--out", file);
    expect(twice).toMatchObject({ code: 1, errors: expect.stringContaining("is there already") });
    const taken = await command("import", sqlite?.env ?? {}, "--file", file);
    expect(taken).toMatchObject({ code: 1, errors: `there is a room ${ROOM} already: name another one with --room\n` });
    const nowhere = await command("export", { STOA_DATA_DIR: folder.path }, "--room", ROOM, "--out", out);
    expect(nowhere).toMatchObject({ code: 1, errors: expect.stringContaining("no stoa.db") });
    expect(existsSync(join(folder.path, "stoa.db"))).toBe(false);
  });
});
