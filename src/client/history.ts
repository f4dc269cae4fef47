/** A room's events and messages over REST: the range that a resume could not replay, and what a page scrolls through. */
import type { RoomId, Seq } from "../base/ids.ts";
import { withTimes } from "../protocol/json-frames.ts";
import { type MessageJson, messageOf } from "./plain.ts";
import type { Rest } from "./rest.ts";
import type { HistoryPage } from "./room-feed.ts";
import type { RoomStates } from "./room-states.ts";
import type { MessagesPage, MessagesQuery } from "./types.ts";

const PAGE = 500;

interface EventsJson {
  readonly events: readonly object[];
  readonly missing?: HistoryPage["missing"];
  readonly pagination: { readonly after: Seq };
}
interface MessagesJson {
  readonly messages: readonly MessageJson[];
  readonly pagination: { readonly hasMore: boolean };
}

/** Everything that happened there, edits and reactions of older messages included. */
export async function readEvents(rest: Rest, roomId: RoomId, after: Seq): Promise<HistoryPage> {
  const path = `${roomPath(roomId)}/events?after=${after}&limit=${PAGE}`;
  const { events, missing, pagination } = await rest.call<EventsJson>("GET", path);
  return { events: withTimes(events), missing, to: pagination.after };
}

/** Who has read them is noted on the way. */
export async function readMessages(
  rest: Rest,
  states: RoomStates,
  roomId: RoomId,
  query: MessagesQuery,
): Promise<MessagesPage> {
  const asked = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const page = await rest.call<MessagesJson>("GET", `${roomPath(roomId)}/messages?${asked.join("&")}`);
  const messages = page.messages.map((json) => {
    const message = messageOf(json);
    for (const { userId } of json.readBy ?? []) states.hasRead(roomId, userId, message.seq);
    if (message.authorName && !message.isAnonymous)
      states.people.learn({ userId: message.authorId, name: message.authorName });
    return message;
  });
  return { messages, hasMore: page.pagination.hasMore };
}

export function roomPath(roomId: string): string {
  return `/v1/chat/rooms/${encodeURIComponent(roomId)}`;
}
