/**
 * Where writes wait for their group: the port between the adapters and the writer, wherever it runs, and its form for a
 * writer in the same thread.
 * Invariant: answers come in the order of the writes, never from within `add` or `flush`; only those of writes with patience
 * may come after others'.
 */
import { STORAGE_GROUP_OPERATIONS_MAX } from "../../base/limits.ts";
import type { PatienceMs } from "../journal.ts";
import type { SqliteWriter } from "./sqlite-writer.ts";
import { Urgency } from "./urgency.ts";
import type { WriteOperation, WriteOutcome } from "./write-operation.ts";

export type WriteDone = (outcome: WriteOutcome) => void;

export interface WriteQueue {
  /** `patienceMs`: for so long it may wait for others to be committed with. */
  add(operation: WriteOperation, done: WriteDone, patienceMs?: PatienceMs): void;
  /** Commits what waits, unless all of it has patience. Without it the group is committed at the end of the loop's turn. */
  flush(): void;
  /** What waits has no patience any more. */
  hurry(): void;
  /** Commits what waits, then stops. Writes that come later are answered `unknown`. */
  close(): Promise<void>;
}

export class LocalWriteQueue implements WriteQueue {
  readonly #writer: SqliteWriter;
  readonly #schedule: (run: () => void) => void;
  #operations: WriteOperation[] = [];
  #done: WriteDone[] = [];
  /** Those with patience. */
  #patient: WriteOperation[] = [];
  #patientDone: WriteDone[] = [];
  /** For writers who never call `flush`. */
  #fallback: NodeJS.Immediate | undefined;
  #isCheckpointing = false;
  readonly #urgency = new Urgency(() => this.flush());

  constructor(writer: SqliteWriter, schedule: (run: () => void) => void = queueMicrotask) {
    this.#writer = writer;
    this.#schedule = schedule;
  }

  add(operation: WriteOperation, done: WriteDone, patienceMs: PatienceMs = 0): void {
    (patienceMs > 0 ? this.#patient : this.#operations).push(operation);
    (patienceMs > 0 ? this.#patientDone : this.#done).push(done);
    this.#urgency.add(patienceMs);
    if (this.#urgency.isDue) this.#fallback ??= setImmediate(() => this.flush());
  }

  hurry(): void {
    if (this.#patient.length === 0) return;
    this.#urgency.hurry();
    this.#fallback ??= setImmediate(() => this.flush());
  }

  flush(): void {
    if (!this.#urgency.isDue) return;
    this.#urgency.taken();
    if (this.#fallback !== undefined) {
      clearImmediate(this.#fallback);
      this.#fallback = undefined;
    }
    let urgent = this.#operations.length;
    if (this.#patient.length > 0) this.#joinPatient();
    while (this.#operations.length > 0) {
      const isWhole = this.#operations.length <= STORAGE_GROUP_OPERATIONS_MAX;
      const operations = isWhole ? this.#operations : this.#operations.slice(0, STORAGE_GROUP_OPERATIONS_MAX);
      const done = isWhole ? this.#done : this.#done.slice(0, STORAGE_GROUP_OPERATIONS_MAX);
      this.#operations = isWhole ? [] : this.#operations.slice(STORAGE_GROUP_OPERATIONS_MAX);
      this.#done = isWhole ? [] : this.#done.slice(STORAGE_GROUP_OPERATIONS_MAX);
      const outcomes = this.#writer.commit(operations);
      this.#answer(done, outcomes, Math.min(urgent, done.length));
      urgent = Math.max(0, urgent - done.length);
    }
    if (!this.#writer.isCheckpointDue || this.#isCheckpointing) return;
    this.#isCheckpointing = true;
    // After the answers: it takes a few milliseconds.
    setImmediate(() => {
      this.#isCheckpointing = false;
      this.#writer.checkpointIfDue();
    });
  }

  #joinPatient(): void {
    this.#operations = this.#operations.concat(this.#patient);
    this.#done = this.#done.concat(this.#patientDone);
    this.#patient = [];
    this.#patientDone = [];
  }

  /** The first so many now. What has patience goes on when they have left: what follows from it would be in their way. */
  #answer(done: readonly WriteDone[], outcomes: readonly WriteOutcome[], urgent: number): void {
    const answer = (from: number, to: number): void => {
      for (let i = from; i < to; i += 1) done[i]?.(outcomes[i] ?? "unknown");
    };
    if (urgent > 0) this.#schedule(() => answer(0, urgent));
    if (urgent < done.length) setImmediate(() => answer(urgent, done.length));
  }

  async close(): Promise<void> {
    this.#urgency.hurry();
    this.flush();
    this.#writer.close();
  }
}
