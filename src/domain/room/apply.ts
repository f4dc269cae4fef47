/**
 * How events change a room's state: the only code that does. The same on the first run and on every replay.
 * Invariant: depends on the state and the event alone. An event that cannot follow throws and leaves the state untouched.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import { MENTIONS_KEPT_MAX } from "../../base/limits.ts";
import { unreachable } from "../../base/result.ts";
import { answerChanged, runBegan, runDeleted } from "./apply-answers.ts";
import { standingChanged, standingOfJoined } from "./apply-standing.ts";
import type {
  HistoryTrimmed,
  LogEvent,
  MemberChanged,
  MemberJoined,
  MemberLeft,
  MessageDeleted,
  MessageSent,
  PollVoted,
  PseudonymChanged,
  ReactionChanged,
  ThreadFollowChanged,
  ThreadPlace,
} from "./events.ts";
import { filesChanged } from "./files.ts";
import { changedOverlay, followedThread, grownThread, knownMessage, type MessageChange } from "./message-rows.ts";
import { applyModeration, isSlow, noteSpoken, staffChanged } from "./moderation-state.ts";
import { pollLength, type VoteRow, voteKey } from "./polls.ts";
import { givePseudonym, type PseudonymBan, pseudonymBanKey } from "./pseudonyms.ts";
import { type ReactionRow, reactionKey } from "./reactions.ts";
import type { MemberRow, RoomState } from "./state.ts";
import { followKey } from "./thread-items.ts";

/** Estimates of what an event holds in memory, bytes. */
const EVENT_BYTES = 240;
const ATTACHMENT_BYTES = 400;
const MENTION_BYTES = 40;

export function apply(state: RoomState, event: LogEvent): void {
  if (event.seq !== state.head + 1) throw new Error(`event ${event.seq} does not follow head ${state.head}`);
  switch (event.kind) {
    case "message_sent":
      state.messageCount += 1;
      if (event.mentions !== undefined) membersMentioned(state, event, event.mentions);
      if (event.mentionsRoom === true) state.mentionedAll = withNewest(state.mentionedAll, state.messageCount);
      if (event.thread !== undefined) threadGrew(state, event, event.thread);
      if (isSlow(state)) noteSpoken(state, event);
      if (event.isFirstAs === true) givePseudonym(state, event);
      if (event.attachments !== undefined) filesChanged(state, event);
      if (event.run !== undefined) runBegan(state, event, event.run);
      break;
    case "fence":
      if (event.epoch <= state.epoch) throw new Error(`epoch ${event.epoch} does not follow ${state.epoch}`);
      state.epoch = event.epoch;
      state.owner = event.owner;
      break;
    case "room_created":
      state.settings = event.settings;
      state.createdBy = event.by;
      state.createdAt = event.timestamp;
      break;
    case "room_updated":
      state.settings = event.settings;
      break;
    case "member_joined":
      memberJoined(state, event);
      break;
    case "member_left":
      memberLeft(state, event);
      break;
    case "member_changed":
      memberChanged(state, event);
      break;
    case "room_deleted":
      state.deletedAt = event.timestamp;
      state.runs.clear();
      break;
    case "member_banned":
    case "ban_lifted":
    case "member_muted":
    case "mute_lifted":
    case "invite_made":
    case "invite_ended":
    case "join_requested":
    case "join_request_ended":
      standingChanged(state, event);
      break;
    case "message_deleted":
      runDeleted(state, event);
      if (event.files !== undefined) filesChanged(state, event);
      messageChanged(state, event);
      break;
    case "message_edited":
      messageChanged(state, event);
      break;
    case "thread_follow_changed":
      followChanged(state, event);
      break;
    case "file_added":
    case "files_removed":
      filesChanged(state, event);
      break;
    case "reaction_changed":
      state.items.set(reactionKey(event.target, event.emoji, event.by), reactionRow(event), event.seq);
      messageChanged(state, event);
      break;
    case "message_pinned":
      state.pins.set(event.target, { seq: event.seq, by: event.by, at: event.timestamp });
      break;
    case "message_unpinned":
      state.pins.delete(event.target);
      break;
    case "moderation_changed":
    case "message_held":
    case "held_resolved":
    case "reported":
    case "report_resolved":
      applyModeration(state, event);
      break;
    case "answer_extended":
    case "answer_restarted":
      answerChanged(state, event);
      break;
    case "answer_ended":
      answerChanged(state, event);
      messageChanged(state, event);
      break;
    case "poll_voted":
      state.items.set(voteKey(event.target, event.by), voteRow(event), event.seq);
      messageChanged(state, event);
      break;
    case "poll_closed":
      messageChanged(state, event);
      break;
    case "pseudonym_changed":
      state.items.set(pseudonymBanKey(event.pseudonym), pseudonymBan(event), event.seq);
      break;
    case "history_trimmed":
      historyTrimmed(state, event);
      break;
    case "rows_erased":
      for (const [key, value] of event.items) state.items.set(key, value, event.seq);
      break;
    default:
      unreachable(event);
  }
  state.head = event.seq;
  if (event.timestamp > state.lastTimestamp) state.lastTimestamp = event.timestamp;
  if (event.kind !== "fence" && event.clientId !== undefined) {
    state.window.add(event.by, event.clientId, event.seq, event.timestamp, event.bodyHash ?? 0);
    state.window.expire(state.lastTimestamp);
  }
  state.recent.push(event, bytesOf(event));
}

