/**
 * `bun run retention [--dry-run] [--tenant ID] [--room ID] [--user ID] [--url URL]`: what is older than rooms keep it, by room;
 * without `--dry-run` it is deleted now instead of with the next sweep. Asks the running server of this configuration.
 */
import { parseArgs } from "node:util";
import { tellsUsage } from "./arguments.ts";
import { runningServer } from "./running-server.ts";

const USAGE = "usage: bun run retention [--dry-run] [--tenant ID] [--room ID] [--user ID] [--url URL]";

interface Page {
  readonly rooms: readonly {
    readonly roomId: string;
    readonly days: number;
    readonly messages: number;
    readonly segments: number;
    readonly bytes: number;
    readonly oldest: string | null;
    readonly held: string | null;
  }[];
  readonly pagination: { readonly after: string | null };
}

/** 0 when all rooms were looked at. */
async function main(): Promise<number> {
  if (tellsUsage(USAGE)) return 0;
  const option = { type: "string" } as const;
  const options = { "dry-run": { type: "boolean" }, tenant: option, room: option, user: option, url: option } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];
  try {
    values = parseArgs({ args: process.argv.slice(2), options }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    return 2;
  }
  const { tenant, room, user = "retention", url } = values;
  const isDry = values["dry-run"] === true;
  const server = await runningServer({ tenant, user, url });
  if (!server.ok) {
    process.stderr.write(`${server.error}\n`);
    return 2;
  }
  const sum = { rooms: 0, messages: 0, segments: 0, bytes: 0 };
  for (let after: string | null | undefined; after !== null; ) {
    const query = new URLSearchParams({ ...(room !== undefined && { roomId: room }), ...(after && { after }) });
    const page = await server.value.ask<Page>(isDry ? "GET" : "POST", `/admin/retention?${query}`);
    if (!page.ok) {
      process.stderr.write(`${page.error}\n`);
      return 1;
    }
    for (const { roomId, days, messages, segments, bytes, oldest, held } of page.value.rooms) {
      const what = `${messages} messages, ${segments} segments, ${bytes} bytes, the oldest of ${oldest ?? "–"}`;
      process.stdout.write(`${roomId}: ${what} (${days} days)${held === null ? "" : `, held: ${held}`}\n`);
      if (held === "tenant" || held === "room") continue;
      sum.rooms += 1;
      sum.messages += messages;
      sum.segments += segments;
      sum.bytes += bytes;
    }
    after = page.value.pagination.after;
  }
  const verb = isDry ? "would go" : "are gone";
  process.stdout.write(
    `${sum.messages} messages, ${sum.segments} segments and ${sum.bytes} bytes of ${sum.rooms} rooms ${verb}\n`,
  );
  return 0;
}

if (import.meta.main) process.exitCode = await main();
