/** Who has a room when its last owner is erased: the highest role first, then whoever has been a member for the longest time. */
import { LEVEL } from "./permissions.ts";
import type { MemberRow } from "./state.ts";

export type Heir = Pick<MemberRow, "userId" | "role" | "joinedSeq">;

/** `undefined`: there is nobody. */
export function firstHeir(members: readonly Heir[]): Heir | undefined {
  let first: Heir | undefined;
  for (const { userId, role, joinedSeq } of members) {
    if (first === undefined || goesBefore({ userId, role, joinedSeq }, first)) first = { userId, role, joinedSeq };
  }
  return first;
}

function goesBefore(one: Heir, other: Heir): boolean {
  if (one.role !== other.role) return LEVEL[one.role] > LEVEL[other.role];
  // Who was named when the room was made came with others in one event each.
  return one.joinedSeq < other.joinedSeq || (one.joinedSeq === other.joinedSeq && one.userId < other.userId);
}
