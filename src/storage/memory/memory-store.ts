/**
 * What the memory adapters store. It outlives them: a simulated restart opens new adapters on the same store.
 * Invariant: segments of a log stand in the order of their places; nothing here is changed but by an adapter's scheduled step.
 */
import type { ItemKey, RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import type { LogKey, RoomCard, Segment, Snapshot } from "../journal.ts";
import type { Mark, UserRow } from "../projections.ts";

export interface MemoryLog {
  readonly key: LogKey;
  readonly segments: Segment[];
  readonly members: Map<UserId, MemberRow>;
  readonly overlays: Map<Seq, MessageOverlay>;
  readonly items: Map<ItemKey, ItemValue>;
  readonly marks: Map<UserId, Mark>;
  snapshot: Snapshot | undefined;
  card: RoomCard | undefined;
}

export interface MemoryDocument {
  readonly value: object | null;
  readonly version: number;
}

export class MemoryStore {
  readonly #logs = new Map<string, MemoryLog>();
  /** The newest incarnation's log, by tenant and room. */
  readonly #current = new Map<TenantId, Map<RoomId, MemoryLog>>();
  readonly #users = new Map<string, UserRow>();

  /** By tenant and collection, then by id; a document that is gone keeps its version. */
  readonly #documents = new Map<string, Map<string, MemoryDocument>>();

  documents(tenant: TenantId, collection: string): Map<string, MemoryDocument> {
    const name = `${tenant}/${collection}`;
    const present = this.#documents.get(name);
    if (present !== undefined) return present;
    const created = new Map<string, MemoryDocument>();
    this.#documents.set(name, created);
    return created;
  }

  readonly #positions = new Map<string, Map<string, Seq>>();

  /** How far a follower of the logs has come, by log. */
  positions(consumer: string): Map<string, Seq> {
    const present = this.#positions.get(consumer);
    if (present !== undefined) return present;
    const created = new Map<string, Seq>();
    this.#positions.set(consumer, created);
    return created;
  }

  logs(): Iterable<MemoryLog> {
    return this.#logs.values();
  }

  log(key: LogKey): MemoryLog | undefined {
    return this.#logs.get(logName(key));
  }

  logToWrite(key: LogKey): MemoryLog {
    const present = this.log(key);
    if (present !== undefined) return present;
    const created: MemoryLog = {
      key,
      segments: [],
      members: new Map(),
      overlays: new Map(),
      items: new Map(),
      marks: new Map(),
      snapshot: undefined,
      card: undefined,
    };
    this.#logs.set(logName(key), created);
    const rooms = this.#current.get(key.tenant) ?? new Map<RoomId, MemoryLog>();
    this.#current.set(key.tenant, rooms);
    const newest = rooms.get(key.room);
    if (newest === undefined || newest.key.incarnation < key.incarnation) rooms.set(key.room, created);
    return created;
  }

  /** The log of the room's newest incarnation. */
  currentLog(tenant: TenantId, room: RoomId): MemoryLog | undefined {
    return this.#current.get(tenant)?.get(room);
  }

  currentLogs(tenant: TenantId): Iterable<MemoryLog> {
    return this.#current.get(tenant)?.values() ?? [];
  }

  allLogs(): Iterable<MemoryLog> {
    return this.#logs.values();
  }

  /** Answers how many rows there were. */
  forgetUser(tenant: TenantId, userId: UserId): number {
    let rows = this.#users.delete(`${tenant}/${userId}`) ? 1 : 0;
    for (const log of this.#logs.values()) {
      if (log.key.tenant === tenant && log.marks.delete(userId)) rows += 1;
    }
    return rows;
  }

  user(tenant: TenantId, userId: UserId): UserRow | undefined {
    return this.#users.get(`${tenant}/${userId}`);
  }

  setUser(tenant: TenantId, row: UserRow): void {
    this.#users.set(`${tenant}/${row.userId}`, row);
  }
}

function logName(key: LogKey): string {
  return `${key.tenant}/${key.room}#${key.incarnation}`;
}
