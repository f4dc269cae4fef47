/** Reads a tenant's documents, synchronous. */
import type { Database } from "bun:sqlite";
import type { TenantId } from "../../base/ids.ts";
import { idRangeOf } from "../item-page.ts";
import type { PageQuery } from "../journal.ts";
import type { ListedDocument, StoredDocument } from "../projections.ts";
import type { LogNumbers } from "./log-numbers.ts";

interface Row {
  readonly id: string;
  readonly version: number;
  readonly row: string;
}

/** Rows that are gone are null. */
const PRESENT = "SELECT id, version, row FROM document WHERE tenant = ? AND collection = ? AND row IS NOT NULL";
const PAGE = `${PRESENT} AND id BETWEEN ? AND ? AND id <> ? ORDER BY id`;

export class DocumentReader {
  readonly #numbers: LogNumbers;
  readonly #one;
  readonly #up;
  readonly #down;

  constructor(db: Database, numbers: LogNumbers) {
    this.#numbers = numbers;
    this.#one = db.prepare<Row, [number, string, string]>(`${PRESENT} AND id = ?`);
    this.#up = db.prepare<Row, [number, string, string, string, string, number]>(`${PAGE} LIMIT ?`);
    this.#down = db.prepare<Row, [number, string, string, string, string, number]>(`${PAGE} DESC LIMIT ?`);
  }

  read(name: TenantId, collection: string, id: string): StoredDocument | null {
    const tenant = this.#numbers.tenant(name);
    const row = tenant === undefined ? null : this.#one.get(tenant, collection, id);
    return row === null ? null : documentOf(row);
  }

  list(name: TenantId, collection: string, query: PageQuery): readonly ListedDocument[] {
    const tenant = this.#numbers.tenant(name);
    const range = idRangeOf(query);
    if (tenant === undefined || range === undefined) return [];
    const page = query.backward === true ? this.#down : this.#up;
    const rows = page.all(tenant, collection, range.from, range.to, range.except, query.limit);
    return rows.map((row) => ({ id: row.id, ...documentOf(row) }));
  }
}

function documentOf({ version, row }: Row): StoredDocument {
  return { value: JSON.parse(row) as object, version };
}
