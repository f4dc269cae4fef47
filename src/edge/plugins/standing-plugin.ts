/** People's standing in a room over REST: bans, mutes, invites and their codes, requests to join. */
import { Elysia, t } from "elysia";
import type {
  InvitePreview,
  InviteView,
  JoinRequestView,
  MutationReply,
  OwnInviteView,
  SanctionView,
} from "../../actors/calls.ts";
import type { RoomId } from "../../base/ids.ts";
import { readInvite } from "../../base/invites.ts";
import * as limits from "../../base/limits.ts";
import type { Principal } from "../../domain/principal.ts";
import type { StandingCollection } from "../../domain/room/vocabulary.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { text } from "../rest/characters.ts";
import { answer, answerError, refuse, type ResponseSettings } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { createdStatus, idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import {
  memberParams,
  mutationBody,
  mutationFields,
  mutationHeaders,
  roomId,
  roomParams,
  userId,
} from "../rest/schemas.ts";
import { iso, roomJson } from "../rest/views.ts";

const LIMIT = { min: 1, max: limits.STANDING_PAGE_MAX, fallback: limits.STANDING_PAGE_MAX } as const;
const pageQuery = t.Object({ after: t.Optional(t.String({ maxLength: 400 })), limit: wholeText(LIMIT) });
const ownInvitesQuery = t.Object({ after: t.Optional(roomId), limit: wholeText(LIMIT) });
const reason = t.Optional(text(limits.REASON_LENGTH_MAX));
const duration = (maximum: number) =>
  t.Optional(t.Integer({ minimum: 1, maximum, description: `Milliseconds from now, at most ${maximum}` }));
const sanctionBody = t.Object({ userId, reason, durationMs: duration(limits.SANCTION_MS_MAX), ...mutationFields });
const inviteBody = t.Object({
  userId: t.Optional(userId),
  durationMs: duration(limits.INVITE_MS_MAX),
  maxUses: t.Optional(t.Integer({ minimum: 1, maximum: limits.INVITE_USES_MAX })),
  ...mutationFields,
});
const invite = t.String({ minLength: 1, maxLength: limits.INVITE_LENGTH_MAX });
const inviteParams = t.Object({ invite });
const roomInviteParams = t.Object({ roomId, invite });

type Page = { readonly after?: string | undefined; readonly limit?: string | undefined };

export function standingPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;

  const list = async <Entry, Json>(
    { principal, room, collection }: { principal: Principal; room: RoomId; collection: StandingCollection },
    page: Page,
    set: ResponseSettings,
    jsonOf: (entry: Entry) => Json,
  ) => {
    const size = readWhole("limit", page.limit, LIMIT);
    if (!size.ok) return refuse(set, size.error);
    const limit = size.value;
    const after = page.after === undefined ? {} : { after: page.after };
    const call = { to: "room", room, kind: "standing", collection, limit, ...after } as const;
    return answer(set, await engine.call(principal, call), (reply) => ({
      [collection]: reply.entries.map((entry) => jsonOf(entry as Entry)),
      pagination: { limit, hasMore: reply.after !== null, after: reply.after },
    }));
  };

  const sanctions = (
    collection: "bans" | "mutes",
    kinds: readonly ["ban_member" | "mute_member", "unban_member" | "unmute_member"],
    what: string,
  ) =>
    new Elysia()
      .use(authenticated(options))
      .get(
        `/rooms/:roomId/${collection}`,
        ({ principal, params, query, set }) =>
          list({ principal, room: params.roomId, collection }, query, set, sanctionJson),
        { params: roomParams, query: pageQuery, detail: { summary: `Who is ${what}` } },
      )
      .post(
        `/rooms/:roomId/${collection}`,
        async ({ principal, params, headers, body, set }) => {
          const { clientId: _clientId, knownSeq: _knownSeq, ...terms } = body;
          const command = { kind: kinds[0], ...terms, ...idempotencyOf({ headers, body }) } as const;
          const done = await mutate(engine, principal, params.roomId, command);
          return answer(set, done, (reply) => ({ ...terms, ...mutationJson(reply) }), createdStatus);
        },
        {
          params: roomParams,
          headers: mutationHeaders,
          body: sanctionBody,
          transform: onlyFields(sanctionBody),
          detail: { summary: `A person is ${what}` },
        },
      )
      .delete(
        `/rooms/:roomId/${collection}/:userId`,
        async ({ principal, params, headers, set }) => {
          const command = { kind: kinds[1], userId: params.userId, ...idempotencyOf({ headers, body: undefined }) };
          const done = await mutate(engine, principal, params.roomId, command);
          return answer(set, done, (reply) => ({ userId: params.userId, ...mutationJson(reply) }));
        },
        { params: memberParams, headers: mutationHeaders, detail: { summary: `A person is no longer ${what}` } },
      );

  const answerRequest = (verdict: "approve" | "deny", summary: string) =>
    new Elysia().use(authenticated(options)).post(
      `/rooms/:roomId/requests/:userId/${verdict}`,
      async ({ principal, params, headers, body, set }) => {
        const about = { userId: params.userId, approve: verdict === "approve" };
        const command = { kind: "answer_request", ...about, ...idempotencyOf({ headers, body }) } as const;
        const done = await mutate(engine, principal, params.roomId, command);
        return answer(set, done, (reply) => ({ ...about, ...mutationJson(reply) }));
      },
      {
        params: memberParams,
        headers: mutationHeaders,
        body: mutationBody,
        detail: { summary },
      },
    );

  return new Elysia({ prefix, detail: { tags: ["standing"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .use(sanctions("bans", ["ban_member", "unban_member"], "banned"))
    .use(sanctions("mutes", ["mute_member", "unmute_member"], "muted"))
    .use(answerRequest("approve", "Let somebody in who asked"))
    .use(answerRequest("deny", "Turn somebody down who asked"))
    .get(
      "/rooms/:roomId/requests",
      ({ principal, params, query, set }) =>
        list({ principal, room: params.roomId, collection: "requests" }, query, set, requestJson),
      { params: roomParams, query: pageQuery, detail: { summary: "Who asks to join" } },
    )
    .get(
      "/rooms/:roomId/invites",
      ({ principal, params, query, set }) =>
        list({ principal, room: params.roomId, collection: "invites" }, query, set, inviteJson),
      { params: roomParams, query: pageQuery, detail: { summary: "Invites that hold" } },
    )
    .post(
      "/rooms/:roomId/invites",
      async ({ principal, params, headers, body, set }) => {
        const { clientId: _clientId, knownSeq: _knownSeq, ...terms } = body;
        const command = { kind: "create_invite", ...terms, ...idempotencyOf({ headers, body }) } as const;
        const done = await mutate(engine, principal, params.roomId, command);
        const dataOf = (reply: MutationReply) => ({
          ...(reply.invite === undefined ? {} : inviteJson(reply.invite)),
          ...mutationJson(reply),
        });
        return answer(set, done, dataOf, createdStatus);
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: inviteBody,
        transform: onlyFields(inviteBody),
        detail: { summary: "Invite a person, or make a code for whoever has it" },
      },
    )
    .delete(
      "/rooms/:roomId/invites/:invite",
      async ({ principal, params, headers, set }) => {
        const read = readInvite(params.invite);
        if (read?.room !== params.roomId) return refuse(set, { code: "invite_not_found" });
        const command = {
          kind: "revoke_invite",
          code: read.code,
          ...idempotencyOf({ headers, body: undefined }),
        } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), mutationJson);
      },
      { params: roomInviteParams, headers: mutationHeaders, detail: { summary: "A code holds no longer" } },
    )
    .delete(
      "/rooms/:roomId/invites/users/:userId",
      async ({ principal, params, headers, set }) => {
        const idempotency = idempotencyOf({ headers, body: undefined });
        const command = { kind: "revoke_invite", userId: params.userId, ...idempotency } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), mutationJson);
      },
      { params: memberParams, headers: mutationHeaders, detail: { summary: "A person is no longer invited" } },
    )
    .get(
      "/rooms/:roomId/invite",
      async ({ principal, params, set }) =>
        answer(
          set,
          await engine.call(principal, { to: "room", room: params.roomId, kind: "view_invite" }),
          previewJson,
        ),
      { params: roomParams, detail: { summary: "What you are invited to" } },
    )
    .delete(
      "/rooms/:roomId/invite",
      async ({ principal, params, headers, set }) => {
        const command = { kind: "decline_invite", ...idempotencyOf({ headers, body: undefined }) } as const;
        return answer(set, await mutate(engine, principal, params.roomId, command), mutationJson);
      },
      { params: roomParams, headers: mutationHeaders, detail: { summary: "Decline your invite" } },
    )
    .get(
      "/invites",
      async ({ principal, query, set }) => {
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const start = query.after === undefined ? {} : { after: query.after };
        const call = { to: "user", user: principal.userId, kind: "list_invites", limit, ...start } as const;
        return answer(set, await engine.call(principal, call), ({ invites, after }) => ({
          invites: invites.map(ownInviteJson),
          pagination: { limit, hasMore: after !== null, after },
        }));
      },
      { query: ownInvitesQuery, detail: { summary: "Your invites, in all rooms" } },
    )
    .get(
      "/invites/:invite",
      async ({ principal, params, set }) => {
        const read = readInvite(params.invite);
        if (read === undefined) return refuse(set, { code: "invite_not_found" });
        const call = { to: "room", room: read.room, kind: "view_invite", code: read.code } as const;
        return answer(set, await engine.call(principal, call), previewJson);
      },
      { params: inviteParams, detail: { summary: "What a code is for" } },
    )
    .post(
      "/invites/:invite",
      async ({ principal, params, headers, body, set }) => {
        const read = readInvite(params.invite);
        if (read === undefined) return refuse(set, { code: "invite_not_found" });
        const command = { kind: "join_room", invite: read.code, ...idempotencyOf({ headers, body }) } as const;
        const done = await mutate(engine, principal, read.room, command);
        return answer(set, done, (reply) => ({
          ...(reply.room === undefined ? {} : roomJson(reply.room)),
          state: "joined",
          ...mutationJson(reply),
        }));
      },
      {
        params: inviteParams,
        headers: mutationHeaders,
        body: mutationBody,
        detail: { summary: "Join the room that a code is for" },
      },
    );
}

function sanctionJson({ userId: user, by, at, until, reason: why }: SanctionView) {
  return { userId: user, by, at: iso(at), until: until === undefined ? null : iso(until), reason: why ?? null };
}

function inviteJson({ userId: user, invite: code, by, at, until, uses, maxUses }: InviteView) {
  const whom = user === undefined ? { invite: code ?? null, uses, maxUses: maxUses ?? null } : { userId: user };
  return { ...whom, by, at: iso(at), until: iso(until) };
}

function requestJson({ userId: user, name, avatar, at, message }: JoinRequestView) {
  return { userId: user, displayName: name ?? null, avatar: avatar ?? null, at: iso(at), message: message ?? null };
}

function ownInviteJson({ description, avatar, by, at, until, ...room }: OwnInviteView) {
  const about = { ...room, description: description ?? null, avatar: avatar ?? null };
  return { room: about, by, at: iso(at), until: iso(until) };
}

/** Enough to decide, and no more: whoever is invited is not in yet. */
function previewJson({ room, invite: made }: InvitePreview) {
  const { roomId: id, name, type, description, avatar, memberCount } = room;
  const about = { roomId: id, name, type, description: description ?? null, avatar: avatar ?? null, memberCount };
  return { room: about, invite: inviteJson(made) };
}
