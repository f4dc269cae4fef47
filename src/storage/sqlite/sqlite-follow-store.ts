/**
 * Positions of followers, in a file of their own: the writer of the log never waits for them. The logs are listed from the
 * database itself, over a connection that reads. Moves that come together are one transaction.
 * Invariant: the file may be lost or removed; then everything is followed again from the start.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { join } from "node:path";
import type { RoomId, Seq, TenantId } from "../../base/ids.ts";
import { STORAGE_BUSY_MS_MAX } from "../../base/limits.ts";
import type { FollowStore, KnownLog, LogPage } from "../follow-store.ts";
import type { Done, LogKey, ReadResult } from "../journal.ts";
import type { AnsweringReads } from "./answering-reads.ts";
import type { SqliteReader } from "./sqlite-reader.ts";

export const FOLLOWERS_FILE = "followers.db";

interface Move {
  readonly consumer: string;
  readonly log: number;
  readonly from: Seq;
  readonly to: Seq;
  readonly done: Done<"moved" | "conflict">;
}
interface ListedLog {
  readonly id: number;
  readonly tenant: TenantId;
  readonly room: RoomId;
  readonly incarnation: number;
  readonly head: Seq | null;
}

export class SqliteFollowStore implements FollowStore {
  readonly #db: Database;
  readonly #reader: SqliteReader;
  readonly #reads: AnsweringReads;
  readonly #position;
  readonly #setPosition;
  readonly #logs;
  #moves: Move[] = [];

  constructor(dir: string, reader: SqliteReader, reads: AnsweringReads) {
    this.#reader = reader;
    this.#reads = reads;
    this.#db = openPositions(dir);
    this.#position = this.#db.prepare<{ seq: Seq }, [string, number]>(
      "SELECT seq FROM position WHERE consumer = ? AND log = ?",
    );
    this.#setPosition = this.#db.prepare<unknown, [string, number, Seq]>(
      `INSERT INTO position (consumer, log, seq) VALUES (?, ?, ?)
       ON CONFLICT (consumer, log) DO UPDATE SET seq = excluded.seq`,
    );
    this.#logs = reader.db.prepare<ListedLog, [number, number]>(
      `SELECT log.id AS id, tenant.name AS tenant, log.room AS room, log.incarnation AS incarnation,
         head.last_seq AS head
       FROM log JOIN tenant ON tenant.id = log.tenant LEFT JOIN head ON head.log = log.id
       WHERE log.id > ? ORDER BY log.id LIMIT ?`,
    );
  }

  positions(consumer: string, logs: readonly LogKey[], done: Done<readonly Seq[]>): void {
    this.#reads.answer(done, () =>
      logs.map((log) => {
        const number = this.#reader.numbers.log(log);
        return number === undefined ? 0 : this.#standing(consumer, number);
      }),
    );
  }

  move(consumer: string, log: LogKey, from: Seq, to: Seq, done: Done<"moved" | "conflict">): void {
    this.#reads.answer<number | undefined>(
      (read) => {
        if (!read.ok) return done(read);
        if (read.value === undefined) return done({ ok: true, value: "conflict" });
        this.#moves.push({ consumer, log: read.value, from, to, done });
        if (this.#moves.length === 1) setImmediate(() => this.#write());
      },
      () => this.#reader.numbers.log(log),
    );
  }

  /** Which logs are behind is seen by their heads: all are looked at. */
  openLogs(after: string | undefined, limit: number, done: Done<LogPage>): void {
    this.allLogs(after, limit, done);
  }

  allLogs(after: string | undefined, limit: number, done: Done<LogPage>): void {
    this.#reads.answer(done, (recent) => {
      const rows = this.#logs.all(after === undefined ? 0 : Number(after), limit);
      const logs = rows.map(({ id, tenant, room, incarnation, head }): KnownLog => {
        const last = Math.max(head ?? 0, recent.newest(id)?.lastSeq ?? 0);
        return { log: { tenant, room, incarnation }, head: last, openedAt: 0 };
      });
      return { logs, next: rows.length === limit ? String(rows.at(-1)?.id) : undefined };
    });
  }

  closeLog(_known: KnownLog, done: (closed: ReadResult<true>) => void): void {
    queueMicrotask(() => done({ ok: true, value: true }));
  }

  close(): void {
    this.#write();
    this.#db.close();
  }

  #standing(consumer: string, log: number): Seq {
    return this.#position.get(consumer, log)?.seq ?? 0;
  }

  #write(): void {
    const moves = this.#moves;
    if (moves.length === 0) return;
    this.#moves = [];
    let answers: readonly ReadResult<"moved" | "conflict">[];
    try {
      answers = this.#db.transaction(() => moves.map((move) => this.#moveOne(move))).immediate();
    } catch (error) {
      if (!(error instanceof SQLiteError)) throw error;
      answers = moves.map(() => ({ ok: false, error: "unavailable" }));
    }
    for (const [index, { done }] of moves.entries()) done(answers[index] ?? { ok: false, error: "unavailable" });
  }

  #moveOne({ consumer, log, from, to }: Move): ReadResult<"moved" | "conflict"> {
    if (this.#standing(consumer, log) !== from) return { ok: true, value: "conflict" };
    this.#setPosition.run(consumer, log, to);
    return { ok: true, value: "moved" };
  }
}

function openPositions(dir: string): Database {
  const db = new Database(join(dir, FOLLOWERS_FILE), { create: true, readwrite: true, strict: true });
  db.run(`PRAGMA busy_timeout = ${STORAGE_BUSY_MS_MAX * 20}`);
  db.run("PRAGMA journal_mode = WAL");
  // A position that is lost with the machine's power comes again: what was delivered is delivered twice.
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA cache_size = -2048");
  db.run(
    `CREATE TABLE IF NOT EXISTS position (
       consumer TEXT NOT NULL, log INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (consumer, log)
     ) STRICT, WITHOUT ROWID`,
  );
  return db;
}
