/**
 * Finds what is known of a message, and says how events change it.
 * Invariant: a row found here is the message as of the state's head; `undefined` means "ask the store", never "no".
 */
import type { ItemKey, Seq, UserId } from "../../base/ids.ts";
import { EDIT_HISTORY_MAX, THREAD_FOLLOWERS_MAX, THREAD_PARTICIPANTS_MAX } from "../../base/limits.ts";
import type { AnswerEnded } from "./answer-events.ts";
import type {
  LogEvent,
  MessageDeleted,
  MessageEdited,
  MessageSent,
  PollClosed,
  PollVoted,
  ReactionChanged,
  ThreadFollowChanged,
  ThreadPlace,
} from "./events.ts";
import { fileIdsOf } from "./files.ts";
import { changedReactions } from "./reactions.ts";
import { shownBy } from "./shown-author.ts";
import type { ItemValue, MemberRow, MessageOverlay, MessageRow, RoomState, ThreadSummary } from "./state.ts";

const NO_OVERLAY: MessageOverlay = {};
const NO_USERS: readonly UserId[] = [];

/** `null`: there is no message with this sequence. */
export function knownMessage(state: RoomState, seq: Seq): MessageRow | null | undefined {
  if (seq <= state.trimmedSeq || seq > state.head) return null;
  const cached = state.messages.get(seq);
  if (cached !== undefined) return cached;
  const event = state.recent.get(seq);
  if (event === undefined) return undefined;
  if (event.kind !== "message_sent") return null;
  // Every event since is in `recent` too, and none touched it: there is no overlay.
  return state.recent.isUntouched(seq) ? messageRowOf(event, null) : undefined;
}

/** The row from its two stored parts: the event that stands at its sequence, and the overlay row. */
export function messageRowOf(event: LogEvent | undefined, overlay: MessageOverlay | null): MessageRow | null {
  if (event?.kind !== "message_sent") return null;
  const { seq, by: author, as, messageType, content, poll, thread } = event;
  const files = fileIdsOf(event.attachments);
  return {
    seq,
    author,
    ...(as !== undefined && { as }),
    messageType,
    content,
    ...(poll !== undefined && { poll }),
    ...(files.length > 0 && { files }),
    ...(thread !== undefined && { thread: { root: thread.root, no: thread.no } }),
    overlay: overlay ?? NO_OVERLAY,
  };
}

/** Rows that `decide` asked for, as the store has them. */
export interface LearnedRows {
  readonly members: readonly (readonly [UserId, MemberRow | null])[];
  readonly messages: readonly (readonly [Seq, MessageRow | null])[];
  readonly items?: readonly (readonly [ItemKey, ItemValue | null])[];
}

/** Of too many rows those leave that were used longest ago. */
export function evictRows(state: RoomState, committedSeq: Seq): void {
  state.members.evict(committedSeq);
  state.messages.evict(committedSeq);
  state.items.evict(committedSeq);
}

/** What the state knows already stays: it is at least as new. */
export function learnRows(state: RoomState, rows: LearnedRows): void {
  for (const [userId, row] of rows.members) state.members.learn(userId, row);
  for (const [seq, row] of rows.messages) state.messages.learn(seq, row);
  for (const [key, value] of rows.items ?? []) state.items.learn(key, value);
}

/** The text that people see now. */
export function presentContent(row: MessageRow): string {
  return row.overlay.content ?? row.content;
}

export type MessageChange = MessageEdited | MessageDeleted | ReactionChanged | PollVoted | PollClosed | AnswerEnded;

/** The overlay after the event. */
export function changedOverlay(row: MessageRow, event: MessageChange): MessageOverlay {
  switch (event.kind) {
    case "message_edited": {
      if (event.erased === true) {
        const { history: _, ...rest } = row.overlay;
        return { ...rest, content: event.content };
      }
      const earlier = { content: presentContent(row), until: event.timestamp, by: shownBy(event) };
      const history = [...(row.overlay.history ?? []), earlier].slice(-EDIT_HISTORY_MAX);
      return { ...row.overlay, content: event.content, editedAt: event.timestamp, history };
    }
    case "answer_ended":
      return { ...row.overlay, content: event.content, answer: event.outcome };
    case "message_deleted":
      return deletedOverlay(row.overlay, event);
    case "reaction_changed":
      return { ...row.overlay, reactions: changedReactions(row.overlay, event) };
    case "poll_voted":
      return { ...row.overlay, poll: { votes: event.votes, voters: event.voters } };
    case "poll_closed":
      return {
        ...row.overlay,
        poll: { votes: event.votes, voters: event.voters, closedAt: event.timestamp },
      };
  }
}

/** What was said stays for those who look into it; nobody else is shown it. The replies are other people's words. */
function deletedOverlay(overlay: MessageOverlay, event: MessageDeleted): MessageOverlay {
  const { content, editedAt, history, thread, answer } = overlay;
  if (event.erased === true) {
    const { deletedAt = event.timestamp, deletedBy = shownBy(event) } = overlay;
    return { deletedAt, deletedBy, erased: true, ...(thread !== undefined && { thread }) };
  }
  return {
    deletedAt: event.timestamp,
    deletedBy: shownBy(event),
    ...(content !== undefined && { content }),
    ...(editedAt !== undefined && { editedAt }),
    ...(history !== undefined && { history }),
    ...(thread !== undefined && { thread }),
    ...(answer !== undefined && { answer }),
  };
}

/** The summary of the thread that hangs on `root` after a reply. */
export function grownThread(root: MessageRow, event: MessageSent, place: ThreadPlace): ThreadSummary {
  const by = shownBy(event);
  const before = root.overlay.thread;
  const participants = before?.participants ?? NO_USERS;
  const isNew = participants.length < THREAD_PARTICIPANTS_MAX && !participants.includes(by);
  const followers = before?.followers ?? NO_USERS;
  return {
    count: place.count,
    lastNo: place.no,
    lastAt: event.timestamp,
    participants: isNew ? [...participants, by] : participants,
    followers: place.followers === undefined ? followers : [...followers, ...place.followers],
  };
}

/** Who is told of replies: beyond the bound nobody new. */
export function followedThread(thread: ThreadSummary, { by, follows }: ThreadFollowChanged): ThreadSummary {
  const { followers } = thread;
  if (!follows) return { ...thread, followers: followers.filter((userId) => userId !== by) };
  const isToldOrFull = followers.includes(by) || followers.length >= THREAD_FOLLOWERS_MAX;
  return isToldOrFull ? thread : { ...thread, followers: [...followers, by] };
}
