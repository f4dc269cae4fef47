/** Positions of followers in memory. The logs are those of a memory store; each of them counts as open. */
import type { Seq } from "../../base/ids.ts";
import { type FollowStore, type KnownLog, type LogPage, nameOfLog } from "../follow-store.ts";
import type { Done, LogKey, ReadResult } from "../journal.ts";
import type { Schedule } from "./memory-journal.ts";
import type { MemoryStore } from "./memory-store.ts";

export class MemoryFollowStore implements FollowStore {
  readonly #store: MemoryStore;
  readonly #schedule: Schedule;

  constructor(store: MemoryStore, schedule: Schedule = queueMicrotask) {
    this.#store = store;
    this.#schedule = schedule;
  }

  positions(consumer: string, logs: readonly LogKey[], done: Done<readonly Seq[]>): void {
    this.#schedule(() => {
      const standing = this.#store.positions(consumer);
      done({ ok: true, value: logs.map((log) => standing.get(nameOfLog(log)) ?? 0) });
    });
  }

  move(consumer: string, log: LogKey, from: Seq, to: Seq, done: Done<"moved" | "conflict">): void {
    this.#schedule(() => {
      const standing = this.#store.positions(consumer);
      const name = nameOfLog(log);
      if ((standing.get(name) ?? 0) !== from) return done({ ok: true, value: "conflict" });
      standing.set(name, to);
      done({ ok: true, value: "moved" });
    });
  }

  openLogs(after: string | undefined, limit: number, done: Done<LogPage>): void {
    this.allLogs(after, limit, done);
  }

  allLogs(after: string | undefined, limit: number, done: Done<LogPage>): void {
    this.#schedule(() => {
      const start = after === undefined ? 0 : Number(after);
      const logs = [...this.#store.logs()].slice(start, start + limit + 1);
      const known = logs.slice(0, limit).map(({ key, segments }): KnownLog => {
        return { log: key, head: segments.at(-1)?.lastSeq ?? 0, openedAt: 0 };
      });
      done({ ok: true, value: { logs: known, next: logs.length > limit ? String(start + limit) : undefined } });
    });
  }

  closeLog(_known: KnownLog, done: (closed: ReadResult<true>) => void): void {
    this.#schedule(() => done({ ok: true, value: true }));
  }
}
