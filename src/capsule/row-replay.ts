/**
 * Replays a room's log with its rows: what the engine wrote with each segment comes about once more, from the events alone.
 * So rows are exactly those of the last event fed, at whatever sequence that is, and of whichever store the log came.
 * Invariant: `rows` sees every change before the next event is fed that could ask for it.
 */
import type { ItemKey, Seq, UserId } from "../base/ids.ts";
import { ITEM_CACHE_MAX, MEMBER_CACHE_MAX, MESSAGE_CACHE_MAX } from "../base/limits.ts";
import { apply } from "../domain/room/apply.ts";
import { emptyRoomState } from "../domain/room/empty-state.ts";
import type { LogEvent } from "../domain/room/events.ts";
import { evictRows, messageRowOf } from "../domain/room/message-rows.ts";
import { hasNoRows, lastChanges, type RowChange, rowChanges } from "../domain/room/rows.ts";
import { decodeSnapshot } from "../domain/room/snapshot.ts";
import type { ItemValue, MemberRow, MessageOverlay, RoomState } from "../domain/room/state.ts";
import { FilledCache } from "./filled-cache.ts";

/** Where rows are kept, and the log that they came from. Reads are of what was written, at once. */
export interface KeptRows {
  member(userId: UserId): MemberRow | null;
  item(key: ItemKey): ItemValue | null;
  overlay(seq: Seq): MessageOverlay | null;
  /** The event at this place, if it was written. */
  eventAt(seq: Seq): LogEvent | undefined;
  writeRows(changes: readonly RowChange[]): void;
}

export class RowReplay {
  readonly state: RoomState;
  readonly #rows: KeptRows;
  #changes: RowChange[] = [];

  /** `snapshot`: to go on behind it, `rows` being those of its last event. */
  constructor(rows: KeptRows, snapshot?: Uint8Array) {
    this.#rows = rows;
    const state = snapshot === undefined ? emptyRoomState() : decodeSnapshot(snapshot);
    this.state = {
      ...state,
      members: new FilledCache(MEMBER_CACHE_MAX, (userId: UserId) => rows.member(userId)),
      items: new FilledCache(ITEM_CACHE_MAX, (key: ItemKey) => rows.item(key)),
      messages: new FilledCache(MESSAGE_CACHE_MAX, (seq: Seq) =>
        messageRowOf(this.state.recent.get(seq) ?? rows.eventAt(seq), rows.overlay(seq)),
      ),
    };
  }

  feed(event: LogEvent): void {
    apply(this.state, event);
    if (!hasNoRows(this.state, event)) this.#changes.push(...rowChanges(this.state, event));
  }

  /** Writes the rows of all that was fed. */
  settle(): void {
    if (this.#changes.length > 0) this.#rows.writeRows(lastChanges(this.#changes));
    this.#changes = [];
    evictRows(this.state, this.state.head);
  }
}
