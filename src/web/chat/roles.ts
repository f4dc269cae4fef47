/** What is offered to whom. The server decides; this only leaves away what it would refuse. */
import type { Role } from "../../client/stoa-chat.ts";
import { session } from "./session.ts";

const RANK: Readonly<Record<Role, number>> = { member: 0, moderator: 1, admin: 2, owner: 3 };

export function isAtLeast(role: Role | undefined, least: Role): boolean {
  return role !== undefined && RANK[role] >= RANK[least];
}

function stands(roomId: string, least: Role): boolean {
  const { account } = session();
  const room = session().room(roomId);
  if (room?.type === "direct") return false;
  return account.isAdmin || isAtLeast(session().state(roomId).value.role, least);
}

export function mayModerate(roomId: string): boolean {
  const type = session().room(roomId)?.type;
  return stands(roomId, type === "group" || type === "broadcast" ? "admin" : "moderator");
}

export function mayChange(roomId: string): boolean {
  return stands(roomId, "admin");
}

export function mayPin(roomId: string): boolean {
  const type = session().room(roomId)?.type;
  return type === "direct" || type === "group" || mayModerate(roomId);
}

/** Nobody rules over those who stand as high as themselves. */
export function ruleOver(roomId: string, role: Role): boolean {
  if (!mayModerate(roomId)) return false;
  const own = session().state(roomId).value.role;
  return session().account.isAdmin || (own !== undefined && RANK[own] > RANK[role]);
}

/** Who may not write here is told so instead of a field. */
export function mayWrite(roomId: string): boolean {
  const type = session().room(roomId)?.type;
  const { role } = session().state(roomId).value;
  if (role === undefined) return true;
  if (type === "announcement") return isAtLeast(role, "moderator");
  return type === "broadcast" ? isAtLeast(role, "admin") : true;
}
