/**
 * The audit log: what moderators and administrators did in a room, as rows that follow from the events themselves.
 * Invariant: an action that has an entry cannot be written without it: both stand in one segment.
 */
import { messageIdOf, type UserId } from "../../base/ids.ts";
import { AUDIT_TEXT_LENGTH_MAX } from "../../base/limits.ts";
import type { LogEvent, RoomSettings } from "./events.ts";
import type { RoomState } from "./state.ts";

export interface AuditEntry {
  readonly action: string;
  readonly by: UserId;
  readonly at: number;
  /** Whom or what it was done to. */
  readonly userId?: UserId;
  readonly messageId?: string;
  readonly reason?: string;
  /** What changed, as short texts by name. */
  readonly details?: Readonly<Record<string, string>>;
}

const NEVER_AUDITED: ReadonlySet<LogEvent["kind"]> = new Set([
  "fence",
  "message_sent",
  "message_edited",
  "reaction_changed",
  "poll_voted",
] as const);

/** Whether the event may have an entry: nearly none of a log. */
export function mayBeAudited({ kind }: LogEvent): boolean {
  return !NEVER_AUDITED.has(kind);
}

/** The entry that an event makes, seen from the state right after it; `undefined`: it is nobody's act of power. */
export function auditEntry(state: RoomState, event: LogEvent): AuditEntry | undefined {
  if (event.kind === "fence") return undefined;
  const base = { by: event.by, at: event.timestamp };
  switch (event.kind) {
    case "room_updated":
      return { action: "room_updated", ...base, details: settingsDetails(event.settings) };
    case "member_changed": {
      const details = { from: event.previousRole, to: event.role };
      return { action: "role_changed", ...base, userId: event.userId, details };
    }
    case "member_joined":
      if (event.by === event.userId || event.role === "member") return undefined;
      return { action: "member_added", ...base, userId: event.userId, details: { role: event.role } };
    case "member_left":
      // A ban has an entry of its own.
      return event.reason === "removed" ? { action: "member_removed", ...base, userId: event.userId } : undefined;
    case "member_banned":
    case "member_muted":
      return {
        action: event.kind,
        ...base,
        userId: event.userId,
        ...(event.reason !== undefined && { reason: event.reason }),
        ...(event.until !== undefined && { details: { until: String(event.until) } }),
      };
    case "ban_lifted":
    case "mute_lifted":
      return { action: event.kind, ...base, userId: event.userId };
    case "pseudonym_changed":
      return {
        action: event.banned ? "pseudonym_banned" : "pseudonym_unbanned",
        ...base,
        userId: event.pseudonym,
        ...(event.reason !== undefined && { reason: event.reason }),
      };
    case "join_request_ended":
      return event.reason === "denied" ? { action: "join_denied", ...base, userId: event.userId } : undefined;
    case "room_deleted":
      return { action: "room_deleted", ...base };
    case "message_deleted": {
      // The erasure as a whole has one.
      if (event.erased === true) return undefined;
      const row = state.messages.get(event.target);
      if (row == null || row.author === event.by) return undefined;
      return { action: "message_deleted", ...base, userId: row.as ?? row.author, messageId: messageIdOf(event.target) };
    }
    case "moderation_changed":
      return { action: "rules_changed", ...base, details: { rules: event.rules.map(({ id }) => id).join(", ") } };
    case "held_resolved":
      return {
        action: event.approved ? "message_approved" : "message_rejected",
        ...base,
        userId: event.userAs ?? event.author,
        messageId: messageIdOf(event.heldSeq),
        ...(event.reason !== undefined && { reason: event.reason }),
      };
    case "reported":
      if (event.finding !== undefined) return undefined;
      return {
        action: "reported",
        ...base,
        userId: event.userAs ?? event.userId,
        ...(event.messageSeq !== undefined && { messageId: messageIdOf(event.messageSeq) }),
        reason: event.reason,
      };
    case "report_resolved":
      return {
        action: "report_resolved",
        ...base,
        userId: event.userAs ?? event.userId,
        ...(event.messageId !== undefined && { messageId: event.messageId }),
        ...(event.reason !== undefined && { reason: event.reason }),
        details: { action: event.action },
      };
    default:
      return undefined;
  }
}

function settingsDetails(settings: RoomSettings): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(", ") : String(value);
      return [name, text.slice(0, AUDIT_TEXT_LENGTH_MAX)];
    }),
  );
}
