/** How a client says what it wants, and how it tells kinds of requests and refusals apart. */
import type { Seq } from "../../src/base/ids.ts";
import { ERRORS, type ErrorCode } from "../../src/protocol/errors.ts";
import type { ClientFrame } from "../../src/protocol/frames.ts";
import type { RequestBody, RequestHistory } from "./history.ts";

/** Of every poll. */
export const POLL_OPTIONS = [{ text: "a" }, { text: "b" }, { text: "c" }] as const;

export interface Place {
  /** For a join: what the client has of the room. */
  readonly since: Seq | undefined;
  /** For a repetition: what it had when it first tried. */
  readonly knownSeq: Seq | undefined;
}

/** Throws for what goes over HTTP. */
export function requestFrame(request: RequestHistory, ref: number, { since, knownSeq }: Place): ClientFrame {
  const { room: roomId, body, clientId } = request;
  const key = {
    ref,
    roomId,
    ...(clientId !== undefined && { clientId }),
    ...(knownSeq !== undefined && { knownSeq }),
  };
  switch (body.kind) {
    case "send_message":
      return {
        type: "send_message",
        ...key,
        content: body.content,
        ...(body.replyTo !== undefined && { replyTo: body.replyTo }),
        ...(body.mentions !== undefined && { mentions: body.mentions }),
        ...(body.isAnonymous === true && { anonymous: true }),
        ...(body.isPoll === true && { poll: { question: body.content, options: POLL_OPTIONS, multiple: true } }),
      };
    case "vote_poll":
      return { type: "vote_poll", ...key, messageId: body.messageId, choices: body.choices };
    case "edit_message":
      return { type: "edit_message", ...key, messageId: body.messageId, content: body.content };
    case "delete_message":
    case "pin_message":
    case "unpin_message":
    case "stop_answer":
      return { type: body.kind, ...key, messageId: body.messageId };
    case "message_reaction": {
      const action = body.add ? "add" : "remove";
      return { type: "message_reaction", ...key, messageId: body.messageId, emoji: body.emoji, action };
    }
    case "create_room": {
      const { participants, isPrivate } = body;
      const settings = {
        name: roomId,
        roomType: isPrivate ? "private" : "public",
        enableAI: true,
        allowAnonymous: true,
      } as const;
      return { type: "create_room", ...key, ...settings, participants };
    }
    case "join_room":
      return { type: "join_room", ...key, ...(since !== undefined && { lastSeq: since }) };
    case "leave_room":
      return { type: "leave_room", ...key, membership: true };
    case "create_invite":
      return { type: "create_invite", ...key };
    case "mark_read":
      return { type: body.kind, ref, roomId, seq: body.seq };
    case "mark_unread":
      return { type: body.kind, ref, roomId, seq: body.seq, ...(clientId !== undefined && { clientId }) };
    case "mute_member":
    case "ban_member": {
      const { userId, durationMs } = body;
      return { type: body.kind, ...key, userId, ...(durationMs !== undefined && { durationMs }) };
    }
    case "unmute_member":
    case "unban_member":
      return { type: body.kind, ...key, userId: body.userId };
    case "set_role":
      return { type: "set_role", ...key, userId: body.userId, role: body.role };
    case "set_moderation":
      return { type: "set_moderation", ...key, rules: body.rules };
    case "resolve_held":
      return { type: "resolve_held", ...key, heldId: body.heldId, approve: body.approve };
    case "report_message":
      return { type: "report_message", ...key, messageId: body.messageId, reason: "spam" };
    default:
      throw new Error(`${body.kind} is no frame`);
  }
}

/** Membership of others is changed over HTTP. */
export function isCall(body: RequestBody): body is Extract<RequestBody, { kind: "add_member" | "remove_member" }> {
  return body.kind === "add_member" || body.kind === "remove_member";
}

export function isTemporary(code: ErrorCode): boolean {
  return ERRORS[code].temporary;
}
