/**
 * Keeps the search index up with the logs: what was sent, edited and deleted. Held messages are no messages, and the author of
 * an anonymous one is the pseudonym. Collects the runs of several logs and writes them together.
 */
import type { Seq } from "../base/ids.ts";
import { SEARCH_WRITE_CHANGES } from "../base/limits.ts";
import type { LogEvent, MessageSent } from "../domain/room/events.ts";
import type { LogKey, ReadResult } from "../storage/journal.ts";
import type { IndexBatch, IndexChange, SearchIndex } from "../storage/search-index.ts";
import { type Delivered, type Forgotten, type LogConsumer, type LogRun, positionsOf } from "./log-consumer.ts";

const NAME = "search";

/** Under which an index's positions stand. */
export function searchPositions({ id }: SearchIndex): string {
  return positionsOf({ name: NAME, generation: id });
}

interface Waiting {
  readonly batch: IndexBatch;
  /** What the log says is gone for good, in its order. */
  readonly lost: readonly Forgotten[];
  readonly done: (outcome: Delivered) => void;
}

/** Runs soon, after others had their turn. */
type Soon = (run: () => void) => void;

export class SearchConsumer implements LogConsumer {
  readonly name = NAME;
  readonly generation: string;
  readonly #index: SearchIndex;
  readonly #soon: Soon;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(index: SearchIndex, soon: Soon) {
    this.generation = index.id;
    this.#index = index;
    this.#soon = soon;
  }

  deliver({ log, events }: LogRun, done: (outcome: Delivered) => void): void {
    const changes = events.flatMap(changesOf);
    this.#waiting.push({ batch: { log, changes }, lost: lostIn(events), done });
  }

  flush(): void {
    if (!this.#isWriting) this.#write();
  }

  forget(log: LogKey, what: Forgotten, done: (outcome: Delivered) => void): void {
    forgetIn(this.#index, log, what, (result) => done(result.ok ? "durable" : "later"));
  }

  /** As much as one write may have; the rest when others had their turn. */
  #write(): void {
    let changes = 0;
    let count = 0;
    for (const { batch } of this.#waiting) {
      if (count > 0 && changes + batch.changes.length > SEARCH_WRITE_CHANGES) break;
      changes += batch.changes.length;
      count += 1;
    }
    const part = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#isWriting = part.length > 0;
    if (part.length === 0) return;
    const batches = part.map(({ batch }) => batch).filter((batch) => batch.changes.length > 0);
    const written = (result: { readonly ok: boolean }): void => {
      for (const one of part) this.#written(one, result.ok);
      this.#soon(() => this.#write());
    };
    if (batches.length === 0) written({ ok: true });
    else this.#index.write(batches, written);
  }

  #written({ batch, lost, done }: Waiting, isOk: boolean): void {
    const next = (index: number): void => {
      const what = lost[index];
      if (what === undefined) return done("durable");
      this.forget(batch.log, what, (outcome) => (outcome === "durable" ? next(index + 1) : done(outcome)));
    };
    if (isOk) next(0);
    else done("later");
  }
}

const ALL: Seq = Number.MAX_SAFE_INTEGER;

/** What events say is gone for good. An edit that takes a quote away overwrites what was indexed: no message is lost, but its
 *  former words are to be in no byte either, for which forgetting nothing is enough. */
export function lostIn(events: readonly LogEvent[]): readonly Forgotten[] {
  const lost: Forgotten[] = [];
  const seqs: Seq[] = [];
  let isErased = false;
  for (const event of events) {
    if (event.kind === "history_trimmed") lost.push({ what: "front", upTo: event.through });
    if (event.kind === "room_deleted") lost.push({ what: "log" });
    if ((event.kind === "message_deleted" || event.kind === "message_edited") && event.erased === true) isErased = true;
    if (event.kind === "message_deleted" && event.erased === true) seqs.push(event.target);
  }
  return isErased ? [...lost, { what: "seqs", seqs }] : lost;
}

/** Answers when nothing of it is kept any more. */
export function forgetIn(
  index: SearchIndex,
  log: LogKey,
  what: Forgotten,
  done: (forgotten: ReadResult<true>) => void,
): void {
  if (what.what === "seqs") index.forget(log, what.seqs, done);
  else index.forgetFront(log, what.what === "front" ? what.upTo : ALL, done);
}

/** What an event means to the index. */
export function changesOf(event: LogEvent): readonly IndexChange[] {
  switch (event.kind) {
    case "message_sent":
      return [{ kind: "put", message: indexed(event) }];
    case "message_edited":
      return [{ kind: "edit", seq: event.target, by: event.seq, text: event.content }];
    // The whole of an answer of the assistant, once it is at its end.
    case "answer_ended":
      return [{ kind: "edit", seq: event.target, by: event.seq, text: event.content }];
    case "message_deleted":
      return [{ kind: "remove", seq: event.target }];
    default:
      return [];
  }
}

function indexed(event: MessageSent) {
  const { seq, timestamp, messageType, content } = event;
  const extra = extraWords(event);
  return {
    seq,
    at: timestamp,
    author: event.as ?? event.by,
    type: messageType,
    text: content,
    ...(extra !== "" && { extra }),
  };
}

/** What a message says beside its text: a poll's question and options, names of files. */
function extraWords({ poll, attachments = [] }: Pick<MessageSent, "poll" | "attachments">): string {
  const words = poll === undefined ? [] : [poll.question, ...poll.options];
  for (const { fileName } of attachments) words.push(fileName);
  return words.join("\n");
}
