/**
 * Reads this node's inbox, again and again. All that is in the inbox is read each time, from its beginning, and what was read
 * is deleted: so nothing that lands late is missed, and one query serves however many senders there are.
 * Invariant: a sender's entries are handed over in the order of their numbers, none twice; one that lands behind a later one
 * is lost.
 *
 * How often: every 10 ms while entries come or go, then more and more rarely, every 250 ms at last.
 */
import type { WriteRequest } from "@aws-sdk/client-dynamodb";
import type { Clock, Timer } from "../../base/clock.ts";
import { EntryUnpacker } from "../bus-entries.ts";
import type { NodeId } from "../membership.ts";
import { type ClusterTable, type Item, removal, sortKeyOf } from "./cluster-table.ts";

export interface InboxEvents {
  received(message: Uint8Array): void;
  /** One reading of all that was there succeeded or failed. */
  polled(isAnswered: boolean): void;
}

const POLL_MS_MIN = 10;
const POLL_MS_MAX = 250;
/** The pause is this part of the time since something came or went. */
const QUIET_PART = 1 / 8;
/** Bytes that were read and are being deleted. Beyond, the next reading waits for that: it would pay for them again. */
const DELETING_BYTES_MAX = 16 * 1024;
const DELETES_AT_ONCE = 25;
const SENDER_FORGOTTEN_MS = 60_000;
const NUMBER_DIGITS = 12;

export function inboxOf(node: NodeId): string {
  return `I#${node}`;
}

export function entryKey(sender: string, entryNumber: number): string {
  return `${sender}#${String(entryNumber).padStart(NUMBER_DIGITS, "0")}`;
}

interface Sender {
  /** Of the last entry that was handed over. */
  number: number;
  seenMs: number;
}

export class InboxReader {
  readonly #table: ClusterTable;
  readonly #clock: Clock;
  readonly #pk: string;
  readonly #events: InboxEvents;
  readonly #unpacker = new EntryUnpacker();
  readonly #senders = new Map<string, Sender>();
  /** Sort keys on their way out: not to be deleted a second time. */
  readonly #deleting = new Set<string>();
  readonly #deletions = new Set<Promise<void>>();
  #deletingBytes = 0;
  #activeMs: number;
  #pause: { readonly timer: Timer; readonly endsMs: number; readonly end: () => void } | undefined;
  #isStopped = false;

  constructor(table: ClusterTable, clock: Clock, node: NodeId, events: InboxEvents) {
    this.#table = table;
    this.#clock = clock;
    this.#pk = inboxOf(node);
    this.#events = events;
    this.#activeMs = clock.monotonicMs();
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const isAnswered = await this.#readAll();
      if (this.#isStopped) return;
      this.#events.polled(isAnswered);
      if (this.#deletingBytes > DELETING_BYTES_MAX) await Promise.all(this.#deletions);
      await this.#wait();
    }
  }

  /** Something was sent: an answer may come soon. */
  wake(): void {
    const now = this.#clock.monotonicMs();
    this.#activeMs = now;
    if (this.#pause !== undefined && this.#pause.endsMs > now + POLL_MS_MIN) this.#pause.end();
  }

  stop(): void {
    this.#isStopped = true;
    this.#pause?.end();
  }

  /** Deletes what is left; nobody reads it any more. */
  async clear(): Promise<void> {
    const { calls, name } = this.#table;
    const left = await calls.queryAll({ table: name, pk: this.#pk });
    if (left.ok)
      await calls.writeAll(
        name,
        left.value.map((item) => this.#removalOf(sortKeyOf(item))),
        "background",
      );
  }

  async #readAll(): Promise<boolean> {
    const { calls, name } = this.#table;
    let start: Item | undefined;
    do {
      const page = await calls.query({ table: name, pk: this.#pk, start });
      if (!page.ok) return false;
      if (!this.#isStopped) this.#take(page.value.items);
      start = page.value.next;
    } while (start !== undefined && !this.#isStopped);
    return true;
  }

  #take(items: readonly Item[]): void {
    const now = this.#clock.monotonicMs();
    const read: { readonly sk: string; readonly bytes: number }[] = [];
    for (const item of items) {
      const sk = sortKeyOf(item);
      const bytes = item["bytes"]?.B ?? new Uint8Array();
      if (this.#isNext(sk, now)) {
        this.#activeMs = now;
        const entry = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.#unpacker.unpack(senderOf(sk), entry, now, this.#events.received);
      }
      if (!this.#deleting.has(sk)) read.push({ sk, bytes: bytes.length });
    }
    for (let at = 0; at < read.length; at += DELETES_AT_ONCE) this.#delete(read.slice(at, at + DELETES_AT_ONCE));
    this.#forgetBefore(now - SENDER_FORGOTTEN_MS);
  }

  /** Not handed over yet, nor one after it. */
  #isNext(sk: string, now: number): boolean {
    const sender = senderOf(sk);
    const entryNumber = Number(sk.slice(sender.length + 1));
    if (!Number.isSafeInteger(entryNumber)) return false;
    const known = this.#senders.get(sender);
    if (known === undefined) {
      this.#senders.set(sender, { number: entryNumber, seenMs: now });
      return true;
    }
    known.seenMs = now;
    if (entryNumber <= known.number) return false;
    known.number = entryNumber;
    return true;
  }

  /** What cannot be deleted is read again, and deleted then. */
  #delete(read: readonly { readonly sk: string; readonly bytes: number }[]): void {
    const bytes = read.reduce((sum, each) => sum + each.bytes, 0);
    for (const { sk } of read) this.#deleting.add(sk);
    this.#deletingBytes += bytes;
    const { calls, name } = this.#table;
    const removals = read.map(({ sk }) => this.#removalOf(sk));
    const deletion = calls.writeAll(name, removals, "background").then(() => {
      for (const { sk } of read) this.#deleting.delete(sk);
      this.#deletingBytes -= bytes;
      this.#deletions.delete(deletion);
    });
    this.#deletions.add(deletion);
  }

  #removalOf(sk: string): WriteRequest {
    return removal({ pk: this.#pk, sk });
  }

  #forgetBefore(monotonicMs: number): void {
    for (const [name, sender] of this.#senders) if (sender.seenMs < monotonicMs) this.#senders.delete(name);
    this.#unpacker.forgetBefore(monotonicMs);
  }

  #wait(): Promise<void> {
    const now = this.#clock.monotonicMs();
    const pauseMs = Math.min(POLL_MS_MAX, Math.max(POLL_MS_MIN, (now - this.#activeMs) * QUIET_PART));
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause?.timer.cancel();
        this.#pause = undefined;
        resolve();
      };
      this.#pause = { timer: this.#clock.after(pauseMs, end), endsMs: now + pauseMs, end };
    });
  }
}

function senderOf(sk: string): string {
  return sk.slice(0, -(NUMBER_DIGITS + 1));
}
