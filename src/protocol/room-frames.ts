/** Frames with which people rule over rooms and over who is in them. Part of the union in `frames.ts`. */
import type { UserId } from "../base/ids.ts";
import type { Mutation, Role } from "./frames.ts";

interface AboutPerson extends Mutation {
  readonly userId: UserId;
}
export interface AddMemberFrame extends AboutPerson {
  readonly type: "add_member";
  /** Default `member`. */
  readonly role?: Role;
}
export interface RemoveMemberFrame extends AboutPerson {
  readonly type: "remove_member";
}
export interface SetRoleFrame extends AboutPerson {
  readonly type: "set_role";
  readonly role: Role;
}
export interface TransferRoomFrame extends AboutPerson {
  readonly type: "transfer_room";
}
export interface ArchiveRoomFrame extends Mutation {
  readonly type: "archive_room";
  /** Default true; false opens it again. */
  readonly archived?: boolean;
}
export interface DeleteRoomFrame extends Mutation {
  readonly type: "delete_room";
}
export interface BanMemberFrame extends AboutPerson {
  readonly type: "ban_member";
  readonly reason?: string;
  /** Absent: for ever. */
  readonly durationMs?: number;
}
export interface UnbanMemberFrame extends AboutPerson {
  readonly type: "unban_member";
}
export interface MuteMemberFrame extends AboutPerson {
  readonly type: "mute_member";
  readonly reason?: string;
  readonly durationMs?: number;
}
export interface UnmuteMemberFrame extends AboutPerson {
  readonly type: "unmute_member";
}
/** Of one person, or a code for whoever has it. */
export interface CreateInviteFrame extends Mutation {
  readonly type: "create_invite";
  readonly userId?: UserId;
  readonly durationMs?: number;
  readonly maxUses?: number;
}
/** By person or by code; one of the two is required. */
export interface RevokeInviteFrame extends Mutation {
  readonly type: "revoke_invite";
  readonly userId?: UserId;
  readonly invite?: string;
}
export interface DeclineInviteFrame extends Mutation {
  readonly type: "decline_invite";
}
export interface AnswerRequestFrame extends AboutPerson {
  readonly type: "answer_request";
  readonly approve: boolean;
}

export type RoomRuleFrame =
  | AddMemberFrame
  | RemoveMemberFrame
  | SetRoleFrame
  | TransferRoomFrame
  | ArchiveRoomFrame
  | DeleteRoomFrame
  | BanMemberFrame
  | UnbanMemberFrame
  | MuteMemberFrame
  | UnmuteMemberFrame
  | CreateInviteFrame
  | RevokeInviteFrame
  | DeclineInviteFrame
  | AnswerRequestFrame;
