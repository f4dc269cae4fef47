/** Retention and legal holds, for administrators of a tenant: what would go, letting it go now, and what must stay. */
import { Elysia, t } from "elysia";
import type { RoomId, UserId } from "../../base/ids.ts";
import { HOLD_REASON_LENGTH_MAX } from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import { asAdmin } from "../rest/admins-only.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { text } from "../rest/characters.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { type HoldScope, type Holds, readHolds, setHold } from "../keeping/holds.ts";
import type { Keeper } from "../keeping/keeper.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import type { Retention, RoomRetentionReport } from "../keeping/retention.ts";
import { roomId, roomParams, userId } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: 100, fallback: 100 } as const;

export interface RetentionRestOptions extends RestOptions {
  readonly keeper: Keeper;
  readonly retention: Retention;
}

const query = t.Object({
  after: t.Optional(t.String({ maxLength: 1_000, description: "Where the next page begins, from `pagination.after`" })),
  limit: wholeText(LIMIT),
  roomId: t.Optional(roomId),
});
const holdBody = t.Object({ reason: t.Optional(text(HOLD_REASON_LENGTH_MAX)) });
const userParams = t.Object({ userId });

export function retentionPlugin(prefix: string, options: RetentionRestOptions) {
  const { retention } = options;
  const holds = holdsOf(options.keeper);
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/retention",
      async ({ principal, query: asked, set }) => {
        const size = readWhole("limit", asked.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const found = await asAdmin(principal, () => retention.look(principal.tenant, pageOf(asked, size.value)));
        return answer(set, found, ({ rooms, next }) => pageJson(rooms, next, size.value));
      },
      { query, detail: { summary: "What retention would delete now, by room (a dry run)" } },
    )
    .post(
      "/retention",
      async ({ principal, query: asked, set }) => {
        const size = readWhole("limit", asked.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const done = await asAdmin(principal, () => retention.run(principal.tenant, pageOf(asked, size.value)));
        if (done.ok) await noteRun(options.keeper, principal, done.value.rooms);
        return answer(set, done, ({ rooms, next }) => pageJson(rooms, next, size.value));
      },
      { query, detail: { summary: "Delete it now, without waiting for the next sweep" } },
    )
    .get(
      "/holds",
      async ({ principal, set }) => {
        const found = await asAdmin(principal, () => readHolds(options.keeper, principal.tenant));
        return answer(set, found, holdsJson);
      },
      { detail: { summary: "Legal holds of the tenant" } },
    )
    .put("/holds/tenant", ({ principal, body, set }) => holds.place(set, principal, { scope: "tenant" }, body.reason), {
      ...strictBody(holdBody),
      detail: { summary: "Nothing of the tenant is deleted, neither by age nor by erasure" },
    })
    .delete("/holds/tenant", ({ principal, set }) => holds.lift(set, principal, { scope: "tenant" }), {
      detail: { summary: "Lift the tenant's legal hold" },
    })
    .put(
      "/holds/rooms/:roomId",
      ({ principal, params, body, set }) =>
        holds.place(set, principal, { scope: "room", id: params.roomId }, body.reason),
      { params: roomParams, ...strictBody(holdBody), detail: { summary: "Nothing of this room is deleted" } },
    )
    .delete(
      "/holds/rooms/:roomId",
      ({ principal, params, set }) => holds.lift(set, principal, { scope: "room", id: params.roomId }),
      { params: roomParams, detail: { summary: "Lift a room's legal hold" } },
    )
    .put(
      "/holds/users/:userId",
      ({ principal, params, body, set }) =>
        holds.place(set, principal, { scope: "user", id: params.userId }, body.reason),
      { params: userParams, ...strictBody(holdBody), detail: { summary: "Nothing that this person wrote is deleted" } },
    )
    .delete(
      "/holds/users/:userId",
      ({ principal, params, set }) => holds.lift(set, principal, { scope: "user", id: params.userId }),
      { params: userParams, detail: { summary: "Lift a person's legal hold" } },
    );
}

function holdsOf(keeper: Keeper) {
  const change = async (
    set: Parameters<typeof refuse>[0],
    principal: Principal,
    scope: HoldScope,
    hold: { readonly by: UserId; readonly at: number; readonly reason?: string } | null,
  ) => {
    const { tenant, userId: by } = principal;
    const done = await asAdmin(principal, () => setHold(keeper, tenant, scope, hold));
    if (done.ok && done.value) {
      const action = hold === null ? "hold_lifted" : "hold_placed";
      const room = scope.scope === "room" ? scope.id : undefined;
      const whom = scope.scope === "user" ? { userId: scope.id } : {};
      const reason = hold?.reason === undefined ? {} : { reason: hold.reason };
      const entry = { action, by, ...whom, ...reason, details: { scope: scope.scope } };
      await keeper.note(tenant, `hold.${scope.scope}`, entry, room);
    }
    return answer(set, done, (changed) => ({ changed }));
  };
  return {
    place: (set: Parameters<typeof refuse>[0], principal: Principal, scope: HoldScope, reason: string | undefined) =>
      change(set, principal, scope, {
        by: principal.userId,
        at: keeper.nowMs(),
        ...(reason !== undefined && { reason }),
      }),
    lift: (set: Parameters<typeof refuse>[0], principal: Principal, scope: HoldScope) =>
      change(set, principal, scope, null),
  };
}

function pageOf({ after, roomId: room }: { after?: string; roomId?: RoomId }, limit: number) {
  return { limit, ...(after !== undefined && { after }), ...(room !== undefined && { room }) };
}

async function noteRun(keeper: Keeper, { tenant, userId: by }: Principal, rooms: readonly RoomRetentionReport[]) {
  for (const { roomId: room, messages, segments, held } of rooms) {
    if (segments === 0 || held !== undefined) continue;
    const details = { messages: String(messages), segments: String(segments) };
    await keeper.note(tenant, `retention.${room}`, { action: "history_trimmed", by, details }, room);
  }
}

function pageJson(rooms: readonly RoomRetentionReport[], next: string | undefined, limit: number) {
  return {
    rooms: rooms.map(({ oldestMs, held, ...room }) => {
      return { ...room, oldest: oldestMs === undefined ? null : iso(oldestMs), held: held ?? null };
    }),
    pagination: { limit, hasMore: next !== undefined, after: next ?? null },
  };
}

function holdsJson({ all }: Holds) {
  const shown = all.map(({ scope, id, by, at, reason }) => ({ scope, id, by, at: iso(at), reason: reason ?? null }));
  return { holds: shown };
}
