/** The development secret: made at the first start and kept in the data folder, so that tokens outlive a restart. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { err, ok, type Result } from "../base/result.ts";
import type { Config } from "../config/config.ts";
import { keptOrMade } from "../made-once.ts";

const FILE_NAME = "jwt-secret";
const LENGTH_MIN = 32;

/** The secret of a server with this configuration. `readConfig` has refused production without one. */
export function secretOf(config: Pick<Config, "jwt" | "dataDir">): string {
  return config.jwt.secret ?? loadOrCreateSecret(config.dataDir);
}

/** The same for a program that can't go on without it: why there is none, in one line. */
export function openSecret(config: Pick<Config, "jwt" | "dataDir">): Result<string, string> {
  try {
    return ok(secretOf(config));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`The key of tokens could not be read or made in ${config.dataDir}: ${why}`);
  }
}

/** The secret in `dir`, made if there is none. Throws when the folder can't be read or written: nothing can start then. */
export function loadOrCreateSecret(dir: string): string {
  const path = join(dir, FILE_NAME);
  return keptOrMade(
    path,
    () => randomBytes(48).toString("base64url"),
    (secret) => {
      if (secret.length >= LENGTH_MIN) return secret;
      throw new Error(`${path} holds no secret of ${LENGTH_MIN} characters; remove it and start again`);
    },
  );
}
