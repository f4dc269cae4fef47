/**
 * Events of all rooms to a bus of EventBridge, for the operator: another consumer of the logs. It learns how far a log reaches and
 * asks the room for its events, so that what leaves is what a member would see.
 * Invariants: of one log one request at a time, in order; a position moves when the bus has taken everything up to it, or has refused
 * what it did not take so often that it is given up, and the operator was told.
 */
import type { Clock } from "../base/clock.ts";
import { failureReport } from "../base/failure-report.ts";
import { NO_TENANT, type Seq, type TenantId } from "../base/ids.ts";
import { EVENTBRIDGE_REFUSALS_MAX, EVENTBRIDGE_REMEMBERED_MAX, FEED_PAGE_MAX } from "../base/limits.ts";
import type { FeedDocuments, FeedEngine } from "../feed/feed-engine.ts";
import { RoomStretch } from "../feed/room-stretch.ts";
import type { Delivered, LogConsumer, LogRun } from "../followers/log-consumer.ts";
import type { RoomEvent } from "../protocol/frames.ts";
import { jsonOfEvent } from "../protocol/json-frames.ts";
import { nameOfLog } from "../storage/follow-store.ts";
import type { LogKey } from "../storage/journal.ts";
import { batchesOf, type BusPlace, EventBus } from "./event-bus.ts";

/** Data, so that it can be given to a thread. */
export interface EventBridgeSettings extends BusPlace {
  readonly bus: string;
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

/** Where a log waits: all up to `reached` is dealt with. */
interface Held {
  readonly reached: Seq;
  /** In how many runs an event was refused for what it is: of those in the request in which it stopped. */
  readonly refusals: ReadonlyMap<Seq, number>;
}

const SOURCE = "stoa";
const COLLECTION = "feed_outlets";
const ID = "eventbridge";
const NONE: ReadonlyMap<Seq, number> = new Map();

export class EventBridge implements LogConsumer {
  readonly name = "eventbridge";
  readonly skims = true;
  readonly #parts: EventBridgeParts;
  readonly #settings: EventBridgeSettings;
  readonly #bus: EventBus;
  readonly #types: ReadonlySet<string>;
  /** Logs whose run was given up on the way. */
  readonly #held = new Map<string, Held>();
  #sinceMs: number | undefined;

  constructor(settings: EventBridgeSettings, parts: EventBridgeParts) {
    this.#settings = settings;
    this.#parts = parts;
    const failed = failureReport(parts.clock, (failures) => parts.report("eventbridge_failed", { ...failures }));
    this.#types = new Set(settings.types);
    this.#bus = new EventBus(settings, parts.clock, failed);
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
    this.#bus.close();
  }

  async #send({ log, after, to, events }: LogRun): Promise<Delivered> {
    const sinceMs = await this.#since();
    if (sinceMs === undefined) return "later";
    const last = events.at(-1);
    // All of it is from before the bus was named.
    if (last !== undefined && last.timestamp < sinceMs) return "durable";
    const name = nameOfLog(log);
    const { reached: start, refusals } = this.#held.get(name) ?? { reached: after, refusals: NONE };
    this.#held.delete(name);
    // Further runs begin after that moment, and read on from there.
    let reached = Math.max(after, start);
    while (reached < to) {
      const stretch = new RoomStretch(this.#parts.engine, log.tenant, log.room, { after: reached, to, sinceMs });
      await stretch.read(FEED_PAGE_MAX);
      if (stretch.failure !== undefined && stretch.upTo <= reached) {
        this.#remember(name, { reached, refusals });
        return "later";
      }
      const found = stretch.between(reached, stretch.upTo).filter((event) => this.#isWanted(event, sinceMs));
      const stopped = await this.#putAll(log, found, refusals);
      if (stopped !== undefined) {
        this.#remember(name, stopped);
        return "later";
      }
      reached = stretch.upTo;
    }
    return "durable";
  }

  /** Forgotten, some of it is sent again. */
  #remember(name: string, held: Held): void {
    this.#held.set(name, held);
    if (this.#held.size <= EVENTBRIDGE_REMEMBERED_MAX) return;
    for (const oldest of this.#held.keys()) {
      this.#held.delete(oldest);
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

  /** Where it has to stop, after the request in which something was not taken; `undefined`: all is dealt with. */
  async #putAll(log: LogKey, events: readonly RoomEvent[], former: Held["refusals"]): Promise<Held | undefined> {
    for (const batch of batchesOf(events.map((event) => ({ event, entry: this.#entryOf(log, event) })))) {
      const outcomes = await this.#bus.put(batch.map(({ entry }) => entry));
      const refusals = new Map<Seq, number>();
      let reached: Seq | undefined;
      for (const [place, { event }] of batch.entries()) {
        const outcome = outcomes[place] ?? { kind: "away" };
        if (outcome.kind === "taken") continue;
        const { seq } = event;
        const count = (former.get(seq) ?? 0) + (outcome.kind === "refused" ? 1 : 0);
        // Once something has to come again, all behind it does.
        if (outcome.kind === "refused" && count >= EVENTBRIDGE_REFUSALS_MAX && reached === undefined) {
          this.#drop(log, event, outcome.why);
          continue;
        }
        refusals.set(seq, count);
        reached ??= seq - 1;
      }
      if (reached !== undefined) return { reached, refusals };
    }
    return undefined;
  }

  #entryOf({ tenant, room }: LogKey, event: RoomEvent) {
    return {
      Source: SOURCE,
      DetailType: event.type,
      Detail: detailOf(tenant, room, event),
      EventBusName: this.#settings.bus,
      Time: new Date(event.timestamp),
    };
  }

  /** It stays in its room's log, where whoever is told can read it. */
  #drop({ tenant, room }: LogKey, { seq, type }: RoomEvent, why: string): void {
    this.#parts.report("eventbridge_dropped", { tenant, room, seq, type, why });
  }
}

function detailOf(tenantId: TenantId, roomId: string, event: RoomEvent): string {
  return JSON.stringify({ tenantId, roomId, ...jsonOfEvent(event) });
}
