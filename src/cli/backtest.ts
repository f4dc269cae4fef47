/**
 * `bun run backtest --days 7 --words "a,b" [--pattern …] [--match part] [--tenant ID] [--rooms a,b] [--url …]`: what a rule
 * would have found in the rooms of a tenant, by the running server of the same configuration. Changes nothing. Rooms are
 * those that an administrator of the tenant sees, or those that are named.
 */
import { parseId, type RoomId, type TenantId, type UserId } from "../base/ids.ts";
import { ROOM_LIST_PAGE_MAX } from "../base/limits.ts";
import { ok, type Result } from "../base/result.ts";
import { readConfig } from "../config/config.ts";
import { ownHost } from "../config/own-host.ts";
import { readNamed, tellsUsage } from "./arguments.ts";
import { adminToken, dataOf, reach } from "./running-server.ts";

const USAGE =
  'usage: bun run backtest --days N (--words "one,two" [--match part] | --pattern RE2) [--tenant ID] [--rooms a,b] [--user ID] [--url URL]';
const PATH = "/v1/chat";
const BAR_CELLS = 24;
const DAYS_DEFAULT = "7";

interface Options {
  readonly rule: object;
  readonly days: number;
  readonly tenant: TenantId | undefined;
  readonly user: UserId;
  readonly rooms: readonly RoomId[] | undefined;
  readonly url: string | undefined;
}

/** What one room's back-test ended with. */
interface Outcome {
  readonly scanned: number;
  readonly hits: number;
  readonly perDay: Readonly<Record<string, number>>;
  readonly sample: readonly { readonly messageId: string; readonly at: string; readonly excerpt: string | null }[];
  readonly isCut: boolean;
}

export function readOptions(args: readonly string[]): Options | undefined {
  const named = readNamed(args, ["days", "words", "pattern", "match", "tenant", "rooms", "user", "url"]);
  if (!named.ok) return undefined;
  const text = (name: string): string | undefined => named.value.get(name);
  const [words, pattern, match] = [text("words")?.split(","), text("pattern"), text("match")];
  const days = Number(text("days") ?? DAYS_DEFAULT);
  const user = parseId<UserId>(text("user") ?? "backtest");
  const rooms = text("rooms")
    ?.split(",")
    .map((id) => parseId<RoomId>(id));
  const isWrong = (words === undefined) === (pattern === undefined) || !Number.isInteger(days) || user === undefined;
  const tenant = parseId<TenantId>(text("tenant"));
  if (text("tenant") !== undefined && tenant === undefined) return undefined;
  if (isWrong || rooms?.includes(undefined) === true) return undefined;
  const what = words === undefined ? { pattern } : { words, ...(match !== undefined && { match }) };
  return {
    rule: { id: "backtest", action: "flag", ...what },
    days,
    tenant,
    user,
    rooms: rooms as readonly RoomId[] | undefined,
    url: text("url"),
  };
}

/** Of all pages; an error is the sentence against it. */
async function visibleRooms(base: string, token: string): Promise<Result<readonly RoomId[], string>> {
  const found: RoomId[] = [];
  for (;;) {
    const query = `?scope=visible&limit=${ROOM_LIST_PAGE_MAX}&offset=${found.length}`;
    const response = await reach(base, `${PATH}/rooms${query}`, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) return response;
    const page = await dataOf<{ readonly rooms: readonly { readonly roomId: RoomId }[] }>(base, response.value);
    if (!page.ok) return page;
    found.push(...page.value.rooms.map(({ roomId }) => roomId));
    if (page.value.rooms.length < ROOM_LIST_PAGE_MAX) return ok(found);
  }
}

/** Line by line, so that `tell` hears how far it is. */
async function backtestRoom(
  base: string,
  token: string,
  room: RoomId,
  { rule, days }: Options,
  tell: (progress: number) => void,
): Promise<Outcome> {
  const asked = await reach(base, `${PATH}/rooms/${encodeURIComponent(room)}/moderation/backtest`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, accept: "application/x-ndjson", "content-type": "application/json" },
    body: JSON.stringify({ rule, days }),
  });
  if (!asked.ok) throw new Error(asked.error);
  const response = asked.value;
  let rest = "";
  let last = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      last = line;
      const { progress } = JSON.parse(line) as { readonly progress?: number };
      if (progress !== undefined) tell(progress);
    }
  }
  const answer = JSON.parse(last || rest) as { readonly data?: Outcome; readonly error?: { readonly message: string } };
  if (answer.data === undefined) throw new Error(answer.error?.message ?? `status ${response.status}`);
  return answer.data;
}

function bar(done: number, room: string): string {
  const cells = Math.round(done * BAR_CELLS);
  return `\r[${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)}] ${String(Math.round(done * 100)).padStart(3)} %  ${room}\u001b[K`;
}

function report(room: RoomId, { scanned, hits, perDay, sample, isCut }: Outcome): string {
  const lines = [`${room}: ${hits} of ${scanned} texts${isCut ? " (there are more within these days)" : ""}`];
  if (hits > 0) {
    lines.push(
      `  ${Object.entries(perDay)
        .map(([day, count]) => `${day}: ${count}`)
        .join(", ")}`,
    );
    for (const { messageId, at, excerpt } of sample.slice(0, 3)) {
      lines.push(`  ${at} ${messageId} ${JSON.stringify(excerpt ?? "(deleted)")}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** 0 when every room was looked at. */
async function main(): Promise<number> {
  if (tellsUsage(USAGE)) return 0;
  const options = readOptions(process.argv.slice(2));
  const config = readConfig();
  if (options === undefined || !config.ok) {
    process.stderr.write(`${config.ok ? USAGE : config.error.join("\n")}\n`);
    return 2;
  }
  const { host, port } = config.value;
  const base = options.url ?? `http://${ownHost(host)}:${port}`;
  const minted = await adminToken(config.value, options);
  if (!minted.ok) {
    process.stderr.write(`${minted.error}\n`);
    return 2;
  }
  const token = minted.value;
  const found = options.rooms === undefined ? await visibleRooms(base, token) : ok(options.rooms);
  if (!found.ok) {
    process.stderr.write(`${found.error}\n`);
    return 1;
  }
  const rooms = found.value;
  const show = process.stderr.isTTY === true ? (text: string) => process.stderr.write(text) : () => true;
  let code = 0;
  let [scanned, hits] = [0, 0];
  for (const [index, room] of rooms.entries()) {
    try {
      const outcome = await backtestRoom(base, token, room, options, (progress) =>
        show(bar((index + progress) / rooms.length, room)),
      );
      scanned += outcome.scanned;
      hits += outcome.hits;
      show("\r\u001b[K");
      if (outcome.hits > 0) process.stdout.write(report(room, outcome));
    } catch (error) {
      code = 1;
      process.stderr.write(`${room}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  process.stdout.write(`${hits} of ${scanned} texts in ${rooms.length} rooms, ${options.days} days\n`);
  return code;
}

if (import.meta.main) process.exitCode = await main();
