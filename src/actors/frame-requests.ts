/** From frames to requests of actors: the one place that knows which actor a frame is for and what it asks. */
import type { RoomId } from "../base/ids.ts";
import { codeOf } from "../base/invites.ts";
import type { Principal } from "../domain/principal.ts";
import type { RoomCommand, SendMessage } from "../domain/room/commands.ts";
import { saidOf, settingsOfNewRoom } from "../domain/room/new-room.ts";
import type { ClientFrame, SendMessageFrame } from "../protocol/frames.ts";
import type { ShardConnection } from "./connections.ts";
import type { Asker, Request, RoomRequest, RoomSequel, UserAsk } from "./request.ts";
import { ACKNOWLEDGE, markThread, markUnread, roomRequest, userRequest } from "./request-building.ts";
import { commandOfRule } from "./rule-requests.ts";
import { generatedClientId } from "./views.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type FrameAsker = Extract<Asker, { readonly kind: "frame" }>;

/** `undefined`: the edge answers this frame itself, it has no business here. */
export function requestOfFrame(
  record: number,
  connection: ShardConnection,
  frameNo: number,
  chosenRoom: RoomId | undefined,
  frame: ClientFrame,
): Request | undefined {
  const asker: FrameAsker = { kind: "frame", connection, ref: frame.ref };
  if (frame.type === "send_message") return sendRequest(record, asker, connection.principal, frameNo, frame);
  return otherRequest(record, asker, frameNo, chosenRoom, frame);
}

