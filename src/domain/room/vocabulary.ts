/** Words that a room's log and the wire share by value, each side with its own definition: the log must outlive the wire. */

export type RoomType = "public" | "private" | "direct" | "group" | "announcement" | "support" | "broadcast";
export type Role = "owner" | "admin" | "moderator" | "member";
export type MessageType = "text" | "image" | "file" | "audio" | "video" | "poll" | "system" | "ai_response";

/** Rows about people in a room beyond their membership. */
export type StandingCollection = "bans" | "mutes" | "invites" | "requests";

/** How closely what is written is looked at before others see it. */
export type ModerationLevel = "none" | "basic" | "strict";

export interface Attachment {
  readonly id: string;
  readonly type: string;
  readonly url: string;
  readonly fileName: string;
  readonly fileSize: number;
  readonly mimeType: string;
  readonly thumbnailUrl?: string;
}

/** What a poll asks. An option is named by its place, counted from 0. */
export interface Poll {
  readonly question: string;
  readonly options: readonly string[];
  /** How many options one person may choose. */
  readonly choicesMax: number;
  /** Nobody is ever shown who chose what. */
  readonly anonymous: boolean;
  /** Milliseconds since 1970: later votes are refused. */
  readonly closesAt?: number;
}
