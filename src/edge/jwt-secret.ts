/** The development secret: made at the first start and kept in the data folder, so that tokens outlive a restart. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { err, ok, type Result } from "../base/result.ts";
import type { Config } from "../config/config.ts";
import { keptAlready, keptOrMade } from "../made-once.ts";

const FILE_NAME = "jwt-secret";
const LENGTH_MIN = 32;

/** The secret of a server with this configuration. `readConfig` has refused production without one. */
export function secretOf(config: Pick<Config, "jwt" | "dataDir">): string {
  return config.jwt.secret ?? loadOrCreateSecret(config.dataDir);
}

/** The same for a program that can't go on without it: why there is none, in one line. */
export function openSecret(config: Pick<Config, "jwt" | "dataDir">): Result<string, string> {
  return told(config.dataDir, () => ok(secretOf(config)));
}

/** For whoever comes beside a server: its secret, and never a new one, which no server would know. */
export function secretOfServer(config: Pick<Config, "jwt" | "dataDir">): Result<string, string> {
  const { jwt, dataDir } = config;
  const how = "give this command the server's STOA_DATA_DIR, or its JWT_SECRET_KEY; the first npm start makes a key";
  return told(dataDir, () => {
    const secret = jwt.secret ?? keptAlready(join(dataDir, FILE_NAME), longEnough(dataDir));
    return secret === undefined ? err(`There is no key of tokens in ${dataDir}: ${how}`) : ok(secret);
  });
}

function told(dataDir: string, find: () => Result<string, string>): Result<string, string> {
  try {
    return find();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`The key of tokens could not be read or made in ${dataDir}: ${why}`);
  }
}

/** The secret in `dir`, made if there is none. Throws when the folder can't be read or written: nothing can start then. */
export function loadOrCreateSecret(dir: string): string {
  return keptOrMade(join(dir, FILE_NAME), () => randomBytes(48).toString("base64url"), longEnough(dir));
}

function longEnough(dir: string): (secret: string) => string {
  return (secret) => {
    if (secret.length >= LENGTH_MIN) return secret;
    throw new Error(`${join(dir, FILE_NAME)} holds no secret of ${LENGTH_MIN} characters; remove it and start again`);
  };
}
