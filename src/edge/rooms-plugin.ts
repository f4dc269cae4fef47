/** Rooms over REST: list, make, show, change, join and leave. */
import { Elysia, t } from "elysia";
import type { MutationReply } from "../actors/calls.ts";
import { PARTICIPANTS_MAX, ROOM_LIST_PAGE_MAX } from "../base/limits.ts";
import type { Result } from "../base/result.ts";
import type { Principal } from "../domain/principal.ts";
import type { Rejection } from "../protocol/errors.ts";
import { authenticated, type RestOptions } from "./authenticated.ts";
import { answer, answerError, refuse, type ResponseSettings } from "./envelope.ts";
import { readJsonBody } from "./json-body.ts";
import { idempotencyOf, mutate, type NewRoom, newRoomId, settingsOf } from "./mutations.ts";
import { readWhole, wholeText } from "./paging.ts";
import type { Engine } from "./ports.ts";
import {
  mutationBody,
  mutationFields,
  mutationHeaders,
  roomFields,
  roomId,
  roomParams,
  roomType,
  userId,
} from "./schemas.ts";
import { ownRoomJson, roomJson, roomListEntryJson } from "./views.ts";

const LIMIT = { min: 1, max: ROOM_LIST_PAGE_MAX, fallback: 20 } as const;
const OFFSET = { min: 0, max: 1_000_000, fallback: 0 } as const;

const listQuery = t.Object({
  type: t.Optional(roomType),
  scope: t.Optional(t.Union([t.Literal("visible"), t.Literal("member")])),
  limit: wholeText(LIMIT),
  offset: wholeText(OFFSET),
});
const newRoomBody = t.Object({
  ...t.Partial(t.Object(roomFields)).properties,
  ...mutationFields,
  roomId: t.Optional(roomId),
  type: t.Optional(roomType),
  isPrivate: t.Optional(t.Boolean()),
  participants: t.Optional(t.Array(userId, { maxItems: PARTICIPANTS_MAX })),
});
const changesBody = t.Object({ ...t.Partial(t.Object(roomFields)).properties, ...mutationFields });

export function roomsPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["rooms"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms",
      async ({ principal, query, set }) => {
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const start = readWhole("offset", query.offset, OFFSET);
        if (!start.ok) return refuse(set, start.error);
        const { type, scope = "visible" } = query;
        const limit = size.value;
        const offset = start.value;
        const page = { scope, limit, offset, ...(type === undefined ? {} : { type }) };
        const call = { to: "user", user: principal.userId, kind: "list_rooms", ...page } as const;
        return answer(set, await engine.call(principal, call), ({ rooms, total }) => ({
          rooms: rooms.map(roomListEntryJson),
          pagination: { total, limit, offset, hasMore: offset + rooms.length < total },
        }));
      },
      { query: listQuery, detail: { summary: "Rooms that you may see, newest activity first" } },
    )
    .post(
      "/rooms",
      ({ principal, headers, body, set }) => create(engine, principal, body, idempotencyOf({ headers, body }), set),
      { headers: mutationHeaders, body: newRoomBody, detail: { summary: "Make a room" } },
    )
    .get(
      "/rooms/:roomId",
      async ({ principal, params, set }) =>
        answer(set, await engine.call(principal, { to: "room", room: params.roomId, kind: "get_room" }), ownRoomJson),
      { params: roomParams, detail: { summary: "One room, with your role and unread count" } },
    )
    .patch(
      "/rooms/:roomId",
      async ({ principal, params, headers, body, set }) => {
        const { clientId: _clientId, knownSeq: _knownSeq, ...changes } = body;
        const command = { kind: "update_room", changes, ...idempotencyOf({ headers, body }) } as const;
        return answerRoom(set, await mutate(engine, principal, params.roomId, command));
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: changesBody,
        detail: { summary: "Change a room's settings" },
      },
    )
    .post(
      "/rooms/:roomId/join",
      async ({ principal, params, headers, body, set }) => {
        const command = { kind: "join_room", ...idempotencyOf({ headers, body }) } as const;
        return answerRoom(set, await mutate(engine, principal, params.roomId, command));
      },
      { params: roomParams, headers: mutationHeaders, body: mutationBody, detail: { summary: "Become a member" } },
    )
    .post(
      "/rooms/:roomId/leave",
      async ({ principal, params, headers, body, set }) => {
        const command = { kind: "leave_room", ...idempotencyOf({ headers, body }) } as const;
        return answerRoom(set, await mutate(engine, principal, params.roomId, command));
      },
      { params: roomParams, headers: mutationHeaders, body: mutationBody, detail: { summary: "Stop being a member" } },
    )
    .delete(
      "/rooms/:roomId/leave",
      async ({ principal, params, headers, set }) => {
        const command = { kind: "leave_room", ...idempotencyOf({ headers, body: undefined }) } as const;
        return answerRoom(set, await mutate(engine, principal, params.roomId, command));
      },
      { params: roomParams, headers: mutationHeaders, detail: { summary: "Stop being a member" } },
    );
}

async function create(
  engine: Engine,
  principal: Principal,
  body: NewRoom,
  idempotency: ReturnType<typeof idempotencyOf>,
  set: ResponseSettings,
) {
  const settings = settingsOf(body);
  if (!settings.ok) return refuse(set, settings.error);
  const room = newRoomId(principal.tenant, principal.userId, body, idempotency.clientId);
  const participants = body.participants ?? [];
  const command = { kind: "create_room", settings: settings.value, participants, ...idempotency } as const;
  return answerRoom(set, await mutate(engine, principal, room, command), 201);
}

/** A repeated request is answered as the first one was, but nothing was made now: 200. */
function answerRoom(set: ResponseSettings, result: Result<MutationReply, Rejection>, status = 200) {
  return answer(
    set,
    result,
    ({ room, seq, duplicate }) => ({ ...(room === undefined ? {} : roomJson(room)), seq, duplicate }),
    ({ duplicate }) => (duplicate ? 200 : status),
  );
}
