/** What a finished capsule holds, in the order in which an import needs it. Rows as the engine has them, not as people read them. */
import type { Database } from "bun:sqlite";
import { decodeEntries } from "../actors/log-codec.ts";
import { presentView } from "../actors/views.ts";
import type { RoomId, Seq, UserId } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../domain/room/state.ts";
import type { MessageView } from "../protocol/frames.ts";
import type { RoomCard, RowChange, Segment, Snapshot } from "../storage/journal.ts";
import type { Marked } from "../storage/projections.ts";
import { damage, openToRead } from "./capsule-file.ts";
import { contentHash } from "./content-hash.ts";

export interface CapsuleFacts {
  readonly id: string;
  readonly room: RoomId;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly messages: number;
  readonly segments: number;
}

export class CapsuleReader {
  readonly facts: CapsuleFacts;
  readonly #db: Database;

  private constructor(db: Database, facts: CapsuleFacts) {
    this.#db = db;
    this.facts = facts;
  }

  /** A sentence says what is wrong with the file. Reads all of it once. */
  static open(path: string): Result<CapsuleReader, string> {
    const opened = openToRead(path);
    if (!opened.ok) return opened;
    const db = opened.value;
    try {
      const values = new Map(
        db
          .prepare<{ name: string; value: string }, []>("SELECT name, value FROM capsule")
          .all()
          .map(({ name, value }) => [name, value]),
      );
      const wrong = wrongWith(db, values);
      if (wrong !== undefined) {
        db.close();
        return err(`${path} is damaged: ${wrong}`);
      }
      return ok(new CapsuleReader(db, factsOf(values)));
    } catch (error) {
      db.close();
      return err(damage(path, error));
    }
  }

  /** From the one on that begins at `from`; `batchId` is for the importer to give. */
  *segments(from: Seq): Generator<Omit<Segment, "batchId">> {
    const sql = `SELECT first_seq AS firstSeq, last_seq AS lastSeq, epoch, owner, message_count AS messageCount, timestamp,
      entries FROM segment WHERE first_seq >= ? ORDER BY first_seq`;
    yield* this.#db.prepare<Omit<Segment, "batchId">, [Seq]>(sql).iterate(from);
  }

  /** All rows: what nobody lists first, then members, and the room's card last. */
  *rows(): Generator<RowChange> {
    const overlays = this.#db.prepare<{ seq: Seq; row: string }, []>(
      "SELECT seq, overlay AS row FROM message WHERE overlay IS NOT NULL ORDER BY seq",
    );
    for (const { seq, row } of overlays.iterate()) {
      yield { kind: "message", seq, overlay: JSON.parse(row) as MessageOverlay };
    }
    const items = this.#db.prepare<StoredItem, []>("SELECT * FROM item");
    for (const { collection, id, row, person } of items.iterate()) {
      yield { kind: "item", collection, id, value: JSON.parse(row) as ItemValue, ...(person !== null && { person }) };
    }
    for (const row of this.members()) yield { kind: "member", userId: row.userId, row };
    yield { kind: "room", card: this.card };
  }

  *members(): Generator<MemberRow> {
    for (const { row } of this.#db.prepare<{ row: string }, []>("SELECT row FROM member").iterate()) {
      yield JSON.parse(row) as MemberRow;
    }
  }

  /** Every message as members see it now. */
  *messages(): Generator<MessageView> {
    const overlay = this.#db.prepare<{ overlay: string | null }, [Seq]>("SELECT overlay FROM message WHERE seq = ?");
    for (const { firstSeq, entries } of this.segments(0)) {
      for (const event of decodeEntries(firstSeq, entries)) {
        if (event.kind !== "message_sent") continue;
        const json = overlay.get(event.seq)?.overlay ?? null;
        yield presentView(this.facts.room, event, json === null ? null : (JSON.parse(json) as MessageOverlay));
      }
    }
  }

  get card(): RoomCard {
    const card = this.#db.prepare<{ value: string }, []>("SELECT value FROM capsule WHERE name = 'card'").get();
    if (card === null) throw new Error("a capsule without a card");
    return JSON.parse(card.value) as RoomCard;
  }

  /** How many `rows` gives. */
  get rowCount(): number {
    const sql = `SELECT (SELECT count(*) FROM message WHERE overlay IS NOT NULL) + (SELECT count(*) FROM item)
      + (SELECT count(*) FROM member) + 1 AS n`;
    return this.#db.prepare<{ n: number }, []>(sql).get()?.n ?? 0;
  }

  get snapshot(): Snapshot {
    const snapshot = this.#db.prepare<Snapshot, []>("SELECT seq, bytes FROM snapshot").get();
    if (snapshot === null) throw new Error("a capsule without a snapshot");
    return snapshot;
  }

  *marks(): Generator<Marked & { readonly userId: UserId }> {
    const marks = this.#db.prepare<MarkRow, []>("SELECT * FROM mark ORDER BY user_id");
    for (const row of marks.iterate()) {
      const unread = row.unread_version;
      yield {
        userId: row.user_id,
        readSeq: row.read_seq,
        readNo: row.read_no,
        deliveredSeq: row.delivered_seq,
        ...(unread !== null && {
          unreadFrom: { version: unread, seq: row.unread_seq ?? 0, no: row.unread_no ?? 0 },
        }),
      };
    }
  }

  threadMarks(): readonly { readonly userId: UserId; readonly root: Seq; readonly no: number }[] {
    const sql = "SELECT user_id AS userId, root, no FROM thread_mark";
    return this.#db.prepare<{ userId: UserId; root: Seq; no: number }, []>(sql).all();
  }

  close(): void {
    this.#db.close();
  }
}

interface StoredItem {
  readonly collection: string;
  readonly id: string;
  readonly row: string;
  readonly person: UserId | null;
}

interface MarkRow {
  readonly user_id: UserId;
  readonly read_seq: Seq;
  readonly read_no: number;
  readonly delivered_seq: Seq;
  readonly unread_version: number | null;
  readonly unread_seq: Seq | null;
  readonly unread_no: number | null;
}

const COUNTED = { messages: "message", members: "member", items: "item", marks: "mark", segments: "segment" } as const;

/** Counts first: they say what is missing, the fingerprint only that something is. */
function wrongWith(db: Database, values: ReadonlyMap<string, string>): string | undefined {
  for (const [name, table] of Object.entries(COUNTED)) {
    const found = db.prepare<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n;
    if (String(found) !== values.get(name)) return `it has ${found} ${name}, and should have ${values.get(name)}`;
  }
  let next = Number(values.get("first_seq"));
  const segments = db.prepare<{ first: Seq; last: Seq }, []>(
    "SELECT first_seq AS first, last_seq AS last FROM segment ORDER BY first_seq",
  );
  for (const { first, last } of segments.iterate()) {
    if (first !== next || last < first) return `its log has a gap before ${first}`;
    next = last + 1;
  }
  if (String(next - 1) !== values.get("last_seq")) return `its log ends at ${next - 1}`;
  return contentHash(db) === values.get("hash") ? undefined : "its contents do not fit its fingerprint";
}

function factsOf(values: ReadonlyMap<string, string>): CapsuleFacts {
  const text = (name: string): string => values.get(name) ?? "";
  return {
    id: text("id"),
    room: text("room") as RoomId,
    firstSeq: Number(text("first_seq")),
    lastSeq: Number(text("last_seq")),
    messages: Number(text("messages")),
    segments: Number(text("segments")),
  };
}
