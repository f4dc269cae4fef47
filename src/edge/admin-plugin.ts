/** What a tenant's administrators see of its connections, on all nodes. */
import { Elysia, t } from "elysia";
import { MEMBER_PAGE_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type {
  ConnectionRecord,
  DirectoryAnswer,
  OnlineUser,
  PresenceDirectory,
} from "../cluster/presence-directory.ts";
import type { Principal } from "../domain/principal.ts";
import type { Rejection } from "../protocol/errors.ts";
import { authenticated, type RestOptions } from "./authenticated.ts";
import { answer, answerError, refuse } from "./envelope.ts";
import { readWhole, wholeText } from "./paging.ts";
import { userId } from "./schemas.ts";
import { iso } from "./views.ts";

const LIMIT = { min: 1, max: MEMBER_PAGE_MAX, fallback: MEMBER_PAGE_MAX } as const;
const RETRY_MS = 1_000;

interface Count {
  readonly connections: number;
  readonly users: number;
}

export function adminPlugin(prefix: string, options: RestOptions & { readonly directory: PresenceDirectory }) {
  const { directory } = options;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/online",
      async ({ principal, query: { after, limit: limitText }, set }) => {
        const size = readWhole("limit", limitText, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        // One more than asked tells whether there are more.
        const page = { limit: limit + 1, ...(after === undefined ? {} : { after }) };
        const found = await asAdmin(principal, async () => {
          const count = await ask<Count>((done) => directory.count(principal.tenant, done));
          if (!count.ok) return count;
          const users = await ask<readonly OnlineUser[]>((done) => directory.onlineUsers(principal.tenant, page, done));
          return users.ok ? ok({ ...count.value, online: users.value }) : users;
        });
        return answer(set, found, ({ online, users, connections }) => ({
          users: online.slice(0, limit),
          pagination: { total: users, limit, hasMore: online.length > limit, after: online[limit - 1]?.userId ?? null },
          connections,
        }));
      },
      {
        query: t.Object({ after: t.Optional(userId), limit: wholeText(LIMIT) }),
        detail: { summary: "Users with a live connection on any node, in the order of their ids" },
      },
    )
    .get(
      "/connections",
      async ({ principal, query, set }) => {
        const found = await asAdmin(principal, () =>
          ask<readonly ConnectionRecord[]>((done) => directory.connectionsOf(principal.tenant, query.userId, done)),
        );
        return answer(set, found, (records) => ({ connections: records.map(connectionJson) }));
      },
      { query: t.Object({ userId }), detail: { summary: "A user's live connections, on all nodes" } },
    );
}

function connectionJson({ connectionId, userId: user, node, userAgent, connectedAt }: ConnectionRecord) {
  return { connectionId, userId: user, node, userAgent, connectedAt: iso(connectedAt) };
}

async function asAdmin<Value>(
  principal: Principal,
  look: () => Promise<Result<Value, Rejection>>,
): Promise<Result<Value, Rejection>> {
  if (principal.role === "user")
    return err({ code: "forbidden", message: "This needs the role admin in your tenant." });
  return look();
}

function ask<Value>(
  asked: (done: (answer: DirectoryAnswer<Value>) => void) => void,
): Promise<Result<Value, Rejection>> {
  return new Promise((resolve) =>
    asked((given) => resolve(given.ok ? ok(given.value) : err({ code: "unavailable", retryAfterMs: RETRY_MS }))),
  );
}
