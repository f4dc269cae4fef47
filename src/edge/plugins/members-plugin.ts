/** A room's members over REST: list, add, change role, remove. */
import { Elysia, t } from "elysia";
import { MEMBERS_PLACE } from "../../actors/calls.ts";
import { parseId, type UserId } from "../../base/ids.ts";
import { ID_LENGTH_MAX, ITEM_KEY_BYTES_MAX, MEMBER_PAGE_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { createdStatus, idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { memberParams, mutationFields, mutationHeaders, role, roomParams, userId } from "../rest/schemas.ts";
import { memberJson, presentJson } from "../rest/views.ts";

const LIMIT = { min: 1, max: MEMBER_PAGE_MAX, fallback: MEMBER_PAGE_MAX } as const;
const query = t.Object({ after: t.Optional(userId), limit: wholeText(LIMIT) });
const membersQuery = t.Object({
  after: t.Optional(
    t.String({ minLength: 1, maxLength: ITEM_KEY_BYTES_MAX, description: "`after` of the page before" }),
  ),
  prefix: t.Optional(
    t.String({
      minLength: 1,
      maxLength: ID_LENGTH_MAX,
      description: "Only members whose name, whatever its case, or whose id begins so",
    }),
  ),
  limit: wholeText(LIMIT),
});
const addBody = t.Object({ userId, role: t.Optional(role), ...mutationFields });
const roleBody = t.Object({ role, ...mutationFields });

export function membersPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["members"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/members",
      async ({ principal, params, query: { after, prefix, limit: limitText }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const isPlace = prefix === undefined ? isUserId : isMembersPlace;
        if (after !== undefined && !isPlace(after)) return refuse(set, NO_PLACE);
        const from = { ...(after !== undefined && { after }), ...(prefix !== undefined && { prefix }) };
        const call = { to: "room", room: params.roomId, kind: "members", limit, ...from } as const;
        return answer(set, await engine.call(principal, call), ({ members, total, next }) => ({
          members: members.map(memberJson),
          pagination: {
            total,
            limit,
            hasMore: next !== undefined,
            after: prefix === undefined ? (members.at(-1)?.userId ?? null) : (next ?? null),
          },
        }));
      },
      {
        params: roomParams,
        query: membersQuery,
        detail: { summary: "Members, in the order of their ids, or by the beginning of a name or an id" },
      },
    )
    .get(
      "/rooms/:roomId/presence",
      async ({ principal, params, query: { after, limit: limitText }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const page = { limit, ...(after === undefined ? {} : { after }) };
        const call = { to: "room", room: params.roomId, kind: "present", ...page } as const;
        return answer(set, await engine.call(principal, call), ({ present, count, hasMore }) => ({
          present: present.map(presentJson),
          pagination: { total: count, limit, hasMore, after: present.at(-1)?.userId ?? null },
        }));
      },
      { params: roomParams, query, detail: { summary: "Who is in the room now, in the order of their ids" } },
    )
    .post(
      "/rooms/:roomId/members",
      async ({ principal, params, headers, body, set }) => {
        const member = { userId: body.userId, role: body.role ?? "member" };
        const command = { kind: "add_member", ...member, ...idempotencyOf({ headers, body }) } as const;
        const done = await mutate(engine, principal, params.roomId, command);
        return answer(set, done, (reply) => ({ ...member, ...mutationJson(reply) }), createdStatus);
      },
      {
        params: roomParams,
        headers: mutationHeaders,
        body: addBody,
        transform: onlyFields(addBody),
        detail: { summary: "Add a member" },
      },
    )
    .patch(
      "/rooms/:roomId/members/:userId",
      async ({ principal, params, headers, body, set }) => {
        const member = { userId: params.userId, role: body.role };
        const command = { kind: "set_role", ...member, ...idempotencyOf({ headers, body }) } as const;
        const done = await mutate(engine, principal, params.roomId, command);
        return answer(set, done, (reply) => ({ ...member, ...mutationJson(reply) }));
      },
      {
        params: memberParams,
        headers: mutationHeaders,
        body: roleBody,
        transform: onlyFields(roleBody),
        detail: { summary: "Change a member's role" },
      },
    )
    .delete(
      "/rooms/:roomId/members/:userId",
      async ({ principal, params, headers, set }) => {
        const idempotency = idempotencyOf({ headers, body: undefined });
        const command = { kind: "remove_member", userId: params.userId, ...idempotency } as const;
        const done = await mutate(engine, principal, params.roomId, command);
        return answer(set, done, (reply) => ({ userId: params.userId, ...mutationJson(reply) }));
      },
      { params: memberParams, headers: mutationHeaders, detail: { summary: "Remove a member" } },
    );
}

const NO_PLACE = { code: "invalid_field", field: "after", message: '"after" must be that of a page before.' } as const;

function isUserId(text: string): boolean {
  return parseId<UserId>(text) !== undefined;
}

function isMembersPlace(text: string): boolean {
  return MEMBERS_PLACE.test(text);
}
