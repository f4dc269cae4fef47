/** A room's events over REST, for the range that a resume could not replay. */
import type { RoomId, Seq } from "../base/ids.ts";
import type { EventsFrame } from "../protocol/frames.ts";
import { readServerFrame } from "../protocol/json-frames.ts";
import { headersOf } from "./link.ts";
import type { HistoryPage } from "./room-feed.ts";
import type { ClientOptions } from "./types.ts";

const PAGE = 500;

interface Page {
  readonly events: readonly object[];
  readonly missing?: HistoryPage["missing"];
  readonly pagination: { readonly after: Seq };
}

/** `undefined`: not now. */
export async function readHistory(
  { url, token, fetch = globalThis.fetch.bind(globalThis) }: ClientOptions,
  roomId: RoomId,
  after: Seq,
): Promise<HistoryPage | undefined> {
  const address = url.replace(/^ws/, "http").replace(/\/+$/, "");
  const path = `/v1/chat/rooms/${encodeURIComponent(roomId)}/events?after=${after}&limit=${PAGE}`;
  const response = await fetch(address + path, {
    headers: headersOf(typeof token === "string" ? token : await token()),
  });
  if (!response.ok) return undefined;
  const { data } = (await response.json()) as { data: Page };
  // The events are those of a frame, with their times as text.
  const text = JSON.stringify({ type: "events", roomId, after, head: data.pagination.after, events: data.events });
  const { events, head } = readServerFrame(text) as EventsFrame;
  return { events, to: head, ...(data.missing !== undefined && { missing: data.missing }) };
}
