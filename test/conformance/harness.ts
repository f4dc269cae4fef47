/** What a storage adapter's test gives to the conformance suites, and the ports' callbacks as promises. */
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import type { MemberRow } from "../../src/domain/room/state.ts";
import type {
  AppendOutcome,
  Done,
  Journal,
  LogKey,
  ReadResult,
  RoomCard,
  RowChange,
  Segment,
} from "../../src/storage/journal.ts";
import type { Projections } from "../../src/storage/projections.ts";

export interface Harness {
  readonly journal: Journal;
  readonly projections: Projections;
  /** Logs that it can be expected to write at once; 5,000 if it does not say. */
  readonly logsAtOnce?: number;
  /** Do appends to different logs come back in the order they were made? The port does not ask for it. True if it does not say. */
  readonly answersInOrder?: boolean;
  /** Closes the adapters and opens new ones on what is stored. This harness is spent. */
  reopen(): Promise<Harness>;
  close(): Promise<void>;
}

export const TENANT = "acme" as TenantId;
export const ROOM = "room-1" as RoomId;
export const LOG: LogKey = { tenant: TENANT, room: ROOM, incarnation: 1 };
export const user = (name: string): UserId => name as UserId;
export const logOf = (room: string, incarnation = 1): LogKey => ({ tenant: TENANT, room: room as RoomId, incarnation });

/** A segment of `events` events from `firstSeq` on, each a message. */
export function segment(firstSeq: number, events = 1, changes: Partial<Segment> = {}): Segment {
  const lastSeq = firstSeq + events - 1;
  return {
    firstSeq,
    lastSeq,
    epoch: 1,
    owner: "node-1/a1",
    batchId: `batch-${firstSeq}`,
    messageCount: lastSeq,
    timestamp: 1_700_000_000_000 + lastSeq,
    entries: bytesOf(firstSeq, 20 + (firstSeq % 50)),
    ...changes,
  };
}

export function bytesOf(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (seed * 31 + index * 7) & 0xff);
}

export function member(name: string, changes: Partial<MemberRow> = {}): RowChange {
  const row: MemberRow = { userId: user(name), role: "member", joinedSeq: 1, joinedAt: 5, joinedNo: 0, ...changes };
  return { kind: "member", userId: row.userId, row };
}

export function card(type: RoomCard["settings"]["type"] = "private", name = "A room"): RowChange {
  const settings: RoomCard["settings"] = { type, name, maxMembers: 50, allowInvites: true };
  return { kind: "room", card: { settings, createdBy: user("ada"), createdAt: 4, memberCount: 1 } };
}

/** The same of a room that was deleted. */
export function deletedCard(type: RoomCard["settings"]["type"], name: string): RowChange {
  const row = card(type, name);
  return row.kind === "room" ? { ...row, card: { ...row.card, deletedAt: 30 } } : row;
}

export function item(collection: string, id: string, value: object | null = { id }): RowChange {
  return { kind: "item", collection, id, value };
}

/** The answer's value; an answer `unavailable` fails the test. */
export function ask<Value>(call: (done: Done<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    call((result: ReadResult<Value>) => {
      if (result.ok) resolve(result.value);
      else reject(new Error(result.error));
    });
  });
}

export function append(
  journal: Journal,
  log: LogKey,
  one: Segment,
  rows: readonly RowChange[] = [],
): Promise<AppendOutcome> {
  return new Promise((resolve) => journal.append(log, one, rows, resolve));
}

/** Appends and flushes. */
export function appendNow(
  journal: Journal,
  log: LogKey,
  one: Segment,
  rows: readonly RowChange[] = [],
): Promise<AppendOutcome> {
  const outcome = append(journal, log, one, rows);
  journal.flush();
  return outcome;
}

/** Entries as plain numbers, so that a difference is readable and the array's class does not matter. */
export function plain(one: Segment | undefined): object | undefined {
  return one && { ...one, entries: [...one.entries] };
}
