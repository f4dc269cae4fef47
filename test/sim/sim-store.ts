/**
 * The memory store behind a network and on bad days: answers take time, some never come, some puts land long after their
 * sender gave up. The adapters are the real ones of `src/storage/memory`; every fault is one that the ports' comments allow.
 * Invariant: `written`, `fenced` and `full` are always true; only `unknown` leaves open what happened.
 */
import type { Seq, TenantId, UserId } from "../../src/base/ids.ts";
import type { MemberRow, MessageOverlay } from "../../src/domain/room/state.ts";
import type {
  AppendOutcome,
  Done,
  Journal,
  LogKey,
  LogTail,
  MemberQuery,
  ReadRange,
  ReadResult,
  RowChange,
  Segment,
  Snapshot,
} from "../../src/storage/journal.ts";
import { MemoryJournal } from "../../src/storage/memory/memory-journal.ts";
import { MemoryProjections } from "../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import type { Mark, Projections, RoomListQuery, UserRow } from "../../src/storage/projections.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { SimProcess } from "./sim-process.ts";
import { keepTrimmed } from "./trimmed.ts";
import type { Trace } from "./trace.ts";
import type { EventQueue } from "./virtual-clock.ts";

/** Chances from 0 to 1, per append. */
export interface StoreFaults {
  readonly delayMsMax: number;
  readonly timeoutBeforeCommit: number;
  readonly timeoutAfterCommit: number;
  /** The put lands, if its place is still free, up to `lateMsMax` after `unknown` was reported. */
  readonly lateCommit: number;
  readonly lateMsMax: number;
  readonly full: number;
  /** Of what a process had under way when it died: how much still lands. */
  readonly survivesSender: number;
}

export const HEALTHY_STORE: StoreFaults = {
  delayMsMax: 2,
  timeoutBeforeCommit: 0,
  timeoutAfterCommit: 0,
  lateCommit: 0,
  lateMsMax: 0,
  full: 0,
  survivesSender: 1,
};

const TIMEOUT_MS_MAX = 120;
const now = (run: () => void): void => run();

export class SimStore {
  /** What is really there; several stores on one memory are several ways to it, each with troubles of its own. */
  readonly memory: MemoryStore;
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly trace: Trace;
  /** For planted bugs: a condition that does not hold. */
  readonly overwrites: boolean;
  faults: StoreFaults;
  /** Nobody is answered before this time. */
  unavailableUntilMs = 0;
  /** Late puts that are still to land. */
  late = 0;
  readonly inner: MemoryJournal;

  constructor(
    queue: EventQueue,
    random: SeededRandom,
    trace: Trace,
    faults: StoreFaults,
    overwrites = false,
    memory = new MemoryStore(),
  ) {
    this.memory = memory;
    this.inner = new MemoryJournal(memory, now);
    this.queue = queue;
    this.random = random;
    this.trace = trace;
    this.faults = faults;
    this.overwrites = overwrites;
  }

  get isUnavailable(): boolean {
    return this.queue.nowMs < this.unavailableUntilMs;
  }

  delayMs(): number {
    return 0.05 + this.random.next() ** 3 * this.faults.delayMsMax;
  }

  timeoutMs(): number {
    return 5 + this.random.next() * TIMEOUT_MS_MAX;
  }

  /** Answered as of one instant between question and answer, not before `notBeforeMs`. */
  ask<Value>(process: SimProcess, done: Done<Value>, read: (answer: Done<Value>) => void, notBeforeMs = 0): void {
    const answer = (result: ReadResult<Value>): void => process.enter(() => done(result));
    if (this.isUnavailable) {
      this.queue.after(this.timeoutMs(), () => answer({ ok: false, error: "unavailable" }));
      return;
    }
    this.queue.at(Math.max(this.queue.nowMs + this.delayMs(), notBeforeMs), () => {
      read((result) => {
        this.queue.after(this.delayMs(), () => answer(result));
      });
    });
  }
}

