/**
 * A room's state as bytes, so that activation replays only what came after. Rows are not in it: the store has them.
 * Take it when the state's head is the last event of a batch, and save it after that batch is committed.
 * Invariant: what any version wrote can be read for ever.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import type { OpenRun } from "../assistant/runs.ts";
import { DuplicateWindow } from "./duplicate-window.ts";
import { type CacheBounds, emptyRoomState } from "./empty-state.ts";
import type { RoomSettings } from "./events.ts";
import type { ModerationState } from "./moderation-state.ts";
import { RecentEvents } from "./recent-events.ts";
import type { Pin, RoomState } from "./state.ts";

const VERSION = 1;
/** Version, then length of the JSON part; the duplicate window's bytes follow it. */
const HEADER_BYTES = 5;

interface Body {
  readonly settings?: RoomSettings;
  readonly createdBy?: UserId;
  readonly createdAt: number;
  readonly head: Seq;
  readonly epoch: number;
  /** Not in snapshots of the first days. */
  readonly owner?: string;
  readonly lastTimestamp: number;
  readonly memberCount: number;
  readonly ownerCount: number;
  readonly messageCount: number;
  /** Absent where nothing mentions all. */
  readonly mentionedAll?: readonly number[];
  /** Absent when nothing is pinned. */
  readonly pins?: readonly (readonly [Seq, Pin])[];
  readonly moderation?: ModerationState;
  readonly staff?: readonly UserId[];
  // Absent while there is none, as in older snapshots.
  readonly deletedAt?: number;
  readonly bans?: number;
  readonly mutes?: number;
  readonly invites?: number;
  readonly requests?: number;
  readonly runs?: readonly OpenRun[];
  readonly toldOfNoAssistant?: true;
  readonly trimmed?: readonly [Seq, number];
}

export function encodeSnapshot(state: RoomState): Uint8Array {
  const body: Body = {
    ...(state.settings !== undefined && { settings: state.settings }),
    ...(state.createdBy !== undefined && { createdBy: state.createdBy }),
    createdAt: state.createdAt,
    head: state.head,
    epoch: state.epoch,
    ...(state.owner !== undefined && { owner: state.owner }),
    lastTimestamp: state.lastTimestamp,
    memberCount: state.memberCount,
    ownerCount: state.ownerCount,
    messageCount: state.messageCount,
    ...(state.mentionedAll.length > 0 && { mentionedAll: state.mentionedAll }),
    ...(state.pins.size > 0 && { pins: [...state.pins] }),
    ...(state.moderation !== undefined && { moderation: state.moderation }),
    ...(state.staff.length > 0 && { staff: state.staff }),
    ...(state.deletedAt !== undefined && { deletedAt: state.deletedAt }),
    ...(state.banCount > 0 && { bans: state.banCount }),
    ...(state.muteCount > 0 && { mutes: state.muteCount }),
    ...(state.inviteCount > 0 && { invites: state.inviteCount }),
    ...(state.requestCount > 0 && { requests: state.requestCount }),
    ...(state.runs.size > 0 && { runs: [...state.runs.values()] }),
    ...(state.toldOfNoAssistant && { toldOfNoAssistant: true as const }),
    ...(state.trimmedSeq > 0 && { trimmed: [state.trimmedSeq, state.trimmedNo] }),
  };
  const text = new TextEncoder().encode(JSON.stringify(body));
  const window = state.window.toBytes();
  const bytes = new Uint8Array(HEADER_BYTES + text.length + window.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint32(1, text.length, true);
  bytes.set(text, HEADER_BYTES);
  bytes.set(window, HEADER_BYTES + text.length);
  return bytes;
}

/** Throws on bytes of an unknown version, or cut short. */
export function decodeSnapshot(bytes: Uint8Array, bounds?: CacheBounds): RoomState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== VERSION) throw new Error(`unknown room snapshot version ${view.getUint8(0)}`);
  const windowAt = HEADER_BYTES + view.getUint32(1, true);
  const body = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_BYTES, windowAt))) as Body;
  return {
    ...emptyRoomState(bounds),
    settings: body.settings,
    createdBy: body.createdBy,
    createdAt: body.createdAt,
    head: body.head,
    epoch: body.epoch,
    owner: body.owner,
    lastTimestamp: body.lastTimestamp,
    memberCount: body.memberCount,
    ownerCount: body.ownerCount,
    messageCount: body.messageCount,
    mentionedAll: body.mentionedAll ?? [],
    pins: new Map(body.pins),
    moderation: body.moderation,
    ...(body.staff !== undefined && { staff: body.staff }),
    deletedAt: body.deletedAt,
    banCount: body.bans ?? 0,
    muteCount: body.mutes ?? 0,
    inviteCount: body.invites ?? 0,
    requestCount: body.requests ?? 0,
    runs: new Map(body.runs?.map((run) => [run.seq, run])),
    toldOfNoAssistant: body.toldOfNoAssistant ?? false,
    trimmedSeq: body.trimmed?.[0] ?? 0,
    trimmedNo: body.trimmed?.[1] ?? 0,
    window: DuplicateWindow.fromBytes(bytes.subarray(windowAt)),
    recent: new RecentEvents(body.head + 1),
  };
}
