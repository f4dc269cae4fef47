/** The vocabulary of decisions: what every rule of a room is given and how it answers. Shared objects, so that a plain answer allocates little. */
import type { ItemKey, Seq, UserId } from "../../../base/ids.ts";
import type { HookVerdict } from "../../moderation/hook.ts";
import type { TenantModeration } from "../../moderation/rules.ts";
import type { Principal } from "../../principal.ts";
import type { RoomMutation } from "../commands.ts";
import type { BlockMark, BlockWish, Decision, RoomHold, RoomEffect, RoomRejection } from "../decision.ts";
import type { DomainEvent, RoomSettings } from "../events.ts";
import { type Action, isAllowed, levelOf, refusalOf } from "../permissions.ts";
import type { RoomState } from "../state.ts";

export interface DecideContext {
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
  /** Longest message, code points. */
  readonly messageLengthMax: number;
  /** Messages tell what happened to the room. */
  readonly systemMessages?: boolean;
  /** What the tenant asks of its rooms; absent: nothing. */
  readonly tenant?: TenantModeration | undefined;
  /** What the pre-publish hook said of this request, once it was asked. */
  readonly verdict?: HookVerdict | undefined;
  /** Characters that nobody can guess, others each time: for what is drawn by lot. The event says what came of it. */
  readonly token: () => string;
  /** What is known of block lists, by who may be blocked. `undefined`: nobody looks. */
  readonly blocks?: ReadonlyMap<UserId, BlockMark>;
  /** What was read of legal holds for this very decision. `undefined`: nobody looks. */
  readonly hold?: RoomHold | "unknown";
  /** Whether there is an assistant; absent: nothing is asked of it. */
  readonly assistant?: "present" | "absent";
  /** What was shown of a growing answer and is in no event yet. */
  readonly unsaved?: (target: Seq) => string;
}

/** The state of a room that was created. */
export type LiveRoom = RoomState & { readonly settings: RoomSettings };

const NO_EVENTS: readonly DomainEvent[] = [];
const NO_EFFECTS: readonly RoomEffect[] = [];
const NO_USERS: readonly UserId[] = [];
const NO_SEQS: readonly Seq[] = [];

/** Nothing to write: it is so already. */
export const UNCHANGED: Decision = { kind: "accept", events: NO_EVENTS, effects: NO_EFFECTS };
/** Also for rooms that the asker may not know of. */
export const ROOM_NOT_FOUND: Decision = reject("room_not_found");

export function accept(events: readonly DomainEvent[], effects: readonly RoomEffect[] = NO_EFFECTS): Decision {
  return { kind: "accept", events, effects };
}

export function acceptEffect(effect: RoomEffect): Decision {
  return { kind: "accept", events: NO_EVENTS, effects: [effect] };
}

export function reject(code: RoomRejection["code"], message?: string, field?: string, retryAfterMs?: number): Decision {
  return {
    kind: "reject",
    rejection: {
      code,
      ...(message !== undefined && { message }),
      ...(field !== undefined && { field }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  };
}

export function needMember(userId: UserId): Decision {
  return { kind: "need", keys: { members: [userId], messages: NO_SEQS } };
}

export function needMembers(userIds: readonly UserId[]): Decision {
  return { kind: "need", keys: { members: userIds, messages: NO_SEQS } };
}

export function needBlocks(blocks: BlockWish): Decision {
  return { kind: "need", keys: { members: NO_USERS, messages: NO_SEQS, blocks } };
}

export function needHold(): Decision {
  return { kind: "need", keys: { members: NO_USERS, messages: NO_SEQS, hold: true } };
}

export function needMessage(seq: Seq): Decision {
  return { kind: "need", keys: { members: NO_USERS, messages: [seq] } };
}

export function needItems(...items: readonly ItemKey[]): Decision {
  return { kind: "need", keys: { members: NO_USERS, messages: NO_SEQS, items } };
}

/**
 * `undefined`: the asker may. Otherwise the answer: a missing row, or a refusal – which, for people who may not read the
 * room, is that there is no such room.
 */
export function refuse(state: LiveRoom, by: Principal, action: Action): Decision | undefined {
  if (by.role === "system") return undefined;
  const row = state.members.get(by.userId);
  if (row === undefined) return needMember(by.userId);
  const role = row?.role;
  const { type } = state.settings;
  if (isAllowed(type, action, by, role)) return undefined;
  return isAllowed(type, "read", by, role) ? reject("forbidden", refusalOf(type, action, role)) : ROOM_NOT_FOUND;
}

/** How high the asker stands; their row is known when `refuse` let them through. */
export function levelIn(state: LiveRoom, by: Principal): number {
  return levelOf(state.settings.type, by, state.members.get(by.userId)?.role);
}

/** The time of the next event: never before the last one's, whatever the clock says. */
export function timestampOf(state: RoomState, context: DecideContext): number {
  return Math.max(context.now, state.lastTimestamp);
}

/** What all events of one request have in common. */
export interface EventBase {
  readonly timestamp: number;
  readonly by: UserId;
  readonly clientId: string;
  readonly bodyHash: number;
}

export function eventBase(
  state: RoomState,
  command: RoomMutation,
  bodyHash: number,
  context: DecideContext,
): EventBase {
  return { timestamp: timestampOf(state, context), by: command.by.userId, clientId: command.clientId, bodyHash };
}
