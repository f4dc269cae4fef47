/** Writes everything that is not a segment: rows that go with one, snapshots, marks, people, documents. Within the writer's transaction. */
import type { Database } from "bun:sqlite";
import type { TenantId } from "../../base/ids.ts";
import type { LogKey, Snapshot } from "../journal.ts";
import { type Mark, NEVER_UNREAD } from "../projections.ts";
import type { LogNumbers, LogNumberWriter } from "./log-numbers.ts";
import type { DocumentOperation, RowWrite } from "./write-operation.ts";

const UNREAD_IS_NEWER = `(excluded.read_seq > read_seq OR excluded.unread_version > unread_version
  OR (excluded.unread_version = unread_version AND excluded.unread_seq > unread_seq))`;

export class RowWriter {
  readonly #numbers: LogNumbers;
  readonly #naming: LogNumberWriter;
  readonly #setMember;
  readonly #deleteMember;
  readonly #setOverlay;
  readonly #setItem;
  readonly #deleteItem;
  readonly #setCard;
  readonly #setSnapshot;
  readonly #setMark;
  readonly #setPerson;
  readonly #newDocument;
  readonly #changeDocument;

  constructor(db: Database, numbers: LogNumbers, naming: LogNumberWriter) {
    this.#numbers = numbers;
    this.#naming = naming;
    this.#setMember = db.prepare<unknown, [number, string, number, number, string | null, string]>(
      `INSERT INTO member (log, user_id, tenant, joined_no, mentioned, row) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (log, user_id) DO UPDATE SET
         joined_no = excluded.joined_no, mentioned = excluded.mentioned, row = excluded.row`,
    );
    this.#deleteMember = db.prepare<unknown, [number, string]>("DELETE FROM member WHERE log = ? AND user_id = ?");
    this.#setOverlay = db.prepare<unknown, [number, number, string]>(
      "INSERT INTO overlay (log, seq, row) VALUES (?, ?, ?) ON CONFLICT (log, seq) DO UPDATE SET row = excluded.row",
    );
    this.#setItem = db.prepare<unknown, [number, string, string, string, string | null]>(
      `INSERT INTO item (log, collection, id, row, person) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET row = excluded.row, person = excluded.person`,
    );
    this.#deleteItem = db.prepare<unknown, [number, string, string]>(
      "DELETE FROM item WHERE log = ? AND collection = ? AND id = ?",
    );
    this.#setCard = db.prepare<unknown, [string | null, string, number]>(
      "UPDATE log SET type = ?, card = ? WHERE id = ?",
    );
    this.#setSnapshot = db.prepare<unknown, [number, number, Uint8Array]>(
      `INSERT INTO snapshot (log, seq, bytes) VALUES (?, ?, ?)
       ON CONFLICT (log) DO UPDATE SET seq = excluded.seq, bytes = excluded.bytes WHERE excluded.seq > seq`,
    );
    this.#setMark = db.prepare<unknown, [string, number, number, number, number, number, number, number]>(
      // As `mergeMarks` says. All of the right-hand sides see the row as it was.
      `INSERT INTO mark (user_id, log, read_seq, read_no, delivered_seq, unread_version, unread_seq, unread_no)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (user_id, log) DO UPDATE SET
         read_no = CASE WHEN excluded.read_seq > read_seq THEN excluded.read_no ELSE read_no END,
         read_seq = max(read_seq, excluded.read_seq), delivered_seq = max(delivered_seq, excluded.delivered_seq),
         unread_version = max(unread_version, excluded.unread_version),
         unread_seq = CASE WHEN ${UNREAD_IS_NEWER} THEN excluded.unread_seq ELSE unread_seq END,
         unread_no = CASE WHEN ${UNREAD_IS_NEWER} THEN excluded.unread_no ELSE unread_no END
       WHERE excluded.read_seq > read_seq OR excluded.delivered_seq > delivered_seq OR ${UNREAD_IS_NEWER}`,
    );
    this.#setPerson = db.prepare<unknown, [number, string, string]>(
      "INSERT INTO person (tenant, user_id, row) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row",
    );
    this.#newDocument = db.prepare<unknown, [number, string, string, string | null]>(
      `INSERT INTO document (tenant, collection, id, version, row) VALUES (?, ?, ?, 1, ?)
       ON CONFLICT DO UPDATE SET version = version + 1, row = excluded.row WHERE row IS NULL`,
    );
    this.#changeDocument = db.prepare<unknown, [string | null, number, string, string, number]>(
      `UPDATE document SET version = version + 1, row = ?
       WHERE tenant = ? AND collection = ? AND id = ? AND version = ? AND row IS NOT NULL`,
    );
  }

  row(log: number, key: LogKey, row: RowWrite): void {
    switch (row.kind) {
      case "member":
        this.#setMember.run(log, row.userId, this.#naming.tenant(key.tenant), row.joinedNo, row.mentioned, row.json);
        return;
      case "member_gone":
        this.#deleteMember.run(log, row.userId);
        return;
      case "message":
        this.#setOverlay.run(log, row.seq, row.json);
        return;
      case "item":
        this.#setItem.run(log, row.collection, row.id, row.json, row.person);
        return;
      case "item_gone":
        this.#deleteItem.run(log, row.collection, row.id);
        return;
      case "room":
        this.#setCard.run(row.type, row.json, log);
    }
  }

  snapshot(key: LogKey, snapshot: Snapshot): void {
    this.#setSnapshot.run(this.#naming.log(key), snapshot.seq, snapshot.bytes);
  }

  marks(marks: readonly Mark[]): void {
    for (const mark of marks) {
      const log = this.#numbers.currentLog(mark.tenant, mark.room);
      if (log === undefined) continue;
      const { version, seq, no } = mark.unreadFrom ?? NEVER_UNREAD;
      this.#setMark.run(mark.userId, log, mark.readSeq, mark.readNo, mark.deliveredSeq, version, seq, no);
    }
  }

  person(tenant: TenantId, userId: string, json: string): void {
    this.#setPerson.run(this.#naming.tenant(tenant), userId, json);
  }

  /** false: it is at another version. */
  document({ tenant: name, collection, id, json, expectedVersion }: DocumentOperation): boolean {
    const tenant = this.#naming.tenant(name);
    const { changes } =
      expectedVersion === 0
        ? this.#newDocument.run(tenant, collection, id, json)
        : this.#changeDocument.run(json, tenant, collection, id, expectedVersion);
    return changes > 0;
  }
}
