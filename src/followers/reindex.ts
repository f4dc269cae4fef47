/**
 * Builds the index of a log anew: forgets what it has, goes back to the start, and reads to the end. A server may be running
 * and follow the same log: whoever moves the position first was right, the other one goes on from there.
 */
import { decodeEntries } from "../actors/log-codec.ts";
import type { Seq } from "../base/ids.ts";
import { REINDEX_ATTEMPTS_MAX, REINDEX_RUN_EVENTS } from "../base/limits.ts";
import type { FollowerStorage } from "../storage/follow-store.ts";
import type { Done, LogKey, ReadResult, Segment } from "../storage/journal.ts";
import type { SearchIndex } from "../storage/search-index.ts";
import { changesOf, forgetIn, lostIn, searchPositions } from "./search-consumer.ts";

/** Events that were read, and messages among them, since the last time. */
export type Progress = (events: number, messages: number) => void;

export interface ReindexParts {
  readonly storage: Pick<FollowerStorage, "journal" | "store">;
  readonly index: SearchIndex;
  /** Before something is tried again. */
  readonly pause: (attempt: number) => Promise<void>;
}

export class Reindex {
  readonly #parts: ReindexParts;
  readonly #consumer: string;

  constructor(parts: ReindexParts) {
    this.#parts = parts;
    this.#consumer = searchPositions(parts.index);
  }

  /** `isBegun`: an interrupted run had begun with it, and this one goes on. Throws when the store does not answer. */
  async rebuild(log: LogKey, isBegun: boolean, progress: Progress): Promise<void> {
    let position = await this.#position(log);
    if (!isBegun) {
      await this.#ask<true>((done) => this.#parts.index.forgetFront(log, Number.MAX_SAFE_INTEGER, done));
      while (!(await this.#moved(log, position, 0))) position = await this.#position(log);
      position = 0;
    }
    for (;;) {
      const end = await this.#stretch(log, position, progress);
      if (end === position) return;
      position = (await this.#moved(log, position, end)) ? end : await this.#position(log);
    }
  }

  /** Answers where it ended; where it began, when there is no more. */
  async #stretch(log: LogKey, position: Seq, progress: Progress): Promise<Seq> {
    const range = { from: position + 1, to: Number.MAX_SAFE_INTEGER, eventsMax: REINDEX_RUN_EVENTS };
    const segments = await this.#ask<readonly Segment[]>((done) =>
      this.#parts.storage.journal.readRange(log, range, done),
    );
    const end = segments.at(-1)?.lastSeq ?? position;
    if (end <= position) return position;
    const events = segments
      .flatMap(({ firstSeq, entries }) => decodeEntries(firstSeq, entries))
      .filter(({ seq }) => seq > position);
    const changes = events.flatMap(changesOf);
    if (changes.length > 0) await this.#ask<true>((done) => this.#parts.index.write([{ log, changes }], done));
    for (const what of lostIn(events)) {
      await this.#ask<true>((done) => forgetIn(this.#parts.index, log, what, done));
    }
    progress(events.length, events.filter(({ kind }) => kind === "message_sent").length);
    return end;
  }

  async #position(log: LogKey): Promise<Seq> {
    const { store } = this.#parts.storage;
    const [position] = await this.#ask<readonly Seq[]>((done) => store.positions(this.#consumer, [log], done));
    return position ?? 0;
  }

  /** false: it does not stand there any more. */
  async #moved(log: LogKey, from: Seq, to: Seq): Promise<boolean> {
    if (from === to) return true;
    const { store } = this.#parts.storage;
    return (await this.#ask<string>((done) => store.move(this.#consumer, log, from, to, done))) === "moved";
  }

  async #ask<Value>(ask: (done: Done<Value>) => void): Promise<Value> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await new Promise<ReadResult<Value>>((resolve) => ask(resolve));
      if (result.ok) return result.value;
      if (attempt >= REINDEX_ATTEMPTS_MAX) throw new Error("the store does not answer");
      await this.#parts.pause(attempt);
    }
  }
}
