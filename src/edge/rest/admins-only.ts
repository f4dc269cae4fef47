/** The gate of what only administrators of a tenant may do over REST. */
import { err, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import { ADMINS_ONLY, type Rejection } from "../../protocol/errors.ts";

/** Does nothing for anybody else. */
export async function asAdmin<Value>(
  { role }: Principal,
  act: () => Promise<Result<Value, Rejection>>,
): Promise<Result<Value, Rejection>> {
  return role === "user" ? err(ADMINS_ONLY) : act();
}
