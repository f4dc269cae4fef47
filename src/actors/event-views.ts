/** A room's events as clients see them: one at a time, and what of a run of them is shown. */
import { type MessageId, messageIdOf, type RoomId, type Seq } from "../base/ids.ts";
import type { LogEvent, MemberBanned, MemberLeft, PollClosed, PollVoted } from "../domain/room/events.ts";
import { shownBy } from "../domain/room/shown-author.ts";
import type { RoomEvent } from "../protocol/frames.ts";
import { answerParts, messageView, type RoomFacts, roomView, userRef } from "./views.ts";

/** `events[at]` changes a thread, and none of those after it changes the same one. */
function isLastOfThread(events: readonly LogEvent[], at: number): boolean {
  const root = threadOf(events[at]);
  if (root === undefined) return false;
  for (let i = at + 1; i < events.length; i += 1) if (threadOf(events[i]) === root) return false;
  return true;
}

function threadOf(event: LogEvent | undefined): Seq | undefined {
  return event?.kind === "message_sent" || event?.kind === "message_deleted" ? event.thread?.root : undefined;
}

/** What follows the last change of each thread that a run of events brought; `event` is that change. */
function threadEvent(event: LogEvent): RoomEvent | undefined {
  if ((event.kind !== "message_sent" && event.kind !== "message_deleted") || event.thread === undefined)
    return undefined;
  const { seq, timestamp } = event;
  const { root, count } = event.thread;
  const thread = { replyCount: count, ...(event.kind === "message_sent" && { lastReplyAt: timestamp }) };
  return { type: "message_updated", seq, timestamp, messageId: messageIdOf(root), change: { kind: "thread", thread } };
}

/** `undefined`: takes a sequence number and is not for clients. `facts` are those after the event's batch. */
export function roomEvent(roomId: RoomId, event: LogEvent, facts: RoomFacts): RoomEvent | undefined {
  const { seq, timestamp } = event;
  switch (event.kind) {
    case "fence":
    case "history_trimmed":
    case "rows_erased":
    case "thread_follow_changed":
    case "room_created":
    case "moderation_changed":
    case "message_held":
    case "held_resolved":
    case "reported":
    case "report_resolved":
    case "member_banned":
    case "ban_lifted":
    case "invite_made":
    case "invite_ended":
    case "join_requested":
    case "join_request_ended":
    case "file_added":
    case "files_removed":
      return undefined;
    case "answer_extended":
      // Who listens got it as it came, and who comes later gets the text so far.
      return undefined;
    case "answer_restarted": {
      const messageId = messageIdOf(event.target);
      return {
        type: "ai_response",
        seq,
        timestamp,
        messageId,
        state: "streaming",
        attempt: event.attempt,
        content: "",
      };
    }
    case "answer_ended": {
      const { target, content, outcome } = event;
      const by = outcome.state === "cancelled" ? { by: shownBy(event) } : {};
      const { state, attempt } = outcome;
      const place = { type: "ai_response", seq, timestamp, messageId: messageIdOf(target) } as const;
      return { ...place, state, attempt, content, ...by, ...answerParts(outcome) };
    }
    case "room_deleted":
      return { type: "room_deleted", seq, timestamp, by: event.by };
    case "member_muted":
      return {
        type: "member_muted",
        seq,
        timestamp,
        user: { userId: event.userId },
        by: event.by,
        ...(event.until !== undefined && { until: event.until }),
      };
    case "mute_lifted":
      return { type: "member_unmuted", seq, timestamp, user: { userId: event.userId }, by: event.by };
    case "message_sent":
      return { type: "new_message", seq, timestamp, message: messageView(roomId, event) };
    case "message_edited":
      return {
        type: "message_updated",
        seq,
        timestamp,
        messageId: messageIdOf(event.target),
        by: shownBy(event),
        change: { kind: "content", content: event.content },
      };
    case "reaction_changed":
      return {
        type: "message_updated",
        seq,
        timestamp,
        messageId: messageIdOf(event.target),
        by: event.by,
        change: { kind: "reaction", emoji: event.emoji, added: event.added, count: event.count },
      };
    case "message_pinned":
    case "message_unpinned":
      return { type: event.kind, seq, timestamp, messageId: messageIdOf(event.target), by: event.by };
    case "poll_voted":
      // Of nobody: in some polls nobody may know, and several votes are shown as one.
      return pollUpdated(event, false);
    case "poll_closed":
      return { ...pollUpdated(event, true), by: shownBy(event) };
    case "pseudonym_changed":
      return {
        type: "pseudonym_updated",
        seq,
        timestamp,
        pseudonym: { userId: event.pseudonym, name: event.name },
        banned: event.banned,
        by: event.by,
        ...(event.reason !== undefined && { reason: event.reason }),
      };
    case "message_deleted":
      return { type: "message_deleted", seq, timestamp, messageId: messageIdOf(event.target), by: shownBy(event) };
    case "member_joined":
      if (event.quiet === true) return undefined;
      return {
        type: "user_joined",
        seq,
        timestamp,
        user: userRef(event.userId, event.name, event.avatar),
        role: event.role,
        by: event.by,
      };
    case "member_left":
      if (event.quiet === true) return undefined;
      return departureView(event);
    case "member_changed":
      return { type: "member_updated", seq, timestamp, user: { userId: event.userId }, role: event.role, by: event.by };
    case "room_updated":
      return {
        type: "room_updated",
        seq,
        timestamp,
        room: roomView(roomId, { ...facts, settings: event.settings }),
        by: event.by,
      };
  }
}

