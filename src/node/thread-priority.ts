/** Which threads of the process let others go first: what must never be in the way of a message. */
import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { runInLongSlices } from "./thread-slice.ts";

const NICENESS = 10;

/** For the calling thread, and those that it starts. Linux gives each thread a priority of its own; elsewhere this one is like the others. */
export function yieldToOthers(report: (event: string, details: Readonly<Record<string, string>>) => void): void {
  if (process.platform !== "linux") return;
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    lower(thread, NICENESS);
    runInLongSlices(thread);
  } catch (error) {
    report("priority_unchanged", { error: String(error) });
  }
}

/** Never the other way: whoever runs the whole server with less than that means it. A thread that has ended meanwhile is passed over. */
export function lower(thread: number, niceness: number): void {
  try {
    if (getPriority(thread) < niceness) setPriority(thread, niceness);
  } catch (error) {
    if (!hasEnded(error)) throw error;
  }
}

function hasEnded(error: unknown): boolean {
  const info = error instanceof Error && "info" in error ? error.info : undefined;
  return typeof info === "object" && info !== null && "code" in info && info.code === "ESRCH";
}
