/**
 * Small pictures of large ones, one after another, each by a process of its own that has little time and low priority.
 * Invariant: who asks is answered in time; without a small picture the large one is as good as before.
 */
import { setPriority } from "node:os";
import {
  THUMBNAIL_BYTES_MAX,
  THUMBNAIL_MS_MAX,
  THUMBNAIL_SOURCE_BYTES_MAX,
  THUMBNAIL_WAIT_MS_MAX,
  THUMBNAILS_WAITING_MAX,
} from "../base/limits.ts";

type Report = (event: string, details: Readonly<Record<string, string | number>>) => void;

const TYPES: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]);
/** After everything that somebody waits for. */
const LOW_PRIORITY = 10;
const NO_LIBRARY = 3;

export interface ThumbnailTimes {
  /** For its turn: whoever waits longer has none. */
  readonly waitMs: number;
  /** For reading the large one and making the small one. */
  readonly workMs: number;
}

type Read = () => Promise<Blob | ReadableStream<Uint8Array> | undefined>;

export class Thumbnails {
  readonly #report: Report;
  readonly #entry: URL;
  readonly #times: ThumbnailTimes;
  /** The last one that was asked for. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isMissing = false;

  constructor(
    report: Report,
    entry = new URL("./thumbnail-process.ts", import.meta.url),
    times: ThumbnailTimes = { waitMs: THUMBNAIL_WAIT_MS_MAX, workMs: THUMBNAIL_MS_MAX },
  ) {
    this.#report = report;
    this.#entry = entry;
    this.#times = times;
    // The single executable has no native library inside.
    this.#isMissing = entry.href.includes("$bunfs");
  }

  /** `undefined`: there is none. `read` is called when it is this picture's turn. */
  async make(mimeType: string, bytes: number, read: Read): Promise<Uint8Array | undefined> {
    if (!TYPES.has(mimeType) || bytes > THUMBNAIL_SOURCE_BYTES_MAX || this.#isMissing) return undefined;
    if (this.#waiting >= THUMBNAILS_WAITING_MAX) return undefined;
    this.#waiting += 1;
    const { waitMs, workMs } = this.#times;
    const turn = soon(waitMs);
    const made = this.#last.then(() => {
      if (turn.isOver) return undefined;
      turn.cancel();
      return this.#one(read, workMs);
    });
    this.#last = made;
    try {
      return await Promise.race([made, turn.over]);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Never rejects. */
  async #one(read: Read, msMax: number): Promise<Uint8Array | undefined> {
    const dueMs = performance.now() + msMax;
    const late = soon(msMax);
    try {
      // A store that does not answer holds nobody else up; what it still brings is for nobody.
      const source = await Promise.race([wholeOf(read), late.over]);
      const leftMs = dueMs - performance.now();
      return source === undefined || leftMs <= 0 ? undefined : await this.#run(source, leftMs);
    } catch (error) {
      this.#report("thumbnail_failed", { why: error instanceof Error ? error.message : String(error) });
      return undefined;
    } finally {
      late.cancel();
    }
  }

  async #run(stdin: Uint8Array, msMax: number): Promise<Uint8Array | undefined> {
    const child = Bun.spawn([process.execPath, Bun.fileURLToPath(this.#entry)], {
      // Nothing of the environment: no key is near what reads a stranger's bytes.
      env: {},
      stdin,
      stdout: "pipe",
      stderr: "ignore",
      maxBuffer: THUMBNAIL_BYTES_MAX,
      timeout: Math.ceil(msMax),
      killSignal: "SIGKILL",
    });
    lower(child.pid);
    const [small, code] = await Promise.all([new Response(child.stdout).bytes(), child.exited]);
    if (code === NO_LIBRARY) {
      this.#isMissing = true;
      this.#report("thumbnails_missing", { why: "sharp cannot be loaded on this machine" });
    }
    return code === 0 && small.length > 0 && small.length <= THUMBNAIL_BYTES_MAX ? small : undefined;
  }
}

async function wholeOf(read: Read): Promise<Uint8Array | undefined> {
  const source = await read();
  return source && new Response(source).bytes();
}

/** A time that is over when nobody has cancelled it before. */
function soon(ms: number) {
  const time = { isOver: false, over: Promise.resolve(undefined), cancel: (): void => undefined };
  time.over = new Promise((resolve) => {
    const timer = setTimeout(() => {
      time.isOver = true;
      resolve(undefined);
    }, ms);
    time.cancel = () => clearTimeout(timer);
  });
  return time;
}

function lower(pid: number): void {
  try {
    setPriority(pid, LOW_PRIORITY);
  } catch {
    // It is over already.
  }
}