/** What clients are told of a run of events, and up to where that is; `show` may put another view in an event's place. */
export function shownEvents(
  roomId: RoomId,
  events: readonly LogEvent[],
  facts: RoomFacts,
  show?: (event: LogEvent) => RoomEvent | undefined,
): readonly RoomEvent[] {
  const shown: RoomEvent[] = [];
  let polls = 0;
  for (let i = 0; i < events.length; i += 1) {
    const event = events[i] as LogEvent;
    const view = show === undefined ? roomEvent(roomId, event, facts) : show(event);
    if (view !== undefined) shown.push(view);
    const thread = isLastOfThread(events, i) ? threadEvent(event) : undefined;
    if (thread !== undefined) shown.push(thread);
    if (event.kind === "poll_voted") polls += 1;
  }
  return polls === 0 ? shown : withoutEarlierResults(shown);
}

/** What is shown of somebody's leaving to all, or to them alone. */
/** Whoever only listened and is banned is told so in the same way. */
export function departureView(event: MemberLeft | MemberBanned): RoomEvent {
  const { seq, timestamp, userId, by } = event;
  const reason = event.kind === "member_banned" ? "banned" : event.reason;
  return { type: "user_left", seq, timestamp, user: { userId }, by, reason };
}

type MessageUpdated = Extract<RoomEvent, { readonly type: "message_updated" }>;

function pollUpdated({ seq, timestamp, target, votes, voters }: PollVoted | PollClosed, isClosed: boolean) {
  return {
    type: "message_updated",
    seq,
    timestamp,
    messageId: messageIdOf(target),
    change: { kind: "poll", poll: { votes, voters, isClosed } },
  } as const satisfies MessageUpdated;
}

/** Of several results of one poll only the last: what one commit brought is told once. */
function withoutEarlierResults(events: readonly RoomEvent[]): readonly RoomEvent[] {
  const last = new Map<MessageId, Seq>();
  for (const event of events) if (isPollUpdate(event)) last.set(event.messageId, event.seq);
  return last.size === 0
    ? events
    : events.filter((event) => !isPollUpdate(event) || last.get(event.messageId) === event.seq);
}

function isPollUpdate(event: RoomEvent): event is MessageUpdated {
  return event.type === "message_updated" && event.change.kind === "poll";
}
