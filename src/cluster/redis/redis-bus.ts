/**
 * The bus over Redis Streams: one stream per node, many messages in one entry.
 *
 * Key (`P` is the prefix): `P:in:{node}`, a stream with entries `sender → packed messages` (`bus-entries.ts`). Its own node
 * makes it, renews its time to live of a minute, removes what it has read, and removes it at its stop; others write to it only
 * while it is there. Needs Redis 6.2 or newer.
 *
 * What is sent in one turn goes out together; what comes while a write is under way goes with the next one.
 * Invariant: one write of a few entries under way per receiver, so a sender's order is kept; when one was refused, what was
 * written after it is written again.
 */
import type { Clock } from "../../base/clock.ts";
import {
  BUS_ENTRY_BYTES_MAX,
  BUS_QUEUE_BYTES_MAX,
  BUS_STREAM_ENTRIES_MAX,
  BUS_WRITE_BYTES_MAX,
} from "../../base/limits.ts";
import type { Bus, BusEvents } from "../bus.ts";
import { EntryPacker, EntryUnpacker, takeFirst } from "../bus-entries.ts";
import type { NodeId } from "../membership.ts";
import { BusSession, isWrongRole, reasonOf } from "./bus-session.ts";
import type { RedisSettings } from "./redis-options.ts";

export interface RedisBusOptions {
  readonly settings: RedisSettings;
  readonly clock: Clock;
  /** Why messages don't pass, once per time, and what a receiver's stream refuses: for the log. */
  readonly onTrouble?: (what: string) => void;
}

/** Milliseconds between the end of a session and the next one: the first, and the longest. */
const REOPEN_MS_MIN = 50;
const REOPEN_MS_MAX = 800;
/** The same between tries of a write that was refused; after so long in all, what waits for that receiver is dropped. */
const RETRY_MS_MIN = 25;
const RETRY_MS_MAX = 400;
const WRITE_MS_MAX = 1_500;
/** For what is still to be written at the stop. */
const STOP_MS_MAX = 1_000;
const SENDER_FORGOTTEN_MS = 60_000;

interface Outgoing {
  readonly to: NodeId;
  messages: Uint8Array[];
  bytes: number;
  /** A write takes too long: until it is over, all is dropped. */
  isStuck: boolean;
  refusal: string | undefined;
}

export class RedisBus implements Bus {
  readonly #settings: RedisSettings;
  readonly #clock: Clock;
  readonly #onTrouble: (what: string) => void;
  readonly #packer = new EntryPacker(BUS_ENTRY_BYTES_MAX);
  readonly #unpacker = new EntryUnpacker();
  #self: NodeId | undefined;
  #events: BusEvents | undefined;
  #session: BusSession | undefined;
  #isUp = false;
  #isStopped = false;
  #isTroubleTold = false;
  #lastId: string | undefined;
  #reopenMs = REOPEN_MS_MIN;
  #queuedBytes = 0;
  /** Receivers for whom something waits or is being written. */
  #outgoing = new Map<NodeId, Outgoing>();
  /** Those of them that have not begun to write. */
  #gathering: Outgoing[] = [];
  #onIdle: (() => void) | undefined;

