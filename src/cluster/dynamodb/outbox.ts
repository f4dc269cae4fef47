/**
 * What this node has to say to others: gathered per receiver, packed into entries, written one after the other.
 * Invariants: one write under way per receiver, so that a sender's order is kept, also when a write is tried again;
 * `queuedBytes` never exceeds `BUS_QUEUE_BYTES_MAX`.
 */
import type { Clock } from "../../base/clock.ts";
import { BUS_ITEM_BYTES_MAX, BUS_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import { EntryPacker, takeFirst } from "../bus-entries.ts";
import type { NodeId } from "../membership.ts";
import type { TableAnswer, TableError } from "./cluster-table.ts";

export interface OutboxPorts {
  readonly clock: Clock;
  write(to: NodeId, entryNumber: number, entry: Uint8Array): Promise<TableAnswer<unknown>>;
  /** What waited for this receiver was dropped. */
  gaveUp(to: NodeId, why: TableError): void;
}

/** Milliseconds between two tries of one entry, and after which what waits for that receiver is dropped. */
const RETRY_MS = 50;
const WRITE_MS_MAX = 1_500;

interface Outgoing {
  readonly to: NodeId;
  messages: Uint8Array[];
  isOver: boolean;
}

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #packer = new EntryPacker(BUS_ITEM_BYTES_MAX);
  /** Receivers for whom something waits or is being written. */
  #outgoing = new Map<NodeId, Outgoing>();
  /** Those of them that have not begun to write. */
  #gathering: Outgoing[] = [];
  #queuedBytes = 0;
  #entries = 0;
  #onIdle: (() => void) | undefined;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  add(to: NodeId, message: Uint8Array): void {
    if (this.#queuedBytes + message.length > BUS_QUEUE_BYTES_MAX) return;
    this.#queuedBytes += message.length;
    const known = this.#outgoing.get(to);
    if (known !== undefined) {
      known.messages.push(message);
      return;
    }
    const outgoing: Outgoing = { to, messages: [message], isOver: false };
    this.#outgoing.set(to, outgoing);
    // What is sent in one turn goes out together.
    if (this.#gathering.push(outgoing) === 1) setImmediate(() => this.#writeGathered());
  }

  /** Drops all that waits; what is being written is not counted any more. */
  clear(): void {
    for (const outgoing of this.#outgoing.values()) outgoing.isOver = true;
    this.#outgoing = new Map();
    this.#gathering = [];
    this.#queuedBytes = 0;
    this.#onIdle?.();
  }

  /** Calls back when nothing waits, at once or later. */
  whenIdle(done: () => void): void {
    this.#onIdle = done;
    if (this.#outgoing.size === 0) done();
  }

  #writeGathered(): void {
    const gathered = this.#gathering;
    this.#gathering = [];
    for (const outgoing of gathered) void this.#writeAll(outgoing);
  }

  async #writeAll(outgoing: Outgoing): Promise<void> {
    while (outgoing.messages.length > 0) {
      const { messages, bytes } = takeFirst(outgoing.messages, BUS_ITEM_BYTES_MAX);
      const failure = await this.#writeEntries(outgoing, messages);
      if (outgoing.isOver) return;
      this.#queuedBytes -= bytes;
      if (failure !== undefined) this.#giveUp(outgoing, failure);
      if (outgoing.isOver) return;
    }
    this.#outgoing.delete(outgoing.to);
    if (this.#outgoing.size === 0) this.#onIdle?.();
  }

  /** `undefined`: written, or nobody waits for it any more. */
  async #writeEntries(outgoing: Outgoing, messages: readonly Uint8Array[]): Promise<TableError | undefined> {
    const untilMs = this.#ports.clock.monotonicMs() + WRITE_MS_MAX;
    for (const entry of this.#packer.pack(messages)) {
      this.#entries += 1;
      const failure = await this.#writeEntry(outgoing, this.#entries, entry, untilMs);
      if (failure !== undefined || outgoing.isOver) return failure;
    }
    return undefined;
  }

  /** The same entry in the same place until it is known to be there: twice does no harm. */
  async #writeEntry(
    outgoing: Outgoing,
    entryNumber: number,
    entry: Uint8Array,
    untilMs: number,
  ): Promise<TableError | undefined> {
    for (;;) {
      const written = await this.#ports.write(outgoing.to, entryNumber, entry);
      if (written.ok || outgoing.isOver) return undefined;
      if (this.#ports.clock.monotonicMs() >= untilMs) return written.error;
      await new Promise<void>((resolve) => this.#ports.clock.after(RETRY_MS, resolve));
    }
  }

  #giveUp(outgoing: Outgoing, why: TableError): void {
    outgoing.isOver = true;
    this.#outgoing.delete(outgoing.to);
    for (const message of outgoing.messages) this.#queuedBytes -= message.length;
    this.#ports.gaveUp(outgoing.to, why);
    if (this.#outgoing.size === 0) this.#onIdle?.();
  }
}
