/**
 * Figures: of a tenant for its administrators, of a room for its moderators. A tenant's are counted beside the messages' way and
 * are behind by some seconds; a room's are counted from its log when somebody asks.
 */
import { Elysia, t } from "elysia";
import type { FiguresOfDay } from "../../actors/tenant-calls.ts";
import { type Clock, SystemClock } from "../../base/clock.ts";
import { FIGURES_DAYS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { PresenceDirectory } from "../../cluster/presence-directory.ts";
import { DAY_MS, dayOf, HOUR_MS, startOfDay } from "../../base/days.ts";
import { addFigures, busiest, type DayFigures, NO_FIGURES, union } from "../../domain/figures.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { roomFigures } from "../figures/room-figures.ts";
import { roomParams } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const DAYS = { min: 1, max: FIGURES_DAYS_MAX, fallback: 30 } as const;
const ROOMS_SHOWN = 20;
const HOURS = 24;
const RETRY_MS = 1_000;
const SYSTEM_CLOCK: Clock = new SystemClock();

export function statsPlugin(prefix: string, options: RestOptions & { readonly directory: PresenceDirectory }) {
  const { engine, directory, clock = SYSTEM_CLOCK } = options;
  return new Elysia({ prefix })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/admin/stats",
      async ({ principal, query, set }) => {
        const size = readWhole("days", query.days, DAYS);
        if (!size.ok) return refuse(set, size.error);
        // The last 24 hours reach into the day before.
        const ask = { list: "figures", days: Math.max(2, size.value) } as const;
        const read = await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
        if (!read.ok) return refuse(set, read.error);
        const online = await countOf(directory, principal.tenant);
        return answer(set, online, (count) => statsJson(read.value.days ?? [], count, size.value, clock.wallMs()));
      },
      {
        query: t.Object({ days: wholeText(DAYS) }),
        detail: {
          tags: ["admin"],
          summary: "Figures of the tenant: who is connected, messages, active users and rooms",
        },
      },
    )
    .get(
      "/rooms/:roomId/stats",
      async ({ principal, params, set }) => {
        const found = await roomFigures(engine, principal, params.roomId, clock.wallMs());
        return answer(set, found, (figures) => figures);
      },
      {
        params: roomParams,
        detail: {
          tags: ["moderation"],
          summary: "Figures of a room: messages and writers of the last day, members, unread",
        },
      },
    );
}

interface Count {
  readonly connections: number;
  readonly users: number;
}

function countOf(
  directory: PresenceDirectory,
  tenant: Parameters<PresenceDirectory["count"]>[0],
): Promise<Result<Count, Rejection>> {
  return new Promise((resolve) =>
    directory.count(tenant, (given) =>
      resolve(given.ok ? ok(given.value) : err({ code: "unavailable", retryAfterMs: RETRY_MS })),
    ),
  );
}

function statsJson(days: readonly FiguresOfDay[], { connections, users }: Count, shown: number, nowMs: number) {
  const first = dayOf(nowMs - (shown - 1) * DAY_MS);
  const today = dayOf(nowMs);
  const lately = days.filter(({ day }) => day === today || day === dayOf(nowMs - DAY_MS));
  return {
    connections,
    users,
    last24Hours: lastDay(lately, nowMs),
    days: days.filter(({ day }) => day >= first).map(({ day, figures }) => ({ day, ...sums(figures) })),
    rooms: busiest(
      lately.reduce((all, { figures }) => addFigures(all, { ...figures, hours: [] }), NO_FIGURES).rooms,
      ROOMS_SHOWN,
    ).map(([roomId, messages]) => ({ roomId, messages })),
  };
}

/** Of a part of a day: different people are counted once, also when they were there in several hours. */
function sums({ hours }: Pick<DayFigures, "hours">) {
  return {
    messages: hours.reduce((sum, { messages }) => sum + messages, 0),
    writers: union(hours.map(({ writers }) => writers)).count,
    activeUsers: union(hours.map(({ users }) => users)).count,
  };
}

/** The hour that is under way, and those before it. */
function lastDay(days: readonly FiguresOfDay[], nowMs: number) {
  const end = Math.floor(nowMs / HOUR_MS);
  const hours = days
    .flatMap(({ day, figures }) =>
      figures.hours.map((each) => ({ at: startOfDay(day) / HOUR_MS + each.hour, figures: each })),
    )
    .filter(({ at }) => at > end - HOURS && at <= end)
    .sort((a, b) => a.at - b.at);
  return {
    ...sums({ hours: hours.map(({ figures }) => figures) }),
    hours: hours.map(({ at, figures }) => ({ at: iso(at * HOUR_MS), ...sums({ hours: [figures] }) })),
  };
}
