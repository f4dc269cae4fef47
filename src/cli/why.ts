/**
 * `bun run why --room ID --message ID --user ID [--tenant ID] [--url URL]`: why this member did or did not get this message, asked of
 * the running server of the same configuration. `--trace MINUTES` instead of a message: notes where messages go from now on.
 */
import { parseId, type UserId } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import { Complaints, readNamed, tellsUsage } from "./arguments.ts";
import { runningServer } from "./running-server.ts";

const USAGE =
  "usage: bun run why --room ID --message ID --user ID [--tenant ID] [--url URL], or bun run why --trace MINUTES [--tenant ID] [--url URL]";
const SELF = "why";

export interface WhyArguments {
  readonly method: "GET" | "PUT";
  /** With its question mark. */
  readonly path: string;
  readonly body: object | undefined;
  readonly tenant: string;
  readonly url: string | undefined;
}

function readWhyArguments(args: readonly string[]): Result<WhyArguments, readonly string[]> {
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

/** Of either question. */
interface Answer {
  readonly isOn?: boolean;
  readonly until?: string | null;
  readonly verdict?: string;
  readonly why?: string;
  readonly steps?: readonly ({ readonly step: string; readonly state: string } & Readonly<Record<string, unknown>>)[];
}

function shown({ isOn, until, verdict, why, steps = [] }: Answer): string {
  if (isOn !== undefined) return isOn ? `Noted until ${until}.` : "Nothing is noted.";
  const lines = steps.map(
    ({ step, state, ...details }) => `  ${step.padEnd(10)} ${state.padEnd(8)} ${JSON.stringify(details)}`,
  );
  return [`${why} (${verdict})`, ...lines].join("\n");
}

/** 0 when it was answered. */
async function main(): Promise<number> {
  if (tellsUsage(USAGE)) return 0;
  const args = readWhyArguments(process.argv.slice(2));
  if (!args.ok) {
    process.stderr.write(`${[...args.error, USAGE].join("\n")}\n`);
    return 2;
  }
  const { method, path, body, tenant, url } = args.value;
  const server = await runningServer({ tenant, user: SELF, url });
  if (!server.ok) {
    process.stderr.write(`${server.error}\n`);
    return 2;
  }
  const answer = await server.value.ask<Answer>(method, `/admin/${path}`, body);
  if (answer.ok) process.stdout.write(`${shown(answer.value)}\n`);
  else process.stderr.write(`${answer.error}\n`);
  return answer.ok ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
