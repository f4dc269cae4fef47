/**
 * What a room does with a command: events to write and effects to carry out, a rejection, or a list of rows that it lacks.
 * The order of judgement: the room exists; the request was not done before; the asker may; the rules of the command.
 * Invariant: changes nothing that anyone could see (caches note what was used), and gives the same answer whatever the
 * caches hold, except that it may ask for rows first.
 */
import { unreachable } from "../../base/result.ts";
import { bodyHashOf } from "./body-hash.ts";
import type { EditMessage, RoomCommand, RoomMutation, SendMessage } from "./commands.ts";
import { type DecideContext, type LiveRoom, reject, ROOM_NOT_FOUND } from "./decide/answer.ts";
import { decideEnd, decideExtend, decideRestart, decideStop, withAnswer } from "./decide/answers.ts";
import { refuseBlocked, refuseBlockedPerson } from "./decide/blocks.ts";
import { decideArchive, decideDeleteRoom, decideTransfer } from "./decide/closing.ts";
import {
  decideCheckAsk,
  decideCheckRead,
  decideCheckStanding,
  decideCheckVersions,
  decideConfirm,
  decideMarkRead,
  decideMarkUnread,
  decideTyping,
} from "./decide/ephemeral.ts";
import { refuseAtGate } from "./decide/gates.ts";
import { decideCheckInvite, decideCreateInvite, decideDeclineInvite, decideRevokeInvite } from "./decide/invites.ts";
import { decideAddMember, decideAnswerRequest, decideJoin } from "./decide/joining.ts";
import { decideKeep } from "./decide/keeping.ts";
import { decideLeave, decideRemoveMember, decideSetRole } from "./decide/membership.ts";
import { withMemberMarks } from "./decide/member-marks.ts";
import { decideDelete, decideEdit, decideSend } from "./decide/messages.ts";
import { isModerated, moderated } from "./decide/moderated.ts";
import {
  decideCheckModerate,
  decideReport,
  decideResolveHeld,
  decideResolveReport,
  decideSetModeration,
} from "./decide/moderation.ts";
import { decideAddFile, decideCheckUpload, decideDropFiles } from "./decide/files.ts";
import { decidePin } from "./decide/pins.ts";
import { decideClosePoll, decideVote } from "./decide/polls.ts";
import { decideBanPseudonym } from "./decide/pseudonyms.ts";
import { decideReact } from "./decide/reactions.ts";
import { decideBan, decideMute, decideUnban, decideUnmute } from "./decide/sanctions.ts";
import { decideCreateRoom, decideUpdateRoom } from "./decide/rooms.ts";
import { withSystemMessages } from "./decide/system-messages.ts";
import { decideFollowThread, decideMarkThread } from "./decide/threads.ts";
import type { Decision } from "./decision.ts";
import type { RoomState } from "./state.ts";

export type { DecideContext } from "./decide/answer.ts";

export function decide(state: RoomState, command: RoomCommand, context: DecideContext): Decision {
  const decision = judge(state, command, context);
  if (command.kind === "send_message") return decision;
  return withMemberMarks(state, withSystemMessages(state, command, decision, context));
}

function judge(state: RoomState, command: RoomCommand, context: DecideContext): Decision {
  if (command.kind === "keep") return decideKeep(state, command, context);
  if (!isLive(state)) {
    const done = state.deletedAt === undefined ? undefined : doneBefore(state, command);
    if (done !== undefined) return done;
    if (command.kind !== "create_room") return ROOM_NOT_FOUND;
    return decideCreateRoom(state, command, bodyHashOf(command), context);
  }
  switch (command.kind) {
    case "set_typing":
      return refuseBlockedPerson(state, command.by.userId, context) ?? decideTyping(state, command, context);
    case "mark_read":
      return decideMarkRead(state, command);
    case "mark_unread":
      return decideMarkUnread(state, command);
    case "confirm_delivered":
      return decideConfirm(state, command);
    case "check_read":
      return decideCheckRead(state, command, context);
    case "mark_thread_read":
      return decideMarkThread(state, command);
    case "check_versions":
      return decideCheckVersions(state, command, context);
    case "check_moderate":
      return decideCheckModerate(state, command);
    case "check_invite":
      return decideCheckInvite(state, command, context);
    case "check_ask":
      return decideCheckAsk(state, command, context);
    case "extend_answer":
      return decideExtend(state, command, context);
    case "restart_answer":
      return decideRestart(state, command, context);
    case "end_answer":
      return decideEnd(state, command, context);
    case "check_standing":
      return decideCheckStanding(state, command);
    case "check_upload":
      return refuseBlockedPerson(state, command.by.userId, context) ?? decideCheckUpload(state, command, context);
    default:
      return decideMutation(state, command, context);
  }
}

