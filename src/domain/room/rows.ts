/**
 * Rows derived from a room's events: what is written with a segment so that it need not be kept in memory.
 * Invariant: a row says what the state said right after its event; of several for one key the last one counts.
 */
import { type ItemKey, itemNames, type Seq, type UserId } from "../../base/ids.ts";
import { unreachable } from "../../base/result.ts";
import { keyOfStanding, keysOfJoined } from "./apply-standing.ts";
import { auditEntry } from "./audit.ts";
import type { LogEvent, MessageSent, RoomSettings, ThreadPlace } from "./events.ts";
import { changedFiles, type FileEvent } from "./files.ts";
import { AUDIT, MODERATORS, slowKey, waitsForModerators } from "./moderation-items.ts";
import { isSlow, moderationItems } from "./moderation-state.ts";
import { voteKey } from "./polls.ts";
import { givenKeys, pseudonymBanKey } from "./pseudonyms.ts";
import { reactionKey } from "./reactions.ts";
import { NAMES, nameEntry } from "./name-index.ts";
import { inviteKey } from "./standing-rows.ts";
import type { ItemValue, MemberRow, MessageOverlay, RoomState } from "./state.ts";
import { followKey, followsOf, repliesOf, seqId } from "./thread-items.ts";

/** Rows derived from a segment's events, written with it (or caught up from it before they are read). */
export type RowChange =
  | { readonly kind: "member"; readonly userId: UserId; readonly row: MemberRow | null }
  | { readonly kind: "message"; readonly seq: Seq; readonly overlay: MessageOverlay }
  | ItemChange
  | { readonly kind: "room"; readonly card: RoomCard };

export interface ItemChange {
  readonly kind: "item";
  readonly collection: string;
  readonly id: string;
  readonly value: ItemValue | null;
  /** Whose it is: people have lists of theirs over all rooms. */
  readonly person?: UserId;
}

/** What room lists show; written when it changes, not with every message. */
export interface RoomCard {
  readonly settings: RoomSettings;
  readonly createdBy: UserId;
  readonly createdAt: number;
  readonly memberCount: number;
  /** Listed nowhere any more. */
  readonly deletedAt?: number;
  /** Numbers of messages that mention all; absent where none does. */
  readonly mentioned?: readonly number[];
  /** Messages that retention has taken: nobody has them unread. Absent: none. */
  readonly trimmedNo?: number;
}

const NO_CHANGES: readonly RowChange[] = [];

/** Nearly all of a log: no rows change with it. */
export function hasNoRows(state: RoomState, event: LogEvent): boolean {
  if (event.kind !== "message_sent") return event.kind === "fence";
  return (
    event.thread === undefined &&
    event.mentions === undefined &&
    event.mentionsRoom === undefined &&
    event.isFirstAs === undefined &&
    event.attachments === undefined &&
    !isSlow(state)
  );
}

/** The rows that `event` changed, read from the state right after `apply`. Throws when the state lacks one of them. */
export function rowChanges(state: RoomState, event: LogEvent): readonly RowChange[] {
  const changes = changesOf(state, event);
  const entry = auditEntry(state, event);
  if (entry === undefined) return changes;
  return [...changes, { kind: "item", collection: AUDIT, id: seqId(event.seq), value: entry }];
}

function changesOf(state: RoomState, event: LogEvent): readonly RowChange[] {
  switch (event.kind) {
    case "message_sent":
      return sentChanges(state, event);
    case "fence":
    case "message_pinned":
    case "message_unpinned":
    case "answer_extended":
    case "answer_restarted":
      return NO_CHANGES;
    case "history_trimmed":
      return [cardChange(state)];
    case "rows_erased":
      return event.items.map(([key]) => queuedChange(state, key));
    case "room_created":
    case "room_updated":
    case "room_deleted":
      return [cardChange(state)];
    case "member_joined":
    case "member_left": {
      const { userId, name } = event;
      const rows = [memberChange(state, userId), cardChange(state)];
      if (event.kind === "member_joined") {
        rows.push(...keysOfJoined(event).map((key) => joinedChange(state, key, userId)));
      }
      if (name === undefined) return rows;
      const value = event.kind === "member_joined" ? {} : null;
      return [...rows, { kind: "item", collection: NAMES, id: nameEntry(name, userId), value }];
    }
    case "member_muted":
    case "mute_lifted":
      // Muted people who have left have no row of their own.
      return state.members.get(event.userId) == null
        ? [itemChange(state, keyOfStanding(event))]
        : [memberChange(state, event.userId), itemChange(state, keyOfStanding(event))];
    case "member_banned":
    case "ban_lifted":
    case "join_requested":
    case "join_request_ended":
      return [itemChange(state, keyOfStanding(event))];
    case "invite_made":
    case "invite_ended":
      return [ofPerson(itemChange(state, keyOfStanding(event)), event.userId)];
    case "member_changed":
      return [memberChange(state, event.userId)];
    case "message_deleted": {
      const root = event.thread === undefined ? NO_CHANGES : [messageChange(state, event.thread.root)];
      return [messageChange(state, event.target), ...root, ...fileChanges(state, event)];
    }
    case "file_added":
    case "files_removed":
      return fileChanges(state, event);
    case "message_edited":
    case "poll_closed":
    case "answer_ended":
      return [messageChange(state, event.target)];
    case "thread_follow_changed":
      return [messageChange(state, event.root), ofPerson(itemChange(state, followKey(event.by, event.root)), event.by)];
    case "poll_voted":
      return [messageChange(state, event.target), itemChange(state, voteKey(event.target, event.by))];
    case "pseudonym_changed":
      return [itemChange(state, pseudonymBanKey(event.pseudonym))];
    case "reaction_changed":
      return [messageChange(state, event.target), itemChange(state, reactionKey(event.target, event.emoji, event.by))];
    case "moderation_changed":
    case "message_held":
    case "held_resolved":
    case "reported":
    case "report_resolved":
      return moderationItems(event).map((key) => queuedChange(state, key));
    default:
      return unreachable(event);
  }
}

