/** What a tenant's administrators see of its connections, on all nodes. */
import { Elysia, t } from "elysia";
import type { UserId } from "../../base/ids.ts";
import { MEMBER_PAGE_MAX } from "../../base/limits.ts";
import { ok, type Result } from "../../base/result.ts";
import type { ConnectionRecord, OnlineUser, PresenceDirectory } from "../../cluster/presence-directory.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { asAdmin } from "../rest/admins-only.ts";
import { askDirectory } from "../rest/ask-directory.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import { userId } from "../rest/schemas.ts";
import { deviceKind } from "../rest/user-agent.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: MEMBER_PAGE_MAX, fallback: MEMBER_PAGE_MAX } as const;
/** Users of one page of connections: each is a question to the directory. */
const USERS = { min: 1, max: 50, fallback: 50 } as const;
const LAST_PAGE = { hasMore: false, after: null } as const;

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
          const count = await askDirectory<Count>((done) => directory.count(principal.tenant, done));
          if (!count.ok) return count;
          const users = await askDirectory<readonly OnlineUser[]>((done) =>
            directory.onlineUsers(principal.tenant, page, done),
          );
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
        const size = readWhole("limit", query.limit, USERS);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const { userId: user } = query;
        if (user !== undefined) {
          const found = await asAdmin(principal, () => connectionsOf(directory, principal, [user]));
          return answer(set, found, (connections) => ({ connections, pagination: LAST_PAGE }));
        }
        const page = { limit: limit + 1, ...(query.after === undefined ? {} : { after: query.after }) };
        const found = await asAdmin(principal, async () => {
          const online = await askDirectory<readonly OnlineUser[]>((done) =>
            directory.onlineUsers(principal.tenant, page, done),
          );
          if (!online.ok) return online;
          const users = online.value.map((one) => one.userId);
          const records = await connectionsOf(directory, principal, users.slice(0, limit));
          return records.ok ? ok({ users, connections: records.value }) : records;
        });
        return answer(set, found, ({ users, connections }) => ({
          connections,
          pagination: { users: limit, hasMore: users.length > limit, after: users[limit - 1] ?? null },
        }));
      },
      {
        query: t.Object({ userId: t.Optional(userId), after: t.Optional(userId), limit: wholeText(USERS) }),
        detail: {
          summary: "Live connections on all nodes: those of a user, or of the tenant by pages of users",
          description: "`limit` and `after` are users: a page has all connections of each of its users.",
        },
      },
    );
}

/** Of all of them together, in the order asked. */
async function connectionsOf(
  directory: PresenceDirectory,
  { tenant }: Principal,
  users: readonly UserId[],
): Promise<Result<readonly object[], Rejection>> {
  const lists = await Promise.all(
    users.map((user) =>
      askDirectory<readonly ConnectionRecord[]>((done) => directory.connectionsOf(tenant, user, done)),
    ),
  );
  const connections: object[] = [];
  for (const list of lists) {
    if (!list.ok) return list;
    connections.push(...list.value.map(connectionJson));
  }
  return ok(connections);
}

function connectionJson(record: ConnectionRecord) {
  const { connectionId, userId: user, node, userAgent, address, transport, connectedAt } = record;
  const device = deviceKind(userAgent);
  return { connectionId, userId: user, node, transport, address, device, userAgent, connectedAt: iso(connectedAt) };
}
