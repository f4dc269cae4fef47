/**
 * Who may see whom, over REST: oneself, people with whom one shares a room, and for administrators everybody of the tenant.
 * Invariant: whoever may not be seen is answered for exactly as somebody who never was.
 */
import type { PresenceView } from "../../actors/calls.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";
import { presenceJson } from "./views.ts";

type Shown = ReturnType<typeof presenceJson>;
/** Rooms that the asker shares with the person; `all`: nothing is to be hidden. */
type Sight = readonly RoomId[] | "all";

/** Those of them whom the asker may see, in the order asked. */
export async function lookAt(
  engine: Engine,
  principal: Principal,
  userIds: readonly UserId[],
): Promise<Result<readonly Shown[], Rejection>> {
  const sights = await sightsOf(engine, principal, userIds);
  if (!sights.ok) return sights;
  const views = await Promise.all(
    [...sights.value].map(async ([user, sight]) => {
      const view = await engine.call(principal, { to: "user", user, kind: "get_presence", userId: user });
      return view.ok ? ok(shown(principal, view.value, sight)) : view;
    }),
  );
  const people: Shown[] = [];
  for (const view of views) {
    if (!view.ok) return view;
    if (view.value !== undefined) people.push(view.value);
  }
  return ok(people);
}

export async function lookAtOne(engine: Engine, principal: Principal, user: UserId): Promise<Result<Shown, Rejection>> {
  const found = await lookAt(engine, principal, [user]);
  if (!found.ok) return found;
  const person = found.value[0];
  return person === undefined ? err({ code: "user_not_found" }) : ok(person);
}

async function sightsOf(
  engine: Engine,
  principal: Principal,
  userIds: readonly UserId[],
): Promise<Result<ReadonlyMap<UserId, Sight>, Rejection>> {
  const asked = [...new Set(userIds)];
  const isOpen = (user: UserId): boolean => user === principal.userId || principal.role !== "user";
  const others = asked.filter((user) => !isOpen(user));
  const call = { to: "user", user: principal.userId, kind: "shared_rooms", others } as const;
  const shared = others.length === 0 ? ok({ rooms: [] }) : await engine.call(principal, call);
  if (!shared.ok) return shared;
  const rooms = new Map(others.map((user, i) => [user, shared.value.rooms[i] ?? []]));
  const sights = new Map<UserId, Sight>();
  for (const user of asked) {
    const common = rooms.get(user);
    if (common === undefined) sights.set(user, "all");
    else if (common.length > 0) sights.set(user, common);
  }
  return ok(sights);
}

/** A member who never connected is shown to the other members; a name that nobody ever had is no person. */
function shown(principal: Principal, view: PresenceView, sight: Sight): Shown | undefined {
  if (sight !== "all") {
    return presenceJson(
      view,
      view.rooms.filter((room) => sight.includes(room)),
    );
  }
  return view.lastSeen === null && view.userId !== principal.userId ? undefined : presenceJson(view);
}
