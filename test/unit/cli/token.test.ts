import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTokenArguments } from "../../../src/cli/token.ts";
import { createAuth } from "../../../src/edge/auth.ts";
import { loadOrCreateSecret } from "../../../src/edge/jwt-secret.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stoa-token-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const command = [process.execPath, join(import.meta.dir, "../../../src/cli/token.ts"), ...args];
  const child = Bun.spawn(command, {
    env: { PATH: process.env["PATH"] ?? "", STOA_DATA_DIR: dir, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

test("prints one token that the server of the same folder accepts, and nothing else", async () => {
  const secret = loadOrCreateSecret(dir);
  const { code, stdout, stderr } = await run([
    "--user",
    "usr_1",
    "--name",
    "One",
    "--tenant",
    "acme",
    "--role",
    "admin",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const verified = await createAuth({ secret }).verifyToken(stdout.trim());
  expect(verified.ok && verified.value.principal).toEqual({
    tenant: "acme",
    userId: "usr_1",
    name: "One",
    role: "admin",
  } as never);
});

test("the configured secret and issuer are used", async () => {
  const env = { JWT_SECRET_KEY: "k".repeat(32), JWT_ISSUER: "https://id.example" };
  const { stdout } = await run(["--user", "usr_1"], env);
  const auth = createAuth({ secret: env.JWT_SECRET_KEY, issuer: env.JWT_ISSUER });
  expect((await auth.verifyToken(stdout.trim())).ok).toBe(true);
});

test("in production without a secret nothing is printed and nothing is made", async () => {
  const { code, stdout, stderr } = await run(["--user", "usr_1"], { NODE_ENV: "production" });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("JWT_SECRET_KEY");
});

test("all complaints come at once, each with what is accepted", () => {
  const result = readTokenArguments(["--user", "a b", "--tenant", "a/b", "--role", "king", "--ttl", "soon"]);
  const names = result.ok ? [] : result.error.map((complaint) => complaint.split(":")[0]);
  expect(names).toEqual(["--user", "--tenant", "--role", "--ttl"]);
  expect(!result.ok && result.error.join()).toContain("accepted: user, admin");
});

test("an unknown option and a missing user are refused", () => {
  expect(readTokenArguments(["--usr", "usr_1"]).ok).toBe(false);
  expect(readTokenArguments([]).ok).toBe(false);
});

test.each([
  ["30s", 30],
  ["15m", 900],
  ["1h", 3_600],
  ["366d", 31_622_400],
  ["367d", undefined],
  ["0s", undefined],
  ["1", undefined],
  ["-1h", undefined],
])("a life time of %s is %p seconds", (ttl, seconds) => {
  const result = readTokenArguments(["--user", "usr_1", `--ttl=${ttl}`]);
  expect(result.ok ? result.value.ttlSeconds : undefined).toBe(seconds);
});

test.each([
  ["--name", "n".repeat(121)],
  ["--name", " "],
  ["--avatar", "javascript:alert(1)"],
  ["--avatar", "me.png"],
  ["--user", "assistant"],
])("%s %p, of which a server would make something else, is refused", (option, value) => {
  const result = readTokenArguments(["--user", "usr_1", option, value]);
  expect(result.ok ? "accepted" : result.error.map((complaint) => complaint.split(":")[0])).toEqual([option]);
});
