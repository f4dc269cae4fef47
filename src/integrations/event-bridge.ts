/**
 * Events of all rooms to a bus of EventBridge, for the operator: another consumer of the logs. It learns how far a log reaches and
 * asks the room for its events, so that what leaves is what a member would see.
 * Invariants: of one log one request at a time, in order; a position moves when the bus has taken everything up to it.
 */
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import type { Clock } from "../base/clock.ts";
import { NO_TENANT, type Seq, type TenantId } from "../base/ids.ts";
import {
  EVENTBRIDGE_ATTEMPTS_MAX,
  EVENTBRIDGE_BATCH_BYTES_MAX,
  EVENTBRIDGE_BATCH_MAX,
  EVENTBRIDGE_REMEMBERED_MAX,
  EVENTBRIDGE_REQUEST_MS_MAX,
  FEED_PAGE_MAX,
} from "../base/limits.ts";
import type { FeedDocuments, FeedEngine } from "../feed/feed-engine.ts";
import { RoomStretch } from "../feed/room-stretch.ts";
import type { Delivered, LogConsumer, LogRun } from "../followers/log-consumer.ts";
import type { RoomEvent } from "../protocol/frames.ts";
import { jsonOfEvent } from "../protocol/json-frames.ts";
import { nameOfLog } from "../storage/follow-store.ts";
import type { LogKey } from "../storage/journal.ts";

/** Data, so that it can be given to a thread. */
export interface EventBridgeSettings {
  readonly bus: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  /** A server of one's own and no key in the environment: such servers look at none. */
  readonly anyCredentials: boolean;
  /** Types of events that are sent. */
  readonly types: readonly string[];
  /** When this server began: where none did before it, what is written from then on is sent. */
  readonly startedMs: number;
}

export interface EventBridgeParts {
  readonly engine: FeedEngine;
  readonly documents: FeedDocuments;
  readonly clock: Clock;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
}

const SOURCE = "stoa";
const COLLECTION = "feed_outlets";
const ID = "eventbridge";
const PAUSE_MS = 500;
/** Failures are told to the operator no more often, milliseconds. */
const REPORT_MS = 10_000;
/** What an entry has beside its detail, for the bound of a request. */
const ENTRY_BYTES = 128;

