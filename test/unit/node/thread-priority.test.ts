import { afterEach, expect, test } from "bun:test";
import { getPriority } from "node:os";
import { lower } from "../../../src/node/thread-priority.ts";

const isLinux = process.platform === "linux";
const started: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill();
});

function idle(): Bun.Subprocess {
  const child = Bun.spawn(["sleep", "60"]);
  started.push(child);
  return child;
}

test.skipIf(!isLinux)("a priority is lowered, and never raised again", () => {
  const { pid } = idle();
  lower(pid, 15);
  expect(getPriority(pid)).toBe(15);
  lower(pid, 10);
  expect(getPriority(pid)).toBe(15);
});

test.skipIf(!isLinux)("a thread that has ended is passed over", async () => {
  const child = idle();
  child.kill();
  await child.exited;
  expect(() => lower(child.pid, 15)).not.toThrow();
});
