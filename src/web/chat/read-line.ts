/**
 * Where the line stands before which all is read. It is drawn behind `readSeq` when somebody else's message follows.
 * Invariant: what comes while the end is looked at makes no line; what came meanwhile begins at one.
 */
import type { ReadonlySignal, Signal } from "@preact/signals";
import type { MessageView } from "../../client/stoa-chat.ts";

export type Shown = Pick<MessageView, "seq">;

export class ReadLine {
  readonly #messages: ReadonlySignal<readonly Shown[]>;
  readonly #readSeq: Signal<number | undefined>;
  #isWatched = (): boolean => false;
  /** The last one that was looked at. */
  #seen: number | undefined;
  #isKept = false;

  constructor(messages: ReadonlySignal<readonly Shown[]>, readSeq: Signal<number | undefined>) {
    this.#messages = messages;
    this.#readSeq = readSeq;
  }

  watch(isWatched: () => boolean): void {
    this.#isWatched = isWatched;
  }

  /** The room is opened: a line from before goes, or moves to what came since. */
  shown(): void {
    this.#isKept = false;
    if (this.#seen !== undefined) this.#readSeq.value = Math.max(this.#seen, this.#readSeq.peek() ?? 0);
  }

  /** Its end is looked at now. false: it is to stay unread. */
  look(): boolean {
    if (this.#isKept) return false;
    const last = this.#messages.peek().at(-1)?.seq;
    if (last === undefined) return true;
    const seen = this.#seen;
    // Came while one looked elsewhere.
    if (seen !== undefined && last > seen && (this.#readSeq.peek() ?? 0) < seen) this.#readSeq.value = seen;
    this.#seen = last;
    return true;
  }

  /** Before it is among the messages. */
  came(seq: number, isMine: boolean): void {
    if (isMine) this.#isKept = false;
    const isWatched = !this.#isKept && this.#isWatched();
    const line = this.#readSeq.peek();
    // Whoever answers has read what stands above.
    if (line !== undefined && seq > line && (isMine || (isWatched && !this.#isDrawn(line)))) this.#readSeq.value = seq;
    if (isWatched) this.#seen = seq;
  }

  keepUnread(from: number): void {
    this.#isKept = true;
    this.#seen = from - 1;
    this.#readSeq.value = from - 1;
  }

  /** Messages of one's own make none. */
  #isDrawn(line: number): boolean {
    return (this.#messages.peek().at(-1)?.seq ?? 0) > line;
  }
}
