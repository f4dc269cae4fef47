/** Threads that messages pass go before the runtime's own, whoever started the server and with which priority. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { RUNTIME_NICENESS } from "../../src/node/runtime-threads.ts";
import { eventually } from "../support/eventually.ts";
import { TestServer } from "../support/server.ts";

const isLinux = process.platform === "linux";
const RUNTIME = ["JITWorker", "mi-scavenger"];
/** Of the field of its own that the kernel's `stat` of a thread has, counted from what follows the name. */
const NICENESS_FIELD = 16;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.dispose());

interface Thread {
  readonly name: string;
  readonly niceness: number;
}

function threads(): readonly Thread[] {
  const tasks = `/proc/${server.pid}/task`;
  return readdirSync(tasks).flatMap((id) => {
    try {
      const name = readFileSync(`${tasks}/${id}/comm`, "utf8").trim();
      const fields = readFileSync(`${tasks}/${id}/stat`, "utf8").split(") ").at(-1)?.split(" ");
      return [{ name, niceness: Number(fields?.[NICENESS_FIELD]) }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

test.skipIf(!isLinux)(
  "the runtime's compilers and its memory's keeper have less priority than the edge and the shards",
  async () => {
    // The server has it from here.
    const own = getPriority();
    await eventually(async () => {
      const all = threads();
      const runtime = all.filter(({ name }) => RUNTIME.includes(name));
      expect(runtime.map(({ name }) => name)).toContain("mi-scavenger");
      for (const { niceness } of runtime) expect(niceness).toBe(Math.max(own, RUNTIME_NICENESS));
    });
    const main = threads().find(({ name }) => name === "bun");
    expect(main?.niceness).toBe(own);
    const workers = threads().filter(({ name }) => name === "Worker");
    expect(workers.map(({ niceness }) => niceness)).toContain(own);
  },
);
