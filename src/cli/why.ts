/**
 * `bun run why --room ID --message ID --user ID [--tenant ID] [--url URL]`: why this member did or did not get this message, asked of
 * the running server of the same configuration. `--trace MINUTES` instead of a message: notes where messages go from now on.
 */
import { parseId, type UserId } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Config, readConfig } from "../config.ts";
import { createAuth } from "../edge/auth.ts";
import { secretOf } from "../edge/jwt-secret.ts";
import { Complaints, readNamed } from "./arguments.ts";

const USAGE =
  "usage: bun run why --room ID --message ID --user ID [--tenant ID] [--url URL], or bun run why --trace MINUTES [--tenant ID] [--url URL]";
const TOKEN_SECONDS = 60;
const SELF = "why" as UserId;

export interface WhyArguments {
  readonly method: "GET" | "PUT";
  /** With its question mark. */
  readonly path: string;
  readonly body: object | undefined;
  readonly tenant: string;
  readonly url: string | undefined;
}

export function readWhyArguments(args: readonly string[]): Result<WhyArguments, readonly string[]> {
  const named = readNamed(args, ["room", "message", "user", "tenant", "url", "trace"]);
  if (!named.ok) return named;
  const given = named.value;
  const complaints = new Complaints();
  const tenant = complaints.tenant(given);
  const common = { tenant, url: given.get("url") };
  const trace = given.get("trace");
  if (trace !== undefined) {
    const minutes = Number(trace);
    if (!Number.isInteger(minutes) || minutes < 0) complaints.add("trace", trace, "minutes, 0 to end it");
    if (complaints.all.length > 0) return err(complaints.all);
    return ok({ method: "PUT", path: "tracing", body: { minutes }, ...common });
  }
  const roomId = complaints.room(given) ?? "";
  const messageId = given.get("message");
  const userId = parseId<UserId>(given.get("user"));
  if (messageId === undefined) complaints.add("message", messageId, "a message's id");
  if (userId === undefined) complaints.add("user", given.get("user"), "a user's id");
  if (messageId === undefined || userId === undefined || complaints.all.length > 0) return err(complaints.all);
  return ok({
    method: "GET",
    path: `trace?${new URLSearchParams({ roomId, messageId, userId })}`,
    body: undefined,
    ...common,
  });
}

interface Reply {
  readonly data?: {
    readonly isOn?: boolean;
    readonly until?: string | null;
    readonly verdict?: string;
    readonly why?: string;
    readonly steps?: readonly ({ readonly step: string; readonly state: string } & Readonly<Record<string, unknown>>)[];
  };
  readonly error?: { readonly message: string };
}

async function ask(config: Config, { method, path, body, tenant, url }: WhyArguments): Promise<Reply> {
  const { issuer, audience } = config.jwt;
  const auth = createAuth({ secret: secretOf(config), issuer, audience });
  const token = await auth.mintToken({ user: SELF, role: "admin", tenant, ttlSeconds: TOKEN_SECONDS });
  const { host, port } = config;
  const base = url ?? `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host}:${port}`;
  const response = await fetch(`${base}/v1/chat/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Reply;
}

function shown({ isOn, until, verdict, why, steps = [] }: NonNullable<Reply["data"]>): string {
  if (isOn !== undefined) return isOn ? `Noted until ${until}.` : "Nothing is noted.";
  const lines = steps.map(
    ({ step, state, ...details }) => `  ${step.padEnd(10)} ${state.padEnd(8)} ${JSON.stringify(details)}`,
  );
  return [`${why} (${verdict})`, ...lines].join("\n");
}

/** 0 when it was answered. */
async function main(): Promise<number> {
  const args = readWhyArguments(process.argv.slice(2));
  const config = readConfig();
  if (!args.ok || !config.ok) {
    const complaints = [...(args.ok ? [] : [...args.error, USAGE]), ...(config.ok ? [] : config.error)];
    process.stderr.write(`${complaints.join("\n")}\n`);
    return 2;
  }
  try {
    const { data, error } = await ask(config.value, args.value);
    if (data === undefined) {
      process.stderr.write(`${error?.message ?? "no answer"}\n`);
      return 1;
    }
    process.stdout.write(`${shown(data)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`no server answers: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main();