/** Leaves out what a later change of the same row overwrites; the order of the rest stays. */
export function lastChanges(changes: readonly RowChange[]): readonly RowChange[] {
  if (changes.length < 2) return changes;
  const lastOf = new Map<string, RowChange>();
  for (const change of changes) lastOf.set(keyOf(change), change);
  return lastOf.size === changes.length ? changes : changes.filter((change) => lastOf.get(keyOf(change)) === change);
}

function keyOf(change: RowChange): string {
  switch (change.kind) {
    case "member":
      return `u${change.userId}`;
    case "message":
      return `m${change.seq}`;
    case "item":
      return `i${change.collection}/${change.id}`;
    case "room":
      return "r";
    default:
      return unreachable(change);
  }
}

function memberChange(state: RoomState, userId: UserId): RowChange {
  const row = state.members.get(userId);
  if (row === undefined) throw new Error(`the row of member ${userId} is not known after its event`);
  return { kind: "member", userId, row };
}

/** Members who are mentioned are known: it was decided whom to tell. */
function mentionChanges(state: RoomState, { by, mentions, mentionsRoom }: MessageSent): readonly RowChange[] {
  if (mentions === undefined && mentionsRoom === undefined) return NO_CHANGES;
  const changes: RowChange[] = mentionsRoom === undefined ? [] : [cardChange(state)];
  for (const userId of new Set(mentions)) {
    const row = state.members.get(userId);
    if (row != null && userId !== by) changes.push({ kind: "member", userId, row });
  }
  return changes;
}

function messageChange(state: RoomState, seq: Seq): RowChange {
  const row = state.messages.get(seq);
  if (row === undefined || row === null) throw new Error(`the row of message ${seq} is not known after its event`);
  return { kind: "message", seq, overlay: row.overlay };
}

/** Whose an item is (`ItemChange.person`), from the item alone. */
export function personOfItem(key: ItemKey, value: ItemValue): UserId | undefined {
  const { collection } = itemNames(key);
  if (collection.startsWith(FOLLOWS)) return collection.slice(FOLLOWS.length) as UserId;
  if (waitsForModerators(key)) return MODERATORS;
  const { userId } = value as { readonly userId?: UserId };
  return userId !== undefined && key === inviteKey(userId) ? userId : undefined;
}
const FOLLOWS = followsOf("" as UserId);

/** For events that change the item with this key. */
export function itemChange(state: RoomState, key: ItemKey): ItemChange {
  const value = state.items.get(key);
  if (value === undefined) throw new Error(`the item ${key} is not known after its event`);
  return { kind: "item", ...itemNames(key), value };
}

/** Of what somebody's coming settles, their own invite is on their list. */
function joinedChange(state: RoomState, key: ItemKey, userId: UserId): ItemChange {
  return ofPerson(itemChange(state, key), key === inviteKey(userId) ? userId : undefined);
}

/** Invites are for people, or for whoever has the code. */
function ofPerson(change: ItemChange, userId: UserId | undefined): ItemChange {
  return userId === undefined ? change : { ...change, person: userId };
}

/** What waits for moderators, and no longer does, is on the list of all who moderate in the tenant. */
function queuedChange(state: RoomState, key: ItemKey): ItemChange {
  return ofPerson(itemChange(state, key), waitsForModerators(key) ? MODERATORS : undefined);
}

function fileChanges(state: RoomState, event: FileEvent): RowChange[] {
  return changedFiles(event).map((key) => itemChange(state, key));
}

function sentChanges(state: RoomState, event: MessageSent): readonly RowChange[] {
  const reply = event.thread === undefined ? NO_CHANGES : replyChanges(state, event, event.thread);
  const given = givenKeys(event).map((key) => itemChange(state, key));
  const slow = isSlow(state) ? [itemChange(state, slowKey(event.by))] : NO_CHANGES;
  return [...mentionChanges(state, event), ...reply, ...given, ...slow, ...fileChanges(state, event)];
}

/** The thread's summary, the reply's place in it, and what the people have read who follow it from here on. */
function replyChanges(state: RoomState, event: MessageSent, { root, no, followers = [] }: ThreadPlace): RowChange[] {
  const changes: RowChange[] = [
    messageChange(state, root),
    { kind: "item", collection: repliesOf(root), id: seqId(event.seq), value: { no } },
    followChange(event.by, root, no),
  ];
  for (const userId of followers) {
    if (userId === event.by) continue;
    changes.push(followChange(userId, root, no - 1));
  }
  return changes;
}

function followChange(person: UserId, root: Seq, no: number): ItemChange {
  return { kind: "item", collection: followsOf(person), id: seqId(root), value: { no }, person };
}

/** What lists show of the room now. */
export function cardChange(state: RoomState): RowChange {
  const { settings, createdBy, createdAt, memberCount, deletedAt, mentionedAll, trimmedNo } = state;
  if (settings === undefined || createdBy === undefined) throw new Error("a room without settings has no card");
  const gone = deletedAt === undefined ? {} : { deletedAt };
  const mentioned = mentionedAll.length === 0 ? {} : { mentioned: mentionedAll };
  const trimmed = trimmedNo === 0 ? {} : { trimmedNo };
  return { kind: "room", card: { settings, createdBy, createdAt, memberCount, ...gone, ...mentioned, ...trimmed } };
}
