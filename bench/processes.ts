/**
 * The processes of a run: servers and load, each on its own.
 * Invariant: whatever ends the run (its end, an error, Ctrl-C), every process that was started here is ended by its id.
 */
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Subprocess } from "bun";
import runtime from "../scripts/runtime.json" with { type: "json" };
import type { Job, LoadResult, Peer } from "./load/job.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const BENCH = join(ROOT, "bench");
const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;
/** Of a server's output, to tell why a run failed. */
const LOG_CHARS_MAX = 2_000;

/** At least as long as HS256 asks for; new in every run. */
export const SECRET = randomBytes(32).toString("hex");

const running = new Set<Subprocess>();
const folders = new Set<string>();

/** Called at the run's end and from signal handlers: must not wait. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

export interface Server {
  readonly peer: Peer;
  readonly pid: number;
  readonly port: number;
  /** From the start of the process to its first "ready", milliseconds. */
  readonly readyMs: number;
  stop(): Promise<void>;
  /** At once. */
  kill(): Promise<void>;
  /** The end of what it printed. */
  said(): string;
}

export interface ServerOptions {
  /** Stoa's data folder. */
  readonly dataDir: string;
  readonly core?: number;
  /** Messages are indexed for search: no peer does anything like it, so it is off where they are compared. */
  readonly isIndexed?: boolean;
  /** People who are away would be told, so the logs are followed for it. */
  readonly isNotifying?: boolean;
  /** One of several: what tells it where the others and the stores are. */
  readonly member?: {
    readonly name: string;
    readonly env: Readonly<Record<string, string>>;
    /** Of another version of the engine; otherwise this one runs. */
    readonly root?: string | undefined;
  };
}

/** A folder that is removed at the end of the run. */
export function makeFolder(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "data-"));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

export async function startServer(peer: Peer, options: ServerOptions): Promise<Server> {
  const port = await freePort();
  const { member } = options;
  const root = member?.root ?? ROOT;
  const logFile = join(BENCH, "results", `${member?.name ?? peer}.log`);
  mkdirSync(join(BENCH, "results"), { recursive: true });
  const log = openSync(logFile, "w");
  const beganMs = performance.now();
  const child = Bun.spawn([...pinned(options.core), ...commandOf(peer, member !== undefined, root)], {
    cwd: root,
    env: { ...environmentOf(peer, port, options), ...member?.env },
    stdout: log,
    stderr: log,
  });
  closeSync(log);
  running.add(child);
  void child.exited.then(() => running.delete(child));
  const readyPath = peer === "stoa" ? "/readyz" : "/";
  while (!(await answers(port, readyPath))) {
    if (child.exitCode !== null || performance.now() - beganMs > READY_MS_MAX) {
      child.kill("SIGKILL");
      throw new Error(`${peer} did not start: ${readFileSync(logFile, "utf8").slice(-LOG_CHARS_MAX)}`);
    }
    await Bun.sleep(2);
  }
  const readyMs = performance.now() - beganMs;
  const said = (): string => readFileSync(logFile, "utf8").slice(-LOG_CHARS_MAX);
  return { peer, pid: child.pid, port, readyMs, stop: () => stop(child), kill: () => kill(child), said };
}

/** Only what the server is to see: an operator's own settings must not change the figures. */
function environmentOf(
  peer: Peer,
  port: number,
  { dataDir, isIndexed, isNotifying }: ServerOptions,
): Record<string, string> {
  const common = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", PORT: String(port) };
  if (peer !== "stoa") return { ...common, NODE_ENV: "production" };
  return {
    ...common,
    ...runtime,
    HOST: "127.0.0.1",
    NODE_ENV: "production",
    STOA_DATA_DIR: dataDir,
    JWT_SECRET_KEY: SECRET,
    LOG_LEVEL: "warn",
    STOA_SEARCH: isIndexed === true ? "on" : "off",
    ...(isNotifying === true && { STOA_WEB_PUSH_CONTACT: "mailto:bench@example.org", STOA_NOTIFY_WINDOW_MS: "2000" }),
    // One connection's fair share is not what is measured here; the bucket's own cost stays in.
    STOA_RATE_PER_SECOND: "1000000",
    STOA_RATE_BURST: "1000000",
  };
}

function commandOf(peer: Peer, isMember: boolean, root: string): string[] {
  if (peer === "raw") return [process.execPath, join(BENCH, "peers/raw-publish.ts")];
  if (peer === "socketio") {
    return ["node", join(BENCH, isMember ? "peers/socket-io-streams.mjs" : "peers/socket-io.mjs")];
  }
  return [process.execPath, join(root, "src/main.ts")];
}

function pinned(core: number | undefined): string[] {
  return core === undefined ? [] : ["taskset", "-c", String(core)];
}

async function answers(port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { keepalive: false });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // not listening yet
  }
}

/** A program that is ended at the end of the run at the latest; talks over its standard input and output. */
export function spawnTool(command: string[]): Subprocess<"pipe", "pipe", "inherit"> {
  const child = Bun.spawn(command, { cwd: ROOT, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return child;
}

async function kill(child: Subprocess): Promise<void> {
  child.kill("SIGKILL");
  await child.exited;
}

async function stop(child: Subprocess): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await child.exited;
  clearTimeout(timer);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Runs one job in a process of its own and returns what it measured. */
export async function runLoad(
  job: Job,
  options: { readonly core?: number; readonly timeoutMs: number },
): Promise<LoadResult> {
  const command = [process.execPath, join(BENCH, "load/main.ts"), JSON.stringify(job)];
  const child = Bun.spawn([...pinned(options.core), ...command], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  running.add(child);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs);
  const [output, complaints] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  clearTimeout(timer);
  running.delete(child);
  if (child.exitCode !== 0)
    throw new Error(`the load process failed (${child.exitCode ?? "killed"}): ${complaints.slice(-1_500)}`);
  return JSON.parse(output) as LoadResult;
}
