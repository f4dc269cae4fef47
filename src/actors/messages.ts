/** What actors tell one another. All of it survives being packed, since the other actor may live in another thread or node. */
import type { ConnectionId, MessageId, RoomId, Seq, UserId } from "../base/ids.ts";
import type { ModerationNotice, NotifyReason } from "../domain/room/decision.ts";
import type { PresenceStatus, UserRef } from "../protocol/frames.ts";

/** A user as rooms show it. */
export interface ShownPresence {
  readonly user: UserRef;
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  readonly customStatusUntil?: number;
  readonly lastSeen: number;
}

/** user → room: the sender blocked this person, or does so no more. The answer is `blocks_heard`. */
export interface BlocksChanged {
  readonly kind: "blocks_changed";
  readonly userId: UserId;
  /** Who waits for the answer, and for which. Absent: nobody, as on nodes of earlier versions. */
  readonly asks?: { readonly by: UserId; readonly news: string };
}

export type ActorMessage =
  /** room → user: one of the user's connections listens to the room, or no longer does. The answer may be `presence`. */
  | { readonly kind: "subscribed" | "unsubscribed"; readonly room: RoomId; readonly connectionId: ConnectionId }
  /** user → room: show this. `many`: other devices of theirs may want to know of what is new in the room. */
  | { readonly kind: "presence"; readonly presence: ShownPresence; readonly many?: true }
  /** room → user: there is something new. Who has a socket that does not listen there may ask for the counts. */
  | { readonly kind: "stirred"; readonly room: RoomId }
  /** user → room: the answer is `unread`. */
  | { readonly kind: "ask_unread"; readonly userId: UserId }
  /** room → user: what is unread now. `toAll`: the user did it, `on` that connection; otherwise for sockets that don't listen. */
  | {
      readonly kind: "unread";
      readonly room: RoomId;
      readonly unread: number;
      readonly mentions: number;
      readonly readSeq: Seq;
      readonly toAll: boolean;
      readonly on?: ConnectionId;
    }
  /** room → user: they marked a thread as read, `on` that connection; the others want to know. */
  | {
      readonly kind: "thread_unread";
      readonly room: RoomId;
      readonly threadId: MessageId;
      readonly unread: number;
      readonly on?: ConnectionId;
    }
  | BlocksChanged
  /** room → user: what it read before is not believed any more. */
  | { readonly kind: "blocks_heard"; readonly room: RoomId; readonly news: string }
  /** room → user: for sockets of the user that are not subscribed to the room. */
  | {
      readonly kind: "notify";
      readonly reason: NotifyReason;
      readonly room: RoomId;
      readonly by: UserId;
      readonly messageId?: MessageId;
    }
  /** room → user: for moderators, or for the author of a message that was held. */
  | { readonly kind: "moderation"; readonly room: RoomId; readonly notice: ModerationNotice };
