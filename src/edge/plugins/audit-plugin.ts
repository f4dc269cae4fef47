/** The audit log of a whole tenant: what was done in its rooms, and to it and its people, newest first. */
import { Elysia, t } from "elysia";
import type { AuditFilter } from "../../actors/tenant-calls.ts";
import { AUDIT_TEXT_LENGTH_MAX, MODERATION_PAGE_MAX } from "../../base/limits.ts";
import { ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { auditJson } from "../rest/moderation-views.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { roomId, userId } from "../rest/schemas.ts";
import { readTime, timeText } from "../rest/times.ts";

const LIMIT = { min: 1, max: MODERATION_PAGE_MAX, fallback: 50 } as const;

const query = t.Object({
  after: t.Optional(t.String({ maxLength: 300 })),
  limit: wholeText(LIMIT),
  action: t.Optional(t.String({ minLength: 1, maxLength: AUDIT_TEXT_LENGTH_MAX })),
  by: t.Optional(userId),
  userId: t.Optional(userId),
  roomId: t.Optional(roomId),
  since: t.Optional(timeText),
  until: t.Optional(timeText),
});

export function auditPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/audit",
      async ({ principal, query: wish, set }) => {
        const size = readWhole("limit", wish.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const filter = filterOf(wish);
        if (!filter.ok) return refuse(set, filter.error);
        const limit = size.value;
        const place = wish.after === undefined ? {} : { after: wish.after };
        const ask = { list: "audit", limit, filter: filter.value, ...place } as const;
        const found = await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
        return answer(set, found, ({ items = [], hasMore = false, after }) => ({
          entries: items.map(auditJson),
          pagination: { limit, hasMore, after: after ?? items.at(-1)?.id ?? null },
        }));
      },
      {
        query,
        detail: {
          summary: "What was done in all rooms of the tenant and to its people, newest first",
          description: "With a filter a page may be short, or empty, and have more all the same: go on at `after`.",
        },
      },
    );
}

function filterOf(wish: typeof query.static): Result<AuditFilter, Rejection> {
  const since = readTime("since", wish.since);
  if (!since.ok) return since;
  const until = readTime("until", wish.until);
  if (!until.ok) return until;
  return ok({
    ...(wish.action !== undefined && { action: wish.action }),
    ...(wish.by !== undefined && { by: wish.by }),
    ...(wish.userId !== undefined && { userId: wish.userId }),
    ...(wish.roomId !== undefined && { room: wish.roomId }),
    ...(since.value !== undefined && { since: since.value }),
    ...(until.value !== undefined && { until: until.value }),
  });
}
