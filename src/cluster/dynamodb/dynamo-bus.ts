/**
 * The bus over DynamoDB, for installations without Redis: an inbox per node, many messages packed in one item, polled by its
 * node (`inbox-reader.ts`) and written by the others (`outbox.ts`).
 *
 * One inbox is one partition: DynamoDB takes 1,000 KiB a second there, and what is written is deleted again, which costs the
 * same. So a node receives some 500 KB a second this way, and what is beyond is throttled, dropped and noticed by peers.
 * Invariant: up means that the last probe was written and the inbox could be read since.
 */
import type { Clock } from "../../base/clock.ts";
import type { Bus, BusEvents } from "../bus.ts";
import type { NodeId } from "../membership.ts";
import { type ClusterTable, EXPIRES, number, type TableAnswer } from "./cluster-table.ts";
import { entryKey, InboxReader, inboxOf } from "./inbox-reader.ts";
import { Outbox } from "./outbox.ts";

export interface DynamoBusOptions {
  readonly table: ClusterTable;
  readonly clock: Clock;
  /** Why messages don't pass, once per time, and what was dropped: for the log. */
  readonly onTrouble?: (what: string) => void;
}

/** Failed readings in a row, and milliseconds since the last good one, after which the bus is down. */
const FAILURES_MIN = 2;
const SILENCE_MS_MAX = 1_200;
/** How long an entry stays in the inbox of a node that died, seconds. */
const ENTRY_TTL_S = 3_600;
/** For what is still to be written, and for what is left in the inbox, at the stop. */
const STOP_MS_MAX = 1_000;
/** The sender of probes; no node is called so. */
const PROBE = "?";

export class DynamoBus implements Bus {
  readonly #table: ClusterTable;
  readonly #clock: Clock;
  readonly #onTrouble: (what: string) => void;
  readonly #outbox: Outbox;
  #self: NodeId | undefined;
  #events: BusEvents | undefined;
  #inbox: InboxReader | undefined;
  #isUp = false;
  #isStopped = false;
  #isProbing = false;
  /** What is written arrives, as far as anybody knows. */
  #canWrite = false;
  #failures = 0;
  #answeredMs: number;

  constructor({ table, clock, onTrouble }: DynamoBusOptions) {
    this.#table = table;
    this.#clock = clock;
    this.#onTrouble = onTrouble ?? (() => undefined);
    this.#answeredMs = clock.monotonicMs();
    this.#outbox = new Outbox({
      clock,
      write: (to, entryNumber, entry) => this.#write(to, entryNumber, entry),
      gaveUp: (to, why) => {
        this.#onTrouble(`messages to ${to} were dropped: ${why}`);
        // A busy inbox is that receiver's trouble; anything else is everybody's.
        if (why !== "throttled") this.#down(`DynamoDB takes nothing: ${why}`);
      },
    });
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  start(self: NodeId, events: BusEvents): void {
    if (this.#self !== undefined) throw new Error("a bus is started once");
    this.#self = self;
    this.#events = events;
    this.#inbox = new InboxReader(this.#table, this.#clock, self, {
      received: (message) => {
        if (!this.#isStopped) events.received(message);
      },
      polled: (isAnswered) => this.#polled(isAnswered),
    });
    void this.#inbox.run();
  }

  send(to: NodeId, message: Uint8Array): void {
    if (!this.#isUp || this.#isStopped) return;
    this.#outbox.add(to, message);
    this.#inbox?.wake();
  }

  async stop(): Promise<void> {
    const inbox = this.#inbox;
    if (this.#isStopped || inbox === undefined) return;
    this.#isStopped = true;
    inbox.stop();
    if (!this.#isUp) return;
    await this.#within(STOP_MS_MAX, (done) => this.#outbox.whenIdle(done));
    this.#outbox.clear();
    await this.#within(STOP_MS_MAX, (done) => void inbox.clear().then(done));
  }

  #write(to: NodeId, entryNumber: number, entry: Uint8Array): Promise<TableAnswer<unknown>> {
    return this.#put(to, entryKey(this.#self ?? "", entryNumber), entry);
  }

  #put(to: NodeId, sk: string, bytes: Uint8Array): Promise<TableAnswer<unknown>> {
    const expires = number(Math.floor(this.#clock.wallMs() / 1_000) + ENTRY_TTL_S);
    const item = { pk: { S: inboxOf(to) }, sk: { S: sk }, bytes: { B: bytes }, [EXPIRES]: expires };
    return this.#table.calls.put(this.#table.name, item);
  }

  #polled(isAnswered: boolean): void {
    const now = this.#clock.monotonicMs();
    if (!isAnswered) {
      this.#failures += 1;
      if (this.#failures >= FAILURES_MIN && now - this.#answeredMs > SILENCE_MS_MAX) this.#down("DynamoDB is silent");
      return;
    }
    this.#failures = 0;
    this.#answeredMs = now;
    if (this.#isUp) return;
    if (!this.#canWrite) return void this.#probe();
    this.#isUp = true;
    this.#events?.changed(true);
  }

  /** Whether this node can write; its reader takes the probe away. */
  async #probe(): Promise<void> {
    if (this.#isProbing || this.#self === undefined) return;
    this.#isProbing = true;
    const written = await this.#put(this.#self, entryKey(PROBE, 0), Uint8Array.of(0));
    this.#isProbing = false;
    this.#canWrite = written.ok;
    if (written.ok) this.#inbox?.wake();
  }

  #down(why: string): void {
    this.#canWrite = false;
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#outbox.clear();
    if (this.#isStopped) return;
    this.#onTrouble(why);
    this.#events?.changed(false);
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
