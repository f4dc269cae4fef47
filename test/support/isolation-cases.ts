/**
 * One request for every REST route and one frame of every client type, aimed at what another tenant has. The isolation test
 * sends all of them; a route or frame type without an entry here fails it.
 * Invariant: every entry is valid input, so that the answer comes from the engine and not from the door.
 */
import type { Frame } from "./wire.ts";

/** What exists in the first tenant; the second one names the same. */
export const ROOM = "room_same";
export const HIDDEN = "room_hidden";
export const OTHER = "bob";
export const STRANGER = "eve";

export interface RestCase {
  readonly body?: unknown;
  /** With its question mark. */
  readonly query?: string;
  /** Values of path parameters, where the common ones do not fit. */
  readonly params?: Readonly<Record<string, string>>;
  /** Says something of the whole server and of no tenant: its answer is not compared. */
  readonly isOfServer?: true;
  /** Its answer follows what happened by a second or so. */
  readonly lags?: true;
}

const at = "2026-01-01T00:00:00.000Z";

/** In this order they are sent: what ends a room or a membership comes last. */
export const REST_CASES: Readonly<Record<string, RestCase>> = {
  "GET /healthz": { isOfServer: true },
  "GET /readyz": { isOfServer: true },
  "GET /api/health": { isOfServer: true },
  "GET /v1/chat/health": { isOfServer: true },
  "GET /chat": {},
  "GET /ws/chat": {},
  "GET /api/v1/ws/chat": {},

  "GET /v1/chat/rooms": { query: "?scope=visible&limit=100" },
  "GET /v1/chat/rooms/{roomId}": {},
  "GET /v1/chat/rooms/{roomId}/messages": { query: "?limit=100" },
  "GET /v1/chat/rooms/{roomId}/messages/{messageId}/receipts": {},
  "GET /v1/chat/unread": {},
  "GET /v1/chat/rooms/{roomId}/messages/{messageId}": { query: "?deleted=true" },
  "GET /v1/chat/rooms/{roomId}/messages/{messageId}/history": { query: "?includeDeleted=true" },
  "GET /v1/chat/rooms/{roomId}/messages/{messageId}/thread": {},
  "GET /v1/chat/rooms/{roomId}/pins": {},
  "GET /v1/chat/rooms/{roomId}/threads": {},
  "GET /v1/chat/threads": {},
  "GET /v1/chat/rooms/{roomId}/members": {},
  "GET /v1/chat/rooms/{roomId}/presence": {},
  "GET /v1/chat/presence": { query: `?userId=${OTHER}` },
  "GET /v1/chat/users/me": {},
  "GET /v1/chat/users/me/blocks": {},
  "GET /v1/chat/users/me/devices": { lags: true },
  "GET /v1/chat/users/{userId}": {},
  "GET /v1/chat/admin/online": { lags: true },
  "GET /v1/chat/admin/connections": { query: `?userId=${OTHER}`, lags: true },

  "PUT /v1/chat/presence": { body: { status: "away", customStatus: "evil-only" } },
  "PUT /v1/chat/users/me/status": { body: { status: "online", customStatus: "evil-only, too" } },
  "PATCH /v1/chat/users/me": { body: { displayName: "evil-only ann", customStatus: "evil-only" } },
  "PUT /v1/chat/users/me/blocks/{userId}": { params: { userId: "bob2" } },
  "DELETE /v1/chat/users/me/blocks/{userId}": {},
  "POST /v1/chat/rooms": { body: { roomId: "room_new", name: "evil-only", type: "group", clientId: "k1" } },
  "POST /v1/chat/rooms/{roomId}/messages": { body: { content: "evil-only", clientId: "k2" } },
  "PATCH /v1/chat/rooms/{roomId}/messages/{messageId}": { body: { content: "evil-only, changed", clientId: "k3" } },
  "POST /v1/chat/rooms/{roomId}/messages/{messageId}/reactions": { body: { emoji: "👍", clientId: "k4" } },
  "DELETE /v1/chat/rooms/{roomId}/messages/{messageId}/reactions/{emoji}": {},
  "GET /v1/chat/rooms/{roomId}/messages/{messageId}/reactions": { query: "?emoji=%F0%9F%91%8D" },
  "PUT /v1/chat/rooms/{roomId}/messages/{messageId}/poll/vote": { body: { choices: [0], clientId: "k10" } },
  "GET /v1/chat/rooms/{roomId}/messages/{messageId}/poll/voters": {},
  "DELETE /v1/chat/rooms/{roomId}/messages/{messageId}/poll/vote": {},
  "POST /v1/chat/rooms/{roomId}/messages/{messageId}/poll/close": { body: { clientId: "k11" } },
  "PUT /v1/chat/rooms/{roomId}/pseudonyms/{pseudonym}/ban": {
    params: { pseudonym: "anon_none" },
    body: { reason: "evil-only", clientId: "k12" },
  },
  "GET /v1/chat/rooms/{roomId}/pseudonyms/bans": {},
  "DELETE /v1/chat/rooms/{roomId}/pseudonyms/{pseudonym}/ban": { params: { pseudonym: "anon_none" } },
  "POST /v1/chat/rooms/{roomId}/messages/{messageId}/pin": { body: { clientId: "k20" } },
  "DELETE /v1/chat/rooms/{roomId}/messages/{messageId}/pin": {},
  "POST /v1/chat/rooms/{roomId}/messages/{messageId}/thread/read": { body: {} },
  "POST /v1/chat/rooms/{roomId}/typing": { body: { isTyping: true } },
  "POST /v1/chat/rooms/{roomId}/read": { body: { seq: 3 } },
  "POST /v1/chat/rooms/{roomId}/unread": { body: { seq: 2 } },
  "PATCH /v1/chat/rooms/{roomId}": { body: { description: "evil-only", clientId: "k5" } },
  "POST /v1/chat/rooms/{roomId}/members": { body: { userId: STRANGER, clientId: "k6" } },
  "PATCH /v1/chat/rooms/{roomId}/members/{userId}": { body: { role: "admin", clientId: "k7" } },

  "DELETE /v1/chat/rooms/{roomId}/members/{userId}": {},
  "DELETE /v1/chat/rooms/{roomId}/messages/{messageId}": {},
  "POST /v1/chat/rooms/{roomId}/join": { body: { clientId: "k8" } },
  "POST /v1/chat/rooms/{roomId}/leave": { body: { clientId: "k9" } },
  "DELETE /v1/chat/rooms/{roomId}/leave": {},
};

