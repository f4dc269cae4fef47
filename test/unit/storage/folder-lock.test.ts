/** A data folder has one server, also after one that was killed. */
import { afterEach, expect, test } from "bun:test";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockFolder } from "../../../src/storage/sqlite/folder-lock.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

const NOT_AT_ALL_MS = 0;
const folders: TemporaryFolder[] = [];

function folder(): string {
  const made = temporaryFolder();
  folders.push(made);
  return made.path;
}

afterEach(() => {
  for (const made of folders.splice(0)) made.remove();
});

test("a folder that is made is its owner's alone; one that is there keeps its rights", () => {
  const dir = folder();
  chmodSync(dir, 0o755);
  for (const made of [dir, join(dir, "new")]) expect(lockFolder(made, NOT_AT_ALL_MS).ok).toBe(true);
  expect(statSync(dir).mode & 0o777).toBe(0o755);
  expect(statSync(join(dir, "new")).mode & 0o777).toBe(0o700);
});

test("who comes second is told whose folder it is; when the first has let go, the next one has it", () => {
  const dir = join(folder(), "data");
  const first = lockFolder(dir, NOT_AT_ALL_MS);
  if (!first.ok) throw new Error(first.error);
  expect(lockFolder(dir, NOT_AT_ALL_MS)).toEqual({ ok: false, error: expect.stringContaining(dir) });
  expect(lockFolder(join(dir, "other"), NOT_AT_ALL_MS).ok).toBe(true);
  first.value.release();
  expect(lockFolder(dir, NOT_AT_ALL_MS).ok).toBe(true);
});

test("another process has it until it ends, however it ends, also when it keeps nothing of the lock", async () => {
  const dir = folder();
  const module = join(import.meta.dir, "../../../src/storage/sqlite/folder-lock.ts");
  const script = `import { lockFolder } from ${JSON.stringify(module)};
    const got = lockFolder(${JSON.stringify(dir)}).ok;
    Bun.gc(true);
    process.stdout.write(String(got)); setInterval(() => undefined, 1_000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  try {
    const { value } = await child.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("true");
    expect(lockFolder(dir, NOT_AT_ALL_MS).ok).toBe(false);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
  expect(lockFolder(dir, NOT_AT_ALL_MS).ok).toBe(true);
});

test("what is no lock is not taken for one", () => {
  const dir = folder();
  writeFileSync(
    join(dir, "server.lock"),
    "this is no database of anybody's, and long enough to have a header".repeat(20),
  );
  expect(() => lockFolder(dir, NOT_AT_ALL_MS)).toThrow();
});
