/** From the frames of `room-frames.ts` to commands. */
import { codeOf } from "../base/invites.ts";
import type { RoomMutation } from "../domain/room/commands.ts";
import type { RoomRuleFrame } from "../protocol/room-frames.ts";

type Key = Pick<RoomMutation, "by" | "clientId" | "knownSeq">;

export function commandOfRule(frame: RoomRuleFrame, key: Key): RoomMutation {
  switch (frame.type) {
    case "add_member":
      return { kind: "add_member", ...key, userId: frame.userId, role: frame.role ?? "member" };
    case "set_role":
      return { kind: "set_role", ...key, userId: frame.userId, role: frame.role };
    case "remove_member":
    case "transfer_room":
    case "unban_member":
    case "unmute_member":
      return { kind: frame.type, ...key, userId: frame.userId };
    case "archive_room":
      return { kind: "archive_room", ...key, archived: frame.archived !== false };
    case "delete_room":
    case "decline_invite":
      return { kind: frame.type, ...key };
    case "ban_member":
    case "mute_member":
      return {
        kind: frame.type,
        ...key,
        userId: frame.userId,
        ...(frame.reason !== undefined && { reason: frame.reason }),
        ...(frame.durationMs !== undefined && { durationMs: frame.durationMs }),
      };
    case "create_invite":
      return {
        kind: "create_invite",
        ...key,
        ...(frame.userId !== undefined && { userId: frame.userId }),
        ...(frame.durationMs !== undefined && { durationMs: frame.durationMs }),
        ...(frame.maxUses !== undefined && { maxUses: frame.maxUses }),
      };
    case "revoke_invite":
      return {
        kind: "revoke_invite",
        ...key,
        ...(frame.userId !== undefined && { userId: frame.userId }),
        ...(frame.invite !== undefined && { code: codeOf(frame.invite) }),
      };
    case "answer_request":
      return { kind: "answer_request", ...key, userId: frame.userId, approve: frame.approve };
  }
}
