/** Random conversations: commands of a few people, some of them repeats, with messages and members chosen among those there are. */
import fc from "fast-check";
import { type MessageId, messageIdOf, type Seq, type TenantId, type UserId } from "../../../../src/base/ids.ts";
import { ASSISTANT } from "../../../../src/domain/assistant/runs.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { ModerationRule } from "../../../../src/domain/moderation/rules.ts";
import { heldKey, openReportKey, reportIdOf } from "../../../../src/domain/room/moderation-items.ts";
import type { KeepAct, NewPoll, RoomCommand } from "../../../../src/domain/room/commands.ts";
import type { Attachment, Role, RoomType } from "../../../../src/domain/room/vocabulary.ts";
import { type RoomDriver, settingsOf, user } from "./room-driver.ts";

const PEOPLE = ["ann", "bob", "cleo", "dora", "root"] as const;
const ROLES: readonly Role[] = ["owner", "admin", "moderator", "member"];
const CONTENTS = ["hi", "ho @bob and @room", "hey", "hum", "aha", "", "long ".repeat(12), "@ai hi", "Summarize this"];
const RULES: readonly ModerationRule[] = [
  { id: "1", action: "hold", words: ["hey"] },
  { id: "2", action: "reject", words: ["hum"] },
  { id: "3", action: "flag", words: ["ho"] },
  { id: "4", action: "replace", pattern: "a.a" },
];
const CHOICES = [[0], [1], [2, 0], [], [1, 2], [3], [1, 1]];
const EMOJI = ["👍", "🎉", "constructor"];

/** Whoever keeps rooms for the engine itself is nobody in them. */
export const KEEPING: Principal = { tenant: "t" as TenantId, userId: "system" as UserId, role: "system" };
const ASSISTING: Principal = { tenant: "t" as TenantId, userId: ASSISTANT, role: "system" };

const BACK_MAX = 7;
const BACK_TO_MESSAGES_MAX = 5;

/** Like a command, but with places in the log instead of ids, so that it means something at any time. */
export interface Step {
  readonly kind: RoomCommand["kind"] | "commit";
  readonly by: number;
  readonly other: number;
  readonly role: number;
  readonly text: number;
  /** Which message: so many before the last one; the last few values mean an event, be it a message or not. */
  readonly back: number;
  readonly flag: boolean;
  /** Reuse the client id of so many requests ago, with the same person and body or others. */
  readonly repeats: number | undefined;
  readonly clockMs: number;
}

const KINDS: readonly Step["kind"][] = [
  "send_message",
  "send_message",
  "send_message",
  "edit_message",
  "edit_message",
  "delete_message",
  "keep",
  "react",
  "react",
  "pin_message",
  "unpin_message",
  "vote_poll",
  "vote_poll",
  "vote_poll",
  "close_poll",
  "extend_answer",
  "restart_answer",
  "end_answer",
  "stop_answer",
  "ban_pseudonym",
  "ban_pseudonym",
  "join_room",
  "leave_room",
  "add_member",
  "remove_member",
  "set_role",
  "update_room",
  "set_moderation",
  "report",
  "resolve_report",
  "resolve_held",
  "create_room",
  "transfer_room",
  "archive_room",
  "ban_member",
  "unban_member",
  "mute_member",
  "unmute_member",
  "create_invite",
  "revoke_invite",
  "decline_invite",
  "answer_request",
  "add_file",
  "drop_files",
  "check_upload",
  "mark_read",
  "mark_unread",
  "set_typing",
  "check_read",
  "check_versions",
  "mark_thread_read",
  "follow_thread",
  "commit",
];

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    // Half of all is done by the one who made the room, so that much of it is allowed.
    by: fc.oneof(fc.constant(0), fc.nat(PEOPLE.length - 1)),
    other: fc.nat(PEOPLE.length - 1),
    role: fc.nat(ROLES.length - 1),
    text: fc.nat(CONTENTS.length - 1),
    back: fc.nat(BACK_MAX),
    flag: fc.boolean(),
    repeats: fc.option(fc.nat(8), { nil: undefined, freq: 5 }),
    clockMs: fc.integer({ min: -5_000, max: 90_000 }),
  }),
  { maxLength: 120, size: "max" },
);

export const roomTypes: fc.Arbitrary<RoomType> = fc.constantFrom(
  "public",
  "private",
  "direct",
  "group",
  "announcement",
  "support",
  "broadcast",
);

