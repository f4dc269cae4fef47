/** From calls to requests of actors: the one place that knows which actor a call is for and what it asks. */
import { type MessageId, type Seq, seqOfMessageId, type UserId } from "../base/ids.ts";
import type { Principal } from "../domain/principal.ts";
import type { KeepAct, RoomCommand, RoomMutation } from "../domain/room/commands.ts";
import type { Call, RoomCalls } from "./calls.ts";
import type { EdgeLink } from "./edge-link.ts";
import type { KeepAsk } from "./keeping-calls.ts";
import type { Asker, AssistantAsk, PresenceWish, Request, RoomRequest, RoomSequel, UserAsk } from "./request.ts";
import { ACKNOWLEDGE, followThread, markThread, markUnread, roomRequest, userRequest } from "./request-building.ts";

/** `undefined`: a node of a newer version asks what this one does not know. */
export function requestOfCall(
  link: EdgeLink,
  record: number,
  callNo: number,
  by: Principal,
  call: Call,
): Request | undefined {
  const asker: Asker = { kind: "call", callNo };
  if (call.to === "user") {
    // Whom one may look at is the edge's to say; everything else is asked of oneself.
    const user: UserId = call.kind === "get_presence" || call.kind === "disconnect" ? call.userId : by.userId;
    const asked: UserAsk | undefined = askOfCall(call);
    return asked && userRequest(link, record, asker, by, user, asked);
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
      if (call.takeBack !== undefined)
        return ask({ kind: "check_read", by }, { kind: "take_back_ask", askId: call.takeBack });
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
      return ask(call.wish === undefined ? markThread(by, call) : followThread(by, call, call.wish), ACKNOWLEDGE);
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
      return ask({ kind: "check_ask", by }, { kind: "ask", ...questionOf(call) });
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
      return call;
    case "keep":
      return { kind: "keep", ask: call.ask };
    case "notify":
      return { kind: "notify", ask: call.ask };
    case "notify_settings":
      return { kind: "notify_settings", ask: call.ask };
    case "list_rooms":
      return { kind: "list_rooms", query: call };
    case "ask_assistant":
      return { kind: "ask_assistant", ...questionOf(call) };
    case "unread_counts":
      if (call.takeBack !== undefined) return { kind: "take_back_ask", askId: call.takeBack };
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

function questionOf({ question, topic, askId }: RoomCalls["ask"]["request"]): AssistantAsk {
  return { question, topic, askId };
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

/** 0, where no message stands, for ids that are not ours. */
function seqOf(messageId: MessageId): Seq {
  return seqOfMessageId(messageId) ?? 0;
}
