/**
 * Some servers under full load at the same time, each with the same load, on the same cores: what the machine does meanwhile meets
 * all of them alike, which two windows one after the other never are.
 * Invariant: every server's CPU time and messages are counted over the same time, all its threads included.
 */
import { Fleet, nowUs } from "../load/fleet.ts";
import type { ClosedJob } from "../load/job.ts";
import { type ThreadCpu, threadCpuOf } from "../proc.ts";
import { makeFolder, removeFolder, SECRET, type Server, startServer } from "../processes.ts";
import type { LoadScenario } from "../scenarios.ts";

/** What differs between the servers of a group. */
export interface Arm {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Somebody reads `/metrics` meanwhile. */
  readonly isRead: boolean;
  /** Where another version of the engine stands. */
  readonly root?: string | undefined;
}
export interface Cost {
  readonly messages: number;
  /** Of all threads, and by what they are for. */
  readonly us: number;
  readonly usBy: Readonly<Record<ThreadKind, number>>;
}
export type ThreadKind = "edge" | "shard" | "compilers" | "collectors" | "other";

export interface GroupOptions {
  readonly scenario: LoadScenario;
  /** In the order in which they are started. */
  readonly arms: readonly Arm[];
  readonly warmMs: number;
  readonly windowMs: number;
  readonly dataDir: string;
}

const READ_MS = 1_000;
/** A thread that ends loses what it did since the last look. */
const LOOK_MS = 500;
const KINDS: Readonly<Record<string, ThreadKind>> = {
  Worker: "shard",
  JITWorker: "compilers",
  JSCWarmUp: "compilers",
  HeapHelper: "collectors",
  "ollector Thread": "collectors",
  "mi-scavenger": "collectors",
};

export function kindOf(threadId: number, name: string, pid: number): ThreadKind {
  return threadId === pid ? "edge" : (KINDS[name] ?? "other");
}

class Loaded {
  readonly arm: Arm;
  readonly #server: Server;
  readonly #fleet: Fleet;
  readonly #folder: string;
  readonly #inFlight: number;
  readonly #threads = new Map<number, ThreadCpu>();
  #before: ReadonlyMap<number, ThreadCpu> = new Map();
  #sentBefore = 0;
  #reads = 0;
  #badReads = 0;

  private constructor(arm: Arm, server: Server, fleet: Fleet, folder: string, inFlight: number) {
    this.arm = arm;
    this.#server = server;
    this.#fleet = fleet;
    this.#folder = folder;
    this.#inFlight = inFlight;
  }

  static async open(arm: Arm, { scenario, dataDir }: GroupOptions): Promise<Loaded> {
    const folder = makeFolder(dataDir);
    const server = await startServer("stoa", {
      dataDir: folder,
      member: { name: `metrics-${arm.name}`, env: arm.env, root: arm.root },
    });
    const { rooms, members, senders, inFlight, acked } = scenario;
    const job: ClosedJob = {
      ...{ kind: "closed", peer: "stoa", ports: [server.port], pids: [server.pid], stores: {}, secret: SECRET },
      ...{ rooms, members, senders, inFlight, acked, warmMs: 0, windowMs: 0 },
    };
    const fleet = new Fleet(job);
    await fleet.open(0, fleet.links.length);
    return new Loaded(arm, server, fleet, folder, inFlight);
  }

  start(): void {
    this.#fleet.start();
    for (const link of this.#fleet.senders()) this.#fleet.send(link, this.#inFlight, nowUs());
  }

  look(): void {
    for (const [id, thread] of threadCpuOf(this.#server.pid)) this.#threads.set(id, thread);
  }

  begin(): void {
    this.look();
    this.#before = new Map(this.#threads);
    this.#sentBefore = this.#fleet.sent;
  }

  end(): Cost {
    this.look();
    const messages = this.#fleet.sent - this.#sentBefore;
    const usBy = { edge: 0, shard: 0, compilers: 0, collectors: 0, other: 0 };
    let us = 0;
    for (const [id, { name, ns }] of this.#threads) {
      const each = (ns - (this.#before.get(id)?.ns ?? 0)) / 1_000 / messages;
      usBy[kindOf(id, name, this.#server.pid)] += each;
      us += each;
    }
    return { messages, us, usBy };
  }

  async read(): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#server.port}/metrics`).catch(() => undefined);
    const text = await response?.text();
    this.#reads += 1;
    if (response?.status !== 200 || text?.includes("stoa_messages_total") !== true) this.#badReads += 1;
  }

  /** Throws when the load was not what it should have been. */
  async close(): Promise<void> {
    this.#fleet.halt();
    await this.#fleet.drain();
    const faults = this.#fleet.faults();
    this.#fleet.close();
    await this.#server.stop();
    removeFolder(this.#folder);
    const { missing, repeated, foreign, errors } = faults;
    if (missing + repeated + foreign + errors > 0) throw new Error(`faulty run: ${JSON.stringify(faults)}`);
    if (this.arm.isRead && (this.#reads === 0 || this.#badReads > 0)) {
      throw new Error(`metrics were not read: ${this.#badReads} of ${this.#reads} in vain`);
    }
  }
}

/** What each arm cost, by its name. */
export async function measureGroup(options: GroupOptions): Promise<ReadonlyMap<string, Cost>> {
  const { arms, warmMs, windowMs } = options;
  const all: Loaded[] = [];
  for (const arm of arms) all.push(await Loaded.open(arm, options));
  const read = all.filter(({ arm }) => arm.isRead);
  // Each has a part of the machine only: read once a second, its reading would weigh as many times as there are servers.
  const reader = setInterval(() => {
    for (const one of read) void one.read();
  }, READ_MS * arms.length);
  try {
    for (const one of all) one.start();
    await Bun.sleep(warmMs);
    for (const one of all) one.begin();
    const untilMs = performance.now() + windowMs;
    while (performance.now() < untilMs) {
      await Bun.sleep(Math.min(LOOK_MS, Math.max(1, untilMs - performance.now())));
      for (const one of all) one.look();
    }
    return new Map(all.map((one) => [one.arm.name, one.end()]));
  } finally {
    clearInterval(reader);
    await Promise.all(all.map((one) => one.close()));
  }
}
