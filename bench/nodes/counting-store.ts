/** The DynamoDB server of the scenarios with several nodes: dynalite in a process of its own, with a count of requests. */
import { join } from "node:path";
import { makeTables } from "../../test/support/make-tables.ts";
import { spawnTool } from "../processes.ts";

export interface StoreCounts {
  readonly requests: number;
  /** Those that name a room or user of the idle ones. */
  readonly idle: number;
  readonly operations: Readonly<Record<string, number>>;
  /** Some requests for idle ones, so that a wrong figure can be followed. */
  readonly examples: readonly string[];
}

export interface CountingStore {
  readonly endpoint: string;
  readonly pid: number;
  /** Since the last cut. */
  cut(): Promise<StoreCounts>;
  stop(): Promise<void>;
}

export async function startCountingStore(): Promise<CountingStore> {
  const child = spawnTool(["node", join(import.meta.dir, "../peers/counting-dynalite.mjs")]);
  const lines = linesOf(child.stdout);
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the DynamoDB server ended");
    return value;
  };
  const endpoint = `http://127.0.0.1:${Number(await next())}`;
  await makeTables(endpoint);
  return {
    endpoint,
    pid: child.pid,
    cut: async () => {
      child.stdin.write("\n");
      await child.stdin.flush();
      return JSON.parse(await next()) as StoreCounts;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
