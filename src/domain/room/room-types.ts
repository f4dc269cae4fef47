/** How room types differ in numbers. What people may do in them stands in `permissions.ts`; nothing else knows a type by name. */
import { GROUP_MEMBERS_MAX, ROOM_MEMBERS_DEFAULT, ROOM_MEMBERS_MAX } from "../../base/limits.ts";
import type { Role, RoomType } from "./vocabulary.ts";

export interface RoomTypeLimits {
  /** What `maxMembers` may be, and what it is when nobody says. */
  readonly membersMin: number;
  readonly membersMax: number;
  readonly membersDefault: number;
  /** Exactly so many people from the first moment on, or `undefined`. */
  readonly membersExactly: number | undefined;
  /** Whoever is blocked by another member writes nothing here. */
  readonly heedsBlocks: boolean;
  /** Role of those who are named when the room is made. */
  readonly participantRole: Role;
}

const OPEN: RoomTypeLimits = {
  membersMin: 1,
  membersMax: ROOM_MEMBERS_MAX,
  membersDefault: ROOM_MEMBERS_DEFAULT,
  membersExactly: undefined,
  heedsBlocks: false,
  participantRole: "member",
};

export const ROOM_TYPE_LIMITS: Readonly<Record<RoomType, RoomTypeLimits>> = {
  public: OPEN,
  private: OPEN,
  // Neither of the two is above the other.
  direct: {
    membersMin: 2,
    membersMax: 2,
    membersDefault: 2,
    membersExactly: 2,
    heedsBlocks: true,
    participantRole: "owner",
  },
  group: { ...OPEN, membersMin: 2, membersMax: GROUP_MEMBERS_MAX, membersDefault: GROUP_MEMBERS_MAX },
  announcement: OPEN,
  support: OPEN,
  broadcast: OPEN,
};
