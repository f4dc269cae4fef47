/** What follows from a final log alone: its events in order, how each looks to a client, who was a member when. */
import { messageIdOf, type Seq, type UserId } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import { shownBy } from "../../src/domain/room/shown-author.ts";
import type { RoomEvent } from "../../src/protocol/frames.ts";
import type { FinalLog } from "./history.ts";

export function eventsOf(log: FinalLog): LogEvent[] {
  return log.segments.flatMap((segment) => segment.events);
}

export function headOf(log: FinalLog): Seq {
  return log.segments.at(-1)?.lastSeq ?? 0;
}

/** One line per event that clients get to see; `undefined` for the others. */
export function logLine(event: LogEvent): string | undefined {
  const place = `${event.seq}@${event.timestamp}`;
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
      return undefined;
    case "answer_restarted":
      return `${place} ${messageIdOf(event.target)} answer streaming ${event.attempt}: `;
    case "answer_ended":
      return `${place} ${messageIdOf(event.target)} answer ${event.outcome.state} ${event.outcome.attempt}: ${event.content}`;
    case "room_deleted":
      return `${place} room deleted by ${event.by}`;
    case "member_muted":
      return `${place} ${event.userId} muted by ${event.by} until ${event.until}`;
    case "mute_lifted":
      return `${place} ${event.userId} unmuted by ${event.by}`;
    case "message_sent":
      return `${place} message ${event.messageNo} of ${shownBy(event)}: ${event.content}`;
    case "message_edited":
      return `${place} ${messageIdOf(event.target)} edited by ${shownBy(event)}: ${event.content}`;
    case "message_deleted":
      return `${place} ${messageIdOf(event.target)} deleted by ${shownBy(event)}`;
    case "message_pinned":
    case "message_unpinned":
      return `${place} ${messageIdOf(event.target)} ${event.kind} by ${event.by}`;
    case "reaction_changed":
      return `${place} ${messageIdOf(event.target)} ${event.emoji} ${event.added} by ${event.by}: ${event.count}`;
    case "poll_voted":
    case "poll_closed": {
      const isClosed = event.kind === "poll_closed";
      return `${place} ${messageIdOf(event.target)} ${pollLine(event.votes, event.voters, isClosed)}`;
    }
    case "pseudonym_changed":
      return `${place} ${event.pseudonym} ${event.banned ? "banned" : "free"} by ${event.by}`;
    case "member_joined":
      if (event.quiet === true) return undefined;
      return `${place} ${event.userId} joined as ${event.role} by ${event.by}`;
    case "member_left":
      if (event.quiet === true) return undefined;
      return `${place} ${event.userId} ${event.reason} by ${event.by}`;
    case "member_changed":
      return `${place} ${event.userId} is ${event.role} by ${event.by}`;
    case "room_updated":
      return `${place} settings by ${event.by}`;
  }
}

/** The same line from what a client was sent. */
export function seenLine(event: RoomEvent): string {
  const place = `${event.seq}@${event.timestamp}`;
  switch (event.type) {
    case "new_message":
      return `${place} message ${event.message.messageNo} of ${event.message.authorId}: ${event.message.content}`;
    case "message_updated":
      return `${place} ${event.messageId} ${changeLine(event)}`;
    case "message_deleted":
      return `${place} ${event.messageId} deleted by ${event.by}`;
    case "message_pinned":
    case "message_unpinned":
      return `${place} ${event.messageId} ${event.type} by ${event.by}`;
    case "user_joined":
      return `${place} ${event.user.userId} joined as ${event.role} by ${event.by}`;
    case "user_left":
      return `${place} ${event.user.userId} ${event.reason} by ${event.by}`;
    case "member_updated":
      return `${place} ${event.user.userId} is ${event.role} by ${event.by}`;
    case "room_updated":
      return `${place} settings by ${event.by}`;
    case "pseudonym_updated":
      return `${place} ${event.pseudonym.userId} ${event.banned ? "banned" : "free"} by ${event.by}`;
    case "ai_response":
      return `${place} ${event.messageId} answer ${event.state} ${event.attempt}: ${event.content}`;
    case "room_deleted":
      return `${place} room deleted by ${event.by}`;
    case "member_muted":
      return `${place} ${event.user.userId} muted by ${event.by} until ${event.until}`;
    case "member_unmuted":
      return `${place} ${event.user.userId} unmuted by ${event.by}`;
  }
}

/** Shown to nobody but who left, or only listened and was banned. */
export function isOwnQuietDeparture(event: RoomEvent, user: UserId, events: readonly LogEvent[]): boolean {
  if (event.type !== "user_left" || event.user.userId !== user) return false;
  const logged = events[event.seq - 1];
  if (logged?.kind === "member_banned") return logged.stranger === true && logged.userId === user;
  return logged?.kind === "member_left" && logged.quiet === true && logged.userId === user;
}

/** It repeats what the reply before it says, for clients that show the thread's root: no event of its own. */
export function isThreadSummary(event: RoomEvent): boolean {
  return event.type === "message_updated" && event.change.kind === "thread";
}

function changeLine({ change, by }: Extract<RoomEvent, { type: "message_updated" }>): string {
  switch (change.kind) {
    case "content":
      return `edited by ${by}: ${change.content}`;
    case "reaction":
      return `${change.emoji} ${change.added} by ${by}: ${change.count}`;
    case "poll":
      return pollLine(change.poll.votes, change.poll.voters, change.poll.isClosed);
    case "thread":
      return `${change.thread.replyCount} replies`;
  }
}

function pollLine(votes: readonly number[], voters: number, isClosed: boolean): string {
  return `votes ${votes.join(" ")} of ${voters}${isClosed ? ", closed" : ""}`;
}

/** A vote, and there are others after it in the same poll. */
export function isEarlierResult(event: LogEvent, events: readonly LogEvent[]): boolean {
  if (event.kind !== "poll_voted") return false;
  return events.slice(event.seq).some((later) => isResultOf(later, event.target));
}

function isResultOf(event: LogEvent, target: Seq): boolean {
  return (event.kind === "poll_voted" || event.kind === "poll_closed") && event.target === target;
}

/** Up to where the log says that it is gone: the event's sequence and number. */
export function trimmedIn(events: readonly LogEvent[]): { readonly seq: Seq; readonly no: number } {
  const last = events.findLast((event) => event.kind === "history_trimmed");
  return { seq: last?.through ?? 0, no: last?.throughNo ?? 0 };
}

export interface Membership {
  readonly from: Seq;
  /** The event that ended it; infinite while it lasts. */
  readonly to: Seq;
  /** Messages in the room when it began. */
  readonly joinedNo: number;
}

export function membershipsOf(events: readonly LogEvent[]): Map<UserId, Membership[]> {
  const all = new Map<UserId, Membership[]>();
  let messages = 0;
  for (const event of events) {
    if (event.kind === "message_sent") messages += 1;
    if (event.kind === "member_joined") {
      const spans = all.get(event.userId) ?? [];
      spans.push({ from: event.seq, to: Number.POSITIVE_INFINITY, joinedNo: messages });
      all.set(event.userId, spans);
    }
    if (event.kind === "member_left") {
      const spans = all.get(event.userId) ?? [];
      const last = spans.pop();
      if (last !== undefined) spans.push({ ...last, to: event.seq });
    }
  }
  return all;
}

export function presentMembership(spans: readonly Membership[] | undefined): Membership | undefined {
  const last = spans?.at(-1);
  return last?.to === Number.POSITIVE_INFINITY ? last : undefined;
}
