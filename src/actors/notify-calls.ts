/**
 * What is asked of people's actors and of rooms for notifications: by people about their own settings, and by whoever sends
 * notifications, right before it does so.
 */
import type { RoomId, Seq, UserId } from "../base/ids.ts";
import type { Preferences, RoomPreferences, TenantNotify } from "../domain/notify/preferences.ts";
import type { MessageView, RoomType } from "../protocol/frames.ts";

/** A browser, as it says itself, and the token that it was added with: whoever revokes that one ends the other. */
export interface PushSubscription {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
  /** How the browser calls itself. */
  readonly agent?: string;
  readonly tokenId?: string;
  /** Milliseconds since 1970. */
  readonly issuedAtMs?: number;
}
export interface KeptSubscription extends PushSubscription {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}
export interface RoomSetting extends RoomPreferences {
  readonly roomId: RoomId;
}

/** Of the asker's own. `set`: these, in place of what there was; `null`: none. */
export type NotifySettingsAsk =
  | { readonly of: "person"; readonly set?: Preferences }
  | { readonly of: "room"; readonly room: RoomId; readonly set?: RoomPreferences | null }
  | { readonly of: "rooms"; readonly after?: RoomId; readonly limit: number }
  | { readonly of: "browsers"; readonly put?: PushSubscription; readonly remove?: string };
export interface NotifySettingsReply {
  readonly preferences?: Preferences;
  readonly tenant?: TenantNotify;
  readonly room?: RoomPreferences;
  readonly rooms?: readonly RoomSetting[];
  /** Those that were added first come first. */
  readonly browsers?: readonly KeptSubscription[];
  /** Of `put`. */
  readonly id?: string;
  /** Of `remove`: there was one. */
  readonly removed?: boolean;
}

/** By the engine itself, of one person. */
export type NotifyAsk =
  | { readonly do: "check"; readonly room: RoomId; readonly incarnation: number }
  /** They were told up to `seq`; browsers that are gone are forgotten. */
  | { readonly do: "told"; readonly room: RoomId; readonly incarnation: number; readonly seq: Seq; readonly id: string }
  | { readonly do: "forget_browsers"; readonly ids: readonly string[] };
export interface NotifyReply {
  /** Connected, anywhere: the rest is left out then. */
  readonly isLive: boolean;
  readonly preferences?: Preferences;
  readonly room?: RoomPreferences;
  readonly blocked?: readonly UserId[];
  readonly notifiedSeq?: Seq;
  readonly browsers?: readonly KeptSubscription[];
}

/** By the engine itself, of one room. */
export type RoomNotifyAsk =
  /** Who follows these threads, and a page of members; of a room of two the members in any case. */
  | {
      readonly do: "audience";
      readonly roots: readonly Seq[];
      readonly members?: { readonly after?: UserId; readonly limit: number };
    }
  | {
      readonly do: "standing";
      /** `roots`: threads of which it is asked what they have read. */
      readonly people: readonly { readonly userId: UserId; readonly roots: readonly Seq[] }[];
      readonly seqs: readonly Seq[];
    };
export interface RoomNotifyReply {
  readonly type: RoomType;
  readonly name: string;
  readonly memberCount: number;
  readonly followers?: readonly (readonly [root: Seq, users: readonly UserId[]])[];
  readonly members?: readonly UserId[];
  readonly next?: UserId;
  readonly people?: readonly NotifyStanding[];
  readonly messages?: readonly MessageView[];
}
export interface NotifyStanding {
  readonly userId: UserId;
  readonly isMember: boolean;
  readonly isInvited: boolean;
  /** From where counts of unread messages go. */
  readonly readSeq: Seq;
  readonly threads: readonly (readonly [root: Seq, no: number])[];
}