/** The command that a step means in the room as it is now. */
export function commandOf(step: Step, clientId: string, room: RoomDriver, type: RoomType): RoomCommand {
  const { head } = room.state;
  const name = PEOPLE[step.by] ?? "ann";
  const by = user(name, name === "root" ? "admin" : "user");
  const base = { by, clientId };
  const userId = (PEOPLE[step.other] ?? "bob") as UserId;
  const role = ROLES[step.role] ?? "member";
  const content = CONTENTS[step.text] ?? "hi";
  const message = step.back <= BACK_TO_MESSAGES_MAX ? room.messageSeqs.at(-1 - step.back) : undefined;
  const messageId = messageIdOf(message ?? Math.max(1, head - step.back));
  switch (step.kind) {
    case "send_message":
      return {
        kind: "send_message",
        ...base,
        content,
        messageType: "text",
        ...(step.flag && { mentions: [userId], replyTo: messageId }),
        ...(step.role === 1 && { messageType: "poll", poll: pollOf(step, room.now) }),
        ...(step.back > BACK_TO_MESSAGES_MAX - 2 && { anonymous: true }),
        ...(step.role === 2 && { attachments: [attachmentOf(step.text), attachmentOf(step.back % 3)] }),
      };
    case "vote_poll":
    case "close_poll": {
      const poll = { ...base, messageId: pollIn(room, step.back) ?? messageId };
      // Most polls are open for a while.
      if (step.kind === "close_poll" && step.text < 2) return { kind: "close_poll", ...poll };
      return { kind: "vote_poll", ...poll, choices: CHOICES[step.text % CHOICES.length] ?? [] };
    }
    case "stop_answer":
      return { kind: "stop_answer", ...base, messageId: messageIdOf(answerIn(room, step.back)) };
    case "extend_answer":
      return { kind: "extend_answer", by: ASSISTING, target: answerIn(room, step.back) };
    case "restart_answer":
      return { kind: "restart_answer", by: ASSISTING, target: answerIn(room, step.back) };
    case "end_answer": {
      const outcome = { state: step.flag ? "complete" : "failed", sources: [1, 2], provider: "p" } as const;
      return { kind: "end_answer", by: ASSISTING, target: answerIn(room, step.back), outcome };
    }
    case "check_ask":
      return { kind: "check_ask", by };
    case "ban_pseudonym":
      return { kind: "ban_pseudonym", ...base, pseudonym: pseudonymIn(room, step.back), banned: step.flag };
    case "edit_message":
      return { kind: "edit_message", ...base, messageId, content };
    case "delete_message":
      return { kind: "delete_message", ...base, messageId };
    case "react":
      return { kind: "react", ...base, messageId, emoji: EMOJI[step.text % EMOJI.length] ?? "👍", add: step.flag };
    case "pin_message":
    case "unpin_message":
      return { kind: step.kind, ...base, messageId };
    case "join_room":
    case "leave_room":
      return { kind: step.kind, ...base };
    case "add_member":
    case "set_role":
      return { kind: step.kind, ...base, userId, role };
    case "remove_member":
      return { kind: "remove_member", ...base, userId };
    case "update_room":
      return { kind: "update_room", ...base, changes: { allowInvites: step.flag, slowModeSeconds: step.role * 10 } };
    case "create_room":
      return {
        kind: "create_room",
        ...base,
        settings: settingsOf(type, { allowAnonymous: true, enableAI: true }),
        participants: [userId],
      };
    case "set_moderation":
      return { kind: "set_moderation", ...base, rules: RULES.slice(step.role) };
    case "report":
      return { kind: "report", ...base, ...(step.flag ? { messageId } : { userId }), reason: "rude" };
    case "resolve_report": {
      const reportId = step.flag ? reportIdOf(message ?? 1, userId) : reportIdOf(undefined, userId);
      return { kind: "resolve_report", ...base, reportId, action: step.text % 2 === 0 ? "dismiss" : "delete" };
    }
    case "resolve_held":
      return { kind: "resolve_held", ...base, heldId: messageIdOf(Math.max(1, head - step.back)), approve: step.flag };
    case "add_file":
      return { kind: "add_file", ...base, ...fileOf(step.text) };
    case "drop_files": {
      const files = CONTENTS.map((_, i) => fileOf(i).fileId);
      const engine = step.flag ? { by: user("engine", "system"), upTo: Math.max(0, head - step.back) } : {};
      return { kind: "drop_files", ...base, files, before: room.now, ...engine };
    }
    case "check_upload":
      return { kind: "check_upload", by, fileName: "a.png", fileSize: 10, mimeType: "image/png" };
    case "check_moderate":
      return { kind: "check_moderate", by, action: "moderate" };
    case "transfer_room":
    case "unban_member":
    case "unmute_member":
      return { kind: step.kind, ...base, userId };
    case "ban_member":
    case "mute_member":
      return { kind: step.kind, ...base, userId, ...(step.flag && { durationMs: 60_000 * (1 + step.back) }) };
    case "archive_room":
      // An archived room is soon opened again, so that other things happen, too.
      return { kind: "archive_room", ...base, archived: room.state.settings?.isArchived !== true && step.flag };
    case "delete_room":
    case "decline_invite":
      return { kind: step.kind, ...base };
    case "create_invite":
      return { kind: "create_invite", ...base, ...(step.flag ? { userId } : { maxUses: 1 + step.back }) };
    case "revoke_invite":
      return {
        kind: "revoke_invite",
        ...base,
        ...(step.flag ? { userId } : { code: `token${Math.max(0, head - step.back)}` }),
      };
    case "answer_request":
      return { kind: "answer_request", ...base, userId, approve: step.flag };
    case "check_invite":
      return { kind: "check_invite", by, ...(step.flag && { code: `token${Math.max(0, head - step.back)}` }) };
    case "check_standing":
      return { kind: "check_standing", by, collection: "bans" };
    case "mark_read":
      return { kind: "mark_read", by, seq: Math.max(0, head - step.back) };
    case "mark_unread":
      return { kind: "mark_unread", by, messageId };
    case "confirm_delivered":
      return { kind: "confirm_delivered", by, seq: head };
    case "set_typing":
      return { kind: "set_typing", by, isTyping: step.flag };
    case "mark_thread_read":
      return { kind: "mark_thread_read", by, threadId: messageId };
    case "follow_thread":
      return { kind: "follow_thread", ...base, threadId: messageId, follow: step.flag };
    case "check_versions":
      return { kind: "check_versions", by, messageId };
    case "keep":
      return { kind: "keep", by: KEEPING, act: keptBy(step, userId, message ?? 1) };
    case "check_read":
    case "commit":
      return { kind: "check_read", by };
  }
}

