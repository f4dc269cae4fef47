/** Threads that messages pass go before the runtime's own, whoever started the server and with which priority. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { RUNTIME_NICENESS } from "../../src/node/runtime-threads.ts";
import { LONG_SLICE_NS, runInLongSlices } from "../../src/node/thread-slice.ts";
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
  /** Nanoseconds; not a number where the kernel knows none. */
  readonly slice: number;
}

/** Kernels before 6.12 have one slice for all, and take another one without a word; a machine may refuse it, too. */
const hasSlices = isLinux && takesSlices();

function takesSlices(): boolean {
  const child = Bun.spawn(["sleep", "60"]);
  try {
    const sched = `/proc/${child.pid}/sched`;
    return runInLongSlices(child.pid) && existsSync(sched) && sliceOf(readFileSync(sched, "utf8")) === LONG_SLICE_NS;
  } finally {
    child.kill();
  }
}

function sliceOf(sched: string): number {
  return Number(/^se\.slice\s*:\s*(\d+)/m.exec(sched)?.[1]);
}

function threads(): readonly Thread[] {
  const tasks = `/proc/${server.pid}/task`;
  return readdirSync(tasks).flatMap((id) => {
    try {
      const name = readFileSync(`${tasks}/${id}/comm`, "utf8").trim();
      const fields = readFileSync(`${tasks}/${id}/stat`, "utf8").split(") ").at(-1)?.split(" ");
      const slice = hasSlices ? sliceOf(readFileSync(`${tasks}/${id}/sched`, "utf8")) : Number.NaN;
      return [{ name, niceness: Number(fields?.[NICENESS_FIELD]), slice }];
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

test.skipIf(!hasSlices)(
  "whoever wakes for a message goes before the runtime's threads and those of low priority that run",
  async () => {
    await eventually(async () => {
      const all = threads();
      const long = all.filter(({ name }) => name === "mi-scavenger" || name === "HeapHelper");
      expect(long.map(({ name }) => name)).toContain("mi-scavenger");
      for (const { slice } of long) expect(slice).toBe(LONG_SLICE_NS);
      const main = all.find(({ name }) => name === "bun");
      expect(main?.slice).toBeLessThan(LONG_SLICE_NS);
      // The shard's, and the one that follows the logs.
      const workers = all.filter(({ name }) => name === "Worker").map(({ slice }) => slice);
      expect(Math.min(...workers)).toBeLessThan(LONG_SLICE_NS);
      expect(Math.max(...workers)).toBe(LONG_SLICE_NS);
    });
  },
);