export class SimJournal implements Journal {
  readonly #store: SimStore;
  readonly #process: SimProcess;

  constructor(store: SimStore, process: SimProcess) {
    this.#store = store;
    this.#process = process;
  }

  append(log: LogKey, segment: Segment, rows: readonly RowChange[], done: (outcome: AppendOutcome) => void): void {
    const { queue, random, faults, trace } = this.#store;
    const answer = (outcome: AppendOutcome): void => {
      trace.note(queue.nowMs, `${log.room} ${segment.firstSeq}-${segment.lastSeq} ${segment.batchId}: ${outcome}`);
      this.#process.enter(() => done(outcome));
    };
    const survives = random.next() < faults.survivesSender;
    const put = (then: (outcome: AppendOutcome) => void): void => {
      if (this.#process.isDead && !survives) return;
      if (this.#store.overwrites) this.#clearPlace(log, segment);
      this.#store.inner.append(log, segment, rows, then);
    };
    const noticed = (outcome: AppendOutcome): void => {
      trace.note(
        queue.nowMs,
        `${log.room} ${segment.firstSeq}-${segment.lastSeq} ${segment.batchId}: lands, ${outcome}`,
      );
    };
    const dice = random.next();
    const before = this.#store.isUnavailable ? 0.7 : faults.timeoutBeforeCommit;
    const after = before + (this.#store.isUnavailable ? 0.15 : faults.timeoutAfterCommit);
    const late = after + (this.#store.isUnavailable ? 0.15 : faults.lateCommit);
    const timeoutMs = this.#store.timeoutMs();
    if (dice < before) {
      queue.after(timeoutMs, () => answer("unknown"));
    } else if (dice < after) {
      queue.after(Math.min(timeoutMs, this.#store.delayMs()), () => put(noticed));
      queue.after(timeoutMs, () => answer("unknown"));
    } else if (dice < late) {
      this.#store.late += 1;
      queue.after(timeoutMs, () => answer("unknown"));
      queue.after(timeoutMs + random.next() * faults.lateMsMax, () => {
        this.#store.late -= 1;
        put(noticed);
      });
    } else if (dice < late + faults.full) {
      queue.after(this.#store.delayMs(), () => answer("full"));
    } else {
      queue.after(this.#store.delayMs(), () => {
        put((outcome) => {
          noticed(outcome);
          queue.after(this.#store.delayMs(), () => answer(outcome));
        });
      });
    }
  }

  /** What a store without the condition would do: the last one wins. */
  #clearPlace(log: LogKey, segment: Segment): void {
    const segments = this.#store.memory.log(log)?.segments;
    const at = segments?.findIndex((standing) => standing.firstSeq === segment.firstSeq) ?? -1;
    if (segments !== undefined && at >= 0 && segments[at]?.batchId !== segment.batchId) segments.splice(at, 1);
  }

  flush(): void {
    // Every append of the simulation is a commit of its own.
  }

  readTail(log: LogKey, done: Done<LogTail>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.readTail(log, answer));
  }

  readSegment(log: LogKey, firstSeq: Seq, done: Done<Segment | undefined>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.readSegment(log, firstSeq, answer));
  }

  readRange(log: LogKey, range: ReadRange, done: Done<readonly Segment[]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.readRange(log, range, answer));
  }

  saveSnapshot(log: LogKey, snapshot: Snapshot, done: (saved: ReadResult<true>) => void): void {
    this.#store.trace.note(this.#store.queue.nowMs, `${log.room} snapshot ${snapshot.seq}`);
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.saveSnapshot(log, snapshot, answer));
  }

  readMembers(log: LogKey, users: readonly UserId[], done: Done<readonly (MemberRow | null)[]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.readMembers(log, users, answer));
  }

  readOverlays(log: LogKey, seqs: readonly Seq[], done: Done<readonly (MessageOverlay | null)[]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.readOverlays(log, seqs, answer));
  }

