/**
 * Real `redis-server` processes on loopback ports of their own, each with a folder of its own: one server, a server with a replica,
 * a cluster of three. For tests, and for commands that need a Redis to play with.
 * Invariant: only processes that were started here are touched, by their id, and all of them are gone when this one ends.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RedisSettings } from "../../src/cluster/redis/redis-options.ts";
import { claimPort } from "./ports.ts";
import { ensureProgram, isThere } from "./programs.ts";

const run = promisify(execFile);
const READY_MS_MAX = 30_000;
const LOOK_AGAIN_MS = 20;
const SLOTS = 16_384;

/** Why there is no Redis here, after trying to install it; `undefined` when it is there. */
export async function ensureRedis(): Promise<string | undefined> {
  return ensureProgram("redis-server");
}

export const redisIsThere = (): Promise<boolean> => isThere("redis-server");

export interface RedisServerOptions {
  /** Further arguments, such as `--cluster-enabled yes`. */
  readonly args?: readonly string[];
  /** For this file's own commands. */
  readonly password?: string;
}

export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "stoa-redis-"));
  readonly #args: readonly string[];
  readonly #password: string | undefined;
  #child: ChildProcess | undefined;

  private constructor(port: number, { args = [], password }: RedisServerOptions) {
    this.port = port;
    this.#args = args;
    this.#password = password;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(claimPort(), options);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.dispose();
      throw error;
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("redis-server is not running");
    return this.#child.pid;
  }

  /** Starts it again on the same port, empty: nothing is kept on disk. */
  async restart(): Promise<void> {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder];
    const quiet = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--repl-diskless-sync-delay", "0"];
    // A group of its own: Ctrl-C in a terminal is for the programs that use it, which are to stop first.
    const child = spawn("redis-server", [...own, ...quiet, ...this.#args], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    let output = "";
    child.stdout?.on("data", (text: Buffer) => {
      output = (output + text.toString()).slice(-4_000);
    });
    this.#child = child;
    endWithThisProcess(child);
    const startMs = performance.now();
    while (performance.now() - startMs < READY_MS_MAX) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      if ((await this.command("PING").catch(() => "")) === "PONG") return;
      await pause();
    }
    throw new Error(`redis-server did not become ready:\n${output}`);
  }

  /** Ends it in order. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  /** SIGKILL: connections are reset, nothing is said. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** SIGSTOP: connections stand, nothing is answered. */
  pause(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** One command over a connection of its own; the reply's lines. */
  async command(...args: readonly (string | number)[]): Promise<string> {
    const where = ["-h", "127.0.0.1", "-p", String(this.port)];
    const { stdout } = await run("redis-cli", [...where, ...args.map(String)], {
      timeout: READY_MS_MAX,
      env: { ...process.env, ...(this.#password === undefined ? {} : { REDISCLI_AUTH: this.#password }) },
    });
    const reply = stdout.trim();
    if (/^(?:\(error\)|ERR|[A-Z]+ERR|READONLY|LOADING|MOVED|CLUSTERDOWN)\b/.test(reply)) throw new Error(reply);
    return reply;
  }

  async dispose(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    // A stopped process takes other signals only when it goes on.
    child.kill("SIGCONT");
    await ended;
  }
}

/** One Redis as the adapters are given it: a server, or three as a cluster. */
export interface RedisUnderTest {
  readonly servers: readonly RedisServer[];
  /** `prefix` keeps tests on the same servers apart. */
  settings(prefix?: string): RedisSettings;
  flush(): Promise<void>;
  silence(isSilent: boolean): void;
  dispose(): Promise<void>;
}

export async function startSingleRedis(options?: RedisServerOptions): Promise<RedisUnderTest> {
  return underTest("single", [await RedisServer.start(options)]);
}

/** Three masters, each with a third of the slots; `replicas`: and one of each, which takes over within two seconds or so. */
export async function startRedisCluster({ replicas = false } = {}): Promise<RedisUnderTest> {
  const timeoutMs = replicas ? 1_000 : 5_000;
  const args = [
    "--cluster-enabled",
    "yes",
    "--cluster-node-timeout",
    timeoutMs,
    "--cluster-require-full-coverage",
    "no",
  ];
  const count = replicas ? 6 : 3;
  // Otherwise 10,000 above its own.
  const busPorts = Array.from({ length: count }, claimPort);
  const servers = await Promise.all(
    busPorts.map((port) => RedisServer.start({ args: [...args, "--cluster-port", port].map(String) })),
  );
  const masters = servers.slice(0, 3);
  const [first] = masters;
  for (const [index, server] of servers.entries()) {
    await server.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    if (index > 0) await first?.command("CLUSTER", "MEET", "127.0.0.1", server.port, busPorts[index] ?? 0);
    if (index >= masters.length) continue;
    const from = Math.floor((index * SLOTS) / masters.length);
    const to = Math.floor(((index + 1) * SLOTS) / masters.length) - 1;
    await server.command("CLUSTER", "ADDSLOTSRANGE", from, to);
  }
  const isJoined = async (server: RedisServer) => {
    const info = await server.command("CLUSTER", "INFO");
    const nodes = await server.command("CLUSTER", "NODES");
    const known = nodes.split("\n").filter((line) => / connected/.test(line)).length;
    return info.includes("cluster_state:ok") && info.includes(`cluster_slots_ok:${SLOTS}`) && known === count;
  };
  await until("the cluster stands", async () => (await Promise.all(servers.map(isJoined))).every(Boolean));
  for (const [index, replica] of servers.slice(3).entries()) {
    await replica.command("CLUSTER", "REPLICATE", (await masters[index]?.command("CLUSTER", "MYID")) ?? "");
    await until("the replica follows", async () => {
      return (await replica.command("INFO", "replication")).includes("master_link_status:up");
    });
  }
  return underTest("cluster", servers);
}

/** A replica that follows `master` and has all of it. */
export async function startReplica(master: RedisServer): Promise<RedisServer> {
  const replica = await RedisServer.start({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
  await until("the replica follows", async () => {
    return (await replica.command("INFO", "replication")).includes("master_link_status:up");
  });
  return replica;
}

function underTest(kind: "single" | "cluster", servers: readonly RedisServer[]): RedisUnderTest {
  return {
    servers,
    settings: (prefix = "stoa") => ({
      kind,
      nodes: servers.map(({ port }) => ({ host: "127.0.0.1", port })),
      username: undefined,
      password: undefined,
      tls: false,
      db: 0,
      prefix,
    }),
    flush: async () => {
      await Promise.all(servers.map((server) => server.command("FLUSHALL")));
    },
    silence: (isSilent) => {
      for (const server of servers) {
        if (isSilent) server.pause();
        else server.resume();
      }
    },
    dispose: async () => {
      await Promise.all(servers.map((server) => server.dispose()));
    },
  };
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startMs > READY_MS_MAX) throw new Error(`after ${READY_MS_MAX} ms still not: ${what}`);
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}

const children = new Set<ChildProcess>();
let isWatching = false;

function endWithThisProcess(child: ChildProcess): void {
  children.add(child);
  child.once("exit", () => children.delete(child));
  if (isWatching) return;
  isWatching = true;
  process.on("exit", () => {
    for (const each of children) each.kill("SIGKILL");
  });
}
