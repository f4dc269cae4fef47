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

export class RoomLog {
  readonly events: SeenEvent[] = [];
  readonly faults: string[] = [];
  /** Ranges that the server named as not replayable, and new starts without resume. */
  readonly missing: MissingRange[] = [];
  #head: number | undefined;

  /** The sequence up to which this person has everything; what a resume names. */
  get head(): number {
    return this.#head ?? 0;
  }

  /** An `events` frame. */
  accept(frame: Frame): void {
    const after = numberAt(frame, "after");
    this.#head ??= after;
    if (after > this.#head) this.faults.push(`gap: had ${this.#head}, got a frame after ${after}`);
    for (const event of listAt(frame, "events")) {
      const seq = numberAt(event, "seq");
      if (seq <= this.#head) this.faults.push(`again or out of order: had ${this.#head}, got ${seq}`);
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
    if (this.head < head) this.faults.push(`resumed up to ${head}, but only ${this.head} came`);
    this.#head = Math.max(this.head, head);
  }

  #start(position: unknown, since: number): void {
    this.#head = Math.max(this.#head ?? 0, since);
    if (at(position, "missing") === undefined) return;
    const range = { from: numberAt(position, "missing.from"), to: numberAt(position, "missing.to") };
    this.missing.push(range);
    this.#head = Math.max(this.#head, range.to);
  }
}
