/** Pseudonyms over REST: keeping one from writing, and which ones are kept from it. Whose one is, nobody is told. */
import { Elysia, t } from "elysia";
import { PSEUDONYM_PAGE_MAX, PSEUDONYM_REASON_LENGTH_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { text } from "../rest/characters.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { onlyFields } from "../rest/only-fields.ts";
import { idempotencyOf, mutate, mutationJson } from "../rest/mutations.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { mutationFields, mutationHeaders, roomId, roomParams, userId } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: PSEUDONYM_PAGE_MAX, fallback: PSEUDONYM_PAGE_MAX } as const;
const params = t.Object({ roomId, pseudonym: userId });
const banBody = t.Object({
  reason: t.Optional(text(PSEUDONYM_REASON_LENGTH_MAX)),
  ...mutationFields,
});

export function pseudonymsPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["members"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/pseudonyms/bans",
      async ({ principal, params: { roomId: room }, query: { after, limit: limitText }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const page = { limit: size.value, ...(after === undefined ? {} : { after }) };
        const call = { to: "room", room, kind: "pseudonym_bans", ...page } as const;
        return answer(set, await engine.call(principal, call), ({ bans, hasMore }) => ({
          bans: bans.map(({ pseudonym, name, by, at, reason }) => {
            return { pseudonym, displayName: name, bannedBy: by, bannedAt: iso(at), reason: reason ?? null };
          }),
          pagination: { limit: size.value, hasMore, after: bans.at(-1)?.pseudonym ?? null },
        }));
      },
      {
        params: roomParams,
        query: t.Object({ after: t.Optional(userId), limit: wholeText(LIMIT) }),
        detail: { summary: "Pseudonyms that may not write, in the order of their ids" },
      },
    )
    .put(
      "/rooms/:roomId/pseudonyms/:pseudonym/ban",
      async ({ principal, params: { roomId: room, pseudonym }, headers, body, set }) => {
        const reason = body.reason === undefined ? {} : { reason: body.reason };
        const idempotency = idempotencyOf({ headers, body });
        const command = { kind: "ban_pseudonym", pseudonym, banned: true, ...reason, ...idempotency } as const;
        const banned = await mutate(engine, principal, room, command);
        return answer(set, banned, (reply) => ({ roomId: room, pseudonym, banned: true, ...mutationJson(reply) }));
      },
      {
        params,
        headers: mutationHeaders,
        body: banBody,
        transform: onlyFields(banBody),
        detail: { summary: "No more messages under a pseudonym" },
      },
    )
    .delete(
      "/rooms/:roomId/pseudonyms/:pseudonym/ban",
      async ({ principal, params: { roomId: room, pseudonym }, headers, set }) => {
        const idempotency = idempotencyOf({ headers, body: undefined });
        const command = { kind: "ban_pseudonym", pseudonym, banned: false, ...idempotency } as const;
        const freed = await mutate(engine, principal, room, command);
        return answer(set, freed, (reply) => ({ roomId: room, pseudonym, banned: false, ...mutationJson(reply) }));
      },
      { params, headers: mutationHeaders, detail: { summary: "Let a pseudonym write again" } },
    );
}
