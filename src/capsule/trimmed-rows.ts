/**
 * Rows of a room whose first events are gone: they cannot be made by replay, so they are copied from the store as they are.
 * Invariant: what is copied is the rows of one sequence: of the head at which it began, provided that nothing changed a row until
 * it ended. Otherwise it is done again.
 */
import { decodeEntries } from "../actors/log-codec.ts";
import type { ItemKey, Seq, UserId } from "../base/ids.ts";
import { itemNames } from "../base/ids.ts";
import { CAPSULE_MEMBERS_PER_READ, CAPSULE_ROW_ATTEMPTS_MAX } from "../base/limits.ts";
import type { LogEvent } from "../domain/room/events.ts";
import { cardChange, hasNoRows, personOfItem } from "../domain/room/rows.ts";
import type { MemberRow, MessageOverlay, RoomState } from "../domain/room/state.ts";
import type { Journal, LogKey, ScannedItems, Segment } from "../storage/journal.ts";
import { ask } from "./asking.ts";
import type { CapsuleWriter } from "./capsule-writer.ts";

export interface RowSource {
  readonly journal: Journal;
  readonly key: LogKey;
  readonly writer: CapsuleWriter;
  /** The room's state now; its reading makes the store's rows those of all that was committed before. */
  readonly head: () => Promise<RoomState>;
}

/** Copies the log up to there. */
type CopyLog = (last: Seq) => Promise<void>;

/** The state that the rows are of; `undefined`: people change the room faster than it can be copied. */
export async function copyRows(source: RowSource, copyLog: CopyLog): Promise<RoomState | undefined> {
  for (let attempt = 1; attempt <= CAPSULE_ROW_ATTEMPTS_MAX; attempt += 1) {
    // Long the first time, short the next ones.
    await copyLog((await source.head()).head);
    const state = await source.head();
    await copyLog(state.head);
    source.writer.clearRows();
    await copyMembers(source);
    await copyItems(source);
    await copyOverlays(source);
    source.writer.writeRows([cardChange(state)]);
    const later = await source.head();
    if (await isUnchanged(source, state, later.head)) return state;
  }
  return undefined;
}

async function copyMembers({ journal, key, writer }: RowSource): Promise<void> {
  for (let after: UserId | undefined; ; ) {
    const query = { limit: CAPSULE_MEMBERS_PER_READ, ...(after !== undefined && { after }) };
    const rows = await ask<readonly MemberRow[]>((done) => journal.listMembers(key, query, done));
    writer.writeRows(rows.map((row) => ({ kind: "member", userId: row.userId, row })));
    if (rows.length < query.limit) return;
    after = rows.at(-1)?.userId;
  }
}

async function copyItems({ journal, key, writer }: RowSource): Promise<void> {
  for (let after: ItemKey | undefined; ; ) {
    const page = { after, limit: CAPSULE_MEMBERS_PER_READ };
    const { items, next } = await ask<ScannedItems>((done) => journal.scanItems(key, page, done));
    for (const [item, value] of items) {
      const person = personOfItem(item, value);
      writer.writeRows([{ kind: "item", ...itemNames(item), value, ...(person !== undefined && { person }) }]);
    }
    if (next === undefined) return;
    after = next;
  }
}

async function copyOverlays({ journal, key, writer }: RowSource): Promise<void> {
  for (let after: Seq = 0; ; ) {
    const seqs = writer.messages(after, CAPSULE_MEMBERS_PER_READ);
    const overlays = await ask<readonly (MessageOverlay | null)[]>((done) => journal.readOverlays(key, seqs, done));
    for (const [i, overlay] of overlays.entries()) {
      if (overlay !== null) writer.writeRows([{ kind: "message", seq: seqs[i] ?? 0, overlay }]);
    }
    if (seqs.length < CAPSULE_MEMBERS_PER_READ) return;
    after = seqs.at(-1) ?? 0;
  }
}

async function isUnchanged({ journal, key }: RowSource, state: RoomState, head: Seq): Promise<boolean> {
  if (head === state.head) return true;
  const range = { from: state.head + 1, to: head, eventsMax: head - state.head };
  const segments = await ask<readonly Segment[]>((done) => journal.readRange(key, range, done));
  return segments
    .flatMap(({ firstSeq, entries }): readonly LogEvent[] => decodeEntries(firstSeq, entries))
    .every((event) => event.seq <= state.head || hasNoRows(state, event));
}
