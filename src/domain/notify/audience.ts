/** Whom an occasion is for, by what the room says of itself. Pure; whether each of them is told is for `verdict.ts`. */
import type { Seq, UserId } from "../../base/ids.ts";
import type { RoomType } from "../room/vocabulary.ts";
import { NOTIFY_REASONS, type NotifyReason, type Occasion } from "./occasions.ts";

export interface RoomAudience {
  readonly type: RoomType;
  /** Who follows the threads of the occasions. */
  readonly followers: ReadonlyMap<Seq, readonly UserId[]>;
  /** As far as they were asked for: all of a room of two, those whom a message to all is for. */
  readonly members: readonly UserId[];
  /** People who may want all messages of the room; each of them is asked. */
  readonly eager: readonly UserId[];
}

/** What one person may be told. */
export interface Told {
  readonly occasion: Occasion;
  readonly reason: NotifyReason;
}

/** By person, in the order of the occasions; of several reasons the strongest. Nobody is told of what they did. */
export function audienceOf(occasions: readonly Occasion[], room: RoomAudience): ReadonlyMap<UserId, readonly Told[]> {
  const told = new Map<UserId, Map<Seq, Told>>();
  for (const occasion of occasions) {
    for (const [reason, users] of peopleOf(occasion, room)) {
      for (const userId of users) {
        if (userId === occasion.by) continue;
        const own = told.get(userId) ?? new Map<Seq, Told>();
        const known = own.get(occasion.seq);
        if (known === undefined || isStronger(reason, known.reason)) own.set(occasion.seq, { occasion, reason });
        told.set(userId, own);
      }
    }
  }
  return new Map([...told].map(([userId, own]) => [userId, [...own.values()]]));
}

function peopleOf(
  { kind, users, everybody, thread }: Occasion,
  { type, followers, members, eager }: RoomAudience,
): readonly (readonly [NotifyReason, readonly UserId[]])[] {
  if (kind === "invite") return [["invite", users]];
  if (type === "direct") return [["direct", members]];
  return [
    ["mention", users],
    ["reply", thread === undefined ? [] : (followers.get(thread.root) ?? [])],
    ["mention_all", everybody ? members : []],
    ["message", eager],
  ];
}

export function isStronger(reason: NotifyReason, than: NotifyReason): boolean {
  return NOTIFY_REASONS.indexOf(reason) < NOTIFY_REASONS.indexOf(than);
}
