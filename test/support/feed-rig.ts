/** The feed's own classes over documents and rooms that a test keeps: for what a real server does only when it is in trouble. */
import type { Call } from "../../src/actors/calls.ts";
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { FeedEngine } from "../../src/feed/feed-engine.ts";
import { openFeed } from "../../src/feed/open-feed.ts";
import type { Principal } from "../../src/domain/principal.ts";
import type { Rejection } from "../../src/protocol/errors.ts";
import type { RoomEvent } from "../../src/protocol/frames.ts";
import { type Clock, SystemClock } from "../../src/base/clock.ts";

export const ACME = "acme" as TenantId;

interface Kept {
  value: object;
  version: number;
}

export class FeedRig {
  readonly documents = new Map<string, Kept>();
  readonly rooms = new Map<string, RoomEvent[]>();
  /** What a call is answered instead of being carried out. */
  trouble: (call: Call) => Rejection | undefined = () => undefined;
  /** Which call is carried out without anybody hearing of it. */
  loses: (call: Call) => boolean = () => false;
  readonly asked: Call[] = [];
  /** What operators were told. */
  readonly reports: string[] = [];
  readonly engine: FeedEngine = this.#engine();
  readonly parts;

  constructor(clock: Clock = new SystemClock()) {
    this.parts = openFeed(
      this.engine,
      clock,
      () => undefined,
      (event) => this.reports.push(event),
    );
  }

  /** Messages `from` to `to` are in the room, one sequence each, a second apart. */
  fill(room: string, from: number, to: number): void {
    const events = this.rooms.get(room) ?? [];
    for (let seq = from; seq <= to; seq += 1) events.push(pinned(seq));
    this.rooms.set(room, events);
  }

  range(room: string, after: number, to: number) {
    return { room: room as RoomId, after, to, atMs: 1_000 * to };
  }

  #engine(): FeedEngine {
    const call = async (by: Principal, asked: Call): Promise<Result<unknown, Rejection>> => {
      this.asked.push(asked);
      const wrong = this.trouble(asked);
      if (wrong !== undefined) return err(wrong);
      if (asked.to === "user" && asked.kind === "keep") {
        const kept = this.#keep(by.tenant, asked.ask);
        return this.loses(asked) ? err({ code: "unavailable" }) : ok(kept);
      }
      if (asked.to === "room" && asked.kind === "events") return this.#events(asked.room, asked.after, asked.limit);
      throw new Error(`no such call here: ${asked.kind}`);
    };
    return { call } as FeedEngine;
  }

  #events(room: string, after: number, limit: number): Result<unknown, Rejection> {
    const events = this.rooms.get(room);
    if (events === undefined) return err({ code: "room_not_found" });
    const head = events.at(-1)?.seq ?? 0;
    if (after >= head) return ok({ events: [], to: after, head });
    // What was before the first one is gone: a page goes on with what is left.
    const first = Math.max(after + 1, events[0]?.seq ?? 0);
    const to = Math.min(head, first + limit - 1);
    const missing = first > after + 1 && { missing: { from: after + 1, to: first - 1 } };
    return ok({ events: events.filter(({ seq }) => seq >= first && seq <= to), to, head, ...missing });
  }

  #keep(tenant: TenantId, ask: Extract<Call, { to: "user"; kind: "keep" }>["ask"]): object {
    const key = (collection: string, id: string): string => `${tenant}/${collection}/${id}`;
    if (ask.do === "document") return { document: this.documents.get(key(ask.collection, ask.id)) ?? null };
    if (ask.do === "write") {
      const name = key(ask.collection, ask.id);
      const version = this.documents.get(name)?.version ?? 0;
      if (version !== ask.expectedVersion) return { written: false };
      if (ask.value === null) this.documents.delete(name);
      else this.documents.set(name, { value: ask.value, version: version + 1 });
      return { written: true };
    }
    if (ask.do !== "documents") throw new Error(`no such thing here: ${ask.do}`);
    const prefix = key(ask.collection, "");
    const all = [...this.documents]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, kept]) => ({ id: name.slice(prefix.length), ...kept }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const ordered = ask.backward === true ? all.reverse() : all;
    const { after } = ask;
    return { documents: ordered.filter(({ id }) => after === undefined || id > after).slice(0, ask.limit) };
  }
}

function pinned(seq: number): RoomEvent {
  const common = { seq, timestamp: 1_000 * seq, by: "ada" as UserId };
  return { type: "message_pinned", messageId: `msg_${seq}` as never, ...common };
}
