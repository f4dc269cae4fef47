/**
 * In rooms of two, whoever was blocked by the other one writes nothing: neither opens the room nor says, changes or adds
 * anything in it; reading and deleting one's own stay possible. Rooms of more people know nothing of blocks.
 * Invariant: what is believed of a block list is younger than `BLOCKS_KEPT_MS_MAX`; otherwise it is asked for first.
 */
import type { UserId } from "../../../base/ids.ts";
import { BLOCKS_KEPT_MS_MAX } from "../../../base/limits.ts";
import type { CreateRoom, RoomMutation } from "../commands.ts";
import type { Decision } from "../decision.ts";
import { ROOM_TYPE_LIMITS } from "../room-types.ts";
import { type DecideContext, type LiveRoom, needBlocks, reject } from "./answer.ts";

/** What shows the blocked person to the other one. */
const WRITING: ReadonlySet<RoomMutation["kind"]> = new Set([
  "send_message",
  "edit_message",
  "react",
  "pin_message",
  "vote_poll",
  "close_poll",
  "add_file",
] as const);

/** The same words for whatever was tried: they say no more than that it will not work. */
const BLOCKED = reject("forbidden", "This person takes no messages from you.");

/** Once it is known that the asker is a member; `undefined`: no block stands in the way, or none counts here. */
export function refuseBlocked(state: LiveRoom, command: RoomMutation, context: DecideContext): Decision | undefined {
  return WRITING.has(command.kind) ? refuseBlockedPerson(state, command.by.userId, context) : undefined;
}

export function refuseBlockedPerson(state: LiveRoom, userId: UserId, context: DecideContext): Decision | undefined {
  if (!ROOM_TYPE_LIMITS[state.settings.type].heedsBlocks || context.blocks === undefined) return undefined;
  // Strangers are told elsewhere that there is no such room.
  if (state.members.get(userId) == null) return undefined;
  return judge(userId, undefined, context);
}

export function refuseBlockedCreator(
  { by, settings }: CreateRoom,
  others: readonly UserId[],
  context: DecideContext,
): Decision | undefined {
  if (!ROOM_TYPE_LIMITS[settings.type].heedsBlocks || context.blocks === undefined) return undefined;
  return judge(by.userId, others, context);
}

function judge(user: UserId, by: readonly UserId[] | undefined, context: DecideContext): Decision | undefined {
  const known = context.blocks?.get(user);
  if (known === undefined || Math.abs(context.now - known.at) > BLOCKS_KEPT_MS_MAX) {
    return needBlocks({ user, ...(by !== undefined && { by }) });
  }
  return known.isBlocked ? BLOCKED : undefined;
}
