/** What actors tell one another. All of it survives being packed, since the other actor may live in another thread or node. */
import type { ConnectionId, MessageId, RoomId, UserId } from "../base/ids.ts";
import type { ModerationNotice } from "../domain/room/decision.ts";
import type { PresenceStatus, UserRef } from "../protocol/frames.ts";

/** A user as rooms show it. */
export interface ShownPresence {
  readonly user: UserRef;
  readonly status: PresenceStatus;
  readonly customStatus?: string;
  readonly customStatusUntil?: number;
  readonly lastSeen: number;
}

export type ActorMessage =
  /** room → user: one of the user's connections listens to the room, or no longer does. The answer may be `presence`. */
  | { readonly kind: "subscribed" | "unsubscribed"; readonly room: RoomId; readonly connectionId: ConnectionId }
  /** user → room: show this. */
  | { readonly kind: "presence"; readonly presence: ShownPresence }
  /** user → room: the sender blocked this person, or does so no more. */
  | { readonly kind: "blocks_changed"; readonly userId: UserId }
  /** room → user: for sockets of the user that are not subscribed to the room. */
  | {
      readonly kind: "notify";
      readonly reason: "mention" | "invite" | "reply";
      readonly room: RoomId;
      readonly by: UserId;
      readonly messageId?: MessageId;
    }
  /** room → user: for moderators, or for the author of a message that was held. */
  | { readonly kind: "moderation"; readonly room: RoomId; readonly notice: ModerationNotice };
