/**
 * Replies not read in the threads that one follows. The server says them at connect, and is asked for them when there is a reply
 * in a thread that may be one of them; in one that is, replies are counted here.
 */
import type { UserId } from "../base/ids.ts";
import type { MessageView, ServerFrame, ThreadCount } from "../protocol/frames.ts";
import type { Emitter } from "./emitter.ts";
import type { Rest } from "./rest.ts";
import type { ClientEvents } from "./types.ts";

/** One request for all that comes within a moment. */
const ASK_MS = 300;
/** Threads of which it is known that one does not follow them. Beyond: it is asked again. */
const OTHERS_MAX = 1_000;

export class Threads {
  readonly #emitter: Emitter<ClientEvents>;
  readonly #rest: Rest;
  readonly #others = new Set<string>();
  /** In which there were replies since the last request. */
  readonly #news = new Set<string>();
  #counts: readonly ThreadCount[] = [];
  #userId: UserId | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(emitter: Emitter<ClientEvents>, rest: Rest) {
    this.#emitter = emitter;
    this.#rest = rest;
    emitter.on("frame", (frame) => this.#frame(frame));
    emitter.on("message", ({ message }) => this.#reply(message));
  }

  get counts(): readonly ThreadCount[] {
    return this.#counts;
  }

  /** So many are left; it may be followed from now on. */
  set({ roomId, threadId, unread }: ThreadCount): void {
    this.#others.delete(roomId + threadId);
    const others = this.#counts.filter((one) => one.roomId !== roomId || one.threadId !== threadId);
    this.#are(unread > 0 ? [{ roomId, threadId, unread }, ...others] : others);
  }

  /** In a room that this client listens to. Whoever replies has read what was before, and follows from now on. */
  #reply({ roomId, threadId, authorId }: MessageView): void {
    if (threadId === undefined) return;
    const isOwn = authorId === this.#userId;
    const count = this.#counts.find((one) => one.roomId === roomId && one.threadId === threadId);
    if (isOwn) this.set({ roomId, threadId, unread: 0 });
    else if (count !== undefined) this.set({ ...count, unread: count.unread + 1 });
    else if (!this.#others.has(roomId + threadId)) this.#askSoon(roomId + threadId);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === "connection") {
      this.#userId = frame.userId;
      this.#are(frame.unread.threads ?? []);
    }
    if (frame.type === "thread_unread") this.set(frame);
    else if (frame.type === "notification" && frame.kind === "reply") this.#askSoon("");
  }

  #askSoon(thread: string): void {
    if (!this.#emitter.hears("threads")) return;
    this.#news.add(thread);
    this.#timer ??= setTimeout(() => void this.#ask(), ASK_MS);
  }

  async #ask(): Promise<void> {
    const asked = [...this.#news];
    this.#news.clear();
    const counts = await this.#rest
      .call<{ readonly threads: readonly ThreadCount[] }>("GET", "/v1/chat/unread")
      .catch(() => undefined);
    this.#timer = undefined;
    if (counts === undefined) return;
    this.#are(counts.threads);
    const followed = new Set(counts.threads.map(({ roomId, threadId }): string => roomId + threadId));
    if (this.#others.size > OTHERS_MAX) this.#others.clear();
    for (const one of asked) if (!followed.has(one)) this.#others.add(one);
    // What came meanwhile may be counted or not.
    for (const one of this.#news) this.#askSoon(one);
  }

  #are(counts: readonly ThreadCount[]): void {
    if (counts.length === 0 && this.#counts.length === 0) return;
    this.#counts = counts;
    this.#emitter.emit("threads", this.#counts);
  }
}
