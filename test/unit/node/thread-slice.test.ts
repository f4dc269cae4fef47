import { afterEach, expect, test } from "bun:test";
import { getPriority } from "node:os";
import { lower } from "../../../src/node/thread-priority.ts";
import { runInLongSlices } from "../../../src/node/thread-slice.ts";

const isLinux = process.platform === "linux";
const started: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill();
});

test.skipIf(!isLinux)("a long slice leaves the priority as it is", () => {
  const child = Bun.spawn(["sleep", "60"]);
  started.push(child);
  lower(child.pid, 12);
  runInLongSlices(child.pid);
  expect(getPriority(child.pid)).toBe(12);
});

test("what can't have one is left as it is", async () => {
  const child = Bun.spawn(["sleep", "60"]);
  started.push(child);
  child.kill();
  await child.exited;
  expect(runInLongSlices(child.pid)).toBe(false);
});
