/**
 * The runtime's own threads let those go first that messages pass: its compilers, and whoever gives memory back. They do much work that
 * nobody waits for, at the priority of the thread that happened to need them first.
 * They come and go and are known by name only, so they are looked for again and again. Linux only; elsewhere all threads are alike.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Clock, Timer } from "../base/clock.ts";
import { lower } from "./thread-priority.ts";

export const LOOK_MS = 1_000;
/** Still a tenth of a thread of the engine's where all want the processor: what is not compiled stays slow. */
export const RUNTIME_NICENESS = 10;
/** As the kernel knows them, 15 characters at most. The collector's are not among them: threads that hold rooms wait for those. */
const NAMES: ReadonlySet<string> = new Set(["JITWorker", "JSCWarmUp", "mi-scavenger"]);
const TASKS = "/proc/self/task";

/** A thread gets its name a moment after it began: it is judged when it is seen for the second time. */
type Seen = "new" | "judged";

export class RuntimeThreads {
  readonly #clock: Clock;
  readonly #unchanged: (error: string) => void;
  #seen = new Map<string, Seen>();
  #timer: Timer | undefined;

  /** `unchanged` is told once, when the machine does not allow it: no harm, and nothing to mend. */
  constructor(clock: Clock, unchanged: (error: string) => void) {
    this.#clock = clock;
    this.#unchanged = unchanged;
  }

  start(): void {
    if (process.platform === "linux") this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    try {
      this.#yieldAll();
    } catch (error) {
      this.#unchanged(String(error));
      return;
    }
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
  }

  #yieldAll(): void {
    const seen = new Map<string, Seen>();
    for (const thread of readdirSync(TASKS)) {
      const before = this.#seen.get(thread);
      seen.set(thread, before === undefined ? "new" : "judged");
      if (before !== "judged" && NAMES.has(nameOf(thread))) lower(Number(thread), RUNTIME_NICENESS);
    }
    this.#seen = seen;
  }
}

/** Empty when it has ended. */
function nameOf(thread: string): string {
  try {
    return readFileSync(`${TASKS}/${thread}/comm`, "utf8").trim();
  } catch (error) {
    if (hasEnded(error)) return "";
    throw error;
  }
}

function hasEnded(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");
}
