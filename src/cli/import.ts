/**
 * `bun run import --file FILE [--room NEW_ID] [--tenant ID]`: brings a capsule into the store of this configuration, beside a
 * running server or without one. The room's id must be one that nobody uses there. An interrupted import goes on when it is
 * run again.
 */
import type { RoomId, TenantId } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import { CapsuleReader } from "../capsule/capsule-reader.ts";
import { importRoom } from "../capsule/import-room.ts";
import type { Config } from "../config/config.ts";
import { Complaints, readNamed } from "./arguments.ts";
import { openStore } from "./open-store.ts";
import { ProgressBar } from "./progress-bar.ts";
import { runStoreCommand } from "./store-command.ts";

const USAGE = "usage: bun run import --file FILE [--room NEW_ID] [--tenant ID]";

export interface ImportArguments {
  readonly file: string;
  /** `undefined`: the one that it has. */
  readonly room: RoomId | undefined;
  readonly tenant: TenantId;
}

function readImportArguments(args: readonly string[]): Result<ImportArguments, readonly string[]> {
  const named = readNamed(args, ["file", "room", "tenant"]);
  if (!named.ok) return named;
  const complaints = new Complaints();
  const file = named.value.get("file");
  if (file === undefined) complaints.add("file", file, "a capsule");
  const room = complaints.room(named.value, true);
  const tenant = complaints.tenant(named.value);
  if (file === undefined || complaints.all.length > 0) return err(complaints.all);
  return ok({ file, room, tenant });
}

async function run(config: Config, { file, room, tenant }: ImportArguments): Promise<Result<string, string>> {
  const opened = CapsuleReader.open(file);
  if (!opened.ok) return opened;
  const capsule = opened.value;
  const store = await openStore(config, true);
  const bar = new ProgressBar("events");
  const onProgress = (done: number, total: number): void => bar.update(done, total);
  const options = { tenant, room: room ?? capsule.facts.room, onProgress };
  const made = await importRoom(store, capsule, options).finally(() => store.close());
  bar.clear();
  capsule.close();
  if (!made.ok) return made;
  const { messages, lastSeq, isRepeated } = made.value;
  const is = isRepeated ? "was there already:" : "has";
  return ok(`room ${made.value.room} of tenant ${tenant} ${is} ${messages} messages up to sequence ${lastSeq}`);
}

if (import.meta.main) {
  process.exitCode = await runStoreCommand({
    usage: USAGE,
    read: readImportArguments,
    run,
    advice: () => " The same command goes on where this one stopped.",
  });
}
