/** The state of a room before its first event. */
import type { UserId } from "../../base/ids.ts";
import { ITEM_CACHE_MAX, MEMBER_CACHE_MAX, MESSAGE_CACHE_MAX } from "../../base/limits.ts";
import { DuplicateWindow } from "./duplicate-window.ts";
import { RecentEvents } from "./recent-events.ts";
import { RowCache } from "./row-cache.ts";
import type { RoomState } from "./state.ts";

/** Bounds of the row caches; smaller ones change what must be read, never what is decided. */
export interface CacheBounds {
  readonly members: number;
  readonly messages: number;
  /** As many as in a room of the engine when a test does not say. */
  readonly items?: number;
}

const CACHE_BOUNDS: CacheBounds = { members: MEMBER_CACHE_MAX, messages: MESSAGE_CACHE_MAX };

const NO_STAFF: readonly UserId[] = [];

export function emptyRoomState(bounds: CacheBounds = CACHE_BOUNDS): RoomState {
  return {
    settings: undefined,
    createdBy: undefined,
    createdAt: 0,
    head: 0,
    epoch: 0,
    owner: undefined,
    lastTimestamp: 0,
    memberCount: 0,
    ownerCount: 0,
    messageCount: 0,
    mentionedAll: [],
    trimmedSeq: 0,
    trimmedNo: 0,
    pins: new Map(),
    moderation: undefined,
    staff: NO_STAFF,
    deletedAt: undefined,
    banCount: 0,
    muteCount: 0,
    inviteCount: 0,
    requestCount: 0,
    runs: new Map(),
    toldOfNoAssistant: false,
    members: new RowCache(bounds.members),
    messages: new RowCache(bounds.messages),
    items: new RowCache(bounds.items ?? ITEM_CACHE_MAX),
    window: new DuplicateWindow(),
    recent: new RecentEvents(),
  };
}
