/**
 * `bun run token --user usr_1 --name "One" [--tenant t] [--role admin] [--avatar https://…] [--ttl 1h]`
 * Prints a token that the server of the same configuration accepts, and nothing else, on standard output.
 */
import { parseArgs } from "node:util";
import { parseId } from "../base/ids.ts";
import { URL_LENGTH_MAX, USER_NAME_LENGTH_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { readConfig } from "../config/config.ts";
import { avatarFrom, createAuth, nameFrom, RESERVED_USER_IDS, type TokenClaims } from "../edge/auth.ts";
import { secretOfServer } from "../edge/jwt-secret.ts";
import { tellsUsage } from "./arguments.ts";

const USAGE = `usage: bun run token --user ID [--name TEXT] [--tenant ID] [--role user|admin] [--avatar URL] [--ttl 30s|15m|1h|7d]`;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const TTL_SECONDS_MAX = 366 * SECONDS.d;

/** All complaints at once. */
export function readTokenArguments(args: readonly string[]): Result<TokenClaims, readonly string[]> {
  const option = { type: "string" } as const;
  const options = { user: option, name: option, tenant: option, role: option, avatar: option, ttl: option };
  let values: { [Name in keyof typeof options]?: string };
  try {
    values = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return err([error instanceof Error ? error.message : String(error)]);
  }
  const { user, name, tenant, role = "user", avatar, ttl = "1h" } = values;
  const complaints: string[] = [];
  const idRule = "1 to 128 letters, digits and _ . : @ | + = , ~ $ ! * -";
  if (parseId(user) === undefined) complaints.push(`--user: got ${shown(user)}; accepted: ${idRule}`);
  else if (RESERVED_USER_IDS.has(`${user}`)) complaints.push(`--user: ${shown(user)} is a name of the engine's own`);
  // The server would leave them out, or cut them.
  if (name !== undefined && nameFrom(name) !== name)
    complaints.push(
      `--name: got ${shown(name)}; accepted: 1 to ${USER_NAME_LENGTH_MAX} characters, none for control, no space around them`,
    );
  if (avatar !== undefined && avatarFrom(avatar) === undefined)
    complaints.push(
      `--avatar: got ${shown(avatar)}; accepted: an http or https address of up to ${URL_LENGTH_MAX} characters`,
    );
  if (tenant !== undefined && parseId(tenant) === undefined)
    complaints.push(`--tenant: got ${shown(tenant)}; accepted: ${idRule}`);
  if (role !== "user" && role !== "admin") complaints.push(`--role: got ${shown(role)}; accepted: user, admin`);
  const ttlSeconds = secondsOf(ttl);
  if (ttlSeconds === undefined)
    complaints.push(`--ttl: got ${shown(ttl)}; accepted: a number with s, m, h or d, up to 366d`);
  if (complaints.length > 0 || user === undefined || ttlSeconds === undefined) return err(complaints);
  return ok({
    user,
    ttlSeconds,
    ...(name === undefined ? {} : { name }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(avatar === undefined ? {} : { avatar }),
    ...(role === "admin" ? { role } : {}),
  });
}

function secondsOf(ttl: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(ttl) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const seconds = Number(digits) * SECONDS[unit as keyof typeof SECONDS];
  return seconds > 0 && seconds <= TTL_SECONDS_MAX ? seconds : undefined;
}

function shown(value: string | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

async function main(): Promise<number> {
  if (tellsUsage(USAGE)) return 0;
  const claims = readTokenArguments(process.argv.slice(2));
  const config = readConfig();
  const complaints = [...(claims.ok ? [] : [...claims.error, USAGE]), ...(config.ok ? [] : config.error)];
  if (!claims.ok || !config.ok) {
    process.stderr.write(`${complaints.join("\n")}\n`);
    return 2;
  }
  const { issuer, audience } = config.value.jwt;
  const secret = secretOfServer(config.value);
  if (!secret.ok) {
    process.stderr.write(`${secret.error}\n`);
    return 2;
  }
  const token = await createAuth({ secret: secret.value, issuer, audience }).mintToken(claims.value);
  process.stdout.write(`${token}\n`);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
