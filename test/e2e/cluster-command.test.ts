/** `bun run cluster`, as a person would use it. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { TestClient } from "../support/client.ts";
import { redisIsThere } from "../support/redis-servers.ts";

const root = join(import.meta.dir, "../..");
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 40_000;
const LAST_LINE = "Ctrl-C stops everything.";
const hasRedis = await redisIsThere();

test.if(hasRedis)(
  "three nodes start by one command, are one engine, and are gone after Ctrl-C",
  async () => {
    const port = 30_000 + Math.floor(Math.random() * 20_000);
    const child = Bun.spawn([process.execPath, "scripts/cluster.ts", "--port", String(port)], {
      cwd: root,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const late = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX + STOP_MS_MAX);
    try {
      const output = await readUntil(child.stdout, LAST_LINE);
      const token = /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(output)?.[0] ?? "";
      const [first, second] = await Promise.all(
        [port, port + 1].map((each) => TestClient.connect({ ws: `ws://127.0.0.1:${each}` }, { token })),
      );
      if (first === undefined || second === undefined) throw new Error("not connected");
      await first.join("general");
      await second.join("general");
      await first.say("general", "hello from the first node");
      await second.message("general", "hello from the first node");
      first.terminate();
      second.terminate();
    } finally {
      child.kill("SIGINT");
    }
    expect(await child.exited).toBe(0);
    clearTimeout(late);
    for (let i = 0; i < 3; i += 1) await expect(fetch(`http://127.0.0.1:${port + i}/healthz`)).rejects.toThrow();
  },
  START_MS_MAX + STOP_MS_MAX,
);

async function readUntil(stream: ReadableStream<Uint8Array>, line: string): Promise<string> {
  const decoder = new TextDecoder();
  let output = "";
  const reader = stream.getReader();
  while (!output.includes(line)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the cluster ended before it was ready:\n${output}`);
    output += decoder.decode(value, { stream: true });
  }
  // Nobody reads on: what it prints from here fits into the pipe.
  reader.releaseLock();
  return output;
}
