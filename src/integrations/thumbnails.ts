/**
 * Small pictures of large ones, one after another, each by a process of its own that has little time and low priority.
 * Invariant: who asks is answered in time; without a small picture the large one is as good as before.
 */
import { setPriority } from "node:os";
import {
  THUMBNAIL_BYTES_MAX,
  THUMBNAIL_MS_MAX,
  THUMBNAIL_SOURCE_BYTES_MAX,
  THUMBNAILS_WAITING_MAX,
} from "../base/limits.ts";

type Report = (event: string, details: Readonly<Record<string, string | number>>) => void;

const TYPES: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]);
/** After everything that somebody waits for. */
const LOW_PRIORITY = 10;
const NO_LIBRARY = 3;

export class Thumbnails {
  readonly #report: Report;
  readonly #entry: URL;
  /** The last one that was asked for. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isMissing = false;

  constructor(report: Report, entry = new URL("./thumbnail-process.ts", import.meta.url)) {
    this.#report = report;
    this.#entry = entry;
    // The single executable has no native library inside.
    this.#isMissing = entry.href.includes("$bunfs");
  }

  /** `undefined`: there is none. `read` is called when it is this picture's turn. */
  async make(
    mimeType: string,
    bytes: number,
    read: () => Promise<Blob | ReadableStream<Uint8Array> | undefined>,
  ): Promise<Uint8Array | undefined> {
    if (!TYPES.has(mimeType) || bytes > THUMBNAIL_SOURCE_BYTES_MAX || this.#isMissing) return undefined;
    if (this.#waiting >= THUMBNAILS_WAITING_MAX) return undefined;
    this.#waiting += 1;
    const dueMs = performance.now() + THUMBNAIL_MS_MAX;
    const made = this.#last.then(() => this.#one(read, dueMs - performance.now()));
    this.#last = made;
    try {
      return await made;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Never rejects. */
  async #one(
    read: () => Promise<Blob | ReadableStream<Uint8Array> | undefined>,
    msMax: number,
  ): Promise<Uint8Array | undefined> {
    if (msMax <= 0) return undefined;
    try {
      const source = await read();
      return source === undefined ? undefined : await this.#run(source, msMax);
    } catch (error) {
      this.#report("thumbnail_failed", { why: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  }

  async #run(source: Blob | ReadableStream<Uint8Array>, msMax: number): Promise<Uint8Array | undefined> {
    const stdin = await new Response(source).bytes();
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

function lower(pid: number): void {
  try {
    setPriority(pid, LOW_PRIORITY);
  } catch {
    // It is over already.
  }
}
