/** Which threads of the process let others go first: what must never be in the way of a message. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

const NICENESS = 10;

/** For the calling thread, and those that it starts. Linux gives each thread a priority of its own; elsewhere this one is like the others. */
export function yieldToOthers(report: (event: string, details: Readonly<Record<string, string>>) => void): void {
  if (process.platform !== "linux") return;
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    setPriority(thread, NICENESS);
  } catch (error) {
    report("priority_unchanged", { error: String(error) });
  }
}
