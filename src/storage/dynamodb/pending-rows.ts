/**
 * Rows of segments that are written, as long as they are not in the rooms table: per log what changed, newest version only.
 * Whoever reads rows asks here first and the table second, so that nothing falls between the two.
 * Invariant: `covers` is a run of segments all of whose rows are here or in the table; a row's version is the last
 * sequence of the segment that changed it, and a newer version never gives way to an older one.
 */
import { type ItemKey, itemKey, type RoomId, type Seq, type TenantId, type UserId } from "../../base/ids.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import type { LogKey, RoomCard, RowChange, Segment } from "../journal.ts";
import { logName } from "./keys.ts";

/** A value and the version it has. */
export interface Versioned<Value> {
  readonly version: Seq;
  readonly value: Value;
}

/** With whose it is. */
export interface VersionedItem extends Versioned<ItemValue | null> {
  readonly person?: UserId;
}

/** What a room's lists show of its newest segment. */
export interface Activity {
  readonly head: Seq;
  readonly messageCount: number;
  readonly timestamp: number;
}

export class PendingLog {
  readonly key: LogKey;
  readonly members = new Map<UserId, Versioned<MemberRow | null>>();
  readonly overlays = new Map<Seq, Versioned<MessageOverlay>>();
  readonly items = new Map<ItemKey, VersionedItem>();
  card: Versioned<RoomCard> | undefined;
  activity: Activity | undefined;
  /** The last sequence before the covered run; it ends with the activity's head. */
  before: Seq;
  #bytes = 0;
  readonly #total: { bytes: number };

  constructor(key: LogKey, before: Seq, total: { bytes: number }) {
    this.key = key;
    this.before = before;
    this.#total = total;
  }

  get head(): Seq {
    return this.activity?.head ?? this.before;
  }

  get isClean(): boolean {
    const rows = this.members.size + this.overlays.size + this.items.size;
    return rows === 0 && this.card === undefined && this.activity === undefined;
  }

  /** A segment that is written; `rows` are all of its rows, and take `bytes`. */
  add(segment: Segment, rows: readonly RowChange[], bytes: number): void {
    this.#bytes += bytes;
    this.#total.bytes += bytes;
    // It does not follow: somebody else wrote between. Their rows are for the catching up that `before` will demand.
    if (segment.firstSeq > this.head + 1) this.before = segment.firstSeq - 1;
    this.addRows(segment, rows);
    this.#advance(segment);
  }

  /** Segments from `before + 1` on, whose rows nobody has written as far as the table says. */
  catchUp(before: Seq, segments: readonly { readonly segment: Segment; readonly rows: readonly RowChange[] }[]): void {
    this.before = Math.min(before, this.before);
    for (const { segment, rows } of segments) {
      this.addRows(segment, rows);
      this.#advance(segment);
    }
  }

  addRows(segment: Segment, rows: readonly RowChange[]): void {
    const version = segment.lastSeq;
    for (const change of rows) {
      switch (change.kind) {
        case "member":
          setNewer(this.members, change.userId, { version, value: change.row });
          break;
        case "message":
          setNewer(this.overlays, change.seq, { version, value: change.overlay });
          break;
        case "item":
          setNewer(this.items, itemKey(change.collection, change.id), itemOf(change, version));
          break;
        case "room":
          if (this.card === undefined || this.card.version <= version) this.card = { version, value: change.card };
          break;
      }
    }
  }

  /** All that is pending now. It stays here, and can be read, until it is settled. */
  take(): PendingWrites {
    const { before, card, activity } = this;
    const rows = { members: [...this.members], overlays: [...this.overlays], items: [...this.items] };
    return { before, ...rows, card, activity, bytes: this.#bytes };
  }

  /** Forgets what was written, unless it has changed since. */
  settle(written: PendingWrites): void {
    for (const [user, row] of written.members) if (this.members.get(user) === row) this.members.delete(user);
    for (const [seq, row] of written.overlays) if (this.overlays.get(seq) === row) this.overlays.delete(seq);
    for (const [key, row] of written.items) if (this.items.get(key) === row) this.items.delete(key);
    if (this.card === written.card) this.card = undefined;
    this.before = Math.max(this.before, written.activity?.head ?? 0);
    this.#bytes -= written.bytes;
    this.#total.bytes -= written.bytes;
    if (this.activity === written.activity) this.activity = undefined;
  }

  #advance({ lastSeq, messageCount, timestamp }: Segment): void {
    if (lastSeq > this.head || this.activity === undefined) {
      this.activity = { head: Math.max(lastSeq, this.head), messageCount, timestamp };
    }
  }
}

/** What was pending at one moment. */
export interface PendingWrites {
  readonly before: Seq;
  readonly members: readonly (readonly [UserId, Versioned<MemberRow | null>])[];
  readonly overlays: readonly (readonly [Seq, Versioned<MessageOverlay>])[];
  readonly items: readonly (readonly [ItemKey, VersionedItem])[];
  readonly card: Versioned<RoomCard> | undefined;
  readonly activity: Activity | undefined;
  readonly bytes: number;
}

export class PendingRows {
  readonly #tenants = new Map<TenantId, Map<string, PendingLog>>();
  readonly #logs = new Map<string, PendingLog>();
  readonly #total = { bytes: 0 };

  log(key: LogKey): PendingLog | undefined {
    return this.#logs.get(logName(key));
  }

  logToAdd(key: LogKey, before: Seq): PendingLog {
    const name = logName(key);
    const present = this.#logs.get(name);
    if (present !== undefined) return present;
    const created = new PendingLog(key, before, this.#total);
    this.#logs.set(name, created);
    const tenant = this.#tenants.get(key.tenant) ?? new Map<string, PendingLog>();
    this.#tenants.set(key.tenant, tenant);
    tenant.set(name, created);
    return created;
  }

  removeIfClean(log: PendingLog): void {
    if (!log.isClean) return;
    const name = logName(log.key);
    this.#logs.delete(name);
    const tenant = this.#tenants.get(log.key.tenant);
    tenant?.delete(name);
    if (tenant?.size === 0) this.#tenants.delete(log.key.tenant);
  }

  /** Estimate of all rows, from their packed size. */
  get bytes(): number {
    return this.#total.bytes;
  }

  all(): readonly PendingLog[] {
    return [...this.#logs.values()];
  }

  /** The newest incarnation of each room of the tenant that has something pending. */
  rooms(tenant: TenantId): ReadonlyMap<RoomId, PendingLog> {
    const rooms = new Map<RoomId, PendingLog>();
    for (const log of this.#tenants.get(tenant)?.values() ?? []) {
      const known = rooms.get(log.key.room);
      if (known === undefined || known.key.incarnation < log.key.incarnation) rooms.set(log.key.room, log);
    }
    return rooms;
  }
}

function itemOf({ value, person }: Extract<RowChange, { kind: "item" }>, version: Seq): VersionedItem {
  return { version, value, ...(person !== undefined && { person }) };
}

function setNewer<Key, Row extends Versioned<unknown>>(rows: Map<Key, Row>, key: Key, row: Row): void {
  const present = rows.get(key);
  if (present === undefined || present.version <= row.version) rows.set(key, row);
}