function historyTrimmed(state: RoomState, { through, throughNo }: HistoryTrimmed): void {
  state.trimmedSeq = through;
  state.trimmedNo = throughNo;
  state.mentionedAll = state.mentionedAll.filter((no) => no > throughNo);
  for (const seq of [...state.pins.keys()]) if (seq <= through) state.pins.delete(seq);
}

function memberJoined(state: RoomState, event: MemberJoined): void {
  const row: MemberRow = {
    userId: event.userId,
    role: event.role,
    joinedSeq: event.seq,
    joinedAt: event.timestamp,
    joinedNo: state.messageCount,
    ...(event.name !== undefined && { name: event.name }),
    ...(event.avatar !== undefined && { avatar: event.avatar }),
    ...(event.mutedUntil !== undefined && { mutedUntil: event.mutedUntil }),
  };
  state.members.set(event.userId, row, event.seq);
  state.memberCount += 1;
  if (event.role === "owner") state.ownerCount += 1;
  if (event.role !== "member") staffChanged(state, event.userId, event.role);
  standingOfJoined(state, event);
}

function memberLeft(state: RoomState, event: MemberLeft): void {
  state.members.set(event.userId, null, event.seq);
  state.memberCount -= 1;
  if (event.role === "owner") state.ownerCount -= 1;
  if (event.role !== "member") staffChanged(state, event.userId, "member");
}

function memberChanged(state: RoomState, event: MemberChanged): void {
  const row = state.members.get(event.userId);
  // On replay the row may be unknown: the store has it with this change, since rows are written with their events.
  if (row != null) state.members.set(event.userId, { ...row, role: event.role }, event.seq);
  if (event.previousRole === "owner") state.ownerCount -= 1;
  if (event.role === "owner") state.ownerCount += 1;
  staffChanged(state, event.userId, event.role);
}

function withNewest(numbers: readonly number[], messageNo: number): readonly number[] {
  return [...numbers, messageNo].slice(-MENTIONS_KEPT_MAX);
}

function membersMentioned(state: RoomState, event: MessageSent, mentions: readonly UserId[]): void {
  for (const userId of new Set(mentions)) {
    const row = state.members.get(userId);
    // No member, or the author; or on replay unknown: the store has it.
    if (row == null || userId === event.by) continue;
    const mentioned = withNewest(row.mentioned ?? [], state.messageCount);
    state.members.set(userId, { ...row, mentioned }, event.seq);
  }
}

function messageChanged(state: RoomState, event: MessageChange): void {
  const row = knownMessage(state, event.target);
  // On replay the row may be unknown, as with members.
  if (row != null) state.messages.set(event.target, { ...row, overlay: changedOverlay(row, event) }, event.seq);
  state.recent.touch(event.target);
  if (event.kind !== "message_deleted") return;
  state.pins.delete(event.target);
  if (event.thread !== undefined) threadShrank(state, event, event.thread);
}

function threadGrew(state: RoomState, event: MessageSent, place: ThreadPlace): void {
  const row = knownMessage(state, place.root);
  if (row != null) {
    state.messages.set(
      place.root,
      { ...row, overlay: { ...row.overlay, thread: grownThread(row, event, place) } },
      event.seq,
    );
  }
  state.recent.touch(place.root);
}

function threadShrank(state: RoomState, event: MessageDeleted, { root, count }: { root: Seq; count: number }): void {
  const row = knownMessage(state, root);
  const thread = row?.overlay.thread;
  if (row != null && thread !== undefined) {
    state.messages.set(root, { ...row, overlay: { ...row.overlay, thread: { ...thread, count } } }, event.seq);
  }
  state.recent.touch(root);
}

function followChanged(state: RoomState, event: ThreadFollowChanged): void {
  const { root, by, follows, no, seq } = event;
  state.items.set(followKey(by, root), follows ? { no } : null, seq);
  const row = knownMessage(state, root);
  const thread = row?.overlay.thread;
  if (row != null && thread !== undefined) {
    const changed = { ...row.overlay, thread: followedThread(thread, event) };
    state.messages.set(root, { ...row, overlay: changed }, seq);
  }
  state.recent.touch(root);
}

function voteRow({ choices, timestamp }: PollVoted): VoteRow | null {
  return choices.length === 0 ? null : { choices, at: timestamp };
}

function pseudonymBan({ banned, name, by, timestamp, reason }: PseudonymChanged): PseudonymBan | null {
  return banned ? { name, by, at: timestamp, ...(reason !== undefined && { reason }) } : null;
}

function reactionRow({ added, timestamp }: ReactionChanged): ReactionRow | null {
  return added ? { at: timestamp } : null;
}

function bytesOf(event: LogEvent): number {
  switch (event.kind) {
    case "message_sent":
      return (
        EVENT_BYTES +
        event.content.length +
        (event.attachments?.length ?? 0) * ATTACHMENT_BYTES +
        (event.mentions?.length ?? 0) * MENTION_BYTES +
        (event.poll === undefined ? 0 : pollLength(event.poll))
      );
    case "message_edited":
    case "answer_ended":
      return EVENT_BYTES + event.content.length;
    case "answer_extended":
      return EVENT_BYTES + event.text.length;
    default:
      return EVENT_BYTES;
  }
}
