/**
 * The runtime's own threads let those go first that messages pass: compilers, the garbage collector's and whoever gives memory back. They do much
 * work that nobody waits for, at the priority of the thread that happened to need them first.
 * They come and go and are known by name only, so they are looked for again and again. Linux only; elsewhere all threads are alike.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Clock, Timer } from "../base/clock.ts";
import { lower } from "./thread-priority.ts";
import { runInLongSlices } from "./thread-slice.ts";

export const LOOK_MS = 1_000;
/** Still a tenth of a thread of the engine's where all want the processor: what is not compiled stays slow. */
export const RUNTIME_NICENESS = 10;
/** As the kernel knows them, 15 characters at most. */
const COMPILERS_AND_KEEPERS: ReadonlySet<string> = new Set(["JITWorker", "JSCWarmUp", "mi-scavenger"]);
/** A thread that holds rooms waits for these until its collection is done: they only make room for those that wake meanwhile. */
const COLLECTORS: ReadonlySet<string> = new Set(["HeapHelper", "ollector Thread"]);
const TASKS = "/proc/self/task";

/** A thread gets its name a moment after it began: it is judged when it is seen for the second time. */
type Seen = "new" | "judged";

export class RuntimeThreads {
  readonly #clock: Clock;
  readonly #unchanged: (why: string) => void;
  #seen = new Map<string, Seen>();
  #hasSlices = true;
  #timer: Timer | undefined;

  /** `unchanged` is told once of each thing that the machine does not allow: no harm, and nothing to mend. */
  constructor(clock: Clock, unchanged: (why: string) => void) {
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
      this.#judgeAll();
    } catch (error) {
      this.#unchanged(String(error));
      return;
    }
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
  }

  #judgeAll(): void {
    const seen = new Map<string, Seen>();
    for (const thread of readdirSync(TASKS)) {
      const before = this.#seen.get(thread);
      seen.set(thread, before === undefined ? "new" : "judged");
      if (before !== "judged") this.#judge(Number(thread), nameOf(thread));
    }
    this.#seen = seen;
  }

  #judge(thread: number, name: string): void {
    const isCompiler = COMPILERS_AND_KEEPERS.has(name);
    if (isCompiler) lower(thread, RUNTIME_NICENESS);
    if (!isCompiler && !COLLECTORS.has(name)) return;
    if (runInLongSlices(thread) || !this.#hasSlices) return;
    this.#hasSlices = false;
    this.#unchanged("the kernel knows no slices of threads, or does not let them be changed");
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
