/**
 * Numbers that stand for logs and tenants in the tables, so that rows are small. A number never changes its meaning;
 * unknown names are not remembered, because another thread may give them a number at any time.
 */
import type { Database } from "bun:sqlite";
import type { RoomId, TenantId } from "../../base/ids.ts";
import { STORAGE_HEADS_CACHED_MAX } from "../../base/limits.ts";
import type { LogKey } from "../journal.ts";

/** Places are `log << 32 | firstSeq` in 63 bits. */
const LOG_NUMBER_MAX = 0x7fff_ffff;

interface KnownLog {
  readonly incarnation: number;
  readonly number: number;
  /** Another one that was asked for. */
  readonly next: KnownLog | undefined;
}

export class LogNumbers {
  /** By tenant and room: two lookups by strings that stand already, for this is asked with each append. */
  readonly #logs = new Map<TenantId, Map<RoomId, KnownLog>>();
  #logsKnown = 0;
  readonly #tenants = new Map<TenantId, number>();
  readonly #selectTenant;
  readonly #selectLog;
  readonly #selectCurrent;

  constructor(db: Database) {
    this.#selectTenant = db.prepare<{ id: number }, [string]>("SELECT id FROM tenant WHERE name = ?");
    this.#selectLog = db.prepare<{ id: number }, [number, string, number]>(
      "SELECT id FROM log WHERE tenant = ? AND room = ? AND incarnation = ?",
    );
    this.#selectCurrent = db.prepare<{ id: number }, [number, string]>(
      "SELECT id FROM log WHERE tenant = ? AND room = ? AND is_current = 1",
    );
  }

  log(key: LogKey): number | undefined {
    let known = this.#logs.get(key.tenant)?.get(key.room);
    for (; known !== undefined; known = known.next) if (known.incarnation === key.incarnation) return known.number;
    const tenant = this.tenant(key.tenant);
    if (tenant === undefined) return undefined;
    const row = this.#selectLog.get(tenant, key.room, key.incarnation);
    if (row === null) return undefined;
    this.remember(key, row.id);
    return row.id;
  }

  /** The log of the room's newest incarnation. */
  currentLog(tenant: TenantId, room: RoomId): number | undefined {
    const number = this.tenant(tenant);
    return number === undefined ? undefined : this.#selectCurrent.get(number, room)?.id;
  }

  tenant(name: TenantId): number | undefined {
    const known = this.#tenants.get(name);
    if (known !== undefined) return known;
    const row = this.#selectTenant.get(name);
    if (row === null) return undefined;
    if (this.#tenants.size >= STORAGE_HEADS_CACHED_MAX) this.#tenants.clear();
    this.#tenants.set(name, row.id);
    return row.id;
  }

  remember({ tenant, room, incarnation }: LogKey, number: number): void {
    if (this.#logsKnown >= STORAGE_HEADS_CACHED_MAX) this.#forgetLogs();
    let rooms = this.#logs.get(tenant);
    if (rooms === undefined) {
      rooms = new Map();
      this.#logs.set(tenant, rooms);
    }
    rooms.set(room, { incarnation, number, next: rooms.get(room) });
    this.#logsKnown += 1;
  }

  #forgetLogs(): void {
    this.#logs.clear();
    this.#logsKnown = 0;
  }

  /** After a rollback: a number that was given within it means nothing. */
  clear(): void {
    this.#forgetLogs();
    this.#tenants.clear();
  }
}

/** The writer's side: gives numbers to new names, within its transaction. */
export class LogNumberWriter {
  readonly #numbers: LogNumbers;
  readonly #insertTenant;
  readonly #insertLog;
  readonly #retireOlder;

  constructor(db: Database, numbers: LogNumbers) {
    this.#numbers = numbers;
    this.#insertTenant = db.prepare<{ id: number }, [string]>("INSERT INTO tenant (name) VALUES (?) RETURNING id");
    this.#insertLog = db.prepare<{ id: number }, [number, string, number]>(
      `INSERT INTO log (tenant, room, incarnation, is_current) VALUES (?1, ?2, ?3,
         NOT EXISTS (SELECT 1 FROM log WHERE tenant = ?1 AND room = ?2 AND incarnation > ?3)) RETURNING id`,
    );
    this.#retireOlder = db.prepare<unknown, [number, string, number]>(
      "UPDATE log SET is_current = 0 WHERE tenant = ? AND room = ? AND incarnation < ? AND is_current = 1",
    );
  }

  log(key: LogKey): number {
    const known = this.#numbers.log(key);
    if (known !== undefined) return known;
    const tenant = this.tenant(key.tenant);
    const row = this.#insertLog.get(tenant, key.room, key.incarnation);
    if (row === null || row.id > LOG_NUMBER_MAX) throw new Error("no number for another log");
    this.#retireOlder.run(tenant, key.room, key.incarnation);
    this.#numbers.remember(key, row.id);
    return row.id;
  }

  tenant(name: TenantId): number {
    const known = this.#numbers.tenant(name);
    if (known !== undefined) return known;
    const row = this.#insertTenant.get(name);
    if (row === null) throw new Error("no number for another tenant");
    return row.id;
  }
}
