/**
 * `bun run export --room general [--tenant ID] [--until SEQ] [--out FILE] [--format capsule|jsonl] [--identities]`: one room as
 * a file: a capsule, which can be imported, or a line of JSON per message. Beside a running server or without one; changes
 * nothing. An interrupted export goes on when it is run again.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import { openToRead } from "../capsule/capsule-file.ts";
import { CapsuleReader } from "../capsule/capsule-reader.ts";
import { exportRoom } from "../capsule/export-room.ts";
import type { Config } from "../config/config.ts";
import { Complaints, readNamed } from "./arguments.ts";
import { openStore } from "./open-store.ts";
import { ProgressBar } from "./progress-bar.ts";
import { writeLines } from "./room-lines.ts";
import { runStoreCommand } from "./store-command.ts";

const USAGE =
  "usage: bun run export --room ID [--tenant ID] [--until SEQ] [--out FILE] [--format capsule|jsonl] [--identities]";
const FORMATS = ["capsule", "jsonl"] as const;

export interface ExportArguments {
  readonly room: RoomId;
  readonly tenant: TenantId;
  readonly until: Seq | undefined;
  readonly out: string;
  readonly format: (typeof FORMATS)[number];
  readonly identities: boolean;
}

function readExportArguments(args: readonly string[]): Result<ExportArguments, readonly string[]> {
  const named = readNamed(args, ["room", "tenant", "until", "out", "format"], ["identities"]);
  if (!named.ok) return named;
  const given = named.value;
  const complaints = new Complaints();
  const room = complaints.room(given);
  const tenant = complaints.tenant(given);
  const until = given.get("until");
  const seq = until === undefined ? undefined : Number(until);
  if (seq !== undefined && !(Number.isSafeInteger(seq) && seq > 0))
    complaints.add("until", until, "a sequence, 1 or more");
  const format = FORMATS.find((name) => name === (given.get("format") ?? "capsule"));
  if (format === undefined) complaints.add("format", given.get("format"), FORMATS.join(", "));
  if (room === undefined || format === undefined || complaints.all.length > 0) return err(complaints.all);
  const out = given.get("out") ?? `${fileNameOf(room)}.${format}`;
  return ok({ room, tenant, until: seq, out, format, identities: given.has("identities") });
}

/** Ids may have characters that shells and file systems have uses for. */
function fileNameOf(room: RoomId): string {
  return room.replace(/[^A-Za-z0-9_.-]/g, "_").replace(/^\./, "_");
}

async function run(config: Config, args: ExportArguments): Promise<Result<string, string>> {
  const { room, tenant, until, out, format, identities } = args;
  if (existsSync(out)) return err(`${out} is there already: remove it, or name another one with --out`);
  if (!existsSync(dirname(out))) return err(`--out ${out}: there is no folder ${dirname(out)}; make it first`);
  const part = `${out}.part`;
  // Left by one that was interrupted behind the log: it has what there was then.
  if (isFinished(part)) rmSync(part);
  const store = await openStore(config, false);
  const bar = new ProgressBar("events");
  const onProgress = (done: number, total: number): void => bar.update(done, total);
  const wanted = { tenant, room, identities, onProgress, ...(until !== undefined && { until }) };
  const made = await exportRoom(store, part, wanted).finally(() => store.close());
  bar.clear();
  if (!made.ok) return made;
  const { messages, members, lastSeq, hash } = made.value;
  const what = `${messages} messages and ${members} members up to sequence ${lastSeq}`;
  if (format === "capsule") {
    renameSync(part, out);
    return ok(`${out}: ${what}, sha256 ${hash}`);
  }
  const lines = await asLines(part, out);
  return lines.ok ? ok(`${out}: ${what}`) : lines;
}

function isFinished(path: string): boolean {
  const opened = openToRead(path);
  if (opened.ok) opened.value.close();
  return opened.ok;
}

/** By way of a capsule, which is what an interrupted export goes on with. */
async function asLines(part: string, out: string): Promise<Result<true, string>> {
  const capsule = CapsuleReader.open(part);
  if (!capsule.ok) return capsule;
  const bar = new ProgressBar("messages");
  const lines = `${out}.lines`;
  await writeLines(capsule.value, lines, (done, total) => bar.update(done, total));
  bar.clear();
  capsule.value.close();
  renameSync(lines, out);
  rmSync(part);
  return ok(true);
}

if (import.meta.main) {
  process.exitCode = await runStoreCommand({
    usage: USAGE,
    read: readExportArguments,
    run,
    advice: ({ out }) => (existsSync(`${out}.part`) ? " The same command goes on where this one stopped." : ""),
  });
}
