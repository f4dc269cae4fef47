/** Rooms over REST: list, make, show, change, join and leave. */
import { Elysia, t } from "elysia";
import type { MutationReply } from "../../actors/calls.ts";
import type { RoomId } from "../../base/ids.ts";
import { codeOf } from "../../base/invites.ts";
import {
  INVITE_LENGTH_MAX,
  PARTICIPANTS_MAX,
  REASON_LENGTH_MAX,
  ROOM_LIST_PAGE_MAX,
  ROOM_NAME_LENGTH_MAX,
} from "../../base/limits.ts";
import type { Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { text } from "../rest/characters.ts";
import { answer, answerError, refuse, type ResponseSettings } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import {
  createdStatus,
  idempotencyOf,
  type MutationInput,
  mutate,
  type NewRoom,
  newRoomId,
  settingsOf,
} from "../rest/mutations.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import type { Engine } from "../ports.ts";
import {
  mutationBody,
  mutationFields,
  mutationHeaders,
  roomFields,
  roomId,
  roomParams,
  roomType,
  userId,
} from "../rest/schemas.ts";
import { ownRoomJson, roomJson, roomListEntryJson } from "../rest/views.ts";

const LIMIT = { min: 1, max: ROOM_LIST_PAGE_MAX, fallback: 20 } as const;
const OFFSET = { min: 0, max: 1_000_000, fallback: 0 } as const;

const listQuery = t.Object({
  type: t.Optional(roomType),
  scope: t.Optional(t.Union([t.Literal("visible"), t.Literal("member")])),
  tags: t.Optional(t.String({ maxLength: 1_000, description: "Separated by commas: rooms that have them all" })),
  text: t.Optional(t.String({ maxLength: ROOM_NAME_LENGTH_MAX, description: "Part of the name" })),
  archived: t.Optional(
    t.Union([t.Literal("true"), t.Literal("false")], {
      description: "true: archived rooms, too, that you are no member of",
    }),
  ),
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
const joinBody = t.Object({
  invite: t.Optional(t.String({ minLength: 1, maxLength: INVITE_LENGTH_MAX, description: "Code of an invite" })),
  message: t.Optional(text(REASON_LENGTH_MAX, { description: "To those who decide, where one must ask" })),
  ...mutationFields,
});
const transferBody = t.Object({ userId, ...mutationFields });
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
        const tags = query.tags?.split(",").filter((tag) => tag !== "") ?? [];
        const limit = size.value;
        const offset = start.value;
        const filter = {
          ...(type === undefined ? {} : { type }),
          ...(tags.length === 0 ? {} : { tags }),
          ...(query.text === undefined || query.text === "" ? {} : { text: query.text }),
          ...(query.archived === "true" && { archived: true as const }),
        };
        const page = { scope, limit, offset, ...filter, peers: true } as const;
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
      {
        headers: mutationHeaders,
        body: newRoomBody,
        transform: onlyFields(newRoomBody),
        detail: { summary: "Make a room" },
      },
    )
    .get(
      "/rooms/:roomId",
      async ({ principal, params, set }) =>
        answer(set, await engine.call(principal, { to: "room", room: params.roomId, kind: "get_room" }), ownRoomJson),
      { params: roomParams, detail: { summary: "One room, with your role and unread count" } },
    )
    .patch(
      "/rooms/:roomId",
      ({ principal, params, headers, body, set }) => change(engine, principal, params.roomId, { headers, body }, set),
      {
        params: roomParams,
        headers: mutationHeaders,
        body: changesBody,
        transform: onlyFields(changesBody),
        detail: { summary: "Change a room's settings" },
      },
    )
    .put(
      "/rooms/:roomId",
      ({ principal, params, headers, body, set }) => change(engine, principal, params.roomId, { headers, body }, set),
      {
        params: roomParams,
        headers: mutationHeaders,
        body: changesBody,
        transform: onlyFields(changesBody),
        detail: { summary: "The same as PATCH: absent settings stay" },
      },
    )
    .delete(
      "/rooms/:roomId",
      async ({ principal, params, headers, set }) => {
        const command = { kind: "delete_room", ...idempotencyOf({ headers, body: undefined }) } as const;
        const done = await mutate(engine, principal, params.roomId, command);
        return answer(set, done, ({ seq, duplicate }) => ({ roomId: params.roomId, isDeleted: true, seq, duplicate }));
      },
      { params: roomParams, headers: mutationHeaders, detail: { summary: "Delete a room, for good" } },
    )
    .post(
      "/rooms/:roomId/archive",
      async ({ principal, params, headers, body, set }) => {
        const command = { kind: "archive_room", archived: true, ...idempotencyOf({ headers, body }) } as const;
        return answerRoom(set, await mutate(engine, principal, params.roomId, command));
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: mutationBody,
        detail: { summary: "Make a room read only" },
      },
    )
    .delete(
      "/rooms/:roomId/archive",
      async ({ principal, params, headers, set }) => {
        const idempotency = idempotencyOf({ headers, body: undefined });
        const command = { kind: "archive_room", archived: false, ...idempotency } as const;
        return answerRoom(set, await mutate(engine, principal, params.roomId, command));
      },
      { params: roomParams, headers: mutationHeaders, detail: { summary: "Open an archived room again" } },
    )
    .post(
      "/rooms/:roomId/transfer",
      async ({ principal, params, headers, body, set }) => {
        const command = { kind: "transfer_room", userId: body.userId, ...idempotencyOf({ headers, body }) } as const;
        return answerRoom(set, await mutate(engine, principal, params.roomId, command));
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: transferBody,
        transform: onlyFields(transferBody),
        detail: { summary: "Make a member the owner" },
      },
    )
    .post(
      "/rooms/:roomId/join",
      async ({ principal, params, headers, body, set }) => {
        const command = {
          kind: "join_room",
          ...(body.invite === undefined ? {} : { invite: codeOf(body.invite) }),
          ...(body.message === undefined ? {} : { message: body.message }),
          ...idempotencyOf({ headers, body }),
        } as const;
        return answerJoin(set, await mutate(engine, principal, params.roomId, command));
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: joinBody,
        transform: onlyFields(joinBody),
        detail: { summary: "Become a member, or ask to (202)" },
      },
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
  const chosen = newRoomId(principal.tenant, principal.userId, body, idempotency.clientId);
  if (!chosen.ok) return refuse(set, chosen.error);
  const room = chosen.value;
  const participants = body.participants ?? [];
  const command = { kind: "create_room", settings: settings.value, participants, ...idempotency } as const;
  return answerRoom(set, await mutate(engine, principal, room, command), createdStatus);
}

async function change(
  engine: Engine,
  principal: Principal,
  room: RoomId,
  { headers, body }: Pick<MutationInput, "headers"> & { readonly body: typeof changesBody.static },
  set: ResponseSettings,
) {
  const { clientId: _clientId, knownSeq: _knownSeq, ...changes } = body;
  const command = { kind: "update_room", changes, ...idempotencyOf({ headers, body }) } as const;
  return answerRoom(set, await mutate(engine, principal, room, command));
}

/** Whoever had to ask is not shown more of the room than they may read. */
function answerJoin(set: ResponseSettings, result: Result<MutationReply, Rejection>) {
  if (!result.ok || result.value.state === undefined) return answerRoom(set, result);
  const { seq, duplicate, state, room } = result.value;
  const about = room === undefined ? {} : { roomId: room.roomId, name: room.name };
  return answer(set, result, () => ({ ...about, state, seq, duplicate }), 202);
}

function answerRoom(
  set: ResponseSettings,
  result: Result<MutationReply, Rejection>,
  statusOf: (reply: MutationReply) => number = () => 200,
) {
  return answer(
    set,
    result,
    ({ room, seq, duplicate }) => ({ ...(room === undefined ? {} : roomJson(room)), seq, duplicate }),
    statusOf,
  );
}
