/**
 * Who may do what: one table, room type × action → the lowest standing that suffices.
 * A standing is one's role in the room, `none` for people of the tenant who are not members, `tenant_admin` for those whose
 * token says so. Invariant: standings are a ladder; who may do something may do it with every higher standing too.
 *
 * In words:
 * - public: everybody of the tenant may read and join; members write.
 * - private, group: members only; others do not learn that it exists. Any member may bring people in when `allowInvites` is
 *   on, moderators always (in a group: admins). Tenant admins may read, and join in the open, as a member that all see.
 * - direct: its two people and nobody else, tenant admins included; no one comes, leaves or rules.
 * - announcement: members read and react, moderators and above write; people are brought in by them.
 * - broadcast: everybody of the tenant may read, join and react; admins write.
 * - support: members (who asked, and who helps) talk; tenant admins may join to help; messages stay as a record, so only
 *   tenant admins delete those of others.
 * - Nobody changes another person's words anywhere.
 * - Pinning, banning, muting and letting people in is the moderators' (in a group and a broadcast room: the admins'; in a
 *   group anybody pins). Giving a room away and deleting it is the owners'; a support room stays as a record, so only tenant
 *   admins delete it or look at what was deleted.
 * - Whoever may read a room may report what stands there. Where everything is said in somebody's name on purpose
 *   (announcement, support, broadcast, direct) nobody writes without a name.
 * - What shows a person as taking part (writing, reacting, leaving, marks) needs membership, whatever the standing.
 * The engine itself (`system`) stands outside the table and may do everything.
 */
import type { Principal } from "../principal.ts";
import type { Role, RoomType } from "./vocabulary.ts";

export type Action =
  | "read"
  | "join"
  | "leave"
  | "mark"
  | "write"
  | "react"
  | "edit_own"
  | "edit_any"
  | "delete_own"
  | "delete_any"
  | "update_room"
  | "invite"
  | "add_member"
  | "remove_member"
  | "set_role"
  | "pin"
  | "ban"
  | "mute"
  | "approve"
  | "transfer"
  | "archive"
  | "delete_room"
  | "mention_room"
  | "poll"
  | "anonymous"
  | "see_deleted"
  | "moderate"
  | "report"
  | "moderate_settings";

export type Standing = Role | "none" | "tenant_admin";
/** The lowest standing that may; `nobody`: not even the highest. */
export type Minimum = Standing | "nobody";

export const LEVEL = {
  none: 0,
  member: 1,
  moderator: 2,
  admin: 3,
  owner: 4,
  tenant_admin: 5,
  nobody: 6,
} as const satisfies Record<Minimum, number>;
/** Level of the engine itself. */
const LEVEL_SYSTEM = 7;

export const PERMISSIONS: Readonly<Record<RoomType, Readonly<Record<Action, Minimum>>>> = {
  public: {
    read: "none",
    join: "none",
    leave: "member",
    mark: "member",
    write: "member",
    react: "member",
    edit_own: "member",
    edit_any: "nobody",
    delete_own: "member",
    delete_any: "moderator",
    update_room: "admin",
    invite: "member",
    add_member: "moderator",
    remove_member: "moderator",
    set_role: "admin",
    pin: "moderator",
    ban: "moderator",
    mute: "moderator",
    approve: "moderator",
    transfer: "owner",
    archive: "admin",
    delete_room: "owner",
    mention_room: "moderator",
    poll: "member",
    anonymous: "member",
    see_deleted: "admin",
    moderate: "moderator",
    report: "none",
    moderate_settings: "admin",
  },
  private: {
    read: "member",
    join: "tenant_admin",
    leave: "member",
    mark: "member",
    write: "member",
    react: "member",
    edit_own: "member",
    edit_any: "nobody",
    delete_own: "member",
    delete_any: "moderator",
    update_room: "admin",
    invite: "member",
    add_member: "moderator",
    remove_member: "moderator",
    set_role: "admin",
    pin: "moderator",
    ban: "moderator",
    mute: "moderator",
    approve: "moderator",
    transfer: "owner",
    archive: "admin",
    delete_room: "owner",
    mention_room: "moderator",
    poll: "member",
    anonymous: "member",
    see_deleted: "admin",
    moderate: "moderator",
    report: "member",
    moderate_settings: "admin",
  },
  direct: {
    read: "member",
    join: "nobody",
    leave: "nobody",
    mark: "member",
    write: "member",
    react: "member",
    edit_own: "member",
    edit_any: "nobody",
    delete_own: "member",
    delete_any: "nobody",
    update_room: "nobody",
    invite: "nobody",
    add_member: "nobody",
    remove_member: "nobody",
    set_role: "nobody",
    pin: "member",
    ban: "nobody",
    mute: "nobody",
    approve: "nobody",
    transfer: "nobody",
    archive: "nobody",
    delete_room: "nobody",
    mention_room: "nobody",
    poll: "member",
    anonymous: "nobody",
    see_deleted: "nobody",
    moderate: "nobody",
    report: "member",
    moderate_settings: "nobody",
  },
  group: {
    read: "member",
    join: "tenant_admin",
    leave: "member",
    mark: "member",
    write: "member",
    react: "member",
    edit_own: "member",
    edit_any: "nobody",
    delete_own: "member",
    delete_any: "admin",
    update_room: "admin",
    invite: "member",
    add_member: "admin",
    remove_member: "admin",
    set_role: "owner",
    pin: "member",
    ban: "admin",
    mute: "admin",
    approve: "admin",
    transfer: "owner",
    archive: "owner",
    delete_room: "owner",
    mention_room: "member",
    poll: "member",
    anonymous: "member",
    see_deleted: "admin",
    moderate: "admin",
    report: "member",
    moderate_settings: "admin",
  },
  announcement: {
    read: "member",
    join: "tenant_admin",
    leave: "member",
    mark: "member",
    write: "moderator",
    react: "member",
    edit_own: "moderator",
    edit_any: "nobody",
    delete_own: "moderator",
    delete_any: "moderator",
    update_room: "admin",
    invite: "moderator",
    add_member: "moderator",
    remove_member: "moderator",
    set_role: "admin",
    pin: "moderator",
    ban: "moderator",
    mute: "moderator",
    approve: "moderator",
    transfer: "owner",
    archive: "admin",
    delete_room: "owner",
    mention_room: "moderator",
    poll: "moderator",
    anonymous: "nobody",
    see_deleted: "admin",
    moderate: "moderator",
    report: "member",
    moderate_settings: "admin",
  },
  support: {
    read: "member",
    join: "tenant_admin",
    leave: "member",
    mark: "member",
    write: "member",
    react: "member",
    edit_own: "member",
    edit_any: "nobody",
    delete_own: "member",
    delete_any: "tenant_admin",
    update_room: "admin",
    invite: "moderator",
    add_member: "moderator",
    remove_member: "moderator",
    set_role: "admin",
    pin: "moderator",
    ban: "moderator",
    mute: "moderator",
    approve: "moderator",
    transfer: "owner",
    archive: "moderator",
    delete_room: "tenant_admin",
    mention_room: "moderator",
    poll: "member",
    anonymous: "nobody",
    see_deleted: "tenant_admin",
    moderate: "moderator",
    report: "member",
    moderate_settings: "admin",
  },
  broadcast: {
    read: "none",
    join: "none",
    leave: "member",
    mark: "member",
    write: "admin",
    react: "member",
    edit_own: "admin",
    edit_any: "nobody",
    delete_own: "admin",
    delete_any: "admin",
    update_room: "admin",
    invite: "admin",
    add_member: "admin",
    remove_member: "admin",
    set_role: "owner",
    pin: "admin",
    ban: "admin",
    mute: "admin",
    approve: "admin",
    transfer: "owner",
    archive: "owner",
    delete_room: "owner",
    mention_room: "admin",
    poll: "admin",
    anonymous: "nobody",
    see_deleted: "admin",
    moderate: "admin",
    report: "none",
    moderate_settings: "admin",
  },
};