  listMembers(log: LogKey, page: MemberQuery, done: Done<readonly MemberRow[]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.listMembers(log, page, answer));
  }

  readItems(...[log, keys, done]: Parameters<Journal["readItems"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.readItems(log, keys, answer));
  }

  listItems(...[log, query, done]: Parameters<Journal["listItems"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.listItems(log, query, answer));
  }

  scanItems(...[log, page, done]: Parameters<Journal["scanItems"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.scanItems(log, page, answer));
  }

  trim(...[log, throughSeq, items, done]: Parameters<Journal["trim"]>): void {
    const { inner, memory } = this.#store;
    this.#store.ask(this.#process, done, (answer) =>
      keepTrimmed(memory, log, () => inner.trim(log, throughSeq, items, answer)),
    );
  }

  rewrite(...[log, segments, cleanse, done]: Parameters<Journal["rewrite"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.rewrite(log, segments, cleanse, answer));
  }

  clean(...[log, absent, done]: Parameters<Journal["clean"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#store.inner.clean(log, absent, answer));
  }
}

export class SimProjections implements Projections {
  readonly #store: SimStore;
  readonly #process: SimProcess;
  readonly #inner: MemoryProjections;
  /** When the last row of a person was written: one process's writes keep their order, as in a writer's queue. */
  #lastUserMs = 0;

  constructor(store: SimStore, process: SimProcess) {
    this.#store = store;
    this.#process = process;
    this.#inner = new MemoryProjections(store.memory, now);
  }

  listRooms(query: RoomListQuery, done: Parameters<Projections["listRooms"]>[1]): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.listRooms(query, answer));
  }

  unreadCounts(tenant: TenantId, userId: UserId, done: Parameters<Projections["unreadCounts"]>[2]): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.unreadCounts(tenant, userId, answer));
  }

  personalItems(...[tenant, userId, query, done]: Parameters<Projections["personalItems"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.personalItems(tenant, userId, query, answer));
  }

  unreadThreads(...[tenant, userId, query, done]: Parameters<Projections["unreadThreads"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.unreadThreads(tenant, userId, query, answer));
  }

  sharedRooms(...[tenant, userId, others, limit, done]: Parameters<Projections["sharedRooms"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.sharedRooms(tenant, userId, others, limit, answer));
  }

  readMarks(...[tenant, room, users, done]: Parameters<Projections["readMarks"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.readMarks(tenant, room, users, answer));
  }

  writeMarks(marks: readonly Mark[], done: (saved: ReadResult<true>) => void): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.writeMarks(marks, answer));
  }

  readUser(tenant: TenantId, userId: UserId, done: Done<UserRow | null>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.readUser(tenant, userId, answer));
  }

  writeUser(tenant: TenantId, row: UserRow, done: (saved: ReadResult<true>) => void): void {
    this.#lastUserMs = Math.max(this.#lastUserMs, this.#store.queue.nowMs + this.#store.delayMs());
    this.#store.ask(this.#process, done, (answer) => this.#inner.writeUser(tenant, row, answer), this.#lastUserMs);
  }

  readDocument(...[tenant, collection, id, done]: Parameters<Projections["readDocument"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.readDocument(tenant, collection, id, answer));
  }

  writeDocument(...[tenant, collection, id, value, version, done]: Parameters<Projections["writeDocument"]>): void {
    this.#store.ask(this.#process, done, (answer) =>
      this.#inner.writeDocument(tenant, collection, id, value, version, answer),
    );
  }

  listDocuments(...[tenant, collection, query, done]: Parameters<Projections["listDocuments"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.listDocuments(tenant, collection, query, answer));
  }

  listLogs(...[query, done]: Parameters<Projections["listLogs"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.listLogs(query, answer));
  }

  forgetUser(...[tenant, userId, done]: Parameters<Projections["forgetUser"]>): void {
    this.#store.ask(this.#process, done, (answer) => this.#inner.forgetUser(tenant, userId, answer));
  }
}
