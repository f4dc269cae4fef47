/**
 * The development secret: made at the first start and kept in the data folder, so that tokens outlive a restart.
 * Invariant: two processes that start at once agree on one secret.
 */
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";

const FILE_NAME = "jwt-secret";

/** The secret of a server with this configuration. `readConfig` has refused production without one. */
export function secretOf(config: Pick<Config, "jwt" | "dataDir">): string {
  return config.jwt.secret ?? loadOrCreateSecret(config.dataDir);
}

/** The secret in `dir`, made if there is none. Throws when the folder can't be read or written: nothing can start then. */
export function loadOrCreateSecret(dir: string): string {
  const path = join(dir, FILE_NAME);
  const kept = readSecret(path);
  if (kept !== undefined) return kept;
  mkdirSync(dir, { recursive: true });
  // Written aside and linked into place: the file appears whole, and only if no other process was faster.
  const aside = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(aside, `${randomBytes(48).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(aside, path);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  const secret = readSecret(path);
  if (secret === undefined) throw new Error(`${path} holds no secret; remove it and start again`);
  return secret;
}

function readSecret(path: string): string | undefined {
  try {
    const secret = readFileSync(path, "utf8").trim();
    if (secret.length < 32) throw new Error(`${path} holds no secret of 32 characters; remove it and start again`);
    return secret;
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
