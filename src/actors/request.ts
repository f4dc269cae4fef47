/**
 * One request on its way through an actor: what is asked, who waits for the answer, and whether it was given.
 * Invariant: every request is answered once, and completed once; completing tells the edge that it need not be repeated.
 */
import type { RoomId, Seq, UserId } from "../base/ids.ts";
import type { HookVerdict } from "../domain/moderation/hook.ts";
import type { Principal } from "../domain/principal.ts";
import type { RoomCommand } from "../domain/room/commands.ts";
import type { ProfileChange } from "../domain/user/profile.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { PresenceStatus, Ref, RoomPosition } from "../protocol/frames.ts";
import type { ReceiptState, UserCalls } from "./calls.ts";
import type { ModerationAsk } from "./moderation-calls.ts";
import type { TenantAsk } from "./tenant-calls.ts";
import type { ShardConnection } from "./connections.ts";
import type { StandingPage } from "./room/room-standing.ts";
import type { EdgeLink } from "./edge-link.ts";
import type { KeepAsk, UserKeepAsk } from "./keeping-calls.ts";
import type { NotifyAsk, NotifySettingsAsk, RoomNotifyAsk } from "./notify-calls.ts";
import type { MembersQuery } from "./room/member-pages.ts";

/** Where the answer goes. */
export type Asker =
  | { readonly kind: "frame"; readonly connection: ShardConnection; readonly ref: Ref | undefined }
  | { readonly kind: "call"; readonly callNo: number }
  /** The room itself: it is told once what it asked is durable, or why it was refused. Ends with its activation. */
  | { readonly kind: "own"; readonly done: (refused: Rejection | undefined) => void };

/** A question whose answer nobody else sees. */
export interface AssistantAsk {
  readonly question: string;
  readonly topic: string | undefined;
  readonly askId: string | undefined;
}
/** What follows once the command is accepted (and committed, where it wrote something). */
export type RoomSequel =
  | { readonly kind: "acknowledge" }
  | { readonly kind: "subscribe"; readonly lastSeq: Seq | undefined }
  | { readonly kind: "unsubscribe" }
  /** Part of a `resume`: the position is added to the answer of all rooms. */
  | { readonly kind: "resume"; readonly lastSeq: Seq; readonly goesOn: boolean; readonly gather: ResumeGather }
  | { readonly kind: "view_room" }
  | { readonly kind: "view_invite" }
  | ({ readonly kind: "standing" } & StandingPage)
  | { readonly kind: "history"; readonly before?: Seq; readonly after?: Seq; readonly limit: number }
  | { readonly kind: "events"; readonly after: Seq; readonly limit: number }
  | {
      readonly kind: "receipts";
      readonly seq: Seq;
      readonly state: ReceiptState;
      readonly after?: UserId;
      readonly limit: number;
    }
  | ({ readonly kind: "ask" } & AssistantAsk)
  | { readonly kind: "take_back_ask"; readonly askId: string }
  | ({ readonly kind: "members" } & MembersQuery)
  | { readonly kind: "present"; readonly after?: UserId; readonly limit: number }
  | { readonly kind: "moderation"; readonly ask: ModerationAsk }
  | { readonly kind: "files"; readonly ids: readonly string[] }
  | { readonly kind: "keep"; readonly ask: KeepAsk }
  | { readonly kind: "trace"; readonly seq: Seq; readonly userId: UserId }
  | { readonly kind: "notify"; readonly ask: RoomNotifyAsk }
  | NameSequel
  | MessageSequel;

/** Pages of people; `name-pages.ts` answers. */
export type NameSequel =
  | {
      readonly kind: "reactions";
      readonly seq: Seq;
      readonly emoji: string;
      readonly after: UserId | undefined;
      readonly limit: number;
    }
  | { readonly kind: "voters"; readonly seq: Seq; readonly after: UserId | undefined; readonly limit: number }
  | { readonly kind: "pseudonym_bans"; readonly after: UserId | undefined; readonly limit: number };

