/** Reading and preparing rooms in the memory store without an engine: the end of a run, and rooms from former times. */
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { decodeEntries, encodeEntries } from "../../src/actors/log-codec.ts";
import { apply } from "../../src/domain/room/apply.ts";
import { emptyRoomState } from "../../src/domain/room/empty-state.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import { lastChanges, type RowChange, rowChanges } from "../../src/domain/room/rows.ts";
import type { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import { MemoryJournal } from "../../src/storage/memory/memory-journal.ts";
import type { Profile } from "./profile.ts";
import { NOT_TOO_OLD_MS, TOO_OLD_MS } from "./sim-keeper.ts";
import { trimmedOf } from "./trimmed.ts";
import type { FinalLog } from "./history.ts";

export function finalLog(store: MemoryStore, tenant: TenantId, room: RoomId): FinalLog {
  const log = store.currentLog(tenant, room);
  const segments = [...trimmedOf(store, room), ...(log?.segments ?? [])].map(
    ({ firstSeq, lastSeq, epoch, batchId, messageCount, entries }) => ({
      firstSeq,
      lastSeq,
      epoch,
      writer: batchId.slice(0, batchId.indexOf(".")),
      messageCount,
      events: decodeEntries(firstSeq, entries),
    }),
  );
  const isPrivate = log?.card?.settings.type !== "public";
  const { members = new Map(), overlays = new Map(), items = new Map() } = log ?? {};
  return { room, isPrivate, segments, members, overlays, items };
}

/** Events per segment of a room from former times. */
const OLD_SEGMENT_EVENTS = 100;

/** A room with ghosts has some messages, too. */
const OLD_EVENTS_MIN = 100;

/** A public room that everybody has been a member of for a while, if the seed has one. */
export function writeOldRoom(
  store: MemoryStore,
  tenant: TenantId,
  room: RoomId,
  people: readonly UserId[],
  { oldEvents, ghosts, retentions }: Pick<Profile, "oldEvents" | "ghosts" | "retentions">,
  wallMs: number,
): void {
  if (oldEvents === 0 && ghosts === 0) return;
  const count = Math.max(oldEvents, OLD_EVENTS_MIN) + ghosts;
  const users = [...people, ...Array.from({ length: ghosts }, (_, index) => `ghost-${index}` as UserId)];
  const journal = new MemoryJournal(store, (run) => run());
  const state = emptyRoomState();
  const settings = { type: "public", name: room, maxMembers: 5_000, allowInvites: true } as const;
  const by = users[0] as UserId;
  const eventAt = (seq: number): LogEvent => {
    // One half of it is too old for rooms that keep messages for days.
    const ageMs = retentions === 0 ? 0 : seq < count / 2 ? TOO_OLD_MS : NOT_TOO_OLD_MS;
    const common = { seq, timestamp: wallMs - ageMs - (count - seq) * 20, clientId: `old-${seq}`, bodyHash: seq };
    if (seq === 1) return { kind: "fence", seq, timestamp: common.timestamp, epoch: 1, owner: "former" };
    if (seq === 2) return { kind: "room_created", ...common, by, settings };
    const joining = users[seq - 3];
    if (joining !== undefined) {
      const role = joining === by ? "owner" : "member";
      return { kind: "member_joined", ...common, by: joining, userId: joining, role };
    }
    const messageNo = state.messageCount + 1;
    return { kind: "message_sent", ...common, by, messageNo, messageType: "text", content: `old ${seq}` };
  };
  for (let first = 1; first <= count; first += OLD_SEGMENT_EVENTS) {
    const events: LogEvent[] = [];
    const rows: RowChange[] = [];
    for (let seq = first; seq < Math.min(first + OLD_SEGMENT_EVENTS, count + 1); seq += 1) {
      const event = eventAt(seq);
      apply(state, event);
      events.push(event);
      rows.push(...rowChanges(state, event));
    }
    const segment = {
      firstSeq: first,
      lastSeq: state.head,
      epoch: 1,
      owner: "former",
      batchId: `former.${first}`,
      messageCount: state.messageCount,
      timestamp: state.lastTimestamp,
      entries: encodeEntries(events),
    };
    journal.append({ tenant, room, incarnation: 1 }, segment, lastChanges(rows), () => undefined);
  }
}
