/**
 * Requests that want an answer as a value (REST, command line), as the edge sends them to an actor: what a frame can't say
 * or what has no socket to answer on. The principal comes from the verified token; the address from the path.
 */
import type { MessageId, RoomId, Seq, UserId } from "../base/ids.ts";
import type { RoomMutation } from "../domain/room/commands.ts";
import type { MessageView, PresenceStatus, Role, RoomType, RoomView, UserRef } from "../protocol/frames.ts";

/** Leaves the principal to the envelope: nobody can name another one in a body. */
type WithoutPrincipal<T> = T extends unknown ? Omit<T, "by"> : never;

export interface MutationReply {
  readonly seq: Seq;
  readonly timestamp: number;
  readonly duplicate: boolean;
  /** For messages. */
  readonly messageId?: MessageId;
  /** The message after the change: `send_message`, `edit_message`. */
  readonly message?: MessageView;
  /** The room after the change: `create_room`, `update_room`, `join_room`, `leave_room`. */
  readonly room?: RoomView;
}
export interface MemberView extends UserRef {
  readonly role: Role;
  readonly joinedAt: number;
}
export interface PresentView extends UserRef {
  readonly status: PresenceStatus;
  readonly customStatus?: string;
}
export interface RoomListEntry extends RoomView {
  readonly isJoined: boolean;
  readonly unread: number;
}

/** Request and reply of every call, by kind. `room` calls go to the room's actor, `user` calls to the asker's own. */
export interface RoomCalls {
  readonly mutate: {
    readonly request: { readonly command: WithoutPrincipal<RoomMutation> };
    readonly reply: MutationReply;
  };
  readonly get_room: {
    readonly request: object;
    readonly reply: { readonly room: RoomView; readonly role: Role | null; readonly unread: number };
  };
  readonly history: {
    /** Neither: the newest. `before` and `after` are exclusive. */
    readonly request: { readonly before?: Seq; readonly after?: Seq; readonly limit: number };
    /** Ascending by sequence. `hasMore`: in the direction asked. */
    readonly reply: { readonly messages: readonly MessageView[]; readonly hasMore: boolean };
  };
  readonly members: {
    readonly request: { readonly after?: UserId; readonly limit: number };
    readonly reply: { readonly members: readonly MemberView[]; readonly total: number; readonly hasMore: boolean };
  };
  /** Who is there now, in the order of their ids. `count`: all of them. */
  readonly present: {
    readonly request: { readonly after?: UserId; readonly limit: number };
    readonly reply: { readonly present: readonly PresentView[]; readonly count: number; readonly hasMore: boolean };
  };
  readonly typing: { readonly request: { readonly isTyping: boolean }; readonly reply: object };
  readonly mark_read: {
    readonly request: { readonly seq?: Seq; readonly messageIds?: readonly MessageId[] };
    readonly reply: { readonly readSeq: Seq; readonly unread: number };
  };
}
export interface UserCalls {
  readonly list_rooms: {
    readonly request: {
      readonly scope: "member" | "visible";
      readonly type?: RoomType;
      readonly limit: number;
      readonly offset: number;
    };
    readonly reply: { readonly rooms: readonly RoomListEntry[]; readonly total: number };
  };
  readonly get_presence: { readonly request: { readonly userId: UserId }; readonly reply: PresenceView };
  readonly set_presence: {
    readonly request: { readonly status: PresenceStatus; readonly customStatus?: string };
    readonly reply: PresenceView;
  };
}
export interface PresenceView {
  readonly userId: UserId;
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
  readonly devices: number;
}

export type RoomCallKind = keyof RoomCalls;
export type UserCallKind = keyof UserCalls;
export type Call =
  | {
      [K in RoomCallKind]: { readonly to: "room"; readonly room: RoomId; readonly kind: K } & RoomCalls[K]["request"];
    }[RoomCallKind]
  | {
      [K in UserCallKind]: { readonly to: "user"; readonly user: UserId; readonly kind: K } & UserCalls[K]["request"];
    }[UserCallKind];

/** The reply type of a call. */
export type ReplyOf<C extends Call> = C extends { readonly to: "room"; readonly kind: infer K extends RoomCallKind }
  ? RoomCalls[K]["reply"]
  : C extends { readonly to: "user"; readonly kind: infer K extends UserCallKind }
    ? UserCalls[K]["reply"]
    : never;
