/**
 * The real server in a process of its own, on 127.0.0.1 and a data folder of its own.
 * Invariant: a server that a test started is gone when `dispose` returns, however the test ended.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimPort } from "./ports.ts";
import { mintTestToken, SECRET, type TestClaims } from "./tokens.ts";

const root = join(import.meta.dir, "../..");
const MAIN = "src/main.ts";
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
/** Of the server's output, for the message of a test that fails. */
const OUTPUT_CHARS_MAX = 20_000;

export interface ServerOptions {
  /** Runs instead of `src/main.ts`. */
  readonly entry?: string;
  /** A program that runs instead of Bun. */
  readonly executable?: string;
  /** Added to the environment; a value of `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Absent: one that nobody else has. */
  readonly port?: number;
  /** Hears what it prints. */
  readonly onOutput?: Listener;
}

/** `chunk` begins and ends anywhere in a line. */
export type Listener = (chunk: string, from: "stdout" | "stderr") => void;

export interface Exit {
  readonly code: number;
  readonly ms: number;
}

export class TestServer {
  readonly port: number;
  readonly dataDir: string;
  /** Its own unless the environment names one: a client of another server that comes here by a port used before is refused. */
  readonly secret: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #program: Program;
  readonly #onOutput: Listener | undefined;
  #process: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  #output = "";
  /** Done when all that it printed was read. */
  #heard: Promise<unknown> = Promise.resolve();

  private constructor({ env = {}, entry = MAIN, executable, port = claimPort(), onOutput }: ServerOptions) {
    this.port = port;
    this.#onOutput = onOutput;
    this.dataDir = mkdtempSync(join(tmpdir(), "stoa-test-"));
    this.secret = env["JWT_SECRET_KEY"] ?? `${SECRET} ${randomBytes(8).toString("hex")}`;
    this.#env = { JWT_SECRET_KEY: this.secret, ...env };
    // Alone: nothing of this project is around it.
    this.#program = executable === undefined ? bunOn(entry) : { command: [executable], cwd: this.dataDir };
  }

  /** Starts a server on an empty data folder and waits until it is ready. */
  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(options);
    try {
      await server.restart();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get ws(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error("the server is not running");
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** What it printed so far, the newest characters; all of it when it was stopped or killed. */
  get output(): string {
    return this.#output;
  }

  token(claims: TestClaims): string {
    return mintTestToken({ secret: this.secret, ...claims });
  }

  /** Starts it again on the same port and data; returns how long it took to be ready. */
  async restart(): Promise<number> {
    const startMs = performance.now();
    this.#process = spawnServer(this.#program, this.#env, this.port, this.dataDir);
    endWithThisProcess(this.#process);
    const { stdout, stderr } = this.#process;
    this.#heard = Promise.all([this.#collect(stdout, "stdout"), this.#collect(stderr, "stderr")]);
    await this.#ready(startMs);
    return performance.now() - startMs;
  }

  /** SIGKILL follows when the server has not ended by itself in time. */
  async stop(signal: "SIGTERM" | "SIGHUP" = "SIGTERM"): Promise<Exit> {
    const startMs = performance.now();
    const child = this.#process;
    if (child === undefined) return { code: 0, ms: 0 };
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    const code = await child.exited;
    const ms = performance.now() - startMs;
    clearTimeout(late);
    await this.#heard;
    this.#process = undefined;
    return { code, ms };
  }

  /** SIGKILL: nothing is written any more, nobody is told. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
    await this.#heard;
    this.#process = undefined;
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** A REST request as this user; the answer's status, headers and parsed body. */
  async rest(
    method: string,
    path: string,
    options: {
      readonly token?: string;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<RestReply> {
    const response = await fetch(this.http + path, {
      method,
      headers: {
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(options.body === undefined
        ? {}
        : { body: typeof options.body === "string" ? options.body : JSON.stringify(options.body) }),
    });
    const text = await response.text();
    const isJson = text !== "" && response.headers.get("content-type")?.startsWith("application/json") === true;
    const json = isJson ? (JSON.parse(text) as RestBody) : {};
    return { status: response.status, headers: response.headers, text, body: json };
  }

  async #ready(startMs: number): Promise<void> {
    const child = this.#process;
    while (performance.now() - startMs < READY_MS_MAX) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) break;
      const status = await fetch(`${this.http}/readyz`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) return;
      await Bun.sleep(10);
    }
    throw new Error(`the server did not become ready:\n${this.#output}`);
  }

  async #collect(stream: ReadableStream<Uint8Array>, from: "stdout" | "stderr"): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      this.#output = (this.#output + text).slice(-OUTPUT_CHARS_MAX);
      this.#onOutput?.(text, from);
    }
  }
}

export interface RestReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: RestBody;
}
/** The envelope of every REST answer. */
export interface RestBody {
  readonly success?: boolean;
  /** What is inside is for the test to say; `json.ts` looks into it. */
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly details?: { readonly field?: string } };
}

/** Starts a process that is expected to end by itself (bad configuration), and returns what it said. */
export async function runServerToExit(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly code: number; readonly output: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), "stoa-test-"));
  const child = spawnServer(bunOn(MAIN), env, claimPort(), dataDir);
  const late = setTimeout(() => child.kill("SIGKILL"), READY_MS_MAX);
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(late);
  rmSync(dataDir, { recursive: true, force: true });
  return { code, output: out + errors };
}

/** `BUN_JSC_collectContinuously=1` and its like reach the server too: what lives only as long as the collector is idle shows. */
const COLLECTOR = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("BUN_JSC_")));

interface Program {
  readonly command: string[];
  readonly cwd: string;
}

function bunOn(entry: string): Program {
  return { command: [process.execPath, entry], cwd: root };
}

function spawnServer(
  { command, cwd }: Program,
  env: Readonly<Record<string, string | undefined>>,
  port: number,
  dataDir: string,
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const { PATH, HOME, TMPDIR } = process.env;
  return Bun.spawn(command, {
    cwd,
    env: {
      ...COLLECTOR,
      PATH,
      HOME,
      TMPDIR,
      HOST: "127.0.0.1",
      PORT: String(port),
      STOA_DATA_DIR: dataDir,
      JWT_SECRET_KEY: SECRET,
      LOG_LEVEL: "warn",
      ...env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

const children = new Set<Bun.Subprocess>();

function endWithThisProcess(child: Bun.Subprocess): void {
  if (children.size === 0) process.on("exit", killChildren);
  children.add(child);
  void child.exited.then(() => {
    children.delete(child);
    if (children.size === 0) process.off("exit", killChildren);
  });
}

function killChildren(): void {
  for (const child of children) child.kill("SIGKILL");
}
