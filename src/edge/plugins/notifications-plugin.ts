/** What people want to be told of while they are away: for all of their rooms, for single ones, and for the tenant as a whole. */
import { Elysia, t } from "elysia";
import type { NotifySettingsAsk, RoomSetting } from "../../actors/notify-calls.ts";
import { type Clock, SystemClock } from "../../base/clock.ts";
import type { RoomId } from "../../base/ids.ts";
import { NOTIFY_MUTE_MS_MAX, NOTIFY_ROOMS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import {
  NOTIFY_LEVELS,
  type NotifyLevel,
  type Preferences,
  type RoomPreferences,
  TENANT_NOTIFY_DEFAULT,
  type TenantNotify,
} from "../../domain/notify/preferences.ts";
import { clockOf, isTimeZone, minuteOf, type QuietHours } from "../../domain/notify/quiet-hours.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse, refusedField } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { oneOf, roomId } from "../rest/schemas.ts";
import { readTime, timeText } from "../rest/times.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: 100, fallback: 100 } as const;
const TIME_ZONE_LENGTH_MAX = 64;

const level = oneOf<NotifyLevel>(NOTIFY_LEVELS);
const clock = t.String({ maxLength: 5, description: "A time of the day: 22:30" });
const roomBody = t.Object({
  level: t.Optional(t.Union([level, t.Null()])),
  muteUntil: t.Optional(t.Union([timeText, t.Null()])),
});
const quietHours = t.Object({
  from: clock,
  to: clock,
  timeZone: t.String({ minLength: 1, maxLength: TIME_ZONE_LENGTH_MAX, description: "IANA's name: Europe/Berlin" }),
  days: t.Optional(
    t.Array(t.Integer({ minimum: 1, maximum: 7 }), {
      minItems: 1,
      maxItems: 7,
      description: "Days on which they begin, 1 for Monday; without it all",
    }),
  ),
});
const personBody = t.Object({ ...roomBody.properties, quietHours: t.Optional(t.Union([quietHours, t.Null()])) });
const params = t.Object({ roomId });

export function notificationsPlugin(prefix: string, options: RestOptions) {
  const { engine, clock: time = new SystemClock() } = options;
  return new Elysia({ prefix, detail: { tags: ["notifications"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/me/notifications",
      async ({ principal, set }) => {
        const found = await settings(engine, principal, { of: "person" });
        return answer(set, found, (said) => personJson(said, time));
      },
      {
        detail: {
          summary: "What you want to be told of while you are away, and what the tenant says where you say nothing",
        },
      },
    )
    .put(
      "/me/notifications",
      async ({ principal, body, set }) => {
        const wish = personOf(body, time);
        if (!wish.ok) return refuse(set, wish.error);
        const done = await settings(engine, principal, { of: "person", set: wish.value });
        return answer(set, done, (said) => personJson(said, time));
      },
      {
        ...strictBody(personBody, ["default"]),
        detail: { summary: "Want this, in place of what you wanted: what is left out is the tenant's to say" },
      },
    )
    .get(
      "/me/notifications/rooms",
      async ({ principal, query: { after, limit: limitText }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const page = { limit: limit + 1, ...(after !== undefined && { after }) };
        const found = await settings(engine, principal, { of: "rooms", ...page });
        return answer(set, found, ({ rooms = [] }) => ({
          rooms: rooms.slice(0, limit).map((room) => ({ roomId: room.roomId, ...roomJson(room, time) })),
          pagination: { limit, hasMore: rooms.length > limit, after: rooms[limit - 1]?.roomId ?? null },
        }));
      },
      {
        query: t.Object({ after: t.Optional(roomId), limit: wholeText(LIMIT) }),
        detail: { summary: `Rooms for which you say something of their own, ${NOTIFY_ROOMS_MAX} at most` },
      },
    )
    .get(
      "/me/notifications/rooms/:roomId",
      async ({ principal, params: { roomId: room }, set }) => {
        const seen = await engine.call(principal, { to: "room", room, kind: "get_room" });
        if (!seen.ok) return refuse(set, seen.error);
        const found = await settings(engine, principal, { of: "room", room });
        return answer(set, found, (said) => ({ roomId: room, ...roomJson(said.room ?? {}, time) }));
      },
      { params, detail: { summary: "What you want to be told of one room" } },
    )
    .put(
      "/me/notifications/rooms/:roomId",
      async ({ principal, params: { roomId: room }, body, set }) => {
        const wish = roomOf(body, time);
        if (!wish.ok) return refuse(set, wish.error);
        const isMember = await memberOf(engine, principal, room);
        if (!isMember.ok) return refuse(set, isMember.error);
        const done = await settings(engine, principal, { of: "room", room, set: wish.value });
        return answer(set, done, (said) => ({ roomId: room, ...roomJson(said.room ?? {}, time) }));
      },
      {
        params,
        ...strictBody(roomBody, ["roomId"]),
        detail: { summary: "Want this of one room that you are a member of" },
      },
    )
    .delete(
      "/me/notifications/rooms/:roomId",
      async ({ principal, params: { roomId: room }, set }) => {
        const seen = await engine.call(principal, { to: "room", room, kind: "get_room" });
        if (!seen.ok) return refuse(set, seen.error);
        const done = await settings(engine, principal, { of: "room", room, set: null });
        return answer(set, done, () => ({ roomId: room, level: null, muteUntil: null }));
      },
      { params, detail: { summary: "Want of this room what you want of all" } },
    )
    .get(
      "/admin/notifications",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "tenant", ask: { list: "notifications" } } as const;
        return answer(set, await engine.call(principal, call), (said) => tenantJson(said.notifications));
      },
      {
        detail: { summary: "What people of the tenant are told of where they say nothing, and whether with its text" },
      },
    )
    .put(
      "/admin/notifications",
      async ({ principal, body, set }) => {
        const ask = { list: "notifications", set: { level: body.level, withText: body.withText } } as const;
        const done = await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
        return answer(set, done, (said) => tenantJson(said.notifications));
      },
      {
        ...strictBody(
          t.Object({
            level,
            withText: t.Boolean({ description: "May what was written leave with a notification?" }),
          }),
        ),
        detail: { summary: "Decide what people of the tenant are told of where they say nothing" },
      },
    );
}

function settings(engine: Engine, principal: Principal, ask: NotifySettingsAsk) {
  return engine.call(principal, { to: "user", user: principal.userId, kind: "notify_settings", ask });
}

/** Who is not, wants nothing of the room; whoever may not know of it is told that there is none. */
async function memberOf(engine: Engine, principal: Principal, room: RoomId): Promise<Result<true, Rejection>> {
  const seen = await engine.call(principal, { to: "room", room, kind: "get_room" });
  if (!seen.ok) return seen;
  if (seen.value.role !== null) return ok(true);
  return err({ code: "forbidden", message: "You are no member of this room." });
}

function personOf(body: typeof personBody.static, time: Clock): Result<Preferences, Rejection> {
  const base = roomOf(body, time);
  if (!base.ok || body.quietHours == null) return base;
  const quiet = quietOf(body.quietHours);
  return quiet.ok ? ok({ ...base.value, quietHours: quiet.value }) : quiet;
}

function roomOf(body: typeof roomBody.static, time: Clock): Result<RoomPreferences, Rejection> {
  const until = readTime("muteUntil", body.muteUntil ?? undefined);
  if (!until.ok) return until;
  if (until.value !== undefined && until.value - time.wallMs() > NOTIFY_MUTE_MS_MAX) {
    return refusedField("muteUntil", "it may be ten years from now at most; the level none is for ever");
  }
  return ok({
    ...(body.level != null && { level: body.level }),
    ...(until.value !== undefined && { muteUntil: until.value }),
  });
}

function quietOf({ from, to, timeZone, days }: typeof quietHours.static): Result<QuietHours, Rejection> {
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  if (begin === undefined) return refusedField("from", "a time of the day is written as 22:30");
  if (end === undefined) return refusedField("to", "a time of the day is written as 22:30");
  if (begin === end) return refusedField("to", "it ends when it begins; the level none is for ever");
  if (!isTimeZone(timeZone)) return refusedField("timeZone", "no zone of this name is known");
  return ok({ from: begin, to: end, timeZone, ...(days !== undefined && { days: [...new Set(days)].toSorted() }) });
}

function personJson(
  { preferences = {}, tenant }: { readonly preferences?: Preferences; readonly tenant?: TenantNotify },
  time: Clock,
) {
  const { quietHours: quiet } = preferences;
  return {
    ...roomJson(preferences, time),
    quietHours: quiet === undefined ? null : { ...quiet, from: clockOf(quiet.from), to: clockOf(quiet.to) },
    default: { level: (tenant ?? TENANT_NOTIFY_DEFAULT).level },
  };
}

/** A mute that is over is none. */
function roomJson({ level: wanted, muteUntil }: RoomPreferences | RoomSetting, time: Clock) {
  const isOver = muteUntil === undefined || muteUntil <= time.wallMs();
  return { level: wanted ?? null, muteUntil: isOver ? null : iso(muteUntil) };
}

function tenantJson({ level: wanted, withText }: TenantNotify = TENANT_NOTIFY_DEFAULT) {
  return { level: wanted, withText };
}