/** Of single messages; `message-requests.ts` answers. */
export type MessageSequel =
  | { readonly kind: "message"; readonly seq: Seq; readonly deleted: boolean }
  | { readonly kind: "messages"; readonly seqs: readonly Seq[] }
  | { readonly kind: "versions"; readonly seq: Seq }
  | { readonly kind: "pins" }
  | {
      readonly kind: "thread";
      readonly root: Seq;
      readonly before: Seq | undefined;
      readonly after: Seq | undefined;
      readonly limit: number;
    }
  | { readonly kind: "threads"; readonly before: Seq | undefined; readonly limit: number };

/** Collects the positions of one connection's rooms; the last one sends the answer. */
export interface ResumeGather {
  readonly connection: ShardConnection;
  /** To be replayed in the present window, by all of them. */
  readonly bytesMax: number;
  /** A room that lacks some may wait for whoever comes back with more. */
  readonly mayWait: boolean;
  /** `lacks`: it waits, and its next part takes so many bytes. */
  add(position: RoomPosition, lacks?: number): void;
}

/** What of a link is needed to answer. */
export type AnswerWay = Pick<EdgeLink, "mark" | "finish" | "reply" | "isRetired">;

interface RequestBase {
  /** What it came over, and the number of its record there; 0 for what the shard asked itself. */
  readonly link: AnswerWay;
  readonly record: number;
  readonly asker: Asker;
  readonly by: Principal;
  /** Activations that this request was given to. */
  attempts: number;
  completed: boolean;
}
export interface RoomRequest extends RequestBase {
  readonly to: "room";
  readonly room: RoomId;
  readonly command: RoomCommand;
  readonly sequel: RoomSequel;
  /** A former activation had it and did not answer it: that one's log may have been another owner's since. */
  isHandedOn?: true;
  /** The log was read anew on its account: what it names beyond the head is an error of its own. */
  isReread?: true;
  /** What the pre-publish hook said of it. */
  verdict?: HookVerdict;
}
export interface PresenceWish {
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  readonly expiresInMs?: number;
}
export type UserAsk =
  | ({ readonly kind: "set_presence" } & PresenceWish)
  /** The device that it came from is in use, or is not. */
  | { readonly kind: "device_used"; readonly inUse: boolean }
  | { readonly kind: "update_profile"; readonly change: ProfileChange; readonly presence: Partial<PresenceWish> }
  | { readonly kind: "shared_rooms"; readonly others: readonly UserId[] }
  | { readonly kind: "block_user"; readonly whom: UserId; readonly blocked: boolean }
  | { readonly kind: "list_blocks"; readonly after?: UserId; readonly limit: number }
  | { readonly kind: "reserve_upload"; readonly bytes: number; readonly bytesPerDayMax: number }
  | ({ readonly kind: "relay" } & UserCalls["relay"]["request"])
  | { readonly kind: "get_presence"; readonly settled?: true }
  | ({ readonly kind: "ask_assistant" } & AssistantAsk)
  | { readonly kind: "take_back_ask"; readonly askId: string }
  | { readonly kind: "unread_counts" }
  | { readonly kind: "list_invites"; readonly after?: RoomId; readonly limit: number }
  | { readonly kind: "list_threads"; readonly after: string | undefined; readonly limit: number }
  | { readonly kind: "tenant"; readonly ask: TenantAsk }
  | ({ readonly kind: "disconnect" } & UserCalls["disconnect"]["request"])
  | { readonly kind: "keep"; readonly ask: UserKeepAsk }
  | { readonly kind: "notify"; readonly ask: NotifyAsk }
  | { readonly kind: "notify_settings"; readonly ask: NotifySettingsAsk }
  | { readonly kind: "list_rooms"; readonly query: UserCalls["list_rooms"]["request"] };
export interface UserRequest extends RequestBase {
  readonly to: "user";
  readonly user: UserId;
  readonly ask: UserAsk;
}
export type Request = RoomRequest | UserRequest;
