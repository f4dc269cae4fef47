/**
 * `bun run backup --out FOLDER`: the data folder as it was at one moment, beside a running server or without one. What comes out
 * is a data folder: a server that is started on it goes on from there. Invariant: a folder of that name is whole and on the disk.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { err, ok, type Result } from "../base/result.ts";
import type { Config } from "../config/config.ts";
import { copyDatabase } from "../storage/sqlite/copy-database.ts";
import { DATABASE_FILE, noData } from "../storage/sqlite/schema.ts";
import { FOLLOWERS_FILE } from "../storage/sqlite/sqlite-follow-store.ts";
import { Complaints, readNamed } from "./arguments.ts";
import { ProgressBar } from "./progress-bar.ts";
import { runStoreCommand } from "./store-command.ts";

const USAGE = "usage: bun run backup --out FOLDER";
const KIB = 1_024;
/** Databases have their own way; the rest of these is made again from them, or begun again by whoever was at it. */
const LEFT_OUT =
  /^(?:stoa|search|followers)\.db(?:-wal|-shm|-journal)?$|^server\.lock(?:-journal)?$|^reindex\.json$|^attachments\/uploads$|\.part$/;

export interface BackupArguments {
  readonly out: string;
}

function readBackupArguments(args: readonly string[]): Result<BackupArguments, readonly string[]> {
  const named = readNamed(args, ["out"]);
  if (!named.ok) return named;
  const complaints = new Complaints();
  const out = named.value.get("out") ?? "";
  if (out === "") complaints.add("out", named.value.get("out"), "a folder that is not there yet");
  return complaints.all.length > 0 ? err(complaints.all) : ok({ out: resolve(out) });
}

async function run(config: Config, { out }: BackupArguments): Promise<Result<string, string>> {
  if (config.dynamodb !== undefined)
    return err("this is for SQLite. DynamoDB is kept by its own point-in-time recovery: docs/OPERATIONS.md, Backup");
  const { dataDir } = config;
  if (existsSync(out)) return err(`${out} is there already: remove it, or name another one with --out`);
  if (`${out}/`.startsWith(`${resolve(dataDir)}/`))
    return err(`${out} is within the data folder: a backup belongs elsewhere`);
  const missing = noData(dataDir);
  if (missing !== undefined) return err(missing);
  const database = join(dataDir, DATABASE_FILE);
  const part = `${out}.part`;
  try {
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`--out ${out} cannot be made: ${why}. Name a folder that this user may write to`);
  }
  const bar = new ProgressBar("KiB");
  const onProgress = (bytes: number, total: number): void =>
    bar.update(Math.floor(bytes / KIB), Math.ceil(total / KIB));
  // Before the database: a position that is behind its log is caught up, one beyond it would begin again.
  const positions = join(dataDir, FOLLOWERS_FILE);
  if (existsSync(positions)) {
    await copyDatabase({ from: positions, to: join(part, FOLLOWERS_FILE), onProgress: () => undefined });
    sync(join(part, FOLLOWERS_FILE));
  }
  const bytes = await copyDatabase({ from: database, to: join(part, DATABASE_FILE), onProgress });
  bar.clear();
  sync(join(part, DATABASE_FILE));
  // After the database: a file without its message is collected, a message would miss its file.
  const files = copyFiles(dataDir, part);
  sync(part);
  renameSync(part, out);
  sync(dirname(out));
  return ok(`${out}: a database of ${Math.ceil(bytes / KIB).toLocaleString("en-US")} KiB and ${files} other files`);
}

/** How many there are. One that is gone by the time that it is its turn was removed, and is not missed. */
function copyFiles(from: string, to: string): number {
  const bar = new ProgressBar("files");
  const paths = pathsIn(from);
  for (const [i, path] of paths.entries()) {
    const target = join(to, path);
    mkdirSync(dirname(target), { recursive: true });
    try {
      copyFileSync(join(from, path), target);
      sync(target);
    } catch (error) {
      if (existsSync(join(from, path))) throw error;
    }
    bar.update(i + 1, paths.length);
  }
  bar.clear();
  return paths.length;
}

function pathsIn(root: string, folder = ""): readonly string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (LEFT_OUT.test(path)) return [];
    const kind = statSync(join(root, path), { throwIfNoEntry: false });
    if (kind?.isDirectory()) return pathsIn(root, path);
    return kind?.isFile() ? [path] : [];
  });
}

function sync(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}

if (import.meta.main) {
  process.exitCode = await runStoreCommand({
    usage: USAGE,
    read: readBackupArguments,
    run,
    advice: ({ out }) => (existsSync(`${out}.part`) ? ` ${out}.part is no backup.` : ""),
  });
}
