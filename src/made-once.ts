/**
 * Secrets that are made at the first start and kept in the data folder, for nobody else to read.
 * Invariant: two processes that start at once agree on one; what is there is never overwritten.
 */
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What the file holds; `undefined`: there is none. Throws when it can't be read, and what `read` throws. */
export function keptAlready<Kept>(path: string, read: (text: string) => Kept): Kept | undefined {
  const kept = textOf(path);
  return kept === undefined ? undefined : read(kept);
}

/** What the file holds, made if there is none. Throws when it can't be read or written, and what `read` throws. */
export function keptOrMade<Kept>(path: string, make: () => string, read: (text: string) => Kept): Kept {
  const kept = keptAlready(path, read);
  if (kept !== undefined) return kept;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Written aside and linked into place: the file appears whole, and only if no other process was faster.
  const aside = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(aside, `${make()}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(aside, path);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  const made = textOf(path);
  if (made === undefined) throw new Error(`${path} is not there any more; start again`);
  return read(made);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