function otherRequest(
  record: number,
  asker: FrameAsker,
  frameNo: number,
  chosenRoom: RoomId | undefined,
  frame: Exclude<ClientFrame, SendMessageFrame>,
): Request | undefined {
  const { connection } = asker;
  const by = connection.principal;
  const { link } = connection;
  if (frame.type === "set_presence") {
    const { auto, status, customStatus, expiresInMs } = frame;
    const ask: UserAsk =
      auto === true
        ? { kind: "device_used", inUse: status === "online" }
        : {
            kind: "set_presence",
            status,
            ...(customStatus !== undefined && { customStatus }),
            ...(expiresInMs !== undefined && { expiresInMs }),
          };
    return userRequest(link, record, asker, by, by.userId, ask);
  }
  if (frame.type === "block_user") {
    const ask: UserAsk = { kind: "block_user", whom: frame.userId, blocked: frame.blocked !== false };
    return userRequest(link, record, asker, by, by.userId, ask);
  }
  if (frame.type === "auth" || frame.type === "ping" || frame.type === "resume") return undefined;
  const room = chosenRoom ?? frame.roomId;
  // Only `create_room` may lack it, and for that the edge has chosen one.
  if (room === undefined) return undefined;
  const ask = (command: RoomCommand, sequel: RoomSequel): RoomRequest =>
    roomRequest(link, record, asker, by, room, command, sequel);
  // For requests without a key of their own: the edge may have to repeat them to a restarted shard.
  const key = {
    by,
    clientId:
      "clientId" in frame && frame.clientId !== undefined
        ? frame.clientId
        : generatedClientId(connection.connectionId, frameNo),
    ...("knownSeq" in frame && frame.knownSeq !== undefined && { knownSeq: frame.knownSeq }),
  };
  switch (frame.type) {
    case "join_room":
      return ask(
        {
          kind: "join_room",
          ...key,
          ...(frame.invite !== undefined && { invite: codeOf(frame.invite) }),
          ...(frame.message !== undefined && { message: frame.message }),
        },
        { kind: "subscribe", lastSeq: frame.lastSeq },
      );
    case "leave_room":
      return frame.membership === true
        ? ask({ kind: "leave_room", ...key }, ACKNOWLEDGE)
        : ask({ kind: "check_read", by }, { kind: "unsubscribe" });
    case "create_room":
      return ask(
        {
          kind: "create_room",
          ...key,
          settings: settingsOfNewRoom({ ...frame, type: frame.roomType }),
          participants: frame.participants ?? [],
        },
        { kind: "subscribe", lastSeq: undefined },
      );
    case "update_room": {
      const { name, maxMembers, allowInvites } = frame;
      const changes = {
        ...(name !== undefined && { name }),
        ...(maxMembers !== undefined && { maxMembers }),
        ...(allowInvites !== undefined && { allowInvites }),
        ...saidOf(frame),
      };
      return ask({ kind: "update_room", ...key, changes }, ACKNOWLEDGE);
    }
    case "add_member":
    case "remove_member":
    case "set_role":
    case "transfer_room":
    case "archive_room":
    case "delete_room":
    case "ban_member":
    case "unban_member":
    case "mute_member":
    case "unmute_member":
    case "create_invite":
    case "revoke_invite":
    case "decline_invite":
    case "answer_request":
      return ask(commandOfRule(frame, key), ACKNOWLEDGE);
    case "edit_message":
      return ask({ kind: "edit_message", ...key, messageId: frame.messageId, content: frame.content }, ACKNOWLEDGE);
    case "delete_message":
      return ask({ kind: "delete_message", ...key, messageId: frame.messageId }, ACKNOWLEDGE);
    case "message_reaction":
      return ask(
        { kind: "react", ...key, messageId: frame.messageId, emoji: frame.emoji, add: frame.action !== "remove" },
        ACKNOWLEDGE,
      );
    case "pin_message":
    case "unpin_message":
      return ask({ kind: frame.type, ...key, messageId: frame.messageId }, ACKNOWLEDGE);
    case "follow_thread": {
      const { threadId, follow = true } = frame;
      return ask({ kind: "follow_thread", ...key, threadId, follow }, ACKNOWLEDGE);
    }
    case "mark_thread_read":
      return ask(markThread(by, frame), ACKNOWLEDGE);
    case "vote_poll":
      return ask({ kind: "vote_poll", ...key, messageId: frame.messageId, choices: frame.choices }, ACKNOWLEDGE);
    case "close_poll":
      return ask({ kind: "close_poll", ...key, messageId: frame.messageId }, ACKNOWLEDGE);
    case "stop_answer":
      return ask({ kind: "stop_answer", ...key, messageId: frame.messageId }, ACKNOWLEDGE);
    case "ban_pseudonym": {
      const reason = frame.reason === undefined ? {} : { reason: frame.reason };
      return ask({ kind: "ban_pseudonym", ...key, pseudonym: frame.pseudonym, banned: true, ...reason }, ACKNOWLEDGE);
    }
    case "unban_pseudonym":
      return ask({ kind: "ban_pseudonym", ...key, pseudonym: frame.pseudonym, banned: false }, ACKNOWLEDGE);
    case "typing_start":
    case "typing_stop":
      return ask({ kind: "set_typing", by, isTyping: frame.type === "typing_start" }, ACKNOWLEDGE);
    case "mark_read":
      return ask(
        {
          kind: "mark_read",
          by,
          ...(frame.seq !== undefined && { seq: frame.seq }),
          ...(frame.messageIds !== undefined && { messageIds: frame.messageIds }),
        },
        ACKNOWLEDGE,
      );
    case "report_message":
    case "report_user":
      return ask(
        {
          kind: "report",
          ...key,
          ...(frame.type === "report_user" ? { userId: frame.userId } : { messageId: frame.messageId }),
          reason: frame.reason,
          ...(frame.details !== undefined && { details: frame.details }),
        },
        ACKNOWLEDGE,
      );
    case "resolve_report":
      return ask(
        {
          kind: "resolve_report",
          ...key,
          reportId: frame.reportId,
          action: frame.action,
          ...(frame.reason !== undefined && { reason: frame.reason }),
          ...(frame.durationMs !== undefined && { durationMs: frame.durationMs }),
        },
        ACKNOWLEDGE,
      );
    case "resolve_held":
      return ask(
        {
          kind: "resolve_held",
          ...key,
          heldId: frame.heldId,
          approve: frame.approve,
          ...(frame.reason !== undefined && { reason: frame.reason }),
        },
        ACKNOWLEDGE,
      );
    case "set_moderation":
      return ask({ kind: "set_moderation", ...key, rules: frame.rules }, ACKNOWLEDGE);
    case "mark_unread":
      return ask(markUnread(by, frame, key.clientId), ACKNOWLEDGE);
    case "confirm_delivered":
      return ask({ kind: "confirm_delivered", by, seq: frame.seq }, ACKNOWLEDGE);
  }
}

/** The hot path: no closure, no copy of objects. */
function sendRequest(
  record: number,
  asker: FrameAsker,
  by: Principal,
  frameNo: number,
  frame: SendMessageFrame,
): RoomRequest {
  const { clientId, knownSeq, replyTo, mentions, mentionRoom, attachments } = frame;
  const command: Mutable<SendMessage> = {
    kind: "send_message",
    by,
    clientId: clientId ?? generatedClientId(asker.connection.connectionId, frameNo),
    content: frame.content,
    messageType: frame.messageType ?? (frame.poll === undefined ? "text" : "poll"),
  };
  if (knownSeq !== undefined) command.knownSeq = knownSeq;
  if (replyTo !== undefined) command.replyTo = replyTo;
  if (mentions !== undefined) command.mentions = mentions;
  if (mentionRoom !== undefined) command.mentionRoom = mentionRoom;
  if (attachments !== undefined) command.attachments = attachments;
  if (frame.poll !== undefined) command.poll = frame.poll;
  if (frame.anonymous !== undefined) command.anonymous = frame.anonymous;
  return roomRequest(asker.connection.link, record, asker, by, frame.roomId, command, ACKNOWLEDGE);
}
