/** From frames and calls to requests of actors: the one place that knows which actor a frame is for and what it asks. */
import { type MessageId, type RoomId, type Seq, seqOfMessageId, type UserId } from "../base/ids.ts";
import { codeOf } from "../base/invites.ts";
import type { Principal } from "../domain/principal.ts";
import type {
  KeepAct,
  MarkThreadRead,
  MarkUnread,
  RoomCommand,
  RoomMutation,
  SendMessage,
} from "../domain/room/commands.ts";
import { saidOf, settingsOfNewRoom } from "../domain/room/new-room.ts";
import type { ClientFrame, SendMessageFrame } from "../protocol/frames.ts";
import type { Call } from "./calls.ts";
import type { ShardConnection } from "./connections.ts";
import type { EdgeLink } from "./edge-link.ts";
import type { Asker, PresenceWish, Request, RoomRequest, RoomSequel, UserAsk, UserRequest } from "./request.ts";
import type { KeepAsk } from "./keeping-calls.ts";
import { commandOfRule } from "./rule-requests.ts";
import { generatedClientId } from "./views.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type FrameAsker = Extract<Asker, { readonly kind: "frame" }>;

const ACKNOWLEDGE: RoomSequel = { kind: "acknowledge" };

/** `undefined`: the edge answers this frame itself, it has no business here. */
export function requestOfFrame(
  record: number,
  connection: ShardConnection,
  frameNo: number,
  chosenRoom: RoomId | undefined,
  frame: ClientFrame,
): Request | undefined {
  const asker: FrameAsker = { kind: "frame", connection, ref: frame.ref };
  if (frame.type === "send_message") return sendRequest(record, asker, connection.info.principal, frameNo, frame);
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
  const by = connection.info.principal;
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
        : generatedClientId(connection.info.connectionId, frameNo),
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

function markThread(
  by: Principal,
  { threadId, messageId }: { readonly threadId: MessageId; readonly messageId?: MessageId | undefined },
): MarkThreadRead {
  return { kind: "mark_thread_read", by, threadId, ...(messageId !== undefined && { messageId }) };
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
    clientId: clientId ?? generatedClientId(asker.connection.info.connectionId, frameNo),
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

export function requestOfCall(link: EdgeLink, record: number, callNo: number, by: Principal, call: Call): Request {
  const asker: Asker = { kind: "call", callNo };
  if (call.to === "user") {
    // Whom one may look at is the edge's to say; everything else is asked of oneself.
    const user: UserId = call.kind === "get_presence" || call.kind === "disconnect" ? call.userId : by.userId;
    return userRequest(link, record, asker, by, user, askOfCall(call));
  }
  const ask = (command: RoomCommand, sequel: RoomSequel): RoomRequest =>
    roomRequest(link, record, asker, by, call.room, command, sequel);
  switch (call.kind) {
    case "mutate":
      return ask({ ...call.command, by } as RoomMutation, ACKNOWLEDGE);
    case "typing":
      return ask({ kind: "set_typing", by, isTyping: call.isTyping }, ACKNOWLEDGE);
    case "mark_read":
      return ask(
        {
          kind: "mark_read",
          by,
          ...(call.seq !== undefined && { seq: call.seq }),
          ...(call.messageIds !== undefined && { messageIds: call.messageIds }),
        },
        ACKNOWLEDGE,
      );
    case "mark_unread":
      return ask(markUnread(by, call, call.clientId), ACKNOWLEDGE);
    case "receipts":
      return ask(
        { kind: "check_read", by },
        {
          kind: "receipts",
          seq: call.seq,
          state: call.state,
          limit: call.limit,
          ...(call.after !== undefined && { after: call.after }),
        },
      );
    case "get_room":
      return ask({ kind: "check_read", by }, { kind: "view_room" });
    case "standing":
      return ask(
        { kind: "check_standing", by, collection: call.collection },
        {
          kind: "standing",
          collection: call.collection,
          limit: call.limit,
          ...(call.after !== undefined && { after: call.after }),
        },
      );
    case "view_invite":
      return ask(
        { kind: "check_invite", by, ...(call.code !== undefined && { code: call.code }) },
        { kind: "view_invite" },
      );
    case "history":
      return ask(
        { kind: "check_read", by },
        {
          kind: "history",
          limit: call.limit,
          ...(call.before !== undefined && { before: call.before }),
          ...(call.after !== undefined && { after: call.after }),
        },
      );
    case "events":
      return ask({ kind: "check_read", by }, { kind: "events", after: call.after, limit: call.limit });
    case "moderation": {
      const action = call.ask.list === "rules" ? "moderate_settings" : "moderate";
      return ask({ kind: "check_moderate", by, action }, { kind: "moderation", ask: call.ask });
    }
    case "keep":
      return ask({ kind: "keep", by, act: actOf(call.ask) }, { kind: "keep", ask: call.ask });
    case "notify":
      return ask({ kind: "check_read", by }, { kind: "notify", ask: call.ask });
    case "message":
      return ask(
        { kind: "check_read", by, deleted: call.deleted ?? false },
        { kind: "message", seq: seqOf(call.messageId), deleted: call.deleted ?? false },
      );
    case "messages":
      return ask({ kind: "check_read", by }, { kind: "messages", seqs: call.seqs });
    case "versions":
      return ask(
        { kind: "check_versions", by, messageId: call.messageId, deleted: call.deleted ?? false },
        { kind: "versions", seq: seqOf(call.messageId) },
      );
    case "pins":
      return ask({ kind: "check_read", by }, { kind: "pins" });
    case "thread": {
      const { messageId, before, after, limit } = call;
      return ask({ kind: "check_read", by }, { kind: "thread", root: seqOf(messageId), before, after, limit });
    }
    case "threads":
      return ask({ kind: "check_read", by }, { kind: "threads", before: call.before, limit: call.limit });
    case "mark_thread_read":
      return ask(markThread(by, call), ACKNOWLEDGE);
    case "reactions": {
      const { messageId, emoji, after, limit } = call;
      return ask({ kind: "check_read", by }, { kind: "reactions", seq: seqOf(messageId), emoji, after, limit });
    }
    case "voters": {
      const { messageId, after, limit } = call;
      return ask({ kind: "check_read", by }, { kind: "voters", seq: seqOf(messageId), after, limit });
    }
    case "pseudonym_bans": {
      const { after, limit } = call;
      return ask({ kind: "check_moderate", by, action: "ban" }, { kind: "pseudonym_bans", after, limit });
    }
    case "ask":
      return ask({ kind: "check_ask", by }, { kind: "ask", question: call.question, topic: call.topic });
    case "members": {
      const { after, prefix, limit } = call;
      const from = { ...(after !== undefined && { after }), ...(prefix !== undefined && { prefix }) };
      return ask({ kind: "check_read", by }, { kind: "members", limit, ...from });
    }
    case "check_upload": {
      const { fileName, fileSize, mimeType } = call;
      return ask({ kind: "check_upload", by, fileName, fileSize, mimeType }, { kind: "files", ids: [] });
    }
    case "files":
      return ask({ kind: "check_read", by }, { kind: "files", ids: call.ids });
    case "trace":
      // Whether they are an administrator is judged by who answers; the rooms are all those of their tenant.
      return ask(
        { kind: "check_read", by: { ...by, role: "system" } },
        { kind: "trace", seq: seqOf(call.messageId), userId: call.userId },
      );
    case "present":
      return ask(
        { kind: "check_read", by },
        { kind: call.kind, limit: call.limit, ...(call.after !== undefined && { after: call.after }) },
      );
  }
}

function askOfCall(call: Extract<Call, { readonly to: "user" }>): UserAsk {
  switch (call.kind) {
    case "tenant":
      return { kind: "tenant", ask: call.ask };
    case "disconnect":
      return { kind: "disconnect", reason: call.reason };
    case "keep":
      return { kind: "keep", ask: call.ask };
    case "notify":
      return { kind: "notify", ask: call.ask };
    case "notify_settings":
      return { kind: "notify_settings", ask: call.ask };
    case "list_rooms":
      return { kind: "list_rooms", query: call };
    case "ask_assistant":
      return { kind: "ask_assistant", question: call.question, topic: call.topic };
    case "unread_counts":
      return { kind: "unread_counts" };
    case "get_presence":
      return { kind: "get_presence", ...(call.settled === true && { settled: true }) };
    case "set_presence":
      return { ...presenceWish(call), kind: "set_presence", status: call.status };
    case "update_profile": {
      const { name, avatar, status } = call;
      const change = { ...(name !== undefined && { name }), ...(avatar !== undefined && { avatar }) };
      return {
        kind: "update_profile",
        change,
        presence: { ...(status !== undefined && { status }), ...presenceWish(call) },
      };
    }
    case "shared_rooms":
      return { kind: "shared_rooms", others: call.others };
    case "list_invites":
      return { kind: "list_invites", limit: call.limit, ...(call.after !== undefined && { after: call.after }) };
    case "list_threads":
      return { kind: "list_threads", after: call.after, limit: call.limit };
    case "reserve_upload":
      return { kind: "reserve_upload", bytes: call.bytes, bytesPerDayMax: call.bytesPerDayMax };
    case "block_user":
      return { kind: "block_user", whom: call.whom, blocked: call.blocked };
    case "relay": {
      const { connectionId, post, frames, goes } = call;
      return { kind: "relay", connectionId, post, frames, goes };
    }
    case "list_blocks":
      return { kind: "list_blocks", limit: call.limit, ...(call.after !== undefined && { after: call.after }) };
  }
}

/** The others change nothing of the log, or what they change is asked for by itself. */
function actOf(ask: KeepAsk): KeepAct {
  switch (ask.do) {
    case "trim":
      return { do: "trim", throughSeq: ask.through.seq, throughNo: ask.through.no };
    case "erase_member":
    case "erase_messages":
    case "erase_quotes":
    case "erase_rows":
      return ask;
    default:
      return { do: "look" };
  }
}

function presenceWish({ customStatus, expiresInMs }: Partial<PresenceWish>): Omit<PresenceWish, "status"> {
  return { ...(customStatus !== undefined && { customStatus }), ...(expiresInMs !== undefined && { expiresInMs }) };
}

function markUnread(
  by: Principal,
  { seq, messageId }: Pick<MarkUnread, "seq" | "messageId">,
  key: string | undefined,
): MarkUnread {
  return {
    kind: "mark_unread",
    by,
    ...(seq !== undefined && { seq }),
    ...(messageId !== undefined && { messageId }),
    ...(key !== undefined && { key }),
  };
}

export function roomRequest(
  link: EdgeLink,
  record: number,
  asker: Asker,
  by: Principal,
  room: RoomId,
  command: RoomCommand,
  sequel: RoomSequel,
): RoomRequest {
  return { to: "room", link, record, asker, by, room, command, sequel, attempts: 0, completed: false };
}

function userRequest(
  link: EdgeLink,
  record: number,
  asker: Asker,
  by: Principal,
  user: UserId,
  ask: UserAsk,
): UserRequest {
  return { to: "user", link, record, asker, by, user, ask, attempts: 0, completed: false };
}

/** 0, where no message stands, for ids that are not ours. */
function seqOf(messageId: MessageId): Seq {
  return seqOfMessageId(messageId) ?? 0;
}
