/**
 * The fingerprint of what a capsule gives to an import: log, rows, marks, snapshot. Columns that only repeat it for readers do
 * not count. Whoever changes the file on purpose can change the fingerprint, too: it finds damage.
 */
import type { Database } from "bun:sqlite";

const PARTS: readonly string[] = [
  "SELECT first_seq, last_seq, epoch, owner, message_count, timestamp, entries FROM segment ORDER BY first_seq",
  "SELECT user_id, row FROM member ORDER BY user_id",
  "SELECT seq, overlay FROM message WHERE overlay IS NOT NULL ORDER BY seq",
  "SELECT collection, id, row, person FROM item ORDER BY collection, id",
  "SELECT * FROM mark ORDER BY user_id",
  "SELECT * FROM thread_mark ORDER BY user_id, root",
  "SELECT seq, bytes FROM snapshot",
  "SELECT value FROM capsule WHERE name = 'card'",
];

export function contentHash(db: Database): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const [part, sql] of PARTS.entries()) {
    hasher.update(`#${part}`);
    for (const row of db.prepare<Record<string, unknown>, []>(sql).iterate()) {
      for (const value of Object.values(row)) {
        if (value instanceof Uint8Array) hasher.update(`b${value.length}:`).update(value);
        else {
          const text = String(value);
          hasher.update(`t${text.length}:${text}`);
        }
      }
    }
  }
  return hasher.digest("hex");
}
