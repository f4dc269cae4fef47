/** What a tenant's administrators look over: all of its rooms, what waits for moderators, what the assistant has cost today. */
import { Elysia, t } from "elysia";
import type { TenantReply, WaitingRoom } from "../../actors/tenant-calls.ts";
import { ROOM_LIST_PAGE_MAX, ROOM_NAME_LENGTH_MAX } from "../../base/limits.ts";
import type { Config } from "../../config/config.ts";
import { ADMINS_ONLY } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { roomType } from "../rest/schemas.ts";
import { iso, roomJson } from "../rest/views.ts";

const LIMIT = { min: 1, max: ROOM_LIST_PAGE_MAX, fallback: 50 } as const;
const OFFSET = { min: 0, max: 1_000_000, fallback: 0 } as const;

export interface OversightOptions extends RestOptions {
  readonly assistant: Pick<Config["assistant"], "budgets" | "providers">;
}

export function oversightPlugin(prefix: string, options: OversightOptions) {
  const { engine, assistant } = options;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/rooms",
      async ({ principal, query, set }) => {
        if (principal.role === "user") return refuse(set, ADMINS_ONLY);
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const start = readWhole("offset", query.offset, OFFSET);
        if (!start.ok) return refuse(set, start.error);
        const [limit, offset] = [size.value, start.value];
        const wanted = {
          ...(query.type !== undefined && { type: query.type }),
          ...(query.text !== undefined && query.text !== "" && { text: query.text }),
        };
        const page = { scope: "all", limit, offset, ...wanted } as const;
        const call = { to: "user", user: principal.userId, kind: "list_rooms", ...page } as const;
        return answer(set, await engine.call(principal, call), ({ rooms, total }) => ({
          rooms: rooms.map((room) => ({ ...roomJson(room), isJoined: room.isJoined, messageCount: room.messageCount })),
          pagination: { total, limit, offset, hasMore: offset + rooms.length < total },
        }));
      },
      {
        query: t.Object({
          type: t.Optional(roomType),
          text: t.Optional(t.String({ maxLength: ROOM_NAME_LENGTH_MAX, description: "Part of the name" })),
          limit: wholeText(LIMIT),
          offset: wholeText(OFFSET),
        }),
        detail: {
          summary: "All rooms of the tenant, the most recently active first",
          description: "Direct rooms are their two people's, and are not listed but to these.",
        },
      },
    )
    .get(
      "/queue",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "tenant", ask: { list: "queue" } } as const;
        return answer(set, await engine.call(principal, call), queueJson);
      },
      {
        detail: {
          summary: "Rooms where held messages or reports wait for a moderator",
          description: "What waits is read from each room: `/rooms/{roomId}/held` and `/rooms/{roomId}/reports`.",
        },
      },
    )
    .get(
      "/assistant",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "tenant", ask: { list: "assistant" } } as const;
        return answer(set, await engine.call(principal, call), (reply) => assistantJson(reply, assistant));
      },
      { detail: { summary: "What the tenant has spent on the assistant today (UTC), and may spend in a day" } },
    );
}

function queueJson({ waiting = [], isCut = false }: TenantReply) {
  const sum = (pick: (room: WaitingRoom) => number): number => waiting.reduce((all, room) => all + pick(room), 0);
  return {
    rooms: waiting.map(({ since, ...room }) => ({ ...room, since: iso(since) })),
    held: sum(({ held }) => held),
    reports: sum(({ reports }) => reports),
    isCut,
  };
}

/** A budget of 0 is none. */
function assistantJson({ spent }: TenantReply, { budgets, providers }: OversightOptions["assistant"]) {
  const nothing = { tokens: 0, requests: 0 };
  return {
    isConfigured: providers.length > 0,
    providers: providers.map(({ name, model }) => ({ name, model })),
    day: spent?.day ?? null,
    answers: { ...(spent?.answers ?? nothing), tokensPerDay: budgets.tenant || null },
    moderation: { ...(spent?.moderation ?? nothing), tokensPerDay: budgets.moderation || null },
    perPerson: budgets.user || null,
    perRoom: budgets.room || null,
  };
}
