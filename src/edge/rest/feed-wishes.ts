/** What readers of a feed wish: where they begin, which types of events and which rooms. */
import { t } from "elysia";
import { parseId, type RoomId } from "../../base/ids.ts";
import { FEED_FILTER_ROOMS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { FeedFrom } from "../../feed/tenant-feed.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { RoomEvent } from "../../protocol/frames.ts";
import { EVENT_LAYOUTS } from "../../protocol/layouts.ts";
import { oneOf, roomId } from "./schemas.ts";
import { readTime, timeText } from "./times.ts";

export const EVENT_TYPES = Object.keys(EVENT_LAYOUTS) as RoomEvent["type"][];
const eventType = oneOf<RoomEvent["type"]>(EVENT_TYPES);

/** In a body. */
export const filterFields = {
  types: t.Optional(
    t.Array(eventType, { maxItems: EVENT_TYPES.length, description: "Types of events; all when left out" }),
  ),
  rooms: t.Optional(t.Array(roomId, { maxItems: FEED_FILTER_ROOMS_MAX, description: "Only these rooms" })),
};
export const startFields = {
  from: t.Optional(oneOf<"beginning" | "now">(["beginning", "now"])),
  since: t.Optional(timeText),
};
export const feedFields = { ...filterFields, ...startFields };

interface Start {
  readonly after?: string | undefined;
  readonly since?: string | undefined;
  readonly from?: string | undefined;
}

/** `undefined`: nothing was said. */
export function fromOf({ after, since, from }: Start): Result<FeedFrom | undefined, Rejection> {
  if ([after, since, from].filter((said) => said !== undefined).length > 1) {
    return err({ code: "invalid_field", field: "from", message: 'Give one of "after", "since" and "from".' });
  }
  if (after !== undefined) return ok({ after });
  if (from === "beginning" || from === "now") return ok(from);
  if (from !== undefined) return err({ code: "invalid_field", field: "from", message: '"from" is beginning or now.' });
  const time = readTime("since", since);
  if (!time.ok) return time;
  return ok(time.value === undefined ? undefined : { sinceMs: time.value });
}

/** Of a query: types of events, comma-separated. */
export function readTypes(text: string | undefined): Result<readonly string[] | undefined, Rejection> {
  const types = text?.split(",").map((part) => part.trim());
  const wrong = types?.find((type) => !EVENT_TYPES.some((known) => known === type));
  if (wrong === undefined) return ok(types);
  return err({ code: "invalid_field", field: "types", message: `"types" are some of ${EVENT_TYPES.join(", ")}.` });
}

/** Of a query: ids of rooms, which may have commas but no spaces. */
export function readRooms(text: string | undefined): Result<readonly RoomId[] | undefined, Rejection> {
  if (text === undefined) return ok(undefined);
  const rooms = text
    .trim()
    .split(/\s+/)
    .map((part) => parseId<RoomId>(part));
  const found = rooms.filter((room) => room !== undefined);
  if (found.length === rooms.length && found.length <= FEED_FILTER_ROOMS_MAX) return ok(found);
  return err({ code: "invalid_field", field: "rooms", message: `"rooms" are up to ${FEED_FILTER_ROOMS_MAX} ids.` });
}
