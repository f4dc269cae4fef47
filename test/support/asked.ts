/** What the thread in `tiny-follower.ts` asks of the engine. */
import type { Call } from "../../src/actors/calls.ts";
import type { TenantId, UserId } from "../../src/base/ids.ts";
import type { Principal } from "../../src/domain/principal.ts";

const by: Principal = { tenant: "acme" as TenantId, userId: "system" as UserId, role: "system" };
const call: Call = { to: "user", user: by.userId, kind: "keep", ask: { do: "clean" } };

export const ASKED = { no: 7, by, call };
