/**
 * Backups that were taken while people talk, and what is there when one is started: judged by the history checkers of the
 * simulation (the log itself) and of the chaos tests (what clients were told and saw).
 */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../../src/base/prng.ts";
import { openStorage } from "../../src/node/open-parts.ts";
import type { Journal } from "../../src/storage/journal.ts";
import { openSqliteToRead } from "../../src/storage/sqlite/open-sqlite-to-read.ts";
import { openWriterDatabase } from "../../src/storage/sqlite/schema.ts";
import { createRooms, CROWD_ROOMS, CROWD_WIRES, quiet, talk, witnessOf } from "../chaos/crowd.ts";
import { Person } from "../chaos/person.ts";
import { readHistory } from "../chaos/read-history.ts";
import { messagesOf, readLog } from "../chaos/read-log.ts";
import { startTalk } from "../chaos/talk.ts";
import { type Acked, judge, type Kept, type Witness } from "../chaos/verdict.ts";
import { checkLog } from "../sim/check-log.ts";
import { readTable, writeTable } from "../support/copy-table.ts";
import { startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { listAt, numberAt, textAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = join(import.meta.dir, "../..");
const RATE = 500;
const NO_RATES = { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000", STOA_RATE_USER_PER_SECOND: "0" };
type Histories = ReadonlyMap<string, readonly Kept[]>;

/** Eight who talk, and one who was there at the beginning and is away since. */
async function gather(server: TestServer) {
  const people = CROWD_WIRES.map((wire, i) => new Person(server, `usr_${i}`, wire));
  const sleeper = new Person(server, "usr_sleeper", "msgpack");
  await createRooms([...people, sleeper]);
  await talk(people, RATE, 500, new SeededRandom(1));
  await quiet(people);
  await sleeper.client.close();
  await sleeper.disconnected();
  return { people, sleeper };
}

const ackedBy = (people: readonly Person[]): readonly (readonly Acked[])[] =>
  people.map((person) => [...person.acked.values()]);

async function histories(server: TestServer, { token }: Person): Promise<Histories> {
  const all = CROWD_ROOMS.map(async (room) => [room, await readHistory(server, room, token)] as const);
  return new Map(await Promise.all(all));
}

/** The log of each room hangs together, and is the beginning of what there was. */
async function checkLogs(journal: Journal, before: Histories, rooms = CROWD_ROOMS): Promise<Histories> {
  const broken: string[] = [];
  const kept = new Map<string, readonly Kept[]>();
  for (const room of rooms) {
    const log = await readLog(journal, room);
    checkLog(log, (rule, message) => broken.push(`${rule}: ${message}`));
    const messages = messagesOf(log);
    expect(messages).toEqual((before.get(room) ?? []).slice(0, messages.length));
    kept.set(room, messages);
  }
  expect(broken).toEqual([]);
  return kept;
}

/** Whoever was away comes back without a gap, what was acked is there, and the room goes on behind its last message. */
async function checkService(
  server: TestServer,
  sleeper: Person,
  acked: readonly (readonly Acked[])[],
  kept: Histories,
) {
  await sleeper.connect();
  for (const room of CROWD_ROOMS) await sleeper.seen(room, kept.get(room)?.at(-1)?.seq ?? 0, 30_000);
  const told = acked.map((own, i) => ({ ...nobody(`usr_${i}`), acked: own }));
  const verdict = judge(await histories(server, sleeper), [...told, witnessOf(sleeper)]);
  expect(verdict.failures).toEqual([]);
  expect(verdict).toMatchObject({ lost: 0, duplicates: 0, misordered: 0, gaps: 0, resets: 0 });
  for (const room of CROWD_ROOMS) {
    const head = sleeper.rooms.get(room)?.head ?? 0;
    expect(numberAt(await sleeper.client.say(room, "after the restore"), "seq")).toBeGreaterThan(head);
  }
  const { body } = await server.rest("GET", "/v1/chat/rooms?limit=20", { token: sleeper.token });
  const listed = listAt(body, "data.rooms").filter((room) => CROWD_ROOMS.includes(textAt(room, "roomId")));
  const counts = listed.map((room) => numberAt(room, "memberCount"));
  expect(counts).toEqual(CROWD_ROOMS.map(() => CROWD_WIRES.length + 1));
}

function nobody(userId: string): Witness {
  return { userId, memberOf: [], left: false, acked: [], rooms: new Map(), faults: [] };
}

/** A file in the first room: its address. */
async function uploadFile(server: TestServer, { token }: Person, bytes: Uint8Array): Promise<string> {
  const attachments = `/v1/chat/rooms/${CROWD_ROOMS[0]}/attachments`;
  const asked = { name: "note.txt", size: bytes.length, type: "text/plain" };
  const begun = await server.rest("POST", attachments, { token, body: asked });
  const put = await fetch(server.http + textAt(begun.body, "data.upload.url"), { method: "PUT", body: bytes });
  expect(put.ok).toBe(true);
  const body = { ticket: textAt(begun.body, "data.upload.ticket") };
  const complete = `${attachments}/${textAt(begun.body, "data.attachmentId")}/complete`;
  const done = await server.rest("POST", complete, { token, body });
  expect(done.status).toBe(201);
  return textAt(done.body, "data.url");
}

async function command(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { PATH } = process.env;
  const child = Bun.spawn([process.execPath, `src/cli/${name}.ts`, ...args], {
    cwd: root,
    env: { PATH, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [said, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { said, errors, code };
}

const backup = (dataDir: string, out: string) => command("backup", ["--out", out], { STOA_DATA_DIR: dataDir });

test("SQLite: a backup under load starts in an empty folder with all that was acked before it, and goes on", async () => {
  const server = await TestServer.start({ env: NO_RATES });
  const folder = temporaryFolder();
  const out = join(folder.path, "monday");
  try {
    const { people, sleeper } = await gather(server);
    const note = new TextEncoder().encode("kept beside the database");
    const url = await uploadFile(server, sleeper, note);
    await Bun.write(join(server.dataDir, "jwt-secret"), "a secret that is a file of the folder");
    const stop = startTalk({
      people: people.map((talker) => ({ talker, rooms: CROWD_ROOMS })),
      rate: RATE,
      random: new SeededRandom(2),
    });
    const count = (): number => ackedBy(people).flat().length;
    await eventually(async () => expect(count()).toBeGreaterThan(RATE / 2));
    const acked = ackedBy(people);
    const made = await backup(server.dataDir, out);
    expect(made).toMatchObject({
      code: 0,
      said: expect.stringMatching(/: a database of [\d,]+ KiB and \d+ other files\n$/),
    });
    const behind = count() + RATE / 4;
    await eventually(async () => expect(count()).toBeGreaterThan(behind));
    stop();
    await quiet(people);
    const before = await histories(server, sleeper);
    await server.kill();

    const storage = openSqliteToRead(out);
    const kept = await checkLogs(storage.journal, before);
    await storage.close();
    const sum = (all: Histories): number => [...all.values()].reduce((count, messages) => count + messages.length, 0);
    expect(sum(kept)).toBeGreaterThanOrEqual(acked.flat().length);
    // It was under load, and the load went on behind it.
    expect(sum(kept)).toBeLessThan(sum(before));
    expect(existsSync(join(out, "search.db"))).toBe(false);
    const followers = new Database(join(out, "followers.db"), { readonly: true });
    expect(followers.query("SELECT count(*) FROM position").values()[0]?.[0]).toBeGreaterThan(0);
    followers.close();
    expect(statSync(out).mode & 0o077).toBe(0);
    expect(await Bun.file(join(out, "jwt-secret")).text()).toContain("a secret");
    expect(readdirSync(out).filter((name) => name.startsWith("server.lock"))).toEqual([]);

    rmSync(server.dataDir, { recursive: true });
    mkdirSync(server.dataDir);
    cpSync(out, server.dataDir, { recursive: true });
    await server.restart();
    await checkService(server, sleeper, acked, kept);
    const file = await fetch(server.http + url, { headers: { authorization: `Bearer ${sleeper.token}` } });
    expect([file.status, await file.text()]).toEqual([200, "kept beside the database"]);
    // The index was not kept: it follows the logs again.
    const wanted = acked.flat()[0]?.content.split(" ")[0] ?? "";
    await eventually(async () => {
      const found = await server.rest("GET", `/v1/chat/search?q=${wanted}`, { token: sleeper.token });
      expect(listAt(found.body, "data.hits").length, found.text).toBeGreaterThan(0);
    }, 60_000);
  } finally {
    await server.dispose();
    folder.remove();
  }
}, 90_000);

test("a backup is refused where it would damage or mean something else", async () => {
  const folder = temporaryFolder();
  const [dataDir, out] = [join(folder.path, "data"), join(folder.path, "out")];
  try {
    expect(await backup(dataDir, out)).toMatchObject({ code: 1, errors: expect.stringContaining("there is no ") });
    mkdirSync(out);
    expect(await backup(dataDir, out)).toMatchObject({ code: 1, errors: expect.stringContaining("is there already") });
    const inside = await backup(dataDir, join(dataDir, "copy"));
    expect(inside).toMatchObject({ code: 1, errors: expect.stringContaining("within the data folder") });
    expect((await backup(dataDir, "")).code).toBe(2);
  } finally {
    folder.remove();
  }
});

/** One room, exported from tables that are written to, into an empty folder with SQLite: a beginning of the room as it is now. */
async function capsuleUnderLoad(
  tables: Readonly<Record<string, string>>,
  before: Histories,
  server: TestServer,
  reader: Person,
): Promise<void> {
  const [room = ""] = CROWD_ROOMS;
  const folder = temporaryFolder();
  try {
    const file = join(folder.path, "room.capsule");
    const made = await command("export", ["--room", room, "--out", file], tables);
    expect(made).toMatchObject({ code: 0 });
    const data = { STOA_DATA_DIR: join(folder.path, "data") };
    // As its first start would have made it: commands make none.
    openWriterDatabase(data.STOA_DATA_DIR).close();
    expect(await command("import", ["--file", file], data)).toMatchObject({ code: 0 });
    const storage = openSqliteToRead(data.STOA_DATA_DIR);
    const now = new Map([[room, await readHistory(server, room, reader.token)]]);
    const kept = await checkLogs(storage.journal, now, [room]);
    await storage.close();
    expect(kept.get(room)?.length).toBeGreaterThanOrEqual(before.get(room)?.length ?? 0);
  } finally {
    folder.remove();
  }
}

/**
 * A moment at which nobody writes, since these servers know no point in time: rows of lists follow within a second, or later
 * on a busy machine. When they have followed, nothing changes any more.
 */
function whenStill<Value>(read: () => Promise<Value>): Promise<Value> {
  return eventually(async () => {
    const before = await read();
    await Bun.sleep(1_500);
    const value = await read();
    expect(value).toEqual(before);
    return value;
  }, 60_000);
}

test("DynamoDB: a rooms table from before the messages table is a whole state, with all that was acked before", async () => {
  const dynamo = await startDynalite();
  const [first, second] = [await makeTestTables(dynamo), await makeTestTables(dynamo)];
  const env = (tables: typeof first) => ({ ...NO_RATES, ...tables.env });
  const servers = [await TestServer.start({ env: env(first) })];
  try {
    const [server] = servers;
    if (server === undefined) throw new Error("no server");
    const { people, sleeper } = await gather(server);
    const rooms = await whenStill(() => readTable(first.location, first.location.roomsTable));
    await talk(people, RATE, 1_500, new SeededRandom(3));
    await quiet(people);
    const acked = ackedBy(people);
    const messages = await readTable(first.location, first.location.messagesTable);
    const before = await histories(server, sleeper);
    const stop = startTalk({
      people: people.map((talker) => ({ talker, rooms: CROWD_ROOMS })),
      rate: RATE,
      random: new SeededRandom(4),
    });
    await capsuleUnderLoad(env(first), before, server, sleeper);
    stop();
    await server.kill();

    await writeTable(second.location, second.location.roomsTable, rooms);
    await writeTable(second.location, second.location.messagesTable, messages);
    const restored = await TestServer.start({
      env: { ...env(second), JWT_SECRET_KEY: server.secret },
      port: server.port,
    });
    servers.push(restored);
    const reading = await openStorage(
      {
        dataDir: restored.dataDir,
        dynamodb: { ...second.location, endpoint: dynamo.endpoint, region: "local", anyCredentials: true },
      },
      {
        port: undefined,
        isFollowed: false,
        report: () => undefined,
        onFatal: (error) => {
          throw error;
        },
        onAway: () => undefined,
      },
    );
    const kept = await checkLogs(reading.journal, before);
    await reading.close();
    await checkService(restored, sleeper, acked, kept);
  } finally {
    for (const server of servers) await server.dispose();
    await dynamo.stop();
  }
}, 90_000);
