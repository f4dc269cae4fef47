/** What happened in a room, by pages from any sequence on: for programs that follow it, and to fill a range that was missing. */
import { Elysia, t } from "elysia";
import { FEED_PAGE_MAX } from "../../base/limits.ts";
import { jsonOfEvent } from "../../protocol/json-frames.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { placeIn, readWhole, wholeText } from "../rest/paging.ts";
import { roomParams } from "../rest/schemas.ts";

const LIMIT = { min: 1, max: FEED_PAGE_MAX, fallback: 100 } as const;

export function eventsPlugin(prefix: string, options: RestOptions) {
  return new Elysia({ prefix, detail: { tags: ["messages"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/events",
      async ({ principal, params: { roomId }, query, set }) => {
        const limit = readWhole("limit", query.limit, LIMIT);
        if (!limit.ok) return refuse(set, limit.error);
        const place = placeIn(undefined, query.after);
        if (!place.ok) return refuse(set, place.error);
        const after = place.value.after ?? 0;
        const call = { to: "room", room: roomId, kind: "events", after, limit: limit.value } as const;
        return answer(set, await options.engine.call(principal, call), ({ events, to, head, missing }) => ({
          roomId,
          after,
          head,
          events: events.map(jsonOfEvent),
          ...(missing !== undefined && { missing }),
          pagination: { hasMore: to < head, after: to, limit: limit.value },
        }));
      },
      {
        params: roomParams,
        query: t.Object({
          after: t.Optional(
            t.String({
              maxLength: 64,
              description: "A sequence number or a message id; from the beginning when left out",
            }),
          ),
          limit: wholeText(LIMIT),
        }),
        detail: {
          summary: "A room's events in order, as a socket has them",
          description:
            "`limit` bounds the sequence numbers that a page covers, not all of which are for clients: an empty page need not be the last. Go on with `after` of `pagination` until `hasMore` is false; it then waits there for what comes. `missing` names a range that is kept no more. Edited and deleted messages are shown as they are now.",
        },
      },
    );
}
