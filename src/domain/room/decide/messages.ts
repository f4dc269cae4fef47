/** Sending messages, editing and deleting them. `decideSend` is the engine's hot path: no closures, no copies, one event. */
import type { DeleteMessage, EditMessage, SendMessage } from "../commands.ts";
import type { Decision, RoomEffect } from "../decision.ts";
import type { MessageSent } from "../events.ts";
import { knownMessage, presentContent } from "../message-rows.ts";
import { isAllowed } from "../permissions.ts";
import type { MessageRow } from "../state.ts";
import type { MessageType } from "../vocabulary.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needMessage,
  refuse,
  reject,
  timestampOf,
  UNCHANGED,
} from "./answer.ts";
import { refuseAttachments } from "./attachments.ts";
import { attachedTo, filesWithout } from "./files.ts";
import { mayMention, mentionsOf } from "./mentions.ts";
import { addPoll } from "./polls.ts";
import { replaceAuthor } from "./pseudonyms.ts";
import { ALREADY_DELETED, isBlank, MESSAGE_NOT_FOUND, targetOf } from "./targets.ts";
import { followersToTell, isDecision, placeInThread, threadRootOf, threadWithout } from "./threads.ts";

const UNEDITABLE: ReadonlySet<MessageType> = new Set<MessageType>(["poll", "system", "ai_response"]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function decideSend(state: LiveRoom, command: SendMessage, bodyHash: number, context: DecideContext): Decision {
  const { by, content, messageType, replyTo, attachments } = command;
  const refusal = refuse(state, by, "write");
  if (refusal !== undefined) return refusal;
  const hasAttachments = attachments !== undefined && attachments.length > 0;
  const mayBeBlank = hasAttachments || command.poll !== undefined;
  const refusedContent = refuseContent(content, mayBeBlank, context.messageLengthMax);
  if (refusedContent !== undefined) return refusedContent;
  if ((messageType === "system" || messageType === "ai_response") && by.role !== "system") {
    return reject("invalid_field", `Only the server writes messages of type ${messageType}.`, "messageType");
  }
  const event: Mutable<MessageSent> = {
    kind: "message_sent",
    seq: state.head + 1,
    timestamp: timestampOf(state, context),
    by: by.userId,
    clientId: command.clientId,
    bodyHash,
    messageNo: state.messageCount + 1,
    messageType,
    content,
  };
  if (by.name !== undefined) event.authorName = by.name;
  if (by.avatar !== undefined) event.authorAvatar = by.avatar;
  if (hasAttachments || messageType !== "text") {
    const attached = attachedTo(state, command);
    if (isDecision(attached)) return attached;
    const refusedFiles = refuseAttachments(state, command, attached);
    if (refusedFiles !== undefined) return refusedFiles;
    if (hasAttachments) event.attachments = attached;
  }
  if (messageType === "poll" || command.poll !== undefined) {
    const refusedPoll = addPoll(state, command, event);
    if (refusedPoll !== undefined) return refusedPoll;
  }
  if (command.anonymous === true) {
    const refusedName = replaceAuthor(state, by, event, context);
    if (refusedName !== undefined) return refusedName;
  }
  if (replyTo === undefined && !mayMention(command)) return accept([event]);
  return decideMeant(state, command, event);
}

/** Whom the message is for beside all who read the room: those it names, and those of the thread that it belongs to. */
function decideMeant(state: LiveRoom, command: SendMessage, event: Mutable<MessageSent>): Decision {
  const { by, replyTo } = command;
  const mentions = mentionsOf(state, command);
  if (isDecision(mentions)) return mentions;
  const { users, room } = mentions;
  if (users.length > 0) event.mentions = users;
  if (room) event.mentionsRoom = true;
  const told = new Set(users).add(by.userId);
  const as = event.as === undefined ? {} : { as: event.as };
  const effects: RoomEffect[] = [];
  if (room) effects.push({ kind: "notify_all", reason: "mention", author: by.userId, ...as });
  else if (told.size > 1) {
    const userIds = users.filter((userId) => userId !== by.userId);
    effects.push({ kind: "notify", userIds, reason: "mention", ...as });
  }
  if (replyTo !== undefined) {
    const root = threadRootOf(state, replyTo);
    if (isDecision(root)) return root;
    event.replyTo = replyTo;
    event.thread = placeInThread(root, by.userId, users);
    const followers = room ? [] : followersToTell(state, root, event.thread, told);
    if (isDecision(followers)) return followers;
    if (followers.length > 0) effects.push({ kind: "notify", userIds: followers, reason: "reply", ...as });
  }
  return accept([event], effects);
}

export function decideEdit(state: LiveRoom, command: EditMessage, bodyHash: number, context: DecideContext): Decision {
  const { by, content } = command;
  const refusal = refuse(state, by, "read");
  if (refusal !== undefined) return refusal;
  const refusedContent = refuseContent(content, false, context.messageLengthMax);
  if (refusedContent !== undefined) return refusedContent;
  const target = targetOf(command.messageId);
  const row = knownMessage(state, target);
  if (row === undefined) return needMessage(target);
  if (row === null) return MESSAGE_NOT_FOUND;
  const isOwn = row.author === by.userId;
  const forbidden = refuse(state, by, isOwn ? "edit_own" : "edit_any");
  if (forbidden !== undefined) return forbidden;
  if (row.overlay.deletedAt !== undefined) return ALREADY_DELETED;
  if (UNEDITABLE.has(row.messageType) && by.role !== "system") {
    return reject("forbidden", `A message of type ${row.messageType} cannot be edited.`);
  }
  if (presentContent(row) === content) return UNCHANGED;
  const base = eventBase(state, command, bodyHash, context);
  const as = row.as === undefined ? {} : { as: row.as };
  return accept([{ kind: "message_edited", seq: state.head + 1, ...base, target, content, ...as }]);
}

export function decideDelete(
  state: LiveRoom,
  command: DeleteMessage,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by } = command;
  const refusal = refuse(state, by, "read");
  if (refusal !== undefined) return refusal;
  const target = targetOf(command.messageId);
  const row = knownMessage(state, target);
  if (row === undefined) return needMessage(target);
  if (row === null) return MESSAGE_NOT_FOUND;
  const forbidden = refuseDelete(state, command, row);
  if (forbidden !== undefined) return forbidden;
  if (row.overlay.deletedAt !== undefined) return ALREADY_DELETED;
  const thread = threadWithout(state, row);
  if (isDecision(thread)) return thread;
  const base = eventBase(state, command, bodyHash, context);
  // Who deletes their own as a moderator would tell by it whose it was.
  const as = row.as === undefined || row.author !== by.userId ? {} : { as: row.as };
  const place = thread === undefined ? {} : { thread };
  const deleted = { kind: "message_deleted", seq: state.head + 1, ...base, target, ...as, ...place } as const;
  if (row.files === undefined) return accept([deleted]);
  const without = filesWithout(state, row);
  if (isDecision(without)) return without;
  return accept([{ ...deleted, files: without.files }], without.effects);
}

/** One's own as an author or as a moderator: who may delete any message may delete one's own too. */
function refuseDelete(state: LiveRoom, { by }: DeleteMessage, row: MessageRow): Decision | undefined {
  if (row.author !== by.userId) return refuse(state, by, "delete_any");
  const role = state.members.get(by.userId)?.role;
  return isAllowed(state.settings.type, "delete_any", by, role) ? undefined : refuse(state, by, "delete_own");
}

function refuseContent(content: string, mayBeBlank: boolean, lengthMax: number): Decision | undefined {
  // A code point is one or two units: only what lies between needs counting.
  if (content.length > lengthMax && (content.length > 2 * lengthMax || codePoints(content) > lengthMax)) {
    return reject("content_too_long", `A message has at most ${lengthMax} characters.`, "content");
  }
  if (!content.isWellFormed()) return reject("invalid_field", "content is not valid Unicode.", "content");
  if (!mayBeBlank && isBlank(content)) return reject("invalid_field", "content must not be blank.", "content");
  return undefined;
}

function codePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i += 1) {
    // The second half of a pair counts with the first.
    if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count += 1;
  }
  return count;
}
