/** One's own block list over REST. Others never learn who is on it but by being refused. */
import { Elysia, t } from "elysia";
import { BLOCK_PAGE_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { userId } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: BLOCK_PAGE_MAX, fallback: BLOCK_PAGE_MAX } as const;
const params = t.Object({ userId });

export function blocksPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix: `${prefix}/users/me/blocks`, detail: { tags: ["people"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "",
      async ({ principal, query: { after, limit: limitText }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        // One more than asked tells whether there are more.
        const page = { limit: limit + 1, ...(after === undefined ? {} : { after }) };
        const call = { to: "user", user: principal.userId, kind: "list_blocks", ...page } as const;
        return answer(set, await engine.call(principal, call), ({ blocks }) => ({
          blocks: blocks.slice(0, limit).map((one) => ({ userId: one.userId, blockedAt: iso(one.blockedAt) })),
          pagination: { limit, hasMore: blocks.length > limit, after: blocks[limit - 1]?.userId ?? null },
        }));
      },
      {
        query: t.Object({ after: t.Optional(userId), limit: wholeText(LIMIT) }),
        detail: { summary: "Whom you have blocked, in the order of their ids" },
      },
    )
    .put(
      "/:userId",
      async ({ principal, params: { userId: whom }, set }) => {
        const call = { to: "user", user: principal.userId, kind: "block_user", whom, blocked: true } as const;
        return answer(set, await engine.call(principal, call), () => ({ userId: whom, isBlocked: true }));
      },
      { params, detail: { summary: "Block a person: no direct messages from them, no notifications of what they do" } },
    )
    .delete(
      "/:userId",
      async ({ principal, params: { userId: whom }, set }) => {
        const call = { to: "user", user: principal.userId, kind: "block_user", whom, blocked: false } as const;
        return answer(set, await engine.call(principal, call), () => ({ userId: whom, isBlocked: false }));
      },
      { params, detail: { summary: "Take a block back" } },
    );
}
