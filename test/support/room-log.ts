/**
 * What one person saw of one room, over all connections, and whether it hangs together.
 * Invariant: every event that does not follow what was seen before stands in `faults`.
 */
import { at, listAt, numberAt, textAt } from "./json.ts";
import type { Frame } from "./wire.ts";

export interface SeenEvent {
  readonly seq: number;
  readonly type: string;
  /** The event as it came, names in canonical form. */
  readonly body: unknown;
}

export interface MissingRange {
  readonly from: number;
  readonly to: number;
}

/** A `resume` or a join with a position that was not answered yet: what follows `since` may come again. */
export interface Question {
  readonly since: number;
}

export class RoomLog {
  readonly events: SeenEvent[] = [];
  /** Ranges that the server named as not replayable, and new starts without resume. */
  readonly missing: MissingRange[] = [];
  readonly #faults: string[] = [];
  /** New events may come before the answer that names what is missing before them: until then nobody knows. */
  #gaps: (MissingRange & { readonly fault: string })[] = [];
  readonly #questions = new Set<Question>();
  #head: number | undefined;

  get faults(): readonly string[] {
    return [...this.#faults, ...this.#gaps.map((gap) => gap.fault)];
  }

  /** The sequence up to which this person has everything; what a resume names. */
  get head(): number {
    return this.#head ?? 0;
  }

  asked(since: number): Question {
    const question = { since };
    this.#questions.add(question);
    return question;
  }

  /** Answered, or nobody will. */
  settled(question: Question): void {
    this.#questions.delete(question);
  }

  /** An `events` frame. A server that lost its way may answer a question twice; unasked nothing comes again. */
  accept(frame: Frame): void {
    const after = numberAt(frame, "after");
    this.#head ??= after;
    if (after > this.#head) {
      const fault = `${now()} gap: had ${this.#head}, got a frame after ${after}`;
      this.#gaps.push({ from: this.#head + 1, to: after, fault });
    }
    for (const event of listAt(frame, "events")) {
      const seq = numberAt(event, "seq");
      if (at(event, "change.kind") === "thread") {
        // Follows the reply that it sums up, and has its number.
        this.events.push({ seq, type: textAt(event, "type"), body: event });
        continue;
      }
      if (seq <= this.#head) {
        if ([...this.#questions].some(({ since }) => since <= after)) continue;
        const span = `(${after}, ${numberAt(frame, "head")}]`;
        this.#faults.push(`${now()} again or out of order: had ${this.#head}, got ${seq} in a frame ${span}`);
      }
      this.#head = Math.max(this.#head, seq);
      this.events.push({ seq, type: textAt(event, "type"), body: event });
    }
    this.#head = Math.max(this.#head, numberAt(frame, "head"));
  }

  /** The position in the answer to `join_room`; with `since` the events after it follow. */
  joined(position: unknown, since: number | undefined): void {
    if (since !== undefined) {
      this.#start(position, since);
      return;
    }
    const head = numberAt(position, "head");
    if (this.#head !== undefined && head > this.#head) this.missing.push({ from: this.#head + 1, to: head });
    this.#head = Math.max(this.#head ?? 0, head);
  }

  /**
   * The position in a `resumed` frame, which comes after the replayed events. With several rooms, live events of one may
   * come before it too: then the position is older than what is had.
   */
  resumed(position: unknown): void {
    if (at(position, "error") !== undefined) return;
    const head = numberAt(position, "head");
    this.#start(position, this.head);
    if (this.head < head) this.#faults.push(`${now()} resumed up to ${head}, but only ${this.head} came`);
    this.#head = Math.max(this.head, head);
  }

  #start(position: unknown, since: number): void {
    this.#head = Math.max(this.#head ?? 0, since);
    if (at(position, "missing") === undefined) return;
    const range = { from: numberAt(position, "missing.from"), to: numberAt(position, "missing.to") };
    this.missing.push(range);
    this.#gaps = this.#gaps.filter(({ from, to }) => from < range.from || to > range.to);
    this.#head = Math.max(this.#head, range.to);
  }
}

/** Wall time, to be found again in a server's log. */
function now(): string {
  return new Date().toISOString().slice(11, -1);
}
