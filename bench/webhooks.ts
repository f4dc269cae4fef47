/**
 * Webhooks under load: so many messages a second while the receiver is down, then it comes, then both sides are killed in between.
 * What it received is compared with the rooms' own logs, event by event.
 *   bun bench/webhooks.ts [--rate 10000] [--seconds 15] [--rooms 25]
 * Prints the server's memory while everything waits, how quickly it was delivered, and how late events are when the receiver is there
 * all the time. Exits with 1 when something was missing, out of order, or memory grew with what waits.
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { tokenFor } from "./load/token.ts";
import { cpuMsOf, loadBefore, machineLine, rssBytesOf } from "./proc.ts";
import { endAll, makeFolder, SECRET, type Server, startServer } from "./processes.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "10000" },
    seconds: { type: "string", default: "15" },
    rooms: { type: "string", default: "25" },
    data: { type: "string", default: new URL("results", import.meta.url).pathname },
  },
});
const [rate, seconds, rooms] = [values.rate, values.seconds, values.rooms].map(Number) as [number, number, number];

const MIB = 1024 * 1024;
const TICK_MS = 10;
/** Messages without an ack, at which the load waits: the server decides how much it takes. */
const UNACKED_MAX = 20_000;
const LIVE_SECONDS = 8;
const DRAIN_MS_MAX = 60_000;
/** The engine's own caches grow with the first messages; what waits must not add to them. */
const GROWTH_BYTES_MAX = 200 * MIB;
const CONTENT = "a message of some eighty characters, as people write them to one another in a room";

/** What stands in one room, or came of it, in order. */
class RoomDigest {
  readonly #hash = createHash("sha256");
  last = 0;
  count = 0;

  /** false: it is before what is here. */
  add(seq: number, content: unknown): boolean {
    if (seq <= this.last) return false;
    this.last = seq;
    this.count += 1;
    this.#hash.update(`${seq} ${String(content)}\n`);
    return true;
  }

  get text(): string {
    return `${this.count} ${this.#hash.copy().digest("hex")}`;
  }
}

interface PostedEvent {
  readonly roomId: string;
  readonly seq: number;
  readonly timestamp: string;
  readonly message: { readonly content: string };
}

/** Takes deliveries while it is there, and keeps what it knows when it is killed: only what it answered for. */
class Receiver {
  readonly digests = new Map<string, RoomDigest>();
  repeated = 0;
  events = 0;
  readonly lateMs: number[] = [];
  readonly port: number;
  #server: Bun.Server<undefined> | undefined;

  constructor(port: number) {
    this.port = port;
  }

  start(): void {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: this.port,
      fetch: async (request) => {
        const { events } = (await request.json()) as { readonly events: readonly PostedEvent[] };
        const nowMs = Date.now();
        for (const { roomId, seq, timestamp, message } of events) {
          const digest = this.digests.get(roomId) ?? new RoomDigest();
          this.digests.set(roomId, digest);
          if (!digest.add(seq, message.content)) this.repeated += 1;
          this.events += 1;
          this.lateMs.push(nowMs - Date.parse(timestamp));
        }
        return new Response(null, { status: 204 });
      },
    });
  }

  /** In the middle of whatever it is doing. */
  kill(): void {
    void this.#server?.stop(true);
    this.#server = undefined;
  }

  get taken(): number {
    let sum = 0;
    for (const { count } of this.digests.values()) sum += count;
    return sum;
  }
}

/** One connection that writes into one room, without waiting for each ack. */
class Sender {
  acked = 0;
  sent = 0;
  refused = 0;
  readonly room: string;
  readonly #socket: WebSocket;

  constructor(port: number, room: string) {
    this.room = room;
    const protocols = ["stoa.v1.json"];
    const headers = { authorization: `Bearer ${tokenFor({ sub: room, name: room }, SECRET)}` };
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, { headers, protocols } as never);
    this.#socket.addEventListener("message", ({ data }) => {
      const text = String(data);
      if (text.startsWith('{"type":"ack"')) this.acked += 1;
      else if (text.startsWith('{"type":"error"')) this.refused += 1;
    });
  }

  opened(): Promise<void> {
    return new Promise((resolve) => this.#socket.addEventListener("open", () => resolve(), { once: true }));
  }

  say(): void {
    this.sent += 1;
    const frame = { type: "send_message", ref: String(this.sent), roomId: this.room, content: CONTENT };
    this.#socket.send(JSON.stringify(frame));
  }

  close(): void {
    this.#socket.close();
  }
}

const admin = tokenFor({ sub: "root", name: "root", role: "admin" }, SECRET);

