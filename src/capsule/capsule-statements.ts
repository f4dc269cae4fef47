/** What an export asks of its file, prepared once. */
import type { Database } from "bun:sqlite";
import type { Seq } from "../base/ids.ts";

type Text = string | null;

export function statementsOf(db: Database) {
  const row = <Keys extends (string | number)[]>(sql: string) => db.prepare<{ row: Text }, Keys>(sql);
  return {
    progress: db.prepare<{ state: Uint8Array; secret: Uint8Array }, []>("SELECT state, secret FROM progress"),
    setProgress: db.prepare("INSERT OR REPLACE INTO progress (id, state, secret) VALUES (1, ?, ?)"),
    value: db.prepare<{ value: string }, [string]>("SELECT value FROM capsule WHERE name = ?"),
    setValue: db.prepare("INSERT OR REPLACE INTO capsule (name, value) VALUES (?, ?)"),
    removeValue: db.prepare("DELETE FROM capsule WHERE name = ?"),
    addSegment: db.prepare("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)"),
    segmentAt: db.prepare<{ first: Seq; entries: Uint8Array }, [Seq]>(
      "SELECT first_seq AS first, entries FROM segment WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1",
    ),
    addMessage: db.prepare(
      `INSERT INTO message (seq, id, no, sent_at, author, author_name, type, text, reply_to, thread, more)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    addAttachment: db.prepare("INSERT INTO attachment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    removeAttachments: db.prepare("DELETE FROM attachment WHERE seq = ?"),
    member: row<[string]>("SELECT row FROM member WHERE user_id = ?"),
    members: db.prepare<{ userId: string }, [string, number]>(
      "SELECT user_id AS userId FROM member WHERE user_id > ? ORDER BY user_id LIMIT ?",
    ),
    setMember: db.prepare("INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?, ?, ?)"),
    removeMember: db.prepare("DELETE FROM member WHERE user_id = ?"),
    item: row<[string, string]>("SELECT row FROM item WHERE collection = ? AND id = ?"),
    setItem: db.prepare("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)"),
    removeItem: db.prepare("DELETE FROM item WHERE collection = ? AND id = ?"),
    clearMembers: db.prepare("DELETE FROM member"),
    clearItems: db.prepare("DELETE FROM item"),
    anItem: db.prepare<object, [string]>("SELECT 1 FROM item WHERE collection = ? LIMIT 1"),
    lastSeq: db.prepare<{ seq: Seq | null }, []>("SELECT max(last_seq) AS seq FROM segment"),
    messages: db.prepare<{ seq: Seq }, [Seq, number]>("SELECT seq FROM message WHERE seq > ? ORDER BY seq LIMIT ?"),
    lastOwn: db.prepare<{ author: string; seq: Seq; no: number }, []>(
      "SELECT author, max(seq) AS seq, no FROM message GROUP BY author",
    ),
    followers: db.prepare<{ collection: string }, []>(
      "SELECT DISTINCT collection FROM item WHERE collection BETWEEN 'f.' AND 'f/'",
    ),
    overlay: row<[number]>("SELECT overlay AS row FROM message WHERE seq = ?"),
    setOverlay: db.prepare(
      `UPDATE message SET text = CASE WHEN ?3 IS NULL THEN coalesce(?1, text) END, edited_at = ?2, deleted_at = ?3, overlay = ?4
       WHERE seq = ?5`,
    ),
    addMark: db.prepare("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?, ?, ?)"),
    addThreadMark: db.prepare("INSERT OR REPLACE INTO thread_mark VALUES (?, ?, ?)"),
    addPin: db.prepare("INSERT OR REPLACE INTO pin VALUES (?, ?, ?)"),
    setSnapshot: db.prepare("INSERT OR REPLACE INTO snapshot VALUES (?, ?)"),
  };
}
