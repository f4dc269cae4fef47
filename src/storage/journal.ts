/**
 * Port of the log: one append-only log per room, and the rows that are written together with it.
 * The log is the lock: a segment's place is its first sequence, and a place can be taken once. So a second owner is harmless.
 * All calls return at once; the answer comes through `done`, later and never from within the call.
 */
import type { ItemKey, RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import type { RowChange } from "../domain/room/rows.ts";
import type { ItemValue, MemberRow, MessageOverlay } from "../domain/room/state.ts";

export type { RoomCard, RowChange } from "../domain/room/rows.ts";

/** Names one log. A room that was deleted and made again is another incarnation. */
export interface LogKey {
  readonly tenant: TenantId;
  readonly room: RoomId;
  readonly incarnation: number;
}

export interface Segment {
  /** The place. Sequences are contiguous: this segment's first is the last one's last + 1. */
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly epoch: number;
  /** Node and activation that wrote it; for people who investigate. */
  readonly owner: string;
  /** Random; tells whether the segment that stands in my place is mine. */
  readonly batchId: string;
  /** Messages in the room with this segment: unread counts come from it without another write. */
  readonly messageCount: number;
  /** Wall time of the last event, milliseconds since 1970. */
  readonly timestamp: number;
  /** The packed events. Storage does not look inside. */
  readonly entries: Uint8Array;
}

/**
 * - `written`: durable; it survives the loss of the process and, where the store promises it, of the machine.
 * - `fenced`: another batch stands in this place; nothing of this append will ever be visible.
 * - `unknown`: no answer. It may be there, or still arrive. Read the place, or put the identical segment again.
 * - `full`: certainly not written, for lack of space; may work later.
 */
export type AppendOutcome = "written" | "fenced" | "unknown" | "full";

/**
 * For so long a write may wait for others, milliseconds, to be committed together with them: nobody waits for it, and one commit more
 * is one more that messages stand behind. A hint; adapters that commit nothing in groups ignore it.
 */
export type PatienceMs = number;

export interface Snapshot {
  readonly seq: Seq;
  readonly bytes: Uint8Array;
}

/** A read that could not be answered now; the asker decides about trying again. */
export interface ReadFailure {
  readonly ok: false;
  readonly error: "unavailable";
}
export type ReadResult<Value> = { readonly ok: true; readonly value: Value } | ReadFailure;
export type Done<Value> = (result: ReadResult<Value>) => void;

export interface LogTail {
  /** The newest snapshot, if any. */
  readonly snapshot: Snapshot | undefined;
  /** All segments with an event after the snapshot, in order; strong: everything acknowledged before the call is here. */
  readonly segments: readonly Segment[];
}

export interface Journal {
  /**
   * Appends under the condition that the place `(log, firstSeq)` is free; segment and rows together or not at all.
   * The identical batch again (`batchId`) is `written`. The caller has one append per log under way at most.
   */
  append(
    log: LogKey,
    segment: Segment,
    rows: readonly RowChange[],
    done: (outcome: AppendOutcome) => void,
    patienceMs?: PatienceMs,
  ): void;
  /** The turn is over: what was appended may be committed as one group now. A hint; adapters may ignore it. */
  flush(): void;
  /** Somebody waits for what was written with patience: it goes with the next `flush`. Absent: nothing waits there. */
  hurry?(): void;
  /** What activation needs. A log that doesn't exist has neither snapshot nor segments. */
  readTail(log: LogKey, done: Done<LogTail>): void;
  /** The segment whose first sequence is `firstSeq`, read strongly; `undefined`: the place is free. */
  readSegment(log: LogKey, firstSeq: Seq, done: Done<Segment | undefined>): void;
  /** Segments that overlap [from, to] in order, cut after the one that reaches `eventsMax` events within the range.
   *  With `backward` the cut keeps the newest ones instead; the order of the answer is ascending all the same. */
  readRange(log: LogKey, range: ReadRange, done: Done<readonly Segment[]>): void;
  /** Kept when it is newer than the stored one; older ones are dropped. */
  saveSnapshot(log: LogKey, snapshot: Snapshot, done: (saved: ReadResult<true>) => void): void;
  /** Rows by key, in the order asked; `null` where there is none. */
  readMembers(log: LogKey, users: readonly UserId[], done: Done<readonly (MemberRow | null)[]>): void;
  readOverlays(log: LogKey, seqs: readonly Seq[], done: Done<readonly (MessageOverlay | null)[]>): void;
  /** Members in the order of their ids, after `after`; with `prefix` only those whose ids begin so. */
  listMembers(log: LogKey, page: MemberQuery, done: Done<readonly MemberRow[]>): void;
  /** The room's other rows by key, in the order asked; `null` where there is none. */
  readItems(log: LogKey, keys: readonly ItemKey[], done: Done<readonly (ItemValue | null)[]>): void;
  /** Items of one collection in the order of their ids' bytes. */
  listItems(log: LogKey, query: ItemQuery, done: Done<readonly ListedItem[]>): void;
  /** Items of all collections, page by page, in an order of the store's own: for whoever takes a room as a whole. */
  scanItems(log: LogKey, page: ItemScan, done: Done<ScannedItems>): void;
  /**
   * Takes the front of a log away: whole segments that end at or before `throughSeq`, the overlays of their sequences, and
   * the items named. Nothing happens unless a stored snapshot covers `throughSeq` and a segment stands behind it. May be
   * repeated; after `unavailable` a part of it may be done, and then the front may have holes until it is repeated.
   */
  trim(log: LogKey, throughSeq: Seq, items: readonly ItemsOf[], done: (trimmed: ReadResult<true>) => void): void;
  /**
   * Puts other entries into the places of these segments, where the same batch and the same entries stand still; all else about
   * them is as it was. false: of some it was not so; those are to be read again. `cleanse` is applied to copies of rows that an
   * adapter keeps with its segments. What stood there can't be read through this port any more; `clean` does the rest.
   */
  rewrite(log: LogKey, changes: readonly Rewrite[], cleanse: Cleanse, done: Done<boolean>): void;
  /**
   * What was rewritten, overwritten or removed is in no byte any more: parts of this log that nothing names, or (`undefined`)
   * free pages and write-ahead log of a store that keeps all logs together. SQLite writes nothing else meanwhile; `too_large`:
   * it would do so for too long. `absent`: items that are gone, whose very ids are to be forgotten; an adapter may keep them so
   * that nothing older brings them back.
   */
  clean(log: LogKey | undefined, absent: readonly AbsentItems[], done: Done<"clean" | "too_large">): void;
}

export interface Rewrite {
  /** As it is to be. */
  readonly segment: Segment;
  /** Its entries as they were read. */
  readonly before: Uint8Array;
}

export interface AbsentItems {
  readonly collection: string;
  readonly isMeant: (id: string) => boolean;
}

export type Cleanse = (row: RowChange) => RowChange;

/** Items of one collection: these, or all of it. */
export interface ItemsOf {
  readonly collection: string;
  readonly ids?: readonly string[];
}

export interface ItemScan {
  /** What the page before gave as `next`. */
  readonly after?: ItemKey | undefined;
  readonly limit: number;
}
export interface ScannedItems {
  /** About `limit`, or fewer; also none before the end. */
  readonly items: readonly (readonly [ItemKey, ItemValue])[];
  /** `undefined`: that was all. */
  readonly next: ItemKey | undefined;
}

export interface MemberQuery {
  readonly after?: UserId;
  readonly prefix?: string;
  readonly limit: number;
}

export interface ItemQuery extends PageQuery {
  readonly collection: string;
}

/** A page of rows by their ids, which are printable ASCII. */
export interface PageQuery {
  /** Exclusive: the page begins behind this id, or before it when `backward`. It need not be there. */
  readonly after?: string;
  /** Only ids that begin with this. */
  readonly prefix?: string;
  readonly limit: number;
  /** From the last id to the first; the answer is in that order, too. */
  readonly backward?: boolean;
}

export interface ListedItem {
  readonly id: string;
  readonly value: ItemValue;
}

export interface ReadRange {
  readonly from: Seq;
  /** Of this log, however far beyond its end. */
  readonly to: Seq;
  readonly eventsMax: number;
  readonly backward?: boolean;
}