async function rest(server: Server, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/chat${path}`, {
    method,
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { readonly data: Record<string, unknown> };
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer.data;
}

/** `rate` messages a second; answers how many were acked each second. */
async function talk(senders: readonly Sender[], forSeconds: number, sample: () => void): Promise<number> {
  const beganMs = performance.now();
  const before = sum(senders, ({ acked }) => acked);
  let said = 0;
  let next = 0;
  while (performance.now() - beganMs < forSeconds * 1_000) {
    const due = Math.floor(((performance.now() - beganMs) * rate) / 1_000);
    const unacked = sum(senders, ({ sent, acked, refused }) => sent - acked - refused);
    for (let room = UNACKED_MAX - unacked; said < due && room > 0; room -= 1) {
      senders[next % senders.length]?.say();
      next += 1;
      said += 1;
    }
    sample();
    await Bun.sleep(TICK_MS);
  }
  const rateSeen = (sum(senders, ({ acked }) => acked) - before) / ((performance.now() - beganMs) / 1_000);
  const endMs = performance.now();
  while (sum(senders, ({ sent, acked, refused }) => sent - acked - refused) > 0 && performance.now() - endMs < 10_000)
    await Bun.sleep(TICK_MS);
  return rateSeen;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** What the rooms' own logs say. */
async function logDigest(server: Server, room: string): Promise<string> {
  const digest = new RoomDigest();
  for (let after = 0; ; ) {
    const page = await rest(server, "GET", `/rooms/${room}/events?limit=500&after=${after}`);
    for (const event of page["events"] as readonly (PostedEvent & { readonly type: string })[]) {
      if (event.type === "new_message") digest.add(event.seq, event.message.content);
    }
    const pagination = page["pagination"] as { readonly after: number; readonly hasMore: boolean };
    after = pagination.after;
    if (!pagination.hasMore) return digest.text;
  }
}

/** Until the receiver has so many; how long it took, seconds. */
async function drained(receiver: Receiver, total: number): Promise<number> {
  const beganMs = performance.now();
  while (receiver.taken < total) {
    if (performance.now() - beganMs > DRAIN_MS_MAX) throw new Error(`${receiver.taken} of ${total} were delivered`);
    await Bun.sleep(TICK_MS);
  }
  return (performance.now() - beganMs) / 1_000;
}

async function connect(server: Server): Promise<readonly Sender[]> {
  const senders = Array.from({ length: rooms }, (_, i) => new Sender(server.port, `room-${i}`));
  await Promise.all(senders.map((sender) => sender.opened()));
  return senders;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

async function main(): Promise<boolean> {
  const folder = makeFolder(values.data);
  const member = { name: "webhooks", env: { STOA_OUTWARD_ALLOW: "127.0.0.1", STOA_WEBHOOK_RETRY_SECONDS_MAX: "1" } };
  let server = await startServer("stoa", { dataDir: folder, member });
  console.log(`${machineLine()}; load average before: ${loadBefore().toFixed(2)}`);
  const probe = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
  const receiver = new Receiver(probe.port ?? 0);
  await probe.stop(true);
  for (let i = 0; i < rooms; i += 1) {
    await rest(server, "POST", "/rooms", { roomId: `room-${i}`, name: `room-${i}`, type: "public" });
  }
  const url = `http://127.0.0.1:${receiver.port}/`;
  const { webhookId } = await rest(server, "POST", "/admin/webhooks", { url, types: ["new_message"] });
  let senders = await connect(server);
  for (const { room } of senders) await rest(server, "POST", `/rooms/${room}/members`, { userId: room });

  // 1. Nobody is there.
  await talk(senders, 3, () => undefined);
  const startBytes = rssBytesOf(server.pid);
  let mostBytes = startBytes;
  const sample = (): void => {
    mostBytes = Math.max(mostBytes, rssBytesOf(server.pid));
  };
  const cpuBefore = cpuMsOf(server.pid);
  const queuedRate = await talk(senders, seconds, sample);
  const cpuShare = (cpuMsOf(server.pid) - cpuBefore) / (seconds * 1_000);
  const queued = sum(senders, ({ acked }) => acked);
  console.log(
    `down: ${Math.round(queuedRate)} messages/s acked for ${seconds} s, ${queued} wait; server ${Math.round(startBytes / MIB)} → at most ` +
      `${Math.round(mostBytes / MIB)} MiB resident, ${cpuShare.toFixed(2)} cores`,
  );

  // 2. It comes; both sides are killed on the way.
  receiver.start();
  await drained(receiver, Math.floor(queued / 4));
  receiver.kill();
  await Bun.sleep(500);
  receiver.start();
  await drained(receiver, Math.floor(queued / 2));
  for (const sender of senders) sender.close();
  await server.kill();
  server = await startServer("stoa", { dataDir: folder, member });
  const atMs = performance.now();
  const before = receiver.taken;
  await drained(receiver, queued);
  const drainSeconds = (performance.now() - atMs) / 1_000;
  console.log(
    `back: ${Math.round((queued - before) / drainSeconds)} events/s delivered after the server was killed (${queued - before} in ${drainSeconds.toFixed(1)} s), ` +
      `${receiver.repeated} came again in all`,
  );

  // 3. It stays.
  senders = await connect(server);
  receiver.lateMs.length = 0;
  const liveRate = await talk(senders, LIVE_SECONDS, sample);
  const all = queued + sum(senders, ({ acked }) => acked);
  const behindSeconds = await drained(receiver, all);
  console.log(
    `there: ${Math.round(liveRate)} messages/s for ${LIVE_SECONDS} s; events late by ${quantile(receiver.lateMs, 0.5)} ms (p50), ` +
      `${quantile(receiver.lateMs, 0.99)} ms (p99); the last one ${behindSeconds.toFixed(1)} s after the last ack`,
  );
  for (const sender of senders) sender.close();

  const wrong: string[] = [];
  for (let i = 0; i < rooms; i += 1) {
    const log = await logDigest(server, `room-${i}`);
    const had = receiver.digests.get(`room-${i}`)?.text;
    if (log !== had) wrong.push(`room-${i}: the log has ${log}, the receiver ${had}`);
  }
  const state = await rest(server, "GET", `/admin/webhooks/${String(webhookId)}`);
  if (state["deadLetters"] !== 0) wrong.push(`${String(state["deadLetters"])} dead letters`);
  if (mostBytes - startBytes > GROWTH_BYTES_MAX) wrong.push("memory grew with what waits");
  if (queuedRate < 0.95 * rate) wrong.push(`${Math.round(queuedRate)} messages/s instead of ${rate}`);
  console.log(
    wrong.length === 0 ? `what was received is the log: ${all} messages in ${rooms} rooms` : wrong.join("\n"),
  );
  await server.stop();
  return wrong.length === 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.on("exit", endAll);
process.exit((await main()) ? 0 : 1);