  constructor({ settings, clock, onTrouble }: RedisBusOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#onTrouble = onTrouble ?? (() => undefined);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  start(self: NodeId, events: BusEvents): void {
    if (this.#self !== undefined) throw new Error("a bus is started once");
    this.#self = self;
    this.#events = events;
    this.#open();
  }

  send(to: NodeId, message: Uint8Array): void {
    if (!this.#isUp || this.#isStopped || this.#queuedBytes + message.length > BUS_QUEUE_BYTES_MAX) return;
    const known = this.#outgoing.get(to);
    if (known?.isStuck === true) return;
    this.#queuedBytes += message.length;
    if (known !== undefined) {
      known.messages.push(message);
      known.bytes += message.length;
      return;
    }
    const outgoing: Outgoing = { to, messages: [message], bytes: message.length, isStuck: false, refusal: undefined };
    this.#outgoing.set(to, outgoing);
    if (this.#gathering.push(outgoing) === 1) setImmediate(() => this.#writeGathered());
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const session = this.#session;
    if (session === undefined) return;
    if (!this.#isUp) return session.end("stopped");
    await this.#within(STOP_MS_MAX, (done) => {
      this.#onIdle = done;
      if (this.#outgoing.size === 0) done();
    });
    await session.leave();
  }

  #streamOf(node: string): string {
    return `${this.#settings.prefix}:in:{${node}}`;
  }

  #open(): void {
    if (this.#isStopped) return;
    const stream = this.#streamOf(this.#self ?? "");
    const session = new BusSession(this.#settings, this.#clock, stream, this.#lastId, {
      up: () => {
        this.#isUp = true;
        this.#isTroubleTold = false;
        this.#reopenMs = REOPEN_MS_MIN;
        if (!this.#isStopped) this.#events?.changed(true);
      },
      entry: (from, bytes) => {
        const now = this.#clock.monotonicMs();
        this.#unpacker.unpack(from, bytes, now, (message) => {
          if (!this.#isStopped) this.#events?.received(message);
        });
      },
      ended: (why) => this.#ended(session, why),
    });
    this.#session = session;
  }

  #ended(session: BusSession, why: string): void {
    this.#lastId = session.lastId ?? this.#lastId;
    this.#outgoing = new Map();
    this.#gathering = [];
    this.#queuedBytes = 0;
    this.#onIdle?.();
    this.#unpacker.forgetBefore(this.#clock.monotonicMs() - SENDER_FORGOTTEN_MS);
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (this.#isStopped) return;
    if (!this.#isTroubleTold) this.#onTrouble(why);
    this.#isTroubleTold = true;
    this.#clock.after(this.#reopenMs, () => this.#open());
    this.#reopenMs = Math.min(REOPEN_MS_MAX, this.#reopenMs * 2);
    if (wasUp) this.#events?.changed(false);
  }

  #writeGathered(): void {
    const gathered = this.#gathering;
    const session = this.#session;
    this.#gathering = [];
    if (session === undefined) return;
    for (const outgoing of gathered) void this.#writeAll(session, outgoing);
  }

  /** Until nothing waits for this receiver any more. When the session ends, what waits is not counted any more either. */
  async #writeAll(session: BusSession, outgoing: Outgoing): Promise<void> {
    while (outgoing.messages.length > 0) {
      const late = this.#clock.after(WRITE_MS_MAX, () => this.#giveUp(outgoing));
      const bytes = await this.#writeSome(session, outgoing);
      late.cancel();
      if (session.isOver) return;
      if (!outgoing.isStuck) {
        this.#queuedBytes -= bytes;
        outgoing.bytes -= bytes;
      }
      outgoing.isStuck = false;
    }
    this.#outgoing.delete(outgoing.to);
    if (this.#outgoing.size === 0) this.#onIdle?.();
  }

  /** Tries until it is written, given up or over. Returns the bytes of the messages. */
  async #writeSome(session: BusSession, outgoing: Outgoing): Promise<number> {
    const { messages, bytes } = takeFirst(outgoing.messages, BUS_WRITE_BYTES_MAX);
    let entries = this.#packer.pack(messages);
    for (let retryMs = RETRY_MS_MIN; ; retryMs = Math.min(RETRY_MS_MAX, retryMs * 2)) {
      const written = await Promise.allSettled(entries.map((entry) => this.#writeEntry(session, outgoing.to, entry)));
      const failed = written.findIndex((each) => each.status === "rejected");
      const failure = written[failed];
      if (failure?.status !== "rejected") return bytes;
      // What came after it may be there, and then comes twice.
      entries = entries.slice(failed);
      outgoing.refusal = reasonOf(failure.reason);
      if (isWrongRole(failure.reason)) session.end(outgoing.refusal);
      if (session.isOver || outgoing.isStuck) return bytes;
      await this.#within(retryMs, () => undefined);
    }
  }

  #writeEntry(session: BusSession, to: NodeId, entry: Buffer): Promise<unknown> {
    const bound = ["MAXLEN", "~", BUS_STREAM_ENTRIES_MAX, "*"] as const;
    return session.write("XADD", this.#streamOf(to), "NOMKSTREAM", ...bound, this.#self ?? "", entry);
  }

  /** One receiver's stream takes nothing, and others' may: a part of a cluster is away. */
  #giveUp(outgoing: Outgoing): void {
    if (this.#outgoing.get(outgoing.to) !== outgoing) return;
    this.#onTrouble(`messages to ${outgoing.to} were dropped: ${outgoing.refusal ?? "no answer"}`);
    this.#queuedBytes -= outgoing.bytes;
    outgoing.messages = [];
    outgoing.bytes = 0;
    outgoing.isStuck = true;
  }

  /** Resolves when `begin` calls back, or after the time. */
  #within(ms: number, begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(ms, resolve);
      begin(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
