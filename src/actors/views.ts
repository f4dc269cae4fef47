/** From log events and rows to what people see of rooms and messages. Pure; the one place that decides which parts of an event leave the engine. */
import { type ItemKey, messageIdOf, type RoomId, type Seq, type UserId } from "../base/ids.ts";
import type { MessageSent, RoomSettings } from "../domain/room/events.ts";
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

function pollView(seq: Seq, poll: Poll, overlay: MessageOverlay | null, reading: Reading | undefined): PollView {
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
export function answerParts({ reason, provider, model, sources, sentiment }: Partial<RunOutcome>) {
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

function threadView({ count, lastAt, participants }: ThreadSummary): ThreadView {
  return { replyCount: count, lastReplyAt: lastAt, participants };
}

export function userRef(userId: UserId, name: string | undefined, avatar: string | undefined): UserRef {
  return { userId, ...(name !== undefined && { name }), ...(avatar !== undefined && { avatar }) };
}
