/** Who is asking: built from a verified token and from nothing else, or the engine itself. */
import type { TenantId, UserId } from "../base/ids.ts";

export interface Principal {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly name?: string;
  readonly avatar?: string;
  /** Role in the tenant, not in a room. `system` is the engine itself and never comes from a token. */
  readonly role: "user" | "admin" | "system";
}

/** The engine's name in logs and audit entries. */
export const ENGINE_USER = "system" as UserId;

/** The engine itself, for what no user of the tenant asked. */
export function engineOf(tenant: TenantId): Principal {
  return { tenant, userId: ENGINE_USER, role: "system" };
}
