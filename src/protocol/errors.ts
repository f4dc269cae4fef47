/**
 * The two tables of failure: error replies (the connection goes on) and close codes (it ends).
 * A code's meaning never changes; new ones are added. `temporary` tells a client whether the same request may work later.
 */

export const ERRORS = {
  // what the client sent
  invalid_frame: { temporary: false, http: 400, message: "The frame could not be read." },
  unknown_type: { temporary: false, http: 400, message: "This frame type is not known." },
  missing_field: { temporary: false, http: 400, message: "A required field is missing." },
  invalid_field: { temporary: false, http: 400, message: "A field has the wrong type or an unacceptable value." },
  content_too_long: { temporary: false, http: 413, message: "The message is longer than allowed." },
  payload_too_large: { temporary: false, http: 413, message: "The request is larger than allowed." },
  too_many_rooms: { temporary: false, http: 400, message: "Too many rooms on one connection." },
  too_many_reactions: { temporary: false, http: 409, message: "This message has too many different reactions." },
  too_many_pins: { temporary: false, http: 409, message: "The room has as many pinned messages as it may have." },
  file_too_large: { temporary: false, http: 413, message: "An attachment is larger than this room allows." },
  too_many_blocks: { temporary: false, http: 409, message: "You have blocked as many people as you may." },
  // who the client is
  unauthorized: { temporary: false, http: 401, message: "A valid token is required." },
  token_expired: { temporary: false, http: 401, message: "The token has expired." },
  token_revoked: { temporary: false, http: 401, message: "The token was revoked by an administrator." },
  suspended: { temporary: false, http: 403, message: "An administrator has suspended you." },
  forbidden: { temporary: false, http: 403, message: "You are not allowed to do this." },
  banned: { temporary: false, http: 403, message: "This person is banned from the room." },
  muted: { temporary: false, http: 403, message: "You are muted in this room." },
  // what is there
  not_found: { temporary: false, http: 404, message: "There is nothing at this address." },
  room_not_found: { temporary: false, http: 404, message: "There is no such room." },
  message_not_found: { temporary: false, http: 404, message: "There is no such message." },
  user_not_found: { temporary: false, http: 404, message: "There is no such user." },
  invite_not_found: { temporary: false, http: 404, message: "There is no such invite." },
  invite_ended: { temporary: false, http: 404, message: "This invite has expired, or was used as often as it may be." },
  request_not_found: { temporary: false, http: 404, message: "Nobody with this id asks to join." },
  room_archived: { temporary: false, http: 409, message: "The room is archived: it can be read, not changed." },
  too_many: { temporary: false, http: 409, message: "The room has as many of these as it may have." },
  room_exists: { temporary: false, http: 409, message: "A room with this id exists already." },
  room_full: { temporary: false, http: 409, message: "The room has as many members as it may have." },
  already_deleted: { temporary: false, http: 409, message: "The message was deleted." },
  not_a_poll: { temporary: false, http: 409, message: "This message is not a poll." },
  poll_closed: { temporary: false, http: 409, message: "The poll is closed." },
  not_running: { temporary: false, http: 409, message: "No answer is being written there." },
  ai_disabled: { temporary: false, http: 409, message: "The assistant is not enabled in this room." },
  last_owner: {
    temporary: false,
    http: 409,
    message: "The last owner stays one; give the room to somebody else first.",
  },
  on_hold: { temporary: false, http: 409, message: "A legal hold is on this: it cannot be deleted." },
  message_rejected: { temporary: false, http: 403, message: "The message breaks a rule of this room." },
  already_reported: { temporary: false, http: 409, message: "You have reported this before." },
  report_not_found: { temporary: false, http: 404, message: "There is no such open report." },
  held_not_found: { temporary: false, http: 404, message: "There is no such message that waits." },
  conflict: { temporary: false, http: 409, message: "This clientId was used with another request." },
  retry_expired: { temporary: false, http: 409, message: "This retry is too old to tell whether it was done." },
  // what the server can do now
  rate_limited: { temporary: true, http: 429, message: "Too many requests." },
  slow_mode: { temporary: true, http: 429, message: "This room is in slow mode: wait before the next message." },
  ai_not_configured: { temporary: false, http: 503, message: "No assistant is configured on this server." },
  ai_budget_exhausted: { temporary: true, http: 429, message: "The assistant's budget is used up for today." },
  ai_failed: { temporary: true, http: 503, message: "The assistant could not answer." },
  ai_blocked: { temporary: false, http: 403, message: "The assistant does not answer this." },
  overloaded: { temporary: true, http: 503, message: "Too much is waiting; try again." },
  unavailable: { temporary: true, http: 503, message: "This part of the service is not reachable now." },
  storage_full: { temporary: true, http: 503, message: "The store is full; nothing can be written now." },
  shutting_down: { temporary: true, http: 503, message: "This server is stopping; reconnect." },
  room_quarantined: { temporary: false, http: 500, message: "This room's log cannot be read; an operator must look." },
  internal: { temporary: false, http: 500, message: "Something went wrong on the server." },
} as const satisfies Record<string, { temporary: boolean; http: number; message: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An expected failure as it travels between domain, actors and edge. `message` replaces the table's sentence. */
export interface Rejection {
  readonly code: ErrorCode;
  readonly message?: string;
  /** The name of the offending field, in the canonical (camelCase) spelling. */
  readonly field?: string;
  readonly retryAfterMs?: number;
}

/** What those are told who are no administrators of their tenant. */
export const ADMINS_ONLY: Rejection = { code: "forbidden", message: "This needs the role admin in your tenant." };

/** Codes below 4400 mean "reconnect, after the delay that the server named"; from 4400 on "do not". */
export const CLOSE_CODES = {
  normal: { code: 1000, reconnect: false, reason: "normal closure" },
  going_away: { code: 1001, reconnect: true, reason: "server is stopping" },
  frame_too_large: { code: 1009, reconnect: true, reason: "frame too large" },
  reconnect: { code: 4000, reconnect: true, reason: "please reconnect" },
  slow_consumer: { code: 4001, reconnect: true, reason: "too slow to read" },
  flooding: { code: 4002, reconnect: true, reason: "too many frames or attempts" },
  overloaded: { code: 4003, reconnect: true, reason: "server overloaded" },
  idle: { code: 4004, reconnect: true, reason: "no sign of life" },
  unauthorized: { code: 4401, reconnect: false, reason: "invalid token" },
  forbidden: { code: 4403, reconnect: false, reason: "not allowed" },
  auth_timeout: { code: 4408, reconnect: false, reason: "no auth frame in time" },
  token_expired: { code: 4410, reconnect: false, reason: "token expired" },
  invalid_frames: { code: 4422, reconnect: false, reason: "too many frames that cannot be read" },
  disconnected: { code: 4423, reconnect: false, reason: "disconnected by an administrator" },
} as const satisfies Record<string, { code: number; reconnect: boolean; reason: string }>;

export type CloseReason = keyof typeof CLOSE_CODES;

/** How a connection ends that cannot even begin, for this reason. */
export function closeReasonOf(code: ErrorCode): CloseReason {
  if (code === "rate_limited") return "flooding";
  if (code === "suspended") return "forbidden";
  if (code === "unavailable" || code === "shutting_down") return "overloaded";
  return code in CLOSE_CODES ? (code as ErrorCode & CloseReason) : "unauthorized";
}
