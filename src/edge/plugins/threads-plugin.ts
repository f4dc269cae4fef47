/** Threads over REST: the replies to a message, the threads that one follows, following one or not, marking one as read. */
import { Elysia, t } from "elysia";
import type { FollowWish, ThreadEntry, ThreadFollowed, ThreadMarked } from "../../actors/calls.ts";
import type { MessageId, RoomId } from "../../base/ids.ts";
import { THREAD_PAGE_MAX } from "../../base/limits.ts";
import type { Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse, type ResponseSettings } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { idempotencyOf, mutationJson } from "../rest/mutations.ts";
import { placeIn, readWhole, wholeText } from "../rest/paging.ts";
import { messageId, messageParams, mutationBody, mutationHeaders, roomParams } from "../rest/schemas.ts";
import { messageJson } from "../rest/views.ts";

const OLDER_NODE_RETRY_MS = 5_000;
const LIMIT = { min: 1, max: THREAD_PAGE_MAX, fallback: THREAD_PAGE_MAX } as const;
const place = t.Optional(t.String({ maxLength: 64, description: "A message id or a sequence number" }));
const pageQuery = t.Object({ limit: wholeText(LIMIT), before: place, after: place });
const followedQuery = t.Object({ limit: wholeText(LIMIT), before: place });
const allFollowedQuery = t.Object({
  limit: wholeText(LIMIT),
  after: t.Optional(
    t.String({ pattern: "^\\d{1,9}[.]\\d{1,15}$", description: "`pagination.after` of the page before" }),
  ),
});
const readBody = t.Object({ messageId: t.Optional(messageId) });

export function threadsPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["messages"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/messages/:messageId/thread",
      async ({ principal, params, query, set }) => {
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const start = placeIn(query.before, query.after);
        if (!start.ok) return refuse(set, start.error);
        const limit = size.value;
        const call = { to: "room", room: params.roomId, kind: "thread", messageId: params.messageId } as const;
        const thread = await engine.call(principal, { ...call, ...start.value, limit });
        return answer(set, thread, ({ message, replies, hasMore, isFollowing, unread }) => ({
          message: messageJson(message),
          replies: replies.map((message) => messageJson(message)),
          isFollowing,
          unreadCount: unread,
          pagination: {
            hasMore,
            before: replies.at(0)?.messageId ?? null,
            after: replies.at(-1)?.messageId ?? null,
            limit,
          },
        }));
      },
      { params: messageParams, query: pageQuery, detail: { summary: "A message and the replies to it, oldest first" } },
    )
    .post(
      "/rooms/:roomId/messages/:messageId/thread/read",
      async ({ principal, params, body, set }) => {
        const upTo = body.messageId === undefined ? {} : { messageId: body.messageId };
        const mark = { kind: "mark_thread_read", threadId: params.messageId, ...upTo } as const;
        const marked = await engine.call(principal, { to: "room", room: params.roomId, ...mark });
        return answer(set, marked, (reply) => ({
          roomId: params.roomId,
          threadId: reply.threadId,
          unreadCount: "unread" in reply ? reply.unread : 0,
        }));
      },
      {
        params: messageParams,
        ...strictBody(readBody),
        detail: { summary: "Mark a thread as read, up to a reply or wholly" },
      },
    )
    .put(
      "/rooms/:roomId/messages/:messageId/thread/follow",
      async ({ principal, params, headers, body, set }) => {
        const wish = { follow: true, ...idempotencyOf({ headers, body }) };
        return followed(set, params, await engine.call(principal, followCall(params, wish)));
      },
      {
        params: messageParams,
        headers: mutationHeaders,
        body: mutationBody,
        detail: { summary: "Follow a thread: be told of its replies, and have them counted" },
      },
    )
    .delete(
      "/rooms/:roomId/messages/:messageId/thread/follow",
      async ({ principal, params, headers, set }) => {
        const wish = { follow: false, ...idempotencyOf({ headers, body: undefined }) };
        return followed(set, params, await engine.call(principal, followCall(params, wish)));
      },
      {
        params: messageParams,
        headers: mutationHeaders,
        detail: { summary: "Follow a thread no more, until one replies in it or is mentioned" },
      },
    )
    .get(
      "/rooms/:roomId/threads",
      async ({ principal, params, query, set }) => {
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const start = placeIn(query.before, undefined);
        if (!start.ok) return refuse(set, start.error);
        const limit = size.value;
        const call = { to: "room", room: params.roomId, kind: "threads", ...start.value, limit } as const;
        return answer(set, await engine.call(principal, call), ({ threads, hasMore }) => ({
          threads: threads.map(threadJson),
          pagination: { hasMore, before: threads.at(-1)?.message.messageId ?? null, limit },
        }));
      },
      {
        params: roomParams,
        query: followedQuery,
        detail: { summary: "Threads of the room that you follow, newest first" },
      },
    )
    .get(
      "/threads",
      async ({ principal, query, set }) => {
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const start = query.after === undefined ? {} : { after: query.after };
        const call = { to: "user", user: principal.userId, kind: "list_threads", ...start, limit } as const;
        return answer(set, await engine.call(principal, call), ({ threads, next }) => ({
          threads: threads.map(threadJson),
          pagination: { hasMore: next !== null, after: next, limit },
        }));
      },
      { query: allFollowedQuery, detail: { summary: "Threads that you follow, in all rooms" } },
    );
}

interface ThreadOf {
  readonly roomId: RoomId;
  readonly messageId: MessageId;
}

function followCall({ roomId, messageId }: ThreadOf, wish: FollowWish) {
  return { to: "room", room: roomId, kind: "mark_thread_read", threadId: messageId, wish } as const;
}

function followed(
  set: ResponseSettings,
  { roomId }: ThreadOf,
  result: Result<ThreadMarked | ThreadFollowed, Rejection>,
) {
  // The room is with a node of an older version, which knows nothing of this.
  if (result.ok && !("isFollowing" in result.value)) {
    return refuse(set, { code: "unavailable", retryAfterMs: OLDER_NODE_RETRY_MS });
  }
  return answer(set, result as Result<ThreadFollowed, Rejection>, (reply) => {
    const { threadId, isFollowing } = reply;
    return { roomId, threadId, isFollowing, ...mutationJson(reply) };
  });
}

function threadJson({ message, unread }: ThreadEntry) {
  return { roomId: message.roomId, threadId: message.messageId, message: messageJson(message), unreadCount: unread };
}
