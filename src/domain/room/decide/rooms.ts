/** Making a room and changing its settings. */
import type { UserId } from "../../../base/ids.ts";
import { PARTICIPANTS_MAX } from "../../../base/limits.ts";
import { ASSISTANT } from "../../assistant/runs.ts";
import type { CreateRoom, UpdateRoom } from "../commands.ts";
import type { Decision, RoomEffect } from "../decision.ts";
import type { DomainEvent, MemberJoined, RoomSettings } from "../events.ts";
import { ROOM_TYPE_LIMITS } from "../room-types.ts";
import type { RoomState } from "../state.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needMember,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { refuseBlockedCreator } from "./blocks.ts";
import { refuseAssistant } from "./nobody.ts";
import { areSame, refuseSettings } from "./settings-rules.ts";

export function decideCreateRoom(
  state: RoomState,
  command: CreateRoom,
  bodyHash: number,
  context: DecideContext,
): Decision {
  if (state.deletedAt !== undefined) return reject("room_exists");
  if (state.settings !== undefined) return existing(state, state.settings, command);
  const limits = ROOM_TYPE_LIMITS[command.settings.type];
  const settings: RoomSettings =
    limits.membersExactly === undefined ? command.settings : { ...command.settings, maxMembers: limits.membersExactly };
  const refusal = refuseSettings(settings);
  if (refusal !== undefined) return refusal;
  // What the engine makes belongs to nobody: administrators of the tenant look after it.
  const hasOwner = command.by.role !== "system";
  const others = [...new Set(command.participants)].filter((userId) => userId !== command.by.userId);
  const refusedOthers = refuseParticipants(settings, others, hasOwner ? 1 : 0);
  if (refusedOthers !== undefined) return refusedOthers;
  const blocked = refuseBlockedCreator(command, others, context);
  if (blocked !== undefined) return blocked;

  const base = eventBase(state, command, bodyHash, context);
  let seq = state.head + 1;
  const creator: MemberJoined = {
    kind: "member_joined",
    seq: seq + 1,
    ...base,
    userId: command.by.userId,
    role: "owner",
  };
  const events: DomainEvent[] = [{ kind: "room_created", seq, ...base, settings }];
  if (hasOwner) {
    events.push({
      ...creator,
      ...(command.by.name !== undefined && { name: command.by.name }),
      ...(command.by.avatar !== undefined && { avatar: command.by.avatar }),
    });
  }
  seq += events.length;
  for (const userId of others) {
    events.push({ kind: "member_joined", seq, ...base, userId, role: limits.participantRole });
    seq += 1;
  }
  const effects: RoomEffect[] = others.length === 0 ? [] : [{ kind: "notify", userIds: others, reason: "invite" }];
  return accept(events, effects);
}

/** Either of the two may open a direct room again and again; any other room is made once. */
function existing(state: RoomState, settings: RoomSettings, command: CreateRoom): Decision {
  if (settings.type !== "direct" || command.settings.type !== "direct") return reject("room_exists");
  const row = state.members.get(command.by.userId);
  if (row === undefined) return needMember(command.by.userId);
  return row === null ? reject("room_exists") : UNCHANGED;
}

function refuseParticipants(settings: RoomSettings, others: readonly UserId[], owners: number): Decision | undefined {
  const { membersExactly } = ROOM_TYPE_LIMITS[settings.type];
  if (others.length > PARTICIPANTS_MAX) {
    return reject(
      "invalid_field",
      `At most ${PARTICIPANTS_MAX} people can be named when a room is made.`,
      "participants",
    );
  }
  if (others.includes(ASSISTANT)) return refuseAssistant("participants");
  if (membersExactly !== undefined && others.length + owners !== membersExactly) {
    const message = `A ${settings.type} room is made by naming ${membersExactly - owners} other person.`;
    return reject("invalid_field", message, "participants");
  }
  if (others.length + owners > settings.maxMembers) {
    return reject("room_full", `The room may have ${settings.maxMembers} members.`, "participants");
  }
  return undefined;
}

export function decideUpdateRoom(
  state: LiveRoom,
  command: UpdateRoom,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const refusal = refuse(state, command.by, "update_room");
  if (refusal !== undefined) return refusal;
  if (MODERATION_SETTINGS.some((name) => command.changes[name] !== undefined)) {
    const refusedModeration = refuse(state, command.by, "moderate_settings");
    if (refusedModeration !== undefined) return refusedModeration;
  }
  // The type decides about permissions; it stays what it was, whatever a caller slips in.
  const { type, isArchived } = state.settings;
  const { isArchived: _isArchived, ...changes } = command.changes as Partial<RoomSettings>;
  const settings: RoomSettings = { ...state.settings, ...changes, type, ...(isArchived === true && { isArchived }) };
  const refused = refuseSettings(settings);
  if (refused !== undefined) return refused;
  if (settings.maxMembers < state.memberCount && settings.maxMembers !== state.settings.maxMembers) {
    return reject("invalid_field", `The room has ${state.memberCount} members already.`, "maxMembers");
  }
  if (areSame(settings, state.settings)) return UNCHANGED;
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "room_updated", seq: state.head + 1, ...base, settings }]);
}

/** What `moderate_settings` guards. */
const MODERATION_SETTINGS = ["moderationLevel", "slowModeSeconds", "allowAnonymous"] as const;
