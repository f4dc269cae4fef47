/**
 * Where writes wait for their group: the port between the adapters and the writer, wherever it runs, and its form for a
 * writer in the same thread.
 * Invariant: answers come in the order of the writes, never from within `add` or `flush`.
 */
import { STORAGE_GROUP_OPERATIONS_MAX } from "../../base/limits.ts";
import type { SqliteWriter } from "./sqlite-writer.ts";
import type { WriteOperation, WriteOutcome } from "./write-operation.ts";

export type WriteDone = (outcome: WriteOutcome) => void;

export interface WriteQueue {
  add(operation: WriteOperation, done: WriteDone): void;
  /** Commits what waits. Without it the group is committed at the end of the loop's turn. */
  flush(): void;
  /** Commits what waits, then stops. Writes that come later are answered `unknown`. */
  close(): Promise<void>;
}

export class LocalWriteQueue implements WriteQueue {
  readonly #writer: SqliteWriter;
  readonly #schedule: (run: () => void) => void;
  #operations: WriteOperation[] = [];
  #done: WriteDone[] = [];
  /** For writers who never call `flush`. */
  #fallback: NodeJS.Immediate | undefined;
  #isCheckpointing = false;

  constructor(writer: SqliteWriter, schedule: (run: () => void) => void = queueMicrotask) {
    this.#writer = writer;
    this.#schedule = schedule;
  }

  add(operation: WriteOperation, done: WriteDone): void {
    this.#operations.push(operation);
    this.#done.push(done);
    this.#fallback ??= setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#fallback !== undefined) {
      clearImmediate(this.#fallback);
      this.#fallback = undefined;
    }
    while (this.#operations.length > 0) {
      const isWhole = this.#operations.length <= STORAGE_GROUP_OPERATIONS_MAX;
      const operations = isWhole ? this.#operations : this.#operations.slice(0, STORAGE_GROUP_OPERATIONS_MAX);
      const done = isWhole ? this.#done : this.#done.slice(0, STORAGE_GROUP_OPERATIONS_MAX);
      this.#operations = isWhole ? [] : this.#operations.slice(STORAGE_GROUP_OPERATIONS_MAX);
      this.#done = isWhole ? [] : this.#done.slice(STORAGE_GROUP_OPERATIONS_MAX);
      const outcomes = this.#writer.commit(operations);
      this.#schedule(() => {
        for (let i = 0; i < done.length; i += 1) done[i]?.(outcomes[i] ?? "unknown");
      });
    }
    if (!this.#writer.isCheckpointDue || this.#isCheckpointing) return;
    this.#isCheckpointing = true;
    // After the answers: it takes a few milliseconds.
    setImmediate(() => {
      this.#isCheckpointing = false;
      this.#writer.checkpointIfDue();
    });
  }

  async close(): Promise<void> {
    this.flush();
    this.#writer.close();
  }
}
