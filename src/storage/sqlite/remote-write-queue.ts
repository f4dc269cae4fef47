/**
 * A shard's side of the writer in its own thread: one message per flush, one per answer.
 * Invariant: the writer answers in the order sent, so answers need no numbers. When the connection is lost, what was
 * under way is `unknown`: the writer may have committed it.
 */
import type { MessagePort } from "node:worker_threads";
import type { PatienceMs } from "../journal.ts";
import { Urgency } from "./urgency.ts";
import { packOperations, unpackOutcomes } from "./write-codec.ts";
import type { WriteOperation } from "./write-operation.ts";
import type { WriteDone, WriteQueue } from "./write-queue.ts";

export class RemoteWriteQueue implements WriteQueue {
  readonly #schedule: (run: () => void) => void;
  #port: MessagePort | undefined;
  #operations: WriteOperation[] = [];
  /** Of what is sent and of what waits, in order. */
  #done: WriteDone[] = [];
  #answered = 0;
  #isFlushDue = false;
  #onIdle: (() => void) | undefined;
  readonly #urgency = new Urgency(() => this.flush());

  constructor(port: MessagePort, schedule: (run: () => void) => void = queueMicrotask) {
    this.#schedule = schedule;
    this.attach(port);
  }

  /** Goes on with another writer, after the one before was lost. */
  attach(port: MessagePort): void {
    this.detach();
    this.#port = port;
    port.on("message", (outcomes: string) => {
      if (this.#port === port) this.#answer(outcomes);
    });
    port.on("close", () => {
      if (this.#port === port) this.detach();
    });
  }

  /** The writer is lost: all that waits for it is `unknown`. */
  detach(): void {
    this.#port?.close();
    this.#port = undefined;
    const lost = this.#done.slice(this.#answered);
    this.#operations = [];
    this.#done = [];
    this.#answered = 0;
    this.#urgency.taken();
    if (lost.length === 0) return;
    this.#schedule(() => {
      for (const done of lost) done("unknown");
    });
  }

  add(operation: WriteOperation, done: WriteDone, patienceMs: PatienceMs = 0): void {
    if (this.#port === undefined) {
      this.#schedule(() => done("unknown"));
      return;
    }
    this.#operations.push(operation);
    this.#done.push(done);
    this.#urgency.add(patienceMs);
    if (this.#urgency.isDue) this.#flushSoon();
  }

  hurry(): void {
    if (this.#operations.length === 0) return;
    this.#urgency.hurry();
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  flush(): void {
    if (!this.#urgency.isDue) return;
    this.#urgency.taken();
    if (this.#operations.length === 0) return;
    const bytes = packOperations(this.#operations);
    this.#operations = [];
    this.#port?.postMessage(bytes, [bytes.buffer]);
  }

  async close(): Promise<void> {
    this.hurry();
    this.flush();
    if (this.#port !== undefined && this.#done.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.detach();
  }

  #answer(outcomes: string): void {
    for (const outcome of unpackOutcomes(outcomes)) {
      const done = this.#done[this.#answered];
      this.#answered += 1;
      done?.(outcome);
    }
    // In steps, so that a long queue is not moved with every answer.
    if (this.#answered === this.#done.length || this.#answered > 4_096) {
      this.#done = this.#done.slice(this.#answered);
      this.#answered = 0;
    }
    if (this.#done.length === 0) this.#onIdle?.();
  }
}
