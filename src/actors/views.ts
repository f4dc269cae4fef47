/** From log events and rows to what people see. Pure; the one place that decides which parts of an event leave the engine. */
import { type ItemKey, type MessageId, messageIdOf, type RoomId, type Seq, type UserId } from "../base/ids.ts";
import type {
  LogEvent,
  MemberBanned,
  MemberLeft,
  MessageSent,
  PollClosed,
  PollVoted,
  RoomSettings,
} from "../domain/room/events.ts";
import type { RunOutcome, RunStart } from "../domain/assistant/runs.ts";
import { isPollClosed, pollTally, type VoteRow, voteKey } from "../domain/room/polls.ts";
import { emojiOf, isAmong, reactionKey, tallyOf } from "../domain/room/reactions.ts";
import type { DeletedMessageView } from "./calls.ts";
import { shownBy } from "../domain/room/shown-author.ts";
import type { ItemValue, MessageOverlay, ThreadSummary } from "../domain/room/state.ts";
import type { Poll } from "../domain/room/vocabulary.ts";
import type {
  AnswerView,
  MessageView,
  PollView,
  ReactionView,
  RoomEvent,
  RoomView,
  ThreadView,
  UserRef,
} from "../protocol/frames.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a room's view needs beside its settings. */
export interface RoomFacts {
  readonly settings: RoomSettings;
  readonly createdBy: UserId;
  readonly createdAt: number;
  readonly memberCount: number;
  readonly lastActivity: number;
}

export function roomView(roomId: RoomId, facts: RoomFacts): RoomView {
  const { isArchived, ...settings } = facts.settings;
  return {
    roomId,
    ...settings,
    createdBy: facts.createdBy,
    createdAt: facts.createdAt,
    memberCount: facts.memberCount,
    lastActivity: facts.lastActivity,
    ...(isArchived === true && { isArchived }),
  };
}

/** The message as sent. On the hot path: built without copying objects. */
export function messageView(roomId: RoomId, event: MessageSent): MessageView {
  const { clientId, authorName, authorAvatar, replyTo, mentions, attachments } = event;
  const view: Mutable<MessageView> = {
    messageId: messageIdOf(event.seq),
    roomId,
    seq: event.seq,
    messageNo: event.messageNo,
    authorId: shownBy(event),
    content: event.content,
    messageType: event.messageType,
    timestamp: event.timestamp,
  };
  if (authorName !== undefined) view.authorName = authorName;
  if (authorAvatar !== undefined) view.authorAvatar = authorAvatar;
  if (clientId !== undefined && !isGenerated(clientId)) view.clientId = clientId;
  if (replyTo !== undefined) view.replyTo = replyTo;
  if (mentions !== undefined) view.mentions = mentions;
  if (attachments !== undefined) view.attachments = attachments;
  if (event.as !== undefined) view.isAnonymous = true;
  if (event.poll !== undefined) view.poll = pollView(event.seq, event.poll, null, undefined);
  if (event.mentionsRoom !== undefined) view.mentionsRoom = event.mentionsRoom;
  if (event.thread !== undefined) view.threadId = messageIdOf(event.thread.root);
  if (event.run !== undefined) {
    view.replyTo = messageIdOf(event.run.question);
    view.answer = answerView(event.run, undefined);
  }
  return view;
}

/** An idempotency key for a request that came without one: the edge may have to repeat it to a restarted shard. */
export function generatedClientId(connectionId: string, frameNo: number): string {
  return `~${connectionId}:${frameNo}`;
}

function isGenerated(clientId: string): boolean {
  return clientId.charCodeAt(0) === 126;
}

/** For whom a message is shown as it is now, and when. */
export interface Reading {
  readonly userId: UserId;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Names per emoji. */
  readonly namesMax: number;
  /** Rows of the reader's own, as far as they were read: reactions and votes. */
  readonly own: ReadonlyMap<ItemKey, ItemValue | null>;
  /** An answer that has not ended, as far as it was shown. */
  readonly growing?: (seq: Seq) => Growing | undefined;
}
export interface Growing {
  readonly attempt: number;
  readonly text: string;
}

