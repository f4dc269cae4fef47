/**
 * Replies: which thread a message belongs to, who follows it, who is told.
 * Invariant: a thread hangs on a message that is no reply itself, so that a reply to a reply belongs to the same thread.
 */
import { messageIdOf, type MessageId, type Seq, seqOfMessageId, type UserId } from "../../../base/ids.ts";
import { THREAD_FOLLOWERS_MAX } from "../../../base/limits.ts";
import type { Principal } from "../../principal.ts";
import type { FollowThread, MarkThreadRead } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { MessageDeleted, ThreadPlace } from "../events.ts";
import { knownMessage } from "../message-rows.ts";
import type { MessageRow, ThreadSummary } from "../state.ts";
import { followKey, type ThreadFollow } from "../thread-items.ts";
import {
  accept,
  acceptEffect,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needItems,
  needMembers,
  needMessage,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";

const NO_USERS: readonly UserId[] = [];
const NO_THREAD: ThreadSummary = { count: 0, lastNo: 0, lastAt: 0, participants: NO_USERS, followers: NO_USERS };
const NOT_A_MESSAGE = reject("invalid_field", "replyTo is not the id of a message.", "replyTo");
const NO_SUCH_THREAD = reject("message_not_found", "There is no such thread.", "threadId");
const NO_TARGET = reject("message_not_found", undefined, "replyTo");

/** The message that a reply's thread hangs on, or why there is none. */
export function threadRootOf(state: LiveRoom, replyTo: MessageId): MessageRow | Decision {
  const target = seqOfMessageId(replyTo);
  if (target === undefined) return NOT_A_MESSAGE;
  const row = knownMessage(state, target);
  if (row === undefined) return needMessage(target);
  if (row === null) return NO_TARGET;
  if (row.thread === undefined) return row;
  const root = knownMessage(state, row.thread.root);
  if (root === undefined) return needMessage(row.thread.root);
  return root ?? NO_TARGET;
}

/**
 * The author of what the thread hangs on follows it from its first reply on, whoever replies or is mentioned from then on. So
 * an author who has left it comes back as the others do.
 */
export function placeInThread(root: MessageRow, author: UserId, mentions: readonly UserId[] = NO_USERS): ThreadPlace {
  const { thread } = root.overlay;
  const { count, lastNo, followers: before } = thread ?? NO_THREAD;
  const followers: UserId[] = [];
  for (const userId of thread === undefined ? [root.author, author, ...mentions] : [author, ...mentions]) {
    if (before.length + followers.length >= THREAD_FOLLOWERS_MAX) break;
    if (!before.includes(userId) && !followers.includes(userId)) followers.push(userId);
  }
  const place = { root: root.seq, no: lastNo + 1, count: count + 1 };
  return followers.length === 0 ? place : { ...place, followers };
}

/** Those who follow a thread and are still members; a missing row is asked for. */
export function followersToTell(
  state: LiveRoom,
  root: MessageRow,
  place: ThreadPlace,
  except: ReadonlySet<UserId>,
): readonly UserId[] | Decision {
  const told: UserId[] = [];
  const unknown: UserId[] = [];
  for (const userId of [...(root.overlay.thread ?? NO_THREAD).followers, ...(place.followers ?? NO_USERS)]) {
    if (except.has(userId)) continue;
    const row = state.members.get(userId);
    if (row === undefined) unknown.push(userId);
    else if (row !== null) told.push(userId);
  }
  return unknown.length > 0 ? needMembers(unknown) : told;
}

/** What the thread is left with when this reply goes; `undefined`: it is no reply. */
export function threadWithout(state: LiveRoom, row: MessageRow): MessageDeleted["thread"] | Decision {
  if (row.thread === undefined) return undefined;
  const root = knownMessage(state, row.thread.root);
  if (root === undefined) return needMessage(row.thread.root);
  // Retention has taken what it hung on.
  if (root === null) return undefined;
  return { root: root.seq, count: Math.max(0, (root.overlay.thread ?? NO_THREAD).count - 1) };
}

export function isDecision(value: object | undefined): value is Decision {
  return value !== undefined && "kind" in value;
}

/** A thread of which the asker may say what it is to them. */
function ownThread(
  state: LiveRoom,
  by: Principal,
  threadId: MessageId,
): { readonly root: Seq; readonly thread: ThreadSummary } | Decision {
  const refusal = refuse(state, by, "mark");
  if (refusal !== undefined) return refusal;
  const root = seqOfMessageId(threadId) ?? 0;
  const row = knownMessage(state, root);
  if (row === undefined) return needMessage(root);
  const thread = row?.overlay.thread;
  return thread === undefined ? NO_SUCH_THREAD : { root, thread };
}

export function decideMarkThread(state: LiveRoom, command: MarkThreadRead): Decision {
  const { by, threadId, messageId } = command;
  const found = ownThread(state, by, threadId);
  if (isDecision(found)) return found;
  const { root, thread } = found;
  let no = thread.lastNo;
  if (messageId !== undefined) {
    const seq: Seq = seqOfMessageId(messageId) ?? 0;
    const reply = knownMessage(state, seq);
    if (reply === undefined) return needMessage(seq);
    if (reply?.thread?.root !== root) {
      return reject("message_not_found", `There is no such reply in ${messageIdOf(root)}.`, "messageId");
    }
    no = reply.thread.no;
  }
  const follows = thread.followers.includes(by.userId);
  return acceptEffect({ kind: "mark_thread_read", userId: by.userId, root, no, lastNo: thread.lastNo, follows });
}

/** Beyond the bound of those who are told, a thread is followed all the same: it is listed, and its replies are counted. */
export function decideFollowThread(
  state: LiveRoom,
  command: FollowThread,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, threadId, follow } = command;
  const found = ownThread(state, by, threadId);
  if (isDecision(found)) return found;
  const { root, thread } = found;
  const key = followKey(by.userId, root);
  const item = state.items.get(key);
  if (item === undefined) return needItems(key);
  const isTold = thread.followers.includes(by.userId);
  const isSo = follow ? item !== null && (isTold || thread.followers.length >= THREAD_FOLLOWERS_MAX) : item === null;
  if (isSo && (follow || !isTold)) return UNCHANGED;
  const no = follow && item !== null ? (item as ThreadFollow).no : thread.lastNo;
  const base = eventBase(state, command, bodyHash, context);
  return accept(
    [{ kind: "thread_follow_changed", seq: state.head + 1, ...base, root, follows: follow, no }],
    follow && item !== null ? [] : [{ kind: "thread_followed", userId: by.userId, root, follows: follow }],
  );
}