/** Where a tenant admin's standing counts. */
export const TENANT_ADMIN_COUNTS: Readonly<Record<RoomType, boolean>> = {
  public: true,
  private: true,
  direct: false,
  group: true,
  announcement: true,
  support: true,
  broadcast: true,
};

/** Actions of a member as a member: standing alone does not do. */
export const NEEDS_MEMBERSHIP: Readonly<Record<Action, boolean>> = {
  read: false,
  join: false,
  leave: true,
  mark: true,
  write: true,
  react: true,
  edit_own: true,
  edit_any: true,
  delete_own: true,
  delete_any: false,
  update_room: false,
  invite: true,
  add_member: false,
  remove_member: false,
  set_role: false,
  pin: false,
  ban: false,
  mute: false,
  approve: false,
  transfer: false,
  archive: false,
  delete_room: false,
  mention_room: true,
  poll: true,
  anonymous: true,
  see_deleted: false,
  moderate: false,
  report: false,
  moderate_settings: false,
};

/** For sentences: "… may `write here`." */
export const ACTION_WORDS: Readonly<Record<Action, string>> = {
  read: "read this room",
  join: "join this room",
  leave: "leave this room",
  mark: "mark messages here",
  write: "write here",
  react: "react here",
  edit_own: "edit messages here",
  edit_any: "edit another person's message",
  delete_own: "delete messages here",
  delete_any: "delete another person's message",
  update_room: "change this room",
  invite: "bring people into this room",
  add_member: "add people to this room",
  remove_member: "remove people from this room",
  set_role: "change roles in this room",
  pin: "pin messages here",
  ban: "ban people from this room",
  mute: "mute people in this room",
  approve: "decide who may join this room",
  transfer: "give this room to another owner",
  archive: "archive this room",
  delete_room: "delete this room",
  mention_room: "mention everybody here",
  poll: "make polls here",
  anonymous: "write here without a name",
  see_deleted: "see what was deleted here",
  moderate: "moderate this room",
  report: "report messages of this room",
  moderate_settings: "change how this room is moderated",
};

/** How high a person stands in a room of this type; `role` is `undefined` for people who are not members. */
export function levelOf(type: RoomType, by: Principal, role: Role | undefined): number {
  if (by.role === "system") return LEVEL_SYSTEM;
  if (by.role === "admin" && TENANT_ADMIN_COUNTS[type]) return LEVEL.tenant_admin;
  return role === undefined ? LEVEL.none : LEVEL[role];
}

export function isAllowed(type: RoomType, action: Action, by: Principal, role: Role | undefined): boolean {
  if (by.role === "system") return true;
  if (role === undefined && NEEDS_MEMBERSHIP[action]) return false;
  return levelOf(type, by, role) >= LEVEL[PERMISSIONS[type][action]];
}

/** Why not, for the person who asked. */
export function refusalOf(type: RoomType, action: Action, role: Role | undefined): string {
  const words = ACTION_WORDS[action];
  const minimum = PERMISSIONS[type][action];
  if (minimum === "nobody") return `Nobody may ${words} (room type ${type}).`;
  if (role === undefined && NEEDS_MEMBERSHIP[action]) {
    return minimum === "member"
      ? `Only members may ${words}; join first.`
      : `To ${words} one must be a member with the role ${minimum}.`;
  }
  if (minimum === "tenant_admin") return `Only an administrator of the tenant may ${words}.`;
  return minimum === "member"
    ? `Only members may ${words}.`
    : `To ${words} one needs the role ${minimum} or a higher one.`;
}
