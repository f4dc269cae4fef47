/**
 * Rooms with a past, written into a data folder without an engine: the events that years of use would have left, through the
 * engine's own domain code, entries and rows. For measuring rooms that would take hours to talk into being.
 */
import { encodeEntries } from "../../src/actors/log-codec.ts";
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { apply } from "../../src/domain/room/apply.ts";
import { emptyRoomState } from "../../src/domain/room/empty-state.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import { lastChanges, type RowChange, rowChanges } from "../../src/domain/room/rows.ts";
import { encodeSnapshot } from "../../src/domain/room/snapshot.ts";
import type { Journal, Segment } from "../../src/storage/journal.ts";

export const TENANT = "default" as TenantId;

export interface Past {
  readonly room: RoomId;
  /** The first one owns it. */
  readonly members: readonly UserId[];
  readonly messages: number;
  /** Wall time of the last event; the others came before it, a second apart. */
  readonly endMs: number;
  /** Events after the snapshot, which an activation replays. */
  readonly tailEvents: number;
  /** Each so many messages a member reacts to the one before, instead; absent: never. */
  readonly reactionEvery?: number;
}

/** Events of one segment: those of a busy second. */
const SEGMENT_EVENTS = 50;
/** Segments under way at once, each room's in order. */
const GROUP_SEGMENTS = 40;
/** Those who talk: as many in a large room as in a small one, so that only the listeners differ. */
const AUTHORS_MAX = 100;
const CONTENT = "x".repeat(130);

/** Everything of the room is durable when it returns. */
export async function writePast(journal: Journal, past: Past): Promise<void> {
  const log = { tenant: TENANT, room: past.room, incarnation: 1 };
  const state = emptyRoomState();
  const total = 2 + past.members.length + past.messages;
  let waiting: Promise<void>[] = [];
  for (let first = 1; first <= total; first += SEGMENT_EVENTS) {
    const events: LogEvent[] = [];
    const rows: RowChange[] = [];
    for (let seq = first; seq < Math.min(first + SEGMENT_EVENTS, total + 1); seq += 1) {
      const event = eventAt(past, seq, state.messageCount, past.endMs - (total - seq) * 1_000);
      apply(state, event);
      events.push(event);
      rows.push(...rowChanges(state, event));
    }
    state.members.evict(state.head);
    state.messages.evict(state.head);
    state.items.evict(state.head);
    const segment: Segment = {
      firstSeq: first,
      lastSeq: state.head,
      epoch: 1,
      owner: "former/1",
      batchId: `former.${first}`,
      messageCount: state.messageCount,
      timestamp: state.lastTimestamp,
      entries: encodeEntries(events),
    };
    waiting.push(written((done) => journal.append(log, segment, lastChanges(rows), done)));
    const left = total - state.head;
    if (left < past.tailEvents && left + SEGMENT_EVENTS >= past.tailEvents) {
      const snapshot = { seq: state.head, bytes: encodeSnapshot(state) };
      journal.saveSnapshot(log, snapshot, () => undefined);
    }
    if (waiting.length < GROUP_SEGMENTS && left > 0) continue;
    journal.flush();
    await Promise.all(waiting);
    waiting = [];
  }
}

function eventAt(past: Past, seq: number, messagesBefore: number, timestamp: number): LogEvent {
  const { members, room } = past;
  const by = members[0] as UserId;
  const common = { seq, timestamp, clientId: `past-${seq}`, bodyHash: seq };
  if (seq === 1) return { kind: "fence", seq, timestamp, epoch: 1, owner: "former/1" };
  if (seq === 2) {
    const settings = { type: "public", name: `Room ${room}`, maxMembers: 1_000_000, allowInvites: true } as const;
    return { kind: "room_created", ...common, by, settings };
  }
  const userId = members[seq - 3];
  if (userId !== undefined) {
    const role = userId === by ? "owner" : "member";
    return { kind: "member_joined", ...common, by: userId, userId, role, name: `Name of ${userId}` };
  }
  if (past.reactionEvery !== undefined && seq % past.reactionEvery === 0) {
    return { kind: "reaction_changed", ...common, by, target: seq - 1, emoji: "👍", added: true, count: 1 };
  }
  const author = members[seq % Math.min(AUTHORS_MAX, members.length)] as UserId;
  const messageNo = messagesBefore + 1;
  return { kind: "message_sent", ...common, by: author, messageNo, messageType: "text", content: CONTENT };
}

function written(append: (done: (outcome: string) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    append((outcome) => (outcome === "written" ? resolve() : reject(new Error(`an append was ${outcome}`))));
  });
}
