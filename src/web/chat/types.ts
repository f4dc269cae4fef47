/** Shapes of REST answers that the page reads beside what the SDK has types for. Types only. */
import type { Role } from "../../client/stoa-chat.ts";

export interface Person {
  readonly userId: string;
  readonly name: string;
  readonly avatar?: string;
}

export interface MemberJson {
  readonly userId: string;
  readonly displayName: string | null;
  readonly avatar: string | null;
  readonly role: Role;
  readonly isOnline: boolean;
}

export interface PageJson {
  readonly hasMore: boolean;
  readonly after?: string | null;
}

/** A message as REST has it, as far as the page reads it itself. */
export interface MessageJson {
  readonly messageId: string;
  readonly roomId: string;
  readonly seq: number;
  readonly authorId: string;
  readonly authorName: string | null;
  readonly authorAvatar: string | null;
  readonly content: string;
  readonly timestamp: string;
  readonly isDeleted: boolean;
}
