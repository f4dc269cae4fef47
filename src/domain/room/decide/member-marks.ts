/**
 * What every event of coming and going gets, whichever command brought it: whether the room is too large to show it, and the
 * name that a member leaves behind, under which they are listed.
 * Invariant: depends on the state before the events alone, so that a repeated decision is the same.
 */
import { LARGE_ROOM_MEMBERS } from "../../../base/limits.ts";
import type { Decision } from "../decision.ts";
import type { DomainEvent } from "../events.ts";
import type { RoomState } from "../state.ts";

export function withMemberMarks(state: RoomState, decision: Decision): Decision {
  if (decision.kind !== "accept" || !decision.events.some(isComingOrGoing)) return decision;
  return { ...decision, events: decision.events.map((event) => marked(state, event)) };
}

function isComingOrGoing({ kind }: DomainEvent): boolean {
  return kind === "member_joined" || kind === "member_left";
}

function marked(state: RoomState, event: DomainEvent): DomainEvent {
  const quiet = state.memberCount < LARGE_ROOM_MEMBERS ? {} : { quiet: true as const };
  if (event.kind === "member_joined") return { ...event, ...quiet };
  if (event.kind !== "member_left") return event;
  const name = state.members.get(event.userId)?.name;
  return { ...event, ...(name !== undefined && { name }), ...quiet };
}