function keptBy({ role }: Step, userId: UserId, target: Seq): KeepAct {
  if (role === 1) return { do: "erase_quotes", targets: [target] };
  if (role === 2)
    return { do: "erase_rows", userId, keys: [heldKey(target), openReportKey(reportIdOf(target, userId))] };
  return { do: "erase_messages", userId, targets: [target, Math.max(1, target - 1)] };
}

function pollOf({ flag, text }: Step, now: number): NewPoll {
  const options = [{ text: "a" }, { text: "b" }, { text: "c" }];
  return {
    question: "which?",
    options,
    multiple: flag,
    anonymous: flag,
    ...(text === 0 && { closesAt: now + 20_000 }),
  };
}

/** One of the last polls that are committed. */
function pollIn(room: RoomDriver, back: number): MessageId | undefined {
  const polls = room.messageSeqs.filter((seq) => {
    const event = room.log[seq - 1];
    return event?.kind === "message_sent" && event.poll !== undefined;
  });
  const seq = polls.at(-1 - (back % 3)) ?? polls.at(-1);
  return seq === undefined ? undefined : messageIdOf(seq);
}

/** One of the answers that grow, or of those that did. */
function answerIn(room: RoomDriver, back: number): number {
  const growing = [...room.state.runs.keys()];
  return growing.at(back % Math.max(1, growing.length)) ?? Math.max(1, room.state.head - back);
}

/** That of one of the last anonymous messages that are committed. */
function pseudonymIn(room: RoomDriver, back: number): UserId {
  const given = room.messageSeqs.flatMap((seq) => {
    const event = room.log[seq - 1];
    return event?.kind === "message_sent" && event.as !== undefined ? [event.as] : [];
  });
  return given.at(-1 - back) ?? given.at(-1) ?? ("anon_nobody" as UserId);
}

function fileOf(no: number) {
  const fileId = `file_${"0".repeat(25)}${no}`;
  return { fileId, fileName: `${no}.png`, fileSize: 10 + no, mimeType: "image/png", url: `/files/${no}` };
}

/** What a client says of it may be wrong. */
function attachmentOf(no: number): Attachment {
  const { fileId: id, ...file } = fileOf(no);
  return { id, type: "image", ...file, fileSize: 1 };
}