/** `messageId` is that of the first tenant's first message. In the order sent. */
export function frameCases(messageId: string): Readonly<Record<string, Frame>> {
  return {
    ping: { type: "ping" },
    set_presence: { type: "set_presence", status: "busy", customStatus: "evil-only" },
    block_user: { type: "block_user", userId: OTHER },
    resume: { type: "resume", rooms: { [ROOM]: 1, [HIDDEN]: 1 } },
    join_room: { type: "join_room", roomId: ROOM, clientId: "f1", lastSeq: 1 },
    create_room: { type: "create_room", roomId: "room_framed", name: "evil-only", clientId: "f2" },
    send_message: { type: "send_message", roomId: ROOM, content: "evil-only", clientId: "f3" },
    edit_message: { type: "edit_message", roomId: ROOM, messageId, content: "evil-only, changed", clientId: "f4" },
    pin_message: { type: "pin_message", roomId: ROOM, messageId, clientId: "f8" },
    unpin_message: { type: "unpin_message", roomId: ROOM, messageId, clientId: "f9" },
    update_room: { type: "update_room", roomId: ROOM, description: "evil-only", clientId: "f10" },
    message_reaction: { type: "message_reaction", roomId: ROOM, messageId, emoji: "👎", clientId: "f5" },
    vote_poll: { type: "vote_poll", roomId: ROOM, messageId, choices: [0], clientId: "f8-1" },
    close_poll: { type: "close_poll", roomId: ROOM, messageId, clientId: "f9-2" },
    ban_pseudonym: { type: "ban_pseudonym", roomId: ROOM, pseudonym: "anon_none", clientId: "f10-3" },
    unban_pseudonym: { type: "unban_pseudonym", roomId: ROOM, pseudonym: "anon_none", clientId: "f11" },
    mark_thread_read: { type: "mark_thread_read", roomId: ROOM, threadId: messageId },
    report_message: { type: "report_message", roomId: ROOM, messageId, reason: "spam", clientId: "f15" },
    report_user: { type: "report_user", roomId: ROOM, userId: OTHER, reason: "spam", clientId: "f16" },
    resolve_report: { type: "resolve_report", roomId: ROOM, reportId: "1", action: "dismiss", clientId: "f17" },
    resolve_held: { type: "resolve_held", roomId: ROOM, heldId: "1", approve: true, clientId: "f18" },
    set_moderation: { type: "set_moderation", roomId: ROOM, rules: [], clientId: "f19" },
    typing_start: { type: "typing_start", roomId: ROOM },
    typing_stop: { type: "typing_stop", roomId: ROOM },
    mark_read: { type: "mark_read", roomId: ROOM, seq: 3 },
    mark_unread: { type: "mark_unread", roomId: ROOM, seq: 2 },
    confirm_delivered: { type: "confirm_delivered", roomId: ROOM, seq: 3 },
    delete_message: { type: "delete_message", roomId: ROOM, messageId, clientId: "f6" },
    leave_room: { type: "leave_room", roomId: ROOM, membership: true, clientId: "f7" },
    /** Needs a token, which the test adds. */
    auth: { type: "auth" },
  };
}

/** What differs between two runs and tells nothing: times, and ids that the server draws. */
export function withoutChance(text: string): string {
  return text
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, `"${at}"`)
    .replaceAll(/\b1[6-9]\d{11}(?:\.\d+)?\b/g, "0")
    .replaceAll(/"connectionId":"[^"]+"/g, '"connectionId":"-"')
    .replaceAll(/"node":"[^"]+"/g, '"node":"-"')
    .replaceAll(/"retryAfterMs":\d+/g, '"retryAfterMs":0');
}
