/** A journal whose appends and row reads the test may hold back, lose or answer itself. Everything else is the journal behind it. */
import type { Seq, UserId } from "../../src/base/ids.ts";
import type { MemberRow, MessageOverlay } from "../../src/domain/room/state.ts";
import type {
  AppendOutcome,
  Done,
  Journal,
  LogKey,
  LogTail,
  MemberQuery,
  PatienceMs,
  ReadRange,
  ReadResult,
  RowChange,
  Segment,
  Snapshot,
} from "../../src/storage/journal.ts";

export interface Append {
  readonly segment: Segment;
  /** For so long it may wait for others; 0: not at all. */
  readonly patienceMs: PatienceMs;
  /** Does it; the answer comes back as usual unless another one is given. */
  write(answer?: AppendOutcome): void;
  /** Answers without doing it. */
  answer(outcome: AppendOutcome): void;
}

export class ScriptedJournal implements Journal {
  readonly #journal: Journal;
  /** Sees every append instead of the journal behind. */
  onAppend: ((append: Append) => void) | undefined;
  /** Sees every read of a range; may let it fail, or be done later. */
  onReadRange: ((fail: () => void, read: () => void) => void) | undefined;
  /** The end of a log is read when the test says so. */
  onReadTail: ((read: () => void) => void) | undefined;
  /** Every call, by name. */
  readonly calls: string[] = [];
  /** How often what has patience was told to have none. */
  hurries = 0;
  /** Member rows are read when the test says so. */
  onReadMembers: ((read: () => void) => void) | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  append(
    log: LogKey,
    segment: Segment,
    rows: readonly RowChange[],
    done: (outcome: AppendOutcome) => void,
    patienceMs: PatienceMs = 0,
  ): void {
    this.calls.push("append");
    const write = (answer?: AppendOutcome): void =>
      this.#journal.append(log, segment, rows, (outcome) => done(answer ?? outcome));
    if (this.onAppend === undefined) write();
    else this.onAppend({ segment, patienceMs, write, answer: done });
  }

  flush(): void {
    this.#journal.flush();
  }

  hurry(): void {
    this.hurries += 1;
  }

  readTail(log: LogKey, done: Done<LogTail>): void {
    this.calls.push("readTail");
    const read = (): void => this.#journal.readTail(log, done);
    if (this.onReadTail === undefined) read();
    else this.onReadTail(read);
  }

  readSegment(log: LogKey, firstSeq: Seq, done: Done<Segment | undefined>): void {
    this.calls.push("readSegment");
    this.#journal.readSegment(log, firstSeq, done);
  }

  readRange(log: LogKey, range: ReadRange, done: Done<readonly Segment[]>): void {
    this.calls.push("readRange");
    const read = (): void => this.#journal.readRange(log, range, done);
    if (this.onReadRange === undefined) read();
    else this.onReadRange(() => done({ ok: false, error: "unavailable" }), read);
  }

  saveSnapshot(log: LogKey, snapshot: Snapshot, done: (saved: ReadResult<true>) => void): void {
    this.calls.push("saveSnapshot");
    this.#journal.saveSnapshot(log, snapshot, done);
  }

  readMembers(log: LogKey, users: readonly UserId[], done: Done<readonly (MemberRow | null)[]>): void {
    this.calls.push("readMembers");
    const read = (): void => this.#journal.readMembers(log, users, done);
    if (this.onReadMembers === undefined) read();
    else this.onReadMembers(read);
  }

  readOverlays(log: LogKey, seqs: readonly Seq[], done: Done<readonly (MessageOverlay | null)[]>): void {
    this.calls.push("readOverlays");
    this.#journal.readOverlays(log, seqs, done);
  }

  listMembers(log: LogKey, page: MemberQuery, done: Done<readonly MemberRow[]>): void {
    this.calls.push("listMembers");
    this.#journal.listMembers(log, page, done);
  }

  readItems(...args: Parameters<Journal["readItems"]>): void {
    this.calls.push("readItems");
    this.#journal.readItems(...args);
  }

  listItems(...args: Parameters<Journal["listItems"]>): void {
    this.calls.push("listItems");
    this.#journal.listItems(...args);
  }

  scanItems(...args: Parameters<Journal["scanItems"]>): void {
    this.calls.push("scanItems");
    this.#journal.scanItems(...args);
  }

  trim(...args: Parameters<Journal["trim"]>): void {
    this.calls.push("trim");
    this.#journal.trim(...args);
  }

  rewrite(...args: Parameters<Journal["rewrite"]>): void {
    this.calls.push("rewrite");
    this.#journal.rewrite(...args);
  }

  clean(...args: Parameters<Journal["clean"]>): void {
    this.calls.push("clean");
    this.#journal.clean(...args);
  }
}
