/**
 * The least that a durable message can cost on this platform with one room per message and commit: a server with the
 * engine's duties and nothing else of it, driven by the benchmark's own load (saturated 1:1). What the engine takes beyond
 * this is the engine's; what this takes beyond raw publish is the price of the duties.
 *
 * `bun bench/micro/floor.ts` measures, one after the other: a hop to a thread and back; with one group commit per block
 * (`synchronous = FULL`); with order, an idempotency key and a bounded memory of the last messages for each room; and with
 * what the engine writes in SQLite, read in a record per room.
 */
import { Database } from "bun:sqlite";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { UserId } from "../../src/base/ids.ts";
import { DuplicateWindow } from "../../src/domain/room/duplicate-window.ts";
import { RecentEvents } from "../../src/domain/room/recent-events.ts";
import type { ClosedJob } from "../load/job.ts";
import { endAll, makeFolder, runLoad, SECRET } from "../processes.ts";
import { cpuMsOf } from "../proc.ts";

const LEVELS = ["hop", "commit", "rooms"] as const;
type Level = (typeof LEVELS)[number];

const ROOMS = 256;
const TICK_MS = 4;
const BLOCK_BYTES = 1024 * 1024;
const HEADER_BYTES = 8;
const USER = "usr" as UserId;
const RECORD_BYTES = 96;
const SECONDS = Number(process.env["SECONDS"] ?? 5);
const WARM_SECONDS = Number(process.env["WARM_SECONDS"] ?? 5);

/** Records of `u32 socket · u32 bytes · bytes`, gathered and given away as one block. */
class Block {
  readonly #bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #length = 0;

  add(socket: number, data: Uint8Array): void {
    this.#bytes.writeUInt32LE(socket, this.#length);
    this.#bytes.writeUInt32LE(data.length, this.#length + 4);
    this.#bytes.set(data, this.#length + HEADER_BYTES);
    this.#length += HEADER_BYTES + data.length;
  }

  take(): Uint8Array<ArrayBuffer> {
    const block = new Uint8Array(this.#length);
    block.set(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return block;
  }
}

function eachRecord(block: Uint8Array, use: (socket: number, data: Uint8Array) => void): void {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const socket = bytes.readUInt32LE(at);
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 4);
    use(socket, bytes.subarray(at + HEADER_BYTES, end));
    at = end;
  }
}

/** What a room must know to take a message: its order, which keys were there, and its last messages. The engine's own memories. */
interface Room {
  seq: number;
  readonly keys: DuplicateWindow;
  readonly recent: RecentEvents<{ readonly seq: number; readonly key: string; readonly text: string }>;
}

function runWorker(level: Level, dir: string): void {
  const db = new Database(join(dir, "floor.db"));
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("CREATE TABLE batch (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
  const insert = db.prepare<unknown, [Uint8Array]>("INSERT INTO batch (bytes) VALUES (?)");
  const rooms = new Map<number, Room>();
  const out = new Block();
  const record = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  parentPort?.on("message", (block: Uint8Array) => {
    if (level === "hop") {
      eachRecord(block, (socket, data) => out.add(socket, data));
    } else if (level === "commit") {
      insert.run(block);
      eachRecord(block, (socket, data) => out.add(socket, data));
    } else {
      let length = 0;
      eachRecord(block, (socket, data) => {
        let room = rooms.get(socket);
        if (room === undefined) {
          room = { seq: 0, keys: new DuplicateWindow(), recent: new RecentEvents() };
          rooms.set(socket, room);
        }
        const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString("utf8");
        const key = `${socket}:${room.seq}`;
        if (room.keys.find(USER, key) !== undefined) return;
        room.seq += 1;
        room.keys.add(USER, key, room.seq, Date.now(), data.length);
        room.recent.push({ seq: room.seq, key, text }, data.length);
        // A segment's header, its event, its text.
        record.fill(0, length, length + RECORD_BYTES);
        record.writeDoubleLE(room.seq, length);
        record.write(key, length + 8);
        length += RECORD_BYTES + record.write(text, length + RECORD_BYTES);
      });
      insert.run(record.subarray(0, length));
      eachRecord(block, (socket, data) => out.add(socket, data));
    }
    const answer = out.take();
    parentPort?.postMessage(answer, [answer.buffer]);
  });
}

function startServer(level: Level, dir: string): { readonly port: number; stop(): Promise<void> } {
  const worker = new Worker(import.meta.filename, { workerData: { level, dir } });
  const gathered = new Block();
  const topics: string[] = [];
  let isDue = false;
  const server = Bun.serve<{ readonly no: number }>({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      const no = topics.push(new URL(request.url).searchParams.get("room") ?? "lobby") - 1;
      return self.upgrade(request, { data: { no } }) ? undefined : new Response("ready");
    },
    websocket: {
      idleTimeout: 0,
      perMessageDeflate: false,
      open(ws) {
        ws.subscribe(topics[ws.data.no] ?? "");
      },
      message(ws, data) {
        gathered.add(ws.data.no, data as Buffer);
        if (isDue) return;
        isDue = true;
        setTimeout(() => {
          isDue = false;
          const block = gathered.take();
          worker.postMessage(block, [block.buffer]);
        }, TICK_MS);
      },
    },
  });
  worker.on("message", (block: Uint8Array) => {
    eachRecord(block, (no, data) => server.publish(topics[no] ?? "", data, false));
  });
  return {
    port: server.port ?? 0,
    async stop() {
      await server.stop(true);
      await worker.terminate();
    },
  };
}

async function measure(level: Level): Promise<void> {
  const dir = makeFolder(join(import.meta.dir, "../results"));
  const server = startServer(level, dir);
  const job: ClosedJob = {
    kind: "closed",
    peer: "raw",
    ports: [server.port],
    pids: [process.pid],
    stores: {},
    secret: SECRET,
    rooms: ROOMS,
    members: 1,
    senders: 1,
    inFlight: 1,
    acked: false,
    warmMs: WARM_SECONDS * 1_000,
    windowMs: SECONDS * 1_000,
  };
  const { serverCpuMs, deliveries, seconds, faults } = await runLoad(job, { timeoutMs: 60_000 });
  const each = ((serverCpuMs * 1_000) / deliveries).toFixed(2);
  console.log(`${level}: ${each} µs CPU a message, ${Math.round(deliveries / seconds)}/s, ${JSON.stringify(faults)}`);
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}

if (isMainThread) {
  mkdirSync(join(import.meta.dir, "../results"), { recursive: true });
  process.on("exit", endAll);
  console.log(`this process so far: ${cpuMsOf(process.pid)} ms of CPU`);
  for (const level of LEVELS) await measure(level);
  process.exit(0);
} else {
  const { level, dir } = workerData as { readonly level: Level; readonly dir: string };
  runWorker(level, dir);
}