export class EventBridge implements LogConsumer {
  readonly name = "eventbridge";
  readonly skims = true;
  readonly #parts: EventBridgeParts;
  readonly #settings: EventBridgeSettings;
  readonly #client: EventBridgeClient;
  readonly #types: ReadonlySet<string>;
  /** Of logs whose run was given up on the way: how far it came. */
  readonly #sent = new Map<string, Seq>();
  #sinceMs: number | undefined;
  #failures = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor(settings: EventBridgeSettings, parts: EventBridgeParts) {
    const { region, endpoint, anyCredentials, types } = settings;
    this.#settings = settings;
    this.#parts = parts;
    this.#types = new Set(types);
    this.#client = new EventBridgeClient({
      region,
      maxAttempts: 1,
      requestHandler: new FetchHttpHandler({ keepAlive: true, requestTimeout: EVENTBRIDGE_REQUEST_MS_MAX }),
      ...(endpoint !== undefined && { endpoint }),
      ...(anyCredentials && { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
    });
  }

  /** What is written from now on is sent, also if this node never ran before. */
  start(): void {
    void this.#since();
  }

  /** What belongs to no tenant is nobody's news. */
  follows({ tenant }: LogKey): boolean {
    return tenant !== NO_TENANT;
  }

  deliver(run: LogRun, done: (outcome: Delivered) => void): void {
    void this.#send(run).then(done);
  }

  close(): void {
    this.#client.destroy();
  }

  async #send({ log, after, to, events }: LogRun): Promise<Delivered> {
    const sinceMs = await this.#since();
    if (sinceMs === undefined) return "later";
    const last = events.at(-1);
    // All of it is from before the bus was named.
    if (last !== undefined && last.timestamp < sinceMs) return "durable";
    const name = nameOfLog(log);
    const from = Math.max(after, this.#sent.get(name) ?? 0);
    this.#sent.delete(name);
    // Further runs begin after that moment, and read on from there.
    let reached = from;
    while (reached < to) {
      const stretch = new RoomStretch(this.#parts.engine, log.tenant, log.room, { after: reached, to, sinceMs });
      await stretch.read(FEED_PAGE_MAX);
      const isPut = stretch.failure === undefined || stretch.upTo > reached;
      const found = stretch.between(reached, stretch.upTo).filter((event) => this.#isWanted(event, sinceMs));
      if (!isPut || !(await this.#putAll(log, found))) {
        this.#remember(name, reached);
        return "later";
      }
      reached = stretch.upTo;
    }
    return "durable";
  }

  /** Forgotten, some of it is sent again. */
  #remember(name: string, reached: Seq): void {
    this.#sent.set(name, reached);
    if (this.#sent.size <= EVENTBRIDGE_REMEMBERED_MAX) return;
    for (const oldest of this.#sent.keys()) {
      this.#sent.delete(oldest);
      return;
    }
  }

  #isWanted({ type, timestamp }: RoomEvent, sinceMs: number): boolean {
    return timestamp >= sinceMs && this.#types.has(type);
  }

  /** Since when events are sent: since the bus was named first. */
  async #since(): Promise<number | undefined> {
    if (this.#sinceMs !== undefined) return this.#sinceMs;
    const { documents } = this.#parts;
    const read = await documents.read<{ readonly sinceMs: number }>(NO_TENANT, COLLECTION, ID);
    if (!read.ok) return undefined;
    if (read.value !== null) this.#sinceMs = read.value.value.sinceMs;
    else {
      const sinceMs = this.#settings.startedMs;
      const written = await documents.write(NO_TENANT, COLLECTION, ID, { sinceMs }, 0);
      // Another node was first: its moment counts.
      if (!written.ok || !written.value) return undefined;
      this.#sinceMs = sinceMs;
    }
    return this.#sinceMs;
  }

  async #putAll(log: LogKey, events: readonly RoomEvent[]): Promise<boolean> {
    for (const batch of batchesOf(events.map((event) => this.#entryOf(log, event)))) {
      if (!(await this.#put(batch))) return false;
    }
    return true;
  }

  /** What of a request was not taken is tried again, a few times; then all of its log, from there on. */
  async #put(batch: readonly PutEventsRequestEntry[]): Promise<boolean> {
    let left = batch;
    for (let attempt = 1; left.length > 0 && attempt <= EVENTBRIDGE_ATTEMPTS_MAX; attempt += 1) {
      if (attempt > 1) await new Promise<void>((resolve) => this.#parts.clock.after(PAUSE_MS * attempt, resolve));
      const entries = left;
      const answer = await this.#client
        .send(new PutEventsCommand({ Entries: [...entries] }))
        .catch((error: unknown) => {
          this.#failed(error instanceof Error ? error.name : "error");
          return undefined;
        });
      if (answer === undefined) continue;
      left = entries.filter((_, i) => answer.Entries?.[i]?.EventId === undefined);
      if (left.length > 0) this.#failed(answer.Entries?.find(({ ErrorCode }) => ErrorCode)?.ErrorCode ?? "not taken");
    }
    return left.length === 0;
  }

  #entryOf({ tenant, room }: LogKey, event: RoomEvent): PutEventsRequestEntry {
    return {
      Source: SOURCE,
      DetailType: event.type,
      Detail: detailOf(tenant, room, event),
      EventBusName: this.#settings.bus,
      Time: new Date(event.timestamp),
    };
  }

  /** Never what was sent, nor of whom. */
  #failed(why: string): void {
    this.#failures += 1;
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#reportedMs < REPORT_MS) return;
    this.#parts.report("eventbridge_failed", { why, failures: this.#failures });
    this.#reportedMs = nowMs;
    this.#failures = 0;
  }
}

function detailOf(tenantId: TenantId, roomId: string, event: RoomEvent): string {
  return JSON.stringify({ tenantId, roomId, ...jsonOfEvent(event) });
}

/** As many as one request takes. */
function batchesOf(entries: readonly PutEventsRequestEntry[]): readonly (readonly PutEventsRequestEntry[])[] {
  const batches: PutEventsRequestEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.Detail ?? "") + ENTRY_BYTES;
    const batch = batches.at(-1);
    if (batch === undefined || batch.length >= EVENTBRIDGE_BATCH_MAX || bytes + size > EVENTBRIDGE_BATCH_BYTES_MAX) {
      batches.push([entry]);
      bytes = size;
    } else {
      batch.push(entry);
      bytes += size;
    }
  }
  return batches;
}
