/** Random conversations as their actors would write them, in groups with their rows, and what a store must give back of them. */
import { expect } from "bun:test";
import fc from "fast-check";
import { decodeEntries, encodeEntries } from "../../src/actors/log-codec.ts";
import { itemKey, type Seq } from "../../src/base/ids.ts";
import { apply } from "../../src/domain/room/apply.ts";
import { emptyRoomState } from "../../src/domain/room/empty-state.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import { lastChanges } from "../../src/domain/room/rows.ts";
import { decodeSnapshot, encodeSnapshot } from "../../src/domain/room/snapshot.ts";
import type { Journal, LogKey, LogTail, RowChange, Segment } from "../../src/storage/journal.ts";
import { play } from "../unit/domain/room/play.ts";
import { roomTypes, steps } from "../unit/domain/room/random-commands.ts";
import { digest, RoomDriver } from "../unit/domain/room/room-driver.ts";
import { appendNow, ask, logOf } from "./harness.ts";

/** How many groups come before the snapshot. */
export const SNAPSHOT_AFTER_GROUPS = 3;
const SEED = 7;

interface Group {
  readonly events: readonly LogEvent[];
  readonly rows: readonly RowChange[];
  readonly messageCount: number;
  readonly snapshot: Uint8Array;
}
export interface Room {
  readonly log: LogKey;
  readonly driver: RoomDriver;
  readonly groups: readonly Group[];
}

/** What a store must give back. */
export type Truth = Pick<RoomDriver, "state" | "log" | "memberRows" | "itemRows" | "overlays">;

/** As it was after the first groups. */
export function truthAfter({ groups }: Room, count: number): Truth {
  const truth: Truth = {
    state: emptyRoomState(),
    log: [],
    memberRows: new Map(),
    itemRows: new Map(),
    overlays: new Map(),
  };
  for (const { events, rows } of groups.slice(0, count)) {
    for (const event of events) {
      apply(truth.state, event);
      truth.log.push(event);
    }
    for (const row of rows) {
      if (row.kind === "message") truth.overlays.set(row.seq, row.overlay);
      else if (row.kind === "member") set(truth.memberRows, row.userId, row.row);
      else if (row.kind === "item") set(truth.itemRows, itemKey(row.collection, row.id), row.value);
    }
  }
  return truth;
}

function set<Key, Value>(rows: Map<Key, Value>, key: Key, value: Value | null): void {
  if (value === null) rows.delete(key);
  else rows.set(key, value);
}

/** How often others are drawn until one has everything. */
const DRAWS_MAX = 20;

/** The same ones each time, one of which at least has all that is compared, whatever commands there are to draw from. */
export function randomRooms(count: number): readonly Room[] {
  const rooms = drawn(count, SEED, 0);
  for (let more = 1; more < DRAWS_MAX && !rooms.some(hasAll); more += 1) {
    rooms.push(
      ...drawn(count, SEED + more, count)
        .filter(hasAll)
        .slice(0, 1),
    );
  }
  return rooms;
}

export function hasAll({ driver, groups }: Room): boolean {
  return driver.itemRows.size > 0 && driver.overlays.size > 0 && groups.length > SNAPSHOT_AFTER_GROUPS;
}

function drawn(count: number, seed: number, firstNo: number): Room[] {
  const scripts = fc.sample(fc.tuple(roomTypes, steps), { numRuns: count, seed });
  return scripts.map(([type, script], i): Room => {
    const driver = new RoomDriver();
    const groups: Group[] = [];
    driver.committed = (events, rows) => {
      const { messageCount } = driver.state;
      groups.push({ events, rows: lastChanges(rows), messageCount, snapshot: encodeSnapshot(driver.state) });
    };
    play(type, script, undefined, driver);
    return { log: logOf(`talk-${firstNo + i}`), driver, groups };
  });
}

export async function writeRoom(journal: Journal, { log, groups }: Room): Promise<void> {
  for (const [i, group] of groups.entries()) {
    expect(await appendNow(journal, log, segmentOf(group), group.rows)).toBe("written");
    if (i !== SNAPSHOT_AFTER_GROUPS) continue;
    const snapshot = { seq: lastSeqOf(group), bytes: group.snapshot };
    await ask<true>((done) => journal.saveSnapshot(log, snapshot, done));
  }
}

export async function compareRoom(
  journal: Journal,
  { log, driver }: { readonly log: LogKey; readonly driver: Truth },
): Promise<void> {
  const tail = await ask<LogTail>((done) => journal.readTail(log, done));
  const state = tail.snapshot === undefined ? emptyRoomState() : decodeSnapshot(tail.snapshot.bytes);
  for (const { firstSeq, entries } of tail.segments) {
    for (const event of decodeEntries(firstSeq, entries)) if (event.seq > state.head) apply(state, event);
  }
  expect(digest(state)).toEqual(digest(driver.state));

  const { memberRows, overlays, itemRows } = driver;
  const people = [...new Set(driver.log.flatMap((event) => ("userId" in event ? [event.userId] : [])))];
  const members = await ask<readonly unknown[]>((done) => journal.readMembers(log, people, done));
  expect(members).toEqual(people.map((userId) => memberRows.get(userId) ?? null));
  const listed = await ask<readonly unknown[]>((done) => journal.listMembers(log, { limit: 100 }, done));
  expect(listed).toEqual([...memberRows.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1)));
  const seqs = driver.log.map(({ seq }): Seq => seq);
  const found = await ask<readonly unknown[]>((done) => journal.readOverlays(log, seqs, done));
  expect(found).toEqual(seqs.map((seq) => overlays.get(seq) ?? null));
  const keys = [...itemRows.keys()];
  const values = await ask<readonly unknown[]>((done) => journal.readItems(log, keys, done));
  expect(values).toEqual(keys.map((key) => itemRows.get(key) ?? null));
}

function segmentOf({ events, messageCount }: Group): Segment {
  const [first] = events;
  if (first === undefined) throw new Error("a group without events");
  return {
    firstSeq: first.seq,
    lastSeq: first.seq + events.length - 1,
    epoch: 1,
    owner: "node-1/a1",
    batchId: `batch-${first.seq}`,
    messageCount,
    timestamp: events.at(-1)?.timestamp ?? 0,
    entries: encodeEntries(events).slice(),
  };
}

function lastSeqOf({ events }: Group): Seq {
  return events.at(-1)?.seq ?? 0;
}
