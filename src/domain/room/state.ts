/**
 * A room's state as its actor holds it: the hot part. Everything that grows with the room's history or membership is a
 * row in the store, cached here within limits; `decide` names the rows that it lacks.
 * Invariant: `state` is exactly what `apply` gives for the events up to `head`, plus rows learned for those events.
 */
import type { ItemKey, Seq, UserId } from "../../base/ids.ts";
import type { OpenRun, RunOutcome } from "../assistant/runs.ts";
import type { LogEvent, RoomSettings } from "./events.ts";
import type { DuplicateWindow } from "./duplicate-window.ts";
import type { ModerationState } from "./moderation-state.ts";
import type { RecentEvents } from "./recent-events.ts";
import type { RowCache } from "./row-cache.ts";
import type { MessageType, Poll, Role } from "./vocabulary.ts";

/** One member, as a row: `(room, user)`. */
export interface MemberRow {
  readonly userId: UserId;
  readonly role: Role;
  readonly joinedSeq: Seq;
  readonly joinedAt: number;
  /** Messages in the room when the member joined: what came before is not unread. */
  readonly joinedNo: number;
  /** Numbers of the messages that mention the member, the newest last, at most `MENTIONS_KEPT_MAX`. */
  readonly mentioned?: readonly number[];
  readonly name?: string;
  readonly avatar?: string;
  /** Muted until then, milliseconds since 1970; `null`: for ever. The collection `mutes` has the rest. */
  readonly mutedUntil?: number | null;
}

/** What changed about a message since it was sent, as a row: `(room, seq)`. Without a row nothing changed. */
export interface MessageOverlay {
  readonly content?: string;
  readonly editedAt?: number;
  readonly deletedAt?: number;
  readonly deletedBy?: UserId;
  /** What it said is nowhere any more. */
  readonly erased?: true;
  /** Earlier versions, oldest first. */
  readonly history?: readonly { readonly content: string; readonly until: number; readonly by: UserId }[];
  /** By emoji. Rows of former versions have the list of all names alone. */
  readonly reactions?: Readonly<Record<string, ReactionTally | readonly UserId[]>>;
  readonly poll?: PollTally;
  /** The replies to it. */
  readonly thread?: ThreadSummary;
  /** How an answer of the assistant ended. */
  readonly answer?: RunOutcome;
}

export interface ThreadSummary {
  /** Replies that are not deleted. */
  readonly count: number;
  /** Number of the last reply: what somebody has not read is the difference to the one that they read. */
  readonly lastNo: number;
  readonly lastAt: number;
  /** The first ones who replied. */
  readonly participants: readonly UserId[];
  readonly followers: readonly UserId[];
}

/** Who pinned a message, and when. */
export interface Pin {
  /** Of the event that did it. */
  readonly seq: Seq;
  readonly by: UserId;
  readonly at: number;
}

/** How many show an emoji, and some of them by name. The rest have rows of their own: see `reactions.ts`. */
export interface ReactionTally {
  readonly count: number;
  readonly users: readonly UserId[];
  /** Further names, from a row that had all of them: these have no rows. */
  readonly old?: readonly UserId[];
}

/** The results of a poll. Who chose what are rows of their own, and in the log. */
export interface PollTally {
  /** Per option. */
  readonly votes: readonly number[];
  /** People with a choice. */
  readonly voters: number;
  readonly closedAt?: number;
}

/** What `decide` must know of a message that it changes. */
export interface MessageRow {
  readonly seq: Seq;
  readonly author: UserId;
  /** The pseudonym that the author is shown as; never show `author` then. */
  readonly as?: UserId;
  readonly messageType: MessageType;
  /** The text as first sent; the overlay has the present one. */
  readonly content: string;
  readonly poll?: Poll;
  /** Uploads that it refers to. */
  readonly files?: readonly string[];
  /** Of a reply: the message that its thread hangs on, and its number there. */
  readonly thread?: { readonly root: Seq; readonly no: number };
  readonly overlay: MessageOverlay;
}

/**
 * A row of a room beyond members and messages: a ban, a pin, a vote … A JSON object, of the shape that its collection has.
 * Its key says which (`itemKey`).
 */
export type ItemValue = object;

export interface RoomState {
  /** `undefined` before `room_created`. */
  settings: RoomSettings | undefined;
  createdBy: UserId | undefined;
  createdAt: number;
  head: Seq;
  epoch: number;
  /** Who wrote the newest fence; `undefined` before the first, and after a snapshot of a version that did not keep it. */
  owner: string | undefined;
  lastTimestamp: number;
  memberCount: number;
  ownerCount: number;
  messageCount: number;
  /** Numbers of the messages that mention all, the newest last, at most `MENTIONS_KEPT_MAX`. */
  mentionedAll: readonly number[];
  /** Up to here retention has taken everything, with so many messages; 0: nothing. */
  trimmedSeq: Seq;
  trimmedNo: number;
  /** The oldest pin first; all of them, `PINS_MAX` at most. */
  readonly pins: Map<Seq, Pin>;
  /** Rules and counts; `undefined`: there never was anything to moderate. */
  moderation: ModerationState | undefined;
  /** Members with more than a member's role, the first `STAFF_KEPT_MAX`: who is told that there is something to look at. */
  staff: readonly UserId[];
  /** Milliseconds since 1970; afterwards there is no such room. */
  deletedAt: number | undefined;
  /** Rows in `bans`, `mutes`, `invites`, `requests`, those whose time is over included: where there are none, none is asked for. */
  banCount: number;
  muteCount: number;
  inviteCount: number;
  requestCount: number;
  /** Answers of the assistant that have not ended. */
  readonly runs: Map<Seq, OpenRun>;
  /** The room was told that there is no assistant here. */
  toldOfNoAssistant: boolean;
  /** `null`: known to be no member. */
  readonly members: RowCache<UserId, MemberRow>;
  readonly messages: RowCache<Seq, MessageRow>;
  /** Rows of all other kinds, by collection and id. `null`: known to be absent. */
  readonly items: RowCache<ItemKey, ItemValue>;
  readonly window: DuplicateWindow;
  /** The last events, for resume and for finding messages without asking the store. */
  readonly recent: RecentEvents<LogEvent>;
}
