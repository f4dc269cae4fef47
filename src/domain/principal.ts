/** Who is asking: built from a verified token and from nothing else. */
import type { TenantId, UserId } from "../base/ids.ts";

export interface Principal {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly name?: string;
  readonly avatar?: string;
  /** Role in the tenant, not in a room. `system` is the engine itself and never comes from a token. */
  readonly role: "user" | "admin" | "system";
}
