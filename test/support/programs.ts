/** Programs that tests need and npm does not have: installed where that is possible, named where it is not. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SCRIPT = fileURLToPath(new URL("../../scripts/debian.mjs", import.meta.url));

export type Program =
  | "redis-server"
  | "java"
  | "chromium"
  | "haproxy"
  | "/usr/bin/python3"
  | "git"
  | "curl"
  | "sqlite3"
  | "spin"
  | "cc";

/** For the top of a test file: true when tests can run. Without the program CI fails and other machines skip, loudly. */
export async function isThere(program: Program): Promise<boolean> {
  const missing = await ensureProgram(program);
  if (missing === undefined) return true;
  if (process.env.CI === "true") throw new Error(missing);
  process.stderr.write(`SKIPPED, all tests with ${program}: ${missing}\n`);
  return false;
}

/** What is missing, after trying to install it, and how to get it; `undefined`: nothing is. */
export async function ensureProgram(program: Program): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)("node", [SCRIPT, program]);
  return stdout === "" ? undefined : stdout;
}
