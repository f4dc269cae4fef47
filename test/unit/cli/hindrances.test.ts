/** What stands in the way of a command is said in one line, with what to do; nothing is left behind, and nobody sees a stack. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../../src/cli/open-store.ts";
import type { Config } from "../../../src/config/config.ts";
import { openWriterDatabase, SCHEMA_VERSION } from "../../../src/storage/sqlite/schema.ts";

const SECRET = "k".repeat(32);
const UNREACHABLE = "http://127.0.0.1:1";
const folder = mkdtempSync(join(tmpdir(), "stoa-hindrances-"));
let stranger: ReturnType<typeof Bun.serve>;
let refusing: ReturnType<typeof Bun.serve>;
const asked: string[] = [];

beforeAll(() => {
  stranger = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<html>", { status: 502 }) });
  refusing = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      asked.push(request.method);
      return Response.json({ error: { message: "A valid token is required." } }, { status: 401 });
    },
  });
});
afterAll(async () => {
  await Promise.all([stranger.stop(true), refusing.stop(true)]);
  rmSync(folder, { recursive: true });
});

async function run(name: string, args: readonly string[], dataDir = folder, secret: string | undefined = SECRET) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, `../../../src/cli/${name}.ts`), ...args], {
    env: { PATH: process.env["PATH"] ?? "", STOA_DATA_DIR: dataDir, JWT_SECRET_KEY: secret },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

const ASKING: readonly (readonly [string, readonly string[]])[] = [
  ["why", ["--trace", "1"]],
  ["retention", ["--dry-run"]],
  ["erase", ["--user", "ann"]],
  ["backtest", ["--days", "1", "--words", "a"]],
];

test.each(ASKING)("%s says that no server answers, or that it is another one", async (name, args) => {
  const { code, stdout, stderr } = await run(name, [...args, "--url", UNREACHABLE]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^no server answers at http:\/\/127\.0\.0\.1:1 \(\w+\): start it with npm start, .*\n$/);
  const other = await run(name, [...args, "--url", stranger.url.origin]);
  const sentence = `${stranger.url.origin} answered with status 502, and not as Stoa does: is --url right?\n`;
  expect(other).toEqual({ code: 1, stdout: "", stderr: sentence });
  const refused = await run(name, [...args, "--url", refusing.url.origin]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^A valid token is required\. .*JWT_SECRET_KEY.*\n$/);
});

const COMMANDS = "backtest backup chat doctor erase export import reindex retention tables token vapid why".split(" ");

test.each(COMMANDS)(
  "%s tells how it is used, and does nothing else; what it does not know it refuses",
  async (name) => {
    const help = await run(name, ["--help"]);
    expect({ code: help.code, stderr: help.stderr }).toEqual({ code: 0, stderr: "" });
    expect(help.stdout).toStartWith(`usage: bun run ${name}`);
    const unknown = await run(name, ["--nonsense"]);
    expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 2, stdout: "" });
    expect(unknown.stderr).toContain(`usage: bun run ${name}`);
  },
);

test("the server takes no arguments: it tells so, or refuses them, and does not start", async () => {
  const dir = join(folder, "not-begun");
  const help = await run("../main", ["--help"], dir);
  expect({ code: help.code, stderr: help.stderr }).toEqual({ code: 0, stderr: "" });
  expect(help.stdout).toStartWith("usage: npm start");
  const unknown = await run("../main", ["--port", "80"], dir);
  expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 2, stdout: "" });
  expect(unknown.stderr).toContain("usage: npm start");
  expect(existsSync(dir)).toBe(false);
});

const WITH_KEY: readonly (readonly [string, readonly string[]])[] = [
  ...ASKING,
  ["token", ["--user", "ann"]],
  ["chat", ["--user", "ann"]],
];

test.each(WITH_KEY)("%s makes no folder and no key where the folder's name is misspelt", async (name, args) => {
  const dir = join(folder, "misspelt");
  const { code, stdout, stderr } = await run(name, args, dir, "");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toStartWith(`There is no key of tokens in ${dir}: give this command the server's STOA_DATA_DIR`);
  expect(existsSync(dir)).toBe(false);
});

const ON_THE_STORE: readonly (readonly [string, readonly string[]])[] = [
  ["export", ["--room", "general", "--out", join(folder, "none.capsule")]],
  ["reindex", []],
  ["backup", ["--out", join(folder, "none")]],
];

test.each(ON_THE_STORE)("%s makes no folder where there is no data", async (name, args) => {
  const dir = join(folder, "misspelt");
  const { code, stdout, stderr } = await run(name, args, dir);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(`there is no Stoa data in ${dir} (no stoa.db)`);
  expect(existsSync(dir)).toBe(false);
});

test("what is asked of the store is asked of one that a server has begun, to write into as well", () => {
  const dir = join(folder, "misspelt");
  expect(() => openStore({ dataDir: dir, dynamodb: undefined } as Config, true)).toThrow("there is no Stoa data in");
  expect(existsSync(dir)).toBe(false);
});

test.each([
  ["export", ["--room", "general"]],
  ["reindex", []],
] as const)(
  "%s says that a newer Stoa wrote the folder, which versions these are, and what to do",
  async (name, args) => {
    const dir = mkdtempSync(join(folder, "newer-"));
    const db = openWriterDatabase(dir);
    db.run(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    const { code, stderr } = await run(name, args, dir);
    expect(code).toBe(1);
    const seen = `${dir} was written by a newer Stoa (schema ${SCHEMA_VERSION + 1}; this one knows ${SCHEMA_VERSION})`;
    expect(stderr).toStartWith(`${seen}: install the version that wrote it`);
  },
);

test("a database that is none is looked for in the data folder", async () => {
  const dir = mkdtempSync(join(folder, "none-"));
  writeFileSync(join(dir, "stoa.db"), "no database, but long enough to be read as the first page of one ".repeat(100));
  const { code, stderr } = await run("export", ["--room", "general", "--out", join(dir, "out")], dir);
  expect(code).toBe(1);
  expect(stderr).toStartWith(`file is not a database. Is it that of ${dir}? npm run doctor looks at it.`);
});

test("doctor says of a disk without space that it is full, not that it cannot be written", async () => {
  // A file system that never has any.
  const { code, stdout } = await run("doctor", [], "/proc");
  expect(code).toBe(1);
  expect(stdout).toContain("FAILED  disk space: 0 MiB are free in /proc\n         → make room");
  expect(stdout).not.toContain("data folder:");
});

test("nobody is erased whose receipt would have no place", async () => {
  const before = asked.length;
  const out = join(folder, "nowhere", "receipt");
  const { code, stderr } = await run("erase", ["--user", "ann", "--out", out, "--url", refusing.url.origin]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^nothing was erased: --out .*receipt cannot be written: ENOENT.*\n$/);
  expect(asked.length).toBe(before);
});

test("a receipt that is not there is named", async () => {
  const { code, stderr } = await run("erase", ["--verify", join(folder, "none")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^--verify .*none cannot be read: ENOENT.*\n$/);
});

test("backup and export name the place that cannot be written", async () => {
  writeFileSync(join(folder, "stoa.db"), "");
  const file = join(tmpdir(), `stoa-hindrance-${process.pid}`);
  writeFileSync(file, "");
  try {
    const backup = await run("backup", ["--out", join(file, "copy")]);
    expect(backup.code).toBe(1);
    expect(backup.stderr).toMatch(/^--out .*copy cannot be made: .*Name a folder that this user may write to\n$/);
  } finally {
    rmSync(file);
  }
  const out = join(folder, "nowhere", "room.capsule");
  const exported = await run("export", ["--room", "general", "--out", out]);
  expect(exported.code).toBe(1);
  expect(exported.stderr).toBe(`--out ${out}: there is no folder ${join(folder, "nowhere")}; make it first\n`);
  expect(existsSync(join(folder, "nowhere"))).toBe(false);
});
