/**
 * The writing side of one activation's log: events that were applied but are not durable yet, one append under way at most.
 * Invariants: events leave through `committed` in the order of their sequence and only after the store said `written`;
 * an append whose outcome is unknown is repeated byte for byte until the place in the log is known to be mine or another's.
 */
import type { Seq } from "../../base/ids.ts";
import {
  AI_WRITE_PATIENCE_MS,
  ROOM_QUEUE_BYTES_MAX,
  ROOM_QUEUE_EVENTS_MAX,
  SEGMENT_BYTES_MAX,
  SEGMENT_EVENTS_MAX,
  WORKER_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import { pollLength } from "../../domain/room/polls.ts";
import { lastChanges } from "../../domain/room/rows.ts";
import type { AppendOutcome, LogKey, ReadResult, RowChange, Segment } from "../../storage/journal.ts";
import { Fifo } from "../mailbox.ts";
import { encodeEntries } from "../log-codec.ts";
import type { ShardEnv } from "../shard-env.ts";

/** Pause before an unanswered append is looked into again, milliseconds: first, and at most. */
const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1_000;
/** What an event takes beside its text, for the segment's size. */
const EVENT_BYTES = 96;

function textBytes(event: LogEvent): number {
  switch (event.kind) {
    case "message_sent":
    case "message_edited":
    case "answer_ended":
      return Buffer.byteLength(event.content);
    case "answer_extended":
      return Buffer.byteLength(event.text);
    default:
      return 0;
  }
}

/** Nobody waits for what an answer has so far, nor for the end of one that was shown to its end. */
function patienceMsOf(events: readonly LogEvent[]): number {
  const isPatient = events.every(
    (event) =>
      event.kind === "answer_extended" || (event.kind === "answer_ended" && event.outcome.state === "complete"),
  );
  return isPatient ? AI_WRITE_PATIENCE_MS : 0;
}

interface Pending {
  readonly event: LogEvent;
  readonly rows: readonly RowChange[];
  readonly bytes: number;
  readonly messageCount: number;
}

interface Outstanding {
  readonly segment: Segment;
  readonly events: readonly LogEvent[];
  readonly rows: readonly RowChange[];
  readonly bytes: number;
  /** When it was handed to the store, monotonic; 0 where nobody counts. */
  readonly sinceMs: number;
}

export interface RoomLogOwner {
  /** Wraps a completion so that it comes back as a turn. */
  later<Args extends readonly unknown[]>(run: (...args: Args) => void): (...args: Args) => void;
  /** Durable now. `after` is the sequence that the first event follows. */
  committed(events: readonly LogEvent[], after: Seq): void;
  /** What is pending will never be written: `fenced` by another owner, or `full`. */
  lost(reason: "fenced" | "full"): void;
}

const NO_ROWS: readonly RowChange[] = [];

export class RoomLog {
  readonly #env: ShardEnv;
  readonly #key: LogKey;
  readonly #owner: RoomLogOwner;
  /** Unguessably unique: two activations never write the same batch id. */
  readonly #writer: string;
  readonly #pending = new Fifo<Pending>();
  #pendingBytes = 0;
  #outstanding: Outstanding | undefined;
  #retryMs = RETRY_MS_MIN;
  #struggling = false;
  /** The last durable sequence. */
  committedSeq: Seq;

  constructor(env: ShardEnv, key: LogKey, owner: RoomLogOwner, committedSeq: Seq) {
    this.#env = env;
    this.#key = key;
    this.#owner = owner;
    this.#writer = env.random.token(12);
    this.committedSeq = committedSeq;
    this.#onAppended = owner.later(this.#appended);
  }

  /** Nothing more may be added: the store has fallen too far behind. */
  get isFull(): boolean {
    return (
      this.#pending.length >= ROOM_QUEUE_EVENTS_MAX ||
      this.#pendingBytes >= ROOM_QUEUE_BYTES_MAX ||
      this.#env.queued.bytes >= WORKER_QUEUE_BYTES_MAX
    );
  }

  get isIdle(): boolean {
    return this.#outstanding === undefined && this.#pending.length === 0;
  }

  /** The events that wait would all fit into the next segment. */
  get nextTakesAll(): boolean {
    return (
      this.#outstanding === undefined &&
      this.#pending.length <= SEGMENT_EVENTS_MAX &&
      this.#pendingBytes <= SEGMENT_BYTES_MAX
    );
  }

  add(event: LogEvent, rows: readonly RowChange[], epoch: number, messageCount: number): void {
    const text = textBytes(event);
    const poll = event.kind === "message_sent" && event.poll !== undefined ? 4 * pollLength(event.poll) : 0;
    const bytes = EVENT_BYTES + text + poll;
    this.#epoch = epoch;
    this.#pending.push({ event, rows, bytes, messageCount });
    this.#pendingBytes += bytes;
    this.#env.queued.bytes += bytes;
  }

  #epoch = 0;

  /** Appends the next segment unless one is under way. */
  submit(): void {
    if (this.#outstanding !== undefined || this.#pending.length === 0) return;
    const events: LogEvent[] = [];
    let rows = NO_ROWS;
    let bytes = 0;
    let messageCount = 0;
    for (let next = this.#pending.peek(); next !== undefined; next = this.#pending.peek()) {
      if (events.length >= SEGMENT_EVENTS_MAX || (events.length > 0 && bytes + next.bytes > SEGMENT_BYTES_MAX)) break;
      this.#pending.shift();
      events.push(next.event);
      if (next.rows.length > 0) rows = rows.length === 0 ? next.rows : [...rows, ...next.rows];
      bytes += next.bytes;
      messageCount = next.messageCount;
    }
    const last = events[events.length - 1] as LogEvent;
    const segment: Segment = {
      firstSeq: this.committedSeq + 1,
      lastSeq: last.seq,
      epoch: this.#epoch,
      owner: this.#env.settings.node,
      batchId: `${this.#writer}.${this.committedSeq}`,
      messageCount,
      timestamp: last.timestamp,
      entries: encodeEntries(events),
    };
    this.#pendingBytes -= bytes;
    const sinceMs = this.#env.counters?.nowMs(this.#env.clock) ?? 0;
    this.#outstanding = { segment, events, rows: rows.length > 1 ? lastChanges(rows) : rows, bytes, sinceMs };
    this.#append();
  }

  /** The activation is over; its bytes no longer count. */
  abandon(): void {
    this.#env.queued.bytes -= this.#pendingBytes + (this.#outstanding?.bytes ?? 0);
    this.#pendingBytes = 0;
  }

  #append(): void {
    const { segment, rows, events } = this.#outstanding as Outstanding;
    this.#env.journal.append(this.#key, segment, rows, this.#onAppended, patienceMsOf(events));
  }

  readonly #onAppended: (outcome: AppendOutcome) => void;
  readonly #appended = (outcome: AppendOutcome): void => {
    if (outcome !== "written") this.#env.counters?.notWritten(outcome);
    switch (outcome) {
      case "written":
        this.#written();
        return;
      case "full":
      case "unknown":
        // `full` is the answer to one put. When an earlier one of the same bytes was not answered, that one may still land.
        if (outcome === "full" && !this.#struggling) {
          this.#owner.lost(outcome);
          return;
        }
        this.#struggling = true;
        this.#env.clock.after(this.#retryMs, this.#owner.later(this.#readBack));
        this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
        return;
      case "fenced":
        this.#owner.lost(outcome);
        return;
    }
  };

  #written(): void {
    const { segment, events, bytes, sinceMs } = this.#outstanding as Outstanding;
    const { counters, clock } = this.#env;
    if (counters !== undefined) counters.committed(events, segment.entries.length, counters.nowMs(clock) - sinceMs);
    this.#outstanding = undefined;
    this.#retryMs = RETRY_MS_MIN;
    this.#struggling = false;
    this.#env.queued.bytes -= bytes;
    this.committedSeq = segment.lastSeq;
    this.#owner.committed(events, segment.firstSeq - 1);
  }

  readonly #readBack = (): void => {
    const { segment } = this.#outstanding as Outstanding;
    this.#env.journal.readSegment(this.#key, segment.firstSeq, this.#owner.later(this.#placeRead));
  };

  readonly #placeRead = (found: ReadResult<Segment | undefined>): void => {
    const { segment } = this.#outstanding as Outstanding;
    if (!found.ok) this.#appended("unknown");
    else if (found.value === undefined) this.#append();
    else this.#appended(found.value.batchId === segment.batchId ? "written" : "fenced");
  };
}