function isLive(state: RoomState): state is LiveRoom {
  return state.settings !== undefined && state.deletedAt === undefined;
}

/** The room is deleted: what was done before is answered as it was then, its deletion too. */
function doneBefore(state: RoomState, command: RoomCommand): Decision | undefined {
  if (!("clientId" in command)) return undefined;
  const done = state.window.find(command.by.userId, command.clientId);
  if (done === undefined || done.bodyHash !== bodyHashOf(command)) return undefined;
  return { kind: "duplicate", seq: done.seq, timestamp: done.timestamp };
}

function decideMutation(state: LiveRoom, command: RoomMutation, context: DecideContext): Decision {
  const bodyHash = bodyHashOf(command);
  const done = state.window.find(command.by.userId, command.clientId);
  if (done !== undefined) {
    if (done.bodyHash !== bodyHash) return reject("conflict", undefined, "clientId");
    return { kind: "duplicate", seq: done.seq, timestamp: done.timestamp };
  }
  // A first try at `knownSeq` would have been written after it; what is above the floor would be known.
  if (command.knownSeq !== undefined && command.knownSeq < state.window.floor) return reject("retry_expired");
  const blocked = refuseBlocked(state, command, context);
  if (blocked !== undefined) return blocked;
  const refusal = refuseAtGate(state, command, context);
  if (refusal !== undefined) return refusal;
  switch (command.kind) {
    case "send_message":
      return withAnswer(
        state,
        published(state, command, decideSend(state, command, bodyHash, context), context),
        context,
      );
    case "edit_message":
      return published(state, command, decideEdit(state, command, bodyHash, context), context);
    case "delete_message":
      return decideDelete(state, command, bodyHash, context);
    case "react":
      return decideReact(state, command, bodyHash, context);
    case "pin_message":
    case "unpin_message":
      return decidePin(state, command, bodyHash, context);
    case "follow_thread":
      return decideFollowThread(state, command, bodyHash, context);
    case "vote_poll":
      return decideVote(state, command, bodyHash, context);
    case "close_poll":
      return decideClosePoll(state, command, bodyHash, context);
    case "stop_answer":
      return decideStop(state, command, bodyHash, context);
    case "ban_pseudonym":
      return decideBanPseudonym(state, command, bodyHash, context);
    case "join_room":
      return decideJoin(state, command, bodyHash, context);
    case "leave_room":
      return decideLeave(state, command, bodyHash, context);
    case "add_member":
      return decideAddMember(state, command, bodyHash, context);
    case "remove_member":
      return decideRemoveMember(state, command, bodyHash, context);
    case "set_role":
      return decideSetRole(state, command, bodyHash, context);
    case "update_room":
      return decideUpdateRoom(state, command, bodyHash, context);
    case "create_room":
      return decideCreateRoom(state, command, bodyHash, context);
    case "set_moderation":
      return decideSetModeration(state, command, bodyHash, context);
    case "report":
      return decideReport(state, command, bodyHash, context);
    case "resolve_report":
      return decideResolveReport(state, command, bodyHash, context);
    case "resolve_held":
      return withAnswer(state, decideResolveHeld(state, command, bodyHash, context), context);
    case "transfer_room":
      return decideTransfer(state, command, bodyHash, context);
    case "archive_room":
      return decideArchive(state, command, bodyHash, context);
    case "delete_room":
      return decideDeleteRoom(state, command, bodyHash, context);
    case "ban_member":
      return decideBan(state, command, bodyHash, context);
    case "unban_member":
      return decideUnban(state, command, bodyHash, context);
    case "mute_member":
      return decideMute(state, command, bodyHash, context);
    case "unmute_member":
      return decideUnmute(state, command, bodyHash, context);
    case "create_invite":
      return decideCreateInvite(state, command, bodyHash, context);
    case "revoke_invite":
      return decideRevokeInvite(state, command, bodyHash, context);
    case "decline_invite":
      return decideDeclineInvite(state, command, bodyHash, context);
    case "answer_request":
      return decideAnswerRequest(state, command, bodyHash, context);
    case "add_file":
      return decideAddFile(state, command, bodyHash, context);
    case "drop_files":
      return decideDropFiles(state, command, bodyHash, context);
    default:
      return unreachable(command);
  }
}

function published(
  state: LiveRoom,
  command: SendMessage | EditMessage,
  decision: Decision,
  context: DecideContext,
): Decision {
  return isModerated(state, context) ? moderated(state, command, decision, context) : decision;
}
