/**
 * Legal holds: what must not be deleted, whatever its age and whoever wishes it. A document each: of the tenant, of a room, of
 * a person. Invariant: read anew before each room is touched, so a hold counts from when it was placed.
 */
import { HOLDS, personHold, roomHold, TENANT_HOLD } from "../../base/holds.ts";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { HOLDS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Keeper } from "./keeper.ts";

const PAGE = 100;
const ROUNDS_MAX = 4;

export type HoldScope =
  | { readonly scope: "tenant" }
  | { readonly scope: "room"; readonly id: RoomId }
  | { readonly scope: "user"; readonly id: UserId };

export interface Hold {
  readonly by: UserId;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string;
}

export interface Holds {
  readonly tenant: boolean;
  readonly rooms: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
  readonly all: readonly (Hold & { readonly scope: HoldScope["scope"]; readonly id: string | null })[];
}

export async function readHolds(keeper: Keeper, tenant: TenantId): Promise<Result<Holds, Rejection>> {
  const found: { id: string; value: Hold }[] = [];
  for (let after: string | undefined; found.length <= HOLDS_MAX; ) {
    const from: { readonly after?: string } = after === undefined ? {} : { after };
    const page = await keeper.user(tenant, { do: "documents", collection: HOLDS, limit: PAGE, ...from });
    if (!page.ok) return page;
    const { documents = [] } = page.value;
    // Only this file writes there.
    for (const { id, value } of documents) found.push({ id, value: value as Hold });
    if (documents.length < PAGE) break;
    after = documents.at(-1)?.id;
  }
  const named = found.map(({ id, value }) => ({ ...value, ...scopeOf(id) }));
  const ids = (scope: HoldScope["scope"]) => new Set(named.flatMap((one) => (one.scope === scope && one.id) || []));
  const tenantHeld = named.some(({ scope }) => scope === "tenant");
  return ok({ tenant: tenantHeld, rooms: ids("room"), users: ids("user"), all: named });
}

/** `null` lifts it. Answers whether anything changed. */
export async function setHold(
  keeper: Keeper,
  tenant: TenantId,
  scope: HoldScope,
  hold: Hold | null,
): Promise<Result<boolean, Rejection>> {
  const id = nameOf(scope);
  if (hold !== null) {
    const holds = await readHolds(keeper, tenant);
    if (!holds.ok) return holds;
    if (holds.value.all.length >= HOLDS_MAX) {
      return err({ code: "too_many", message: `A tenant has at most ${HOLDS_MAX} legal holds.` });
    }
  }
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const read = await keeper.user(tenant, { do: "document", collection: HOLDS, id });
    if (!read.ok) return read;
    const { document } = read.value;
    if ((hold === null) === (document == null)) return ok(false);
    const expectedVersion = document?.version ?? 0;
    const written = await keeper.user(tenant, {
      do: "write",
      collection: HOLDS,
      id,
      value: hold,
      expectedVersion,
    });
    if (!written.ok) return written;
    if (written.value.written === true) return ok(true);
  }
  return err({ code: "conflict", message: "Somebody else changes this hold just now." });
}

function nameOf(scope: HoldScope): string {
  switch (scope.scope) {
    case "tenant":
      return TENANT_HOLD;
    case "room":
      return roomHold(scope.id);
    case "user":
      return personHold(scope.id);
  }
}

function scopeOf(id: string): { readonly scope: HoldScope["scope"]; readonly id: string | null } {
  if (id === TENANT_HOLD) return { scope: "tenant", id: null };
  const at = id.indexOf(".");
  return { scope: id.slice(0, at) === "room" ? "room" : "user", id: decodeURIComponent(id.slice(at + 1)) };
}