/** The message as it is now. A deleted one keeps its place and loses its text. Without a reading, nothing is the reader's own. */
export function presentView(
  roomId: RoomId,
  event: MessageSent,
  overlay: MessageOverlay | null,
  reading?: Reading,
): MessageView {
  const sent: Mutable<MessageView> = messageView(roomId, event);
  if (event.run !== undefined) growAnswer(sent, event.seq, event.run, overlay, reading);
  const thread = overlay?.thread === undefined ? {} : { thread: threadView(overlay.thread) };
  if (overlay?.deletedAt !== undefined) {
    const { attachments: _attachments, mentions: _mentions, mentionsRoom: _mentionsRoom, poll: _poll, ...kept } = sent;
    return { ...kept, content: "", deletedAt: overlay.deletedAt, ...thread };
  }
  const poll = event.poll === undefined ? undefined : pollView(event.seq, event.poll, overlay, reading);
  if (overlay === null) return poll === undefined ? sent : { ...sent, poll };
  const reactions = reactionViews(event.seq, overlay, reading);
  return {
    ...sent,
    ...(overlay.content !== undefined && { content: overlay.content }),
    ...(overlay.editedAt !== undefined && { editedAt: overlay.editedAt }),
    ...(reactions !== undefined && { reactions }),
    ...(poll !== undefined && { poll }),
    ...thread,
  };
}

/** What a deleted message said last, for those who look into it. */
export function deletedView(roomId: RoomId, event: MessageSent, overlay: MessageOverlay): DeletedMessageView {
  const { deletedAt, deletedBy, ...said } = overlay;
  return {
    ...presentView(roomId, event, said),
    ...(deletedAt !== undefined && { deletedAt }),
    ...(deletedBy !== undefined && { deletedBy }),
  };
}

function reactionViews(seq: Seq, overlay: MessageOverlay, reading: Reading | undefined): MessageView["reactions"] {
  const views: [string, ReactionView][] = [];
  for (const emoji of emojiOf(overlay)) {
    const tally = tallyOf(overlay, emoji);
    if (tally.count === 0) continue;
    const users = reading === undefined ? tally.users : tally.users.slice(0, reading.namesMax);
    const isMine =
      reading !== undefined &&
      (isAmong(tally, reading.userId) ?? reading.own.get(reactionKey(seq, emoji, reading.userId)) != null);
    views.push([emoji, { count: tally.count, users, ...(isMine && { mine: true }) }]);
  }
  // Defines own properties, whatever an emoji is called.
  return views.length === 0 ? undefined : Object.fromEntries(views);
}

export function pollView(seq: Seq, poll: Poll, overlay: MessageOverlay | null, reading: Reading | undefined): PollView {
  const { votes, voters } = pollTally(poll, overlay);
  const own = reading?.own.get(voteKey(seq, reading.userId)) as VoteRow | null | undefined;
  return {
    question: poll.question,
    options: poll.options.map((text, place) => ({ text, votes: votes[place] ?? 0 })),
    choicesMax: poll.choicesMax,
    isAnonymous: poll.anonymous,
    ...(poll.closesAt !== undefined && { closesAt: poll.closesAt }),
    isClosed: isPollClosed(poll, overlay, reading?.nowMs ?? 0),
    voters,
    ...(own !== undefined && { mine: own?.choices ?? [] }),
  };
}

/** Absent parts are left out; sources become ids of messages. */
function answerParts({ reason, provider, model, sources, sentiment }: Partial<RunOutcome>) {
  return {
    ...(reason !== undefined && { reason }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(sources !== undefined && { sources: sources.map(messageIdOf) }),
    ...(sentiment !== undefined && { sentiment }),
  };
}

function answerView(run: RunStart, outcome: RunOutcome | undefined, attempt = 1): AnswerView {
  const { task, question, asker, as = asker } = run;
  const asked = { task, question: messageIdOf(question), askedBy: as };
  if (outcome === undefined) return { state: "streaming", attempt, ...asked };
  return { state: outcome.state, attempt: outcome.attempt, ...asked, ...answerParts(outcome) };
}

/** The text so far, or that it ended with and how. */
function growAnswer(
  view: Mutable<MessageView>,
  seq: Seq,
  run: RunStart,
  overlay: MessageOverlay | null,
  reading: Reading | undefined,
): void {
  const growing = overlay?.answer === undefined ? reading?.growing?.(seq) : undefined;
  if (growing !== undefined) view.content = growing.text;
  view.answer = answerView(run, overlay?.answer, growing?.attempt);
}

export function threadView({ count, lastAt, participants }: ThreadSummary): ThreadView {
  return { replyCount: count, lastReplyAt: lastAt, participants };
}

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

export function userRef(userId: UserId, name: string | undefined, avatar: string | undefined): UserRef {
  return { userId, ...(name !== undefined && { name }), ...(avatar !== undefined && { avatar }) };
}
