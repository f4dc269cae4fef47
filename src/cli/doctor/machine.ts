/** The machine: data folder, disk, memory, files, port. Leaves nothing behind. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { ownHost } from "../../config/own-host.ts";
import { makeDataFolder } from "../../storage/sqlite/data-folder.ts";
import { SCHEMA_VERSION } from "../../storage/sqlite/schema.ts";
import { bad, doubtful, examined, type Finding, fine } from "./finding.ts";
import { examineRunning } from "./running.ts";

const MIB = 1024 * 1024;
const FREE_BYTES_LOW = 1024 * MIB;
const FREE_BYTES_MIN = 64 * MIB;
const SYNCS = 15;
const SYNC_BYTES = 4_096;
/** A commit waits for one of these. */
const SYNC_MS_SLOW = 20;
/** Faster than any disk: memory, or a disk that does not tell the truth. */
const SYNC_MS_UNREAL = 0.02;
const FILES_FEW = 8_192;
const MEMORY_BYTES_LOW = 256 * MIB;
/** By the numbers of `statfs`: they do not keep SQLite's locks. */
const NETWORK: Readonly<Record<number, string>> = { 26985: "NFS", 4283649346: "SMB", 20859: "SMB", 16914839: "9P" };
/** Rights of those who are neither its owner nor of its group. */
const OTHERS = 0o007;
const MEMORY_FS = new Set([0x01021994, 0x858458f6]);

export function examineMachine(config: Config): Promise<readonly (readonly Finding[])[]> {
  return Promise.all([
    examined(
      "data folder",
      `make ${config.dataDir} writable for the user who runs Stoa, or set STOA_DATA_DIR`,
      async () => dataFolder(config),
    ),
    examined("machine", "see docs/OPERATIONS.md", async () => [openFiles(), memory(), cores(config)]),
    examined("port", "choose another PORT", () => port(config)),
  ]);
}

function dataFolder(config: Config): readonly Finding[] {
  const made = makeDataFolder(config.dataDir);
  try {
    return folder(config);
  } finally {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
}

function folder({ dataDir, dynamodb }: Config): readonly Finding[] {
  const { bavail, bsize, type } = statfsSync(dataDir);
  const free = bavail * bsize;
  const space = `${Math.round(free / MIB)} MiB are free in ${dataDir}`;
  const found = [
    free < FREE_BYTES_MIN
      ? bad("disk space", space, "make room: a full disk refuses every message")
      : free < FREE_BYTES_LOW
        ? doubtful("disk space", space, "make room, and watch it")
        : fine("disk space", space),
  ];
  if (dynamodb !== undefined) return found;
  if ((statSync(dataDir).mode & OTHERS) !== 0) {
    const seen = `everybody on this machine may look into ${dataDir}, where all texts lie readable`;
    found.push(doubtful("permissions", seen, `chmod 700 ${dataDir}`));
  }
  const network = NETWORK[type];
  if (network !== undefined) {
    const why = `${dataDir} is on ${network}`;
    found.push(bad("file system", why, "use a local disk: SQLite's locks do not hold on network file systems"));
  }
  // Nothing could be written to see how long it takes.
  if (free < FREE_BYTES_MIN) return [...found, database(dataDir)];
  return [...found, disk(dataDir, MEMORY_FS.has(type)), database(dataDir)];
}

function disk(dataDir: string, isMemory: boolean): Finding {
  const ms = syncMs(join(dataDir, `.doctor-${process.pid}`));
  const seen = `one fsync takes ${ms.toFixed(2)} ms`;
  if (isMemory) return doubtful("fsync", `${dataDir} is in memory`, "nothing in it outlives the machine: use a disk");
  if (ms > SYNC_MS_SLOW) return doubtful("fsync", seen, "each commit waits for one: use a faster disk");
  if (ms < SYNC_MS_UNREAL) return doubtful("fsync", seen, "no disk is that fast: see that it tells the truth");
  return fine("fsync", seen);
}

/** The median of some. */
function syncMs(path: string): number {
  const file = openSync(path, "w", 0o600);
  try {
    const block = new Uint8Array(SYNC_BYTES);
    const times = Array.from({ length: SYNCS }, () => {
      const startMs = performance.now();
      writeSync(file, block);
      fsyncSync(file);
      return performance.now() - startMs;
    });
    return times.sort((a, b) => a - b)[Math.floor(SYNCS / 2)] ?? 0;
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

function database(dataDir: string): Finding {
  const path = join(dataDir, "stoa.db");
  if (!existsSync(path)) return fine("database", `none yet; it is made at the first start`);
  const head = headOf(path);
  if (head.toString("latin1", 0, SQLITE_BEGINS.length) !== SQLITE_BEGINS) {
    return bad("database", `${path} is no SQLite database`, "restore it from a backup, or move it away");
  }
  const version = head.readUInt32BE(VERSION_AT);
  if (version <= SCHEMA_VERSION) return fine("database", `${path} is there`);
  const seen = `${path} has version ${version}; this program knows ${SCHEMA_VERSION}`;
  return bad("database", seen, "start the newer version that wrote it, or restore a backup from before the update");
}

/** Read, not opened: beside a running server, and without the files that SQLite makes. */
const SQLITE_BEGINS = "SQLite format 3\0";
const HEAD_BYTES = 100;
/** Where the file's head has its `user_version`. */
const VERSION_AT = 60;

function headOf(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    readSync(file, head);
    return head;
  } finally {
    closeSync(file);
  }
}

function openFiles(): Finding {
  const about = "open files";
  const line = existsSync("/proc/self/limits") ? readFileSync("/proc/self/limits", "utf8") : "";
  const most = Number(/Max open files\s+(\d+)/.exec(line)?.[1] ?? Number.NaN);
  if (Number.isNaN(most)) return fine(about, "this system does not say how many there may be");
  const seen = `${most} at most: so many connections, less some hundreds`;
  if (most >= FILES_FEW) return fine(about, seen);
  return doubtful(about, seen, "raise it: ulimit -n 65536, or LimitNOFILE= of systemd");
}

function memory(): Finding {
  const free = freemem();
  const seen = `${Math.round(free / MIB)} MiB are free`;
  return free < MEMORY_BYTES_LOW
    ? doubtful("memory", seen, "give it more: a node takes 100 MiB to start")
    : fine("memory", seen);
}

function cores({ shards }: Config): Finding {
  const there = availableParallelism();
  const seen = `${there}, for ${shards} shards and a thread with the sockets`;
  if (shards + 1 <= Math.max(2, there)) return fine("cores", seen);
  return doubtful("cores", seen, "set STOA_SHARDS to one less than there are cores");
}

async function port({ host, port: wanted }: Config): Promise<readonly Finding[]> {
  if (wanted === 0) return [fine("port", "any free one")];
  try {
    Bun.listen({ hostname: host, port: wanted, socket: { data: () => undefined } }).stop(true);
    return [fine("port", `${host}:${wanted} is free`)];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRNOTAVAIL")
      return [bad("port", `${host} is no address of this machine`, "set HOST to one of its own, or leave it out")];
    const base = `http://${ownHost(host)}:${wanted}`;
    const answer = await fetch(`${base}/healthz`).catch(() => undefined);
    if (answer?.ok === true) {
      const runs = doubtful("port", `Stoa runs on ${wanted} already`, "nothing, if that is the one meant");
      return [runs, ...(await examineRunning(base))];
    }
    return [bad("port", `${host}:${wanted} cannot be opened`, "stop the other program, or choose another PORT")];
  }
}
