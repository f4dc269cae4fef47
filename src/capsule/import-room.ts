/**
 * Brings a capsule into a store, under a room id that nobody uses there. Safe beside running servers: each segment takes a place
 * of a new log, or is refused. Rows go along with the segments, members and the card with the last ones: no list shows the room
 * before it is whole.
 * Invariant: nothing is written to a log whose segments are not all of this capsule. The same import again goes on.
 */
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { CAPSULE_ATTEMPTS_MAX, CAPSULE_MEMBERS_PER_READ, CAPSULE_RETRY_MS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { seqId } from "../domain/room/thread-items.ts";
import type { AppendOutcome, Journal, LogKey, RowChange, Segment } from "../storage/journal.ts";
import type { DocumentOutcome, Mark, StoredDocument } from "../storage/projections.ts";
import { ask, StoreAway } from "./asking.ts";
import type { CapsuleReader } from "./capsule-reader.ts";
import type { Store } from "./export-room.ts";

export interface ImportOptions {
  readonly tenant: TenantId;
  /** The capsule's own when the room is to keep its name. */
  readonly room: RoomId;
  /** How far it is: events of all. */
  readonly onProgress?: (done: number, total: number) => void;
}
export interface Imported {
  readonly room: RoomId;
  readonly messages: number;
  readonly lastSeq: Seq;
  /** It was there already, from an earlier import of the same capsule. */
  readonly isRepeated: boolean;
}

/** Behind every sequence that a store can hold. */
const SEQ_LAST = 0xffff_ffff;
const SEGMENTS_PER_REPORT = 16;

/** A refusal is a sentence. Throws `StoreAway`. */
export async function importRoom(
  store: Store,
  capsule: CapsuleReader,
  { tenant, room, onProgress }: ImportOptions,
): Promise<Result<Imported, string>> {
  const key: LogKey = { tenant, room, incarnation: 1 };
  const { id, lastSeq, messages } = capsule.facts;
  const standing = await lastOf(store.journal, key);
  if (standing !== undefined && !isOf(id, standing)) {
    return err(`there is a room ${room} already: name another one with --room`);
  }
  const begun = standing?.lastSeq ?? 0;
  const isWhole = await appendAll(store.journal, capsule, key, begun, onProgress);
  if (!isWhole) {
    return err(`somebody wrote to room ${room} while it was imported: what is there is of no use. Name another one`);
  }
  await addMarks(store, capsule, key);
  // Last: it says that all of it is there.
  await ask<true>((done) => store.journal.saveSnapshot(key, capsule.snapshot, done));
  return ok({ room, messages, lastSeq, isRepeated: begun === lastSeq });
}

async function lastOf(journal: Journal, key: LogKey): Promise<Segment | undefined> {
  const range = { from: 1, to: SEQ_LAST, eventsMax: 1, backward: true };
  const [last] = await ask<readonly Segment[]>((done) => journal.readRange(key, range, done));
  return last;
}

function batchIdOf(capsuleId: string, firstSeq: Seq): string {
  return `capsule.${capsuleId}.${firstSeq}`;
}

function isOf(capsuleId: string, { batchId, firstSeq }: Segment): boolean {
  return batchId === batchIdOf(capsuleId, firstSeq);
}

/** false: another's segment stands in a place. */
async function appendAll(
  journal: Journal,
  capsule: CapsuleReader,
  key: LogKey,
  begun: Seq,
  onProgress: ImportOptions["onProgress"],
): Promise<boolean> {
  const { id, lastSeq, segments } = capsule.facts;
  const perSegment = Math.ceil(capsule.rowCount / segments);
  const rows = capsule.rows();
  let told = 0;
  for (const segment of capsule.segments(0)) {
    const own = take(rows, segment.lastSeq === lastSeq ? Number.POSITIVE_INFINITY : perSegment);
    if (segment.lastSeq <= begun) continue;
    const full = { ...segment, batchId: batchIdOf(id, segment.firstSeq) };
    if (!(await isWritten(journal, key, full, own))) return false;
    told += 1;
    if (told % SEGMENTS_PER_REPORT === 0 || segment.lastSeq === lastSeq) onProgress?.(segment.lastSeq, lastSeq);
  }
  return true;
}

function take(rows: Generator<RowChange>, count: number): readonly RowChange[] {
  const taken: RowChange[] = [];
  while (taken.length < count) {
    const next = rows.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** false: somebody else has the place. Throws when the store takes nothing. */
async function isWritten(
  journal: Journal,
  key: LogKey,
  segment: Segment,
  rows: readonly RowChange[],
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await new Promise<AppendOutcome>((resolve) => {
      journal.append(key, segment, rows, resolve);
      journal.flush();
    });
    if (outcome === "written") return true;
    if (outcome === "fenced") return false;
    if (attempt >= CAPSULE_ATTEMPTS_MAX) {
      throw new StoreAway(outcome === "full" ? "the store is full" : "the store does not answer");
    }
    await new Promise((resolve) => setTimeout(resolve, CAPSULE_RETRY_MS * attempt));
  }
}

async function addMarks({ projections }: Store, capsule: CapsuleReader, { tenant, room }: LogKey): Promise<void> {
  let group: Mark[] = [];
  const write = async (): Promise<void> => {
    const marks = group;
    group = [];
    if (marks.length > 0) await ask<true>((done) => projections.writeMarks(marks, done));
  };
  for (const mark of capsule.marks()) {
    group.push({ tenant, room, ...mark });
    if (group.length >= CAPSULE_MEMBERS_PER_READ) await write();
  }
  await write();
  for (const { userId, root, no } of capsule.threadMarks()) {
    const collection = `threads.${userId}`;
    const id = `${room}/${seqId(root)}`;
    const present = await ask<StoredDocument | null>((done) => projections.readDocument(tenant, collection, id, done));
    // Whoever read further since an earlier import has.
    if (present !== null) continue;
    await ask<DocumentOutcome>((done) => projections.writeDocument(tenant, collection, id, { no }, 0, done));
  }
}
