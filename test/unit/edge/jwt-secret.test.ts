import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOrCreateSecret, openSecret } from "../../../src/edge/jwt-secret.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stoa-secret-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("the secret is made once, is long, and only its owner can read it", () => {
  const data = join(dir, "new", "folder");
  const secret = loadOrCreateSecret(data);
  expect(secret.length).toBeGreaterThanOrEqual(32);
  expect(loadOrCreateSecret(data)).toBe(secret);
  expect(statSync(join(data, "jwt-secret")).mode & 0o777).toBe(0o600);
  expect(readdirSync(data)).toEqual(["jwt-secret"]);
});

test("two folders have two secrets", () => {
  expect(loadOrCreateSecret(join(dir, "a"))).not.toBe(loadOrCreateSecret(join(dir, "b")));
});

test("a file that holds no secret is not silently replaced", () => {
  writeFileSync(join(dir, "jwt-secret"), "x".repeat(31));
  expect(() => loadOrCreateSecret(dir)).toThrow("holds no secret of 32 characters");
  writeFileSync(join(dir, "jwt-secret"), "x".repeat(32));
  expect(loadOrCreateSecret(dir)).toBe("x".repeat(32));
});

test("a folder that is none, and a file that holds no secret, are said in one line", () => {
  writeFileSync(join(dir, "jwt-secret"), "short");
  const inFile = join(dir, "jwt-secret", "data");
  for (const dataDir of [dir, inFile]) {
    const opened = openSecret({ dataDir, jwt: { secret: undefined, issuer: undefined, audience: undefined } });
    expect(opened.ok).toBe(false);
    if (!opened.ok) expect(opened.error).toMatch(/^The key of tokens could not be read or made in [^\n]+$/);
  }
});

test("processes that start at once agree on one secret", async () => {
  const script = `import { loadOrCreateSecret } from ${JSON.stringify(join(import.meta.dir, "../../../src/edge/jwt-secret.ts"))};
    console.log(loadOrCreateSecret(${JSON.stringify(join(dir, "shared"))}));`;
  const runs = Array.from({ length: 4 }, () => Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" }));
  const secrets = await Promise.all(runs.map((run) => new Response(run.stdout).text()));
  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]?.trim().length).toBeGreaterThanOrEqual(32);
});
