/**
 * Rooms that a tenant's feed passes over because nobody can read them: at once where their log is at fault, after a while where they
 * only give no answer. What was passed is kept, and put into the stream once more when the room can be read again.
 * Invariant: nothing is passed before it is on record here, so it comes sooner or later, or its room is gone.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { NO_TENANT, type RoomId, type Seq, type TenantId } from "../base/ids.ts";
import {
  FEED_APPEND_ATTEMPTS_MAX,
  FEED_PASSED_LOOK_MS,
  FEED_PASSED_PAGE,
  FEED_ROOM_PATIENCE_MS,
  FEED_SILENT_ROOMS_MAX,
} from "../base/limits.ts";
import { engineOf } from "../domain/principal.ts";
import type { FeedDocuments, FeedEngine } from "./feed-engine.ts";
import type { TenantStream } from "./tenant-stream.ts";

export type FeedReport = (event: string, details: Readonly<Record<string, string | number>>) => void;

/** As it is stored, of all tenants together: one look finds all. */
interface Passed {
  readonly tenant: TenantId;
  readonly room: RoomId;
  readonly from: Seq;
  readonly to: Seq;
  /** Of the first one, milliseconds since 1970. */
  readonly sinceMs: number;
}

const COLLECTION = "feed_passed";

export interface PassedRoomsParts {
  readonly engine: FeedEngine;
  readonly documents: FeedDocuments;
  readonly stream: TenantStream;
  readonly clock: Clock;
  readonly report: FeedReport;
}

export class PassedRooms {
  readonly #parts: PassedRoomsParts;
  /** Since when each gives no answer; monotonic. */
  readonly #silentSince = new Map<string, number>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: PassedRoomsParts) {
    this.#parts = parts;
  }

  /** It gave no answer. Whether it is passed over now. */
  isSilentForLong(tenant: TenantId, room: RoomId): boolean {
    const id = idOf(tenant, room);
    const nowMs = this.#parts.clock.monotonicMs();
    const sinceMs = this.#silentSince.get(id);
    if (sinceMs !== undefined) return nowMs - sinceMs >= FEED_ROOM_PATIENCE_MS;
    if (this.#silentSince.size >= FEED_SILENT_ROOMS_MAX) {
      for (const oldest of this.#silentSince.keys()) {
        this.#silentSince.delete(oldest);
        break;
      }
    }
    this.#silentSince.set(id, nowMs);
    return false;
  }

  answered(tenant: TenantId, room: RoomId): void {
    if (this.#silentSince.size > 0) this.#silentSince.delete(idOf(tenant, room));
  }

  /** Whether it is on record now; else nothing may be passed. */
  async pass(tenant: TenantId, room: RoomId, { from, to }: { readonly from: Seq; readonly to: Seq }): Promise<boolean> {
    const { documents, clock, report } = this.#parts;
    const id = idOf(tenant, room);
    for (let attempt = 0; attempt < FEED_APPEND_ATTEMPTS_MAX; attempt += 1) {
      const read = await documents.read<Passed>(NO_TENANT, COLLECTION, id);
      if (!read.ok) return false;
      const there = read.value;
      if (there !== null && there.value.from <= from && there.value.to >= to) return true;
      const value: Passed = {
        ...{ tenant, room },
        from: Math.min(from, there?.value.from ?? from),
        to: Math.max(to, there?.value.to ?? to),
        sinceMs: there?.value.sinceMs ?? clock.wallMs(),
      };
      const written = await documents.write(NO_TENANT, COLLECTION, id, value, there?.version ?? 0);
      if (!written.ok) return false;
      if (!written.value) continue;
      report("feed_room_passed", { tenant, room, from: value.from, to: value.to });
      return true;
    }
    return false;
  }

  /** Looks again and again. `isMine`: of several nodes, this one does it for that room. */
  start(isMine: (tenant: TenantId, room: RoomId) => boolean): void {
    this.#timer = this.#parts.clock.after(FEED_PASSED_LOOK_MS, () => {
      void this.look(isMine).then(() => {
        if (!this.#isStopped) this.start(isMine);
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** What can be read again is put into the stream, behind all that is there. */
  async look(isMine: (tenant: TenantId, room: RoomId) => boolean): Promise<void> {
    const { documents } = this.#parts;
    for (let after: string | undefined; ; ) {
      const page = await documents.list<Passed>(NO_TENANT, COLLECTION, { after, limit: FEED_PASSED_PAGE });
      if (!page.ok) return;
      for (const { id, value, version } of page.value) {
        if (this.#isStopped) return;
        if (!isMine(value.tenant, value.room) || !(await this.#comesNow(value))) continue;
        // Where it was passed once more meanwhile it stays, and comes once more: rather twice than never.
        await documents.write(NO_TENANT, COLLECTION, id, null, version);
      }
      after = page.value.at(-1)?.id;
      if (page.value.length < FEED_PASSED_PAGE) return;
    }
  }

  /** Or never: its room is gone. */
  async #comesNow({ tenant, room, from, to }: Passed): Promise<boolean> {
    const { engine, stream, clock, report } = this.#parts;
    const call = { to: "room", room, kind: "events", after: from - 1, limit: 1 } as const;
    const asked = await engine.call(engineOf(tenant), call);
    if (!asked.ok) return asked.error.code === "room_not_found";
    const range = { room, after: from - 1, to, atMs: clock.wallMs() };
    if (!(await stream.append(tenant, [range])).ok) return false;
    report("feed_room_read_again", { tenant, room, from, to });
    return true;
  }
}

function idOf(tenant: TenantId, room: RoomId): string {
  return `${encodeURIComponent(tenant)}.${encodeURIComponent(room)}`;
}
