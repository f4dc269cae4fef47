/** Programs that tests need and npm does not have: installed where that is possible, named where it is not. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SCRIPT = fileURLToPath(new URL("../../scripts/debian.mjs", import.meta.url));

/** What is missing, after trying to install it, and how to get it; `undefined`: nothing is. */
export async function ensureProgram(program: "redis-server" | "java" | "chromium"): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)("node", [SCRIPT, program]);
  return stdout === "" ? undefined : stdout;
}
