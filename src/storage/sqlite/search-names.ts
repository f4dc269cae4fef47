/** Numbers that stand for names in the search index, and how ids and tags are made. */
import type { Database } from "bun:sqlite";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { STORAGE_HEADS_CACHED_MAX } from "../../base/limits.ts";
import type { MessageType } from "../../domain/room/vocabulary.ts";
import type { LogKey } from "../journal.ts";

/** A type's number is its place; appended to, never reordered. */
const TYPES: readonly MessageType[] = ["text", "image", "file", "audio", "video", "poll", "system", "ai_response"];
/** 2020-01-01: ids of the next 68 years are whole numbers that JavaScript can count. */
const EPOCH_SECONDS = 1_577_836_800;

export function typeNumber(type: MessageType): number {
  return TYPES.indexOf(type);
}

/** The first id of a time: seconds, then milliseconds, then 4,096 places. */
export function idBase(at: number): number {
  const seconds = Math.floor(at / 1_000) - EPOCH_SECONDS;
  if (seconds < 0) return 0;
  return Math.min(seconds, 2 ** 31 - 1) * 2 ** 22 + (Math.floor(at) % 1_000) * 4_096;
}

export function tagsOf(row: {
  readonly tenant: number;
  readonly log: number;
  readonly author: number;
  readonly type: number;
}): string {
  return `t${row.tenant} r${row.log} a${row.author} y${row.type}`;
}

export class SearchNames {
  readonly #known = new Map<string, number>();
  readonly #selectTenant;
  readonly #selectLog;
  readonly #selectRoom;
  readonly #selectAuthor;
  readonly #insertTenant;
  readonly #insertLog;
  readonly #insertAuthor;
  readonly #deleteLog;
  readonly #deleteAuthor;

  constructor(db: Database) {
    this.#selectTenant = db.prepare<{ id: number }, [string]>("SELECT id FROM tenant WHERE name = ?");
    this.#selectLog = db.prepare<{ id: number }, [number, string, number]>(
      "SELECT id FROM log WHERE tenant = ? AND room = ? AND incarnation = ?",
    );
    this.#selectRoom = db.prepare<{ id: number }, [number, string]>(
      "SELECT id FROM log WHERE tenant = ? AND room = ? ORDER BY incarnation DESC LIMIT 1",
    );
    this.#selectAuthor = db.prepare<{ id: number }, [number, string]>(
      "SELECT id FROM author WHERE tenant = ? AND name = ?",
    );
    this.#insertTenant = db.prepare<{ id: number }, [string]>("INSERT INTO tenant (name) VALUES (?) RETURNING id");
    this.#insertLog = db.prepare<{ id: number }, [number, string, number]>(
      "INSERT INTO log (tenant, room, incarnation) VALUES (?, ?, ?) RETURNING id",
    );
    this.#insertAuthor = db.prepare<{ id: number }, [number, string]>(
      "INSERT INTO author (tenant, name) VALUES (?, ?) RETURNING id",
    );
    this.#deleteLog = db.prepare<unknown, [number]>("DELETE FROM log WHERE id = ?");
    this.#deleteAuthor = db.prepare<unknown, [number]>("DELETE FROM author WHERE id = ?");
  }

  tenant(name: TenantId): number | undefined {
    return this.#selectTenant.get(name)?.id;
  }

  log({ tenant, room, incarnation }: LogKey): number | undefined {
    const number = this.tenant(tenant);
    return number === undefined ? undefined : this.#selectLog.get(number, room, incarnation)?.id;
  }

  /** Of the newest incarnation. */
  room(tenant: number, room: RoomId): number | undefined {
    return this.#selectRoom.get(tenant, room)?.id;
  }

  author(tenant: number, name: UserId): number | undefined {
    return this.#selectAuthor.get(tenant, name)?.id;
  }

  tenantToWrite(name: TenantId): number {
    return this.#remembered(`t/${name}`, () => this.#selectTenant.get(name) ?? this.#insertTenant.get(name));
  }

  logToWrite({ room, incarnation }: LogKey, tenant: number): number {
    return this.#remembered(
      `r/${tenant}/${room}/${incarnation}`,
      () => this.#selectLog.get(tenant, room, incarnation) ?? this.#insertLog.get(tenant, room, incarnation),
    );
  }

  authorToWrite(tenant: number, name: UserId): number {
    return this.#remembered(
      `a/${tenant}/${name}`,
      () => this.#selectAuthor.get(tenant, name) ?? this.#insertAuthor.get(tenant, name),
    );
  }

  removeLog(key: LogKey): void {
    const number = this.log(key);
    if (number !== undefined) this.#deleteLog.run(number);
    this.clear();
  }

  removeAuthor(author: number): void {
    this.#deleteAuthor.run(author);
    this.clear();
  }

  /** After a rollback: a number that was given within it means nothing. */
  clear(): void {
    this.#known.clear();
  }

  #remembered(name: string, give: () => { readonly id: number } | null): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const id = give()?.id;
    if (id === undefined) throw new Error("no number for another name");
    if (this.#known.size >= STORAGE_HEADS_CACHED_MAX) this.#known.clear();
    this.#known.set(name, id);
    return id;
  }
}
