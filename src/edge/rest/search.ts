/**
 * Searches in messages: the index says where the words may stand, the rooms say what stands there now and whether the asker
 * may read it. Invariant: nothing is shown on the index's word alone. A hit whose room is not the asker's to read, whose
 * message was deleted, or whose text lacks the words by now, is passed over.
 */
import type { RoomId, Seq } from "../../base/ids.ts";
import { SEARCH_EXCERPT_LENGTH, SEARCH_MARKS_MAX, SEARCH_ROOMS_MAX, SEARCH_ROUNDS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { MessageType } from "../../domain/room/vocabulary.ts";
import { matchIn, type QueryTerm, type TextRange } from "../../domain/search/text-query.ts";
import type { UserId } from "../../base/ids.ts";
import { ERRORS, type Rejection } from "../../protocol/errors.ts";
import type { MessageView } from "../../protocol/frames.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Hit, SearchQuery } from "../../storage/search-index.ts";
import type { Engine } from "../ports.ts";

/** The index, as the edge asks it. Never rejects. */
export interface Searcher {
  search(query: SearchQuery): Promise<ReadResult<readonly Hit[]>>;
}

export interface Search {
  /** Absent: all rooms that the asker is a member of. */
  readonly room?: RoomId;
  readonly terms: readonly QueryTerm[];
  readonly author?: UserId;
  readonly type?: MessageType;
  readonly from?: number;
  readonly to?: number;
  readonly order: "newest" | "relevance";
  readonly limit: number;
  readonly after?: string;
}

/** Part of a message's text, with the places that match: UTF-16 units of `text`. */
export interface Excerpt {
  readonly text: string;
  readonly marks: readonly TextRange[];
  /** Something was left out before, or behind. */
  readonly isCutBefore: boolean;
  readonly isCutAfter: boolean;
}

export interface SearchPage {
  readonly hits: readonly { readonly message: MessageView; readonly excerpt: Excerpt }[];
  /** Where the next page begins. */
  readonly next: string | null;
  /** The asker has more rooms than were looked into (those that were active last), or one of these cannot be read now. */
  readonly isPartial: boolean;
}

const RETRY_MS = 1_000;
/** Of a long text so much stands before the first match. */
const EXCERPT_LEAD = 60;

export async function searchMessages(
  engine: Engine,
  searcher: Searcher,
  principal: Principal,
  search: Search,
): Promise<Result<SearchPage, Rejection>> {
  const place = await roomsOf(engine, principal, search.room);
  if (!place.ok) return place;
  const { rooms } = place.value;
  let { isPartial } = place.value;
  const { room: _room, after: start, limit, ...asked } = search;
  const hits: SearchPage["hits"][number][] = [];
  let after = start;
  for (let round = 0; round < SEARCH_ROUNDS_MAX; round += 1) {
    const query = { tenant: principal.tenant, rooms, ...asked, limit: limit - hits.length };
    const found = await searcher.search({ ...query, ...(after !== undefined && { after }) });
    if (!found.ok) return err({ code: "unavailable", retryAfterMs: RETRY_MS });
    const shown = await shownHits(engine, principal, found.value);
    if (!shown.ok) return shown;
    isPartial ||= shown.value.isPartial;
    for (const message of shown.value.messages) {
      const match = matchIn(search.terms, textOf(message));
      if (match !== undefined) hits.push({ message, excerpt: excerptOf(message.content, match.ranges) });
    }
    after = found.value.at(-1)?.place;
    const isEnd = found.value.length < query.limit;
    if (isEnd || after === undefined) return ok({ hits, next: null, isPartial });
    if (hits.length >= limit) break;
  }
  return ok({ hits, next: after ?? null, isPartial });
}

/** Rooms to look into; refused when the one that was named may not be read. */
async function roomsOf(
  engine: Engine,
  principal: Principal,
  room: RoomId | undefined,
): Promise<Result<{ readonly rooms: readonly RoomId[]; readonly isPartial: boolean }, Rejection>> {
  if (room !== undefined) {
    const may = await engine.call(principal, { to: "room", room, kind: "messages", seqs: [] });
    return may.ok ? ok({ rooms: [room], isPartial: false }) : may;
  }
  const call = { to: "user", user: principal.userId, kind: "list_rooms", scope: "member" } as const;
  const listed = await engine.call(principal, { ...call, limit: SEARCH_ROOMS_MAX, offset: 0 });
  if (!listed.ok) return listed;
  const { rooms, total } = listed.value;
  return ok({ rooms: rooms.map(({ roomId }) => roomId), isPartial: total > rooms.length });
}

/**
 * The messages of the hits in their order, as far as the asker may read them now. `isPartial`: a room could not say; where none
 * could, that is the answer.
 */
async function shownHits(
  engine: Engine,
  principal: Principal,
  hits: readonly Hit[],
): Promise<Result<{ readonly messages: readonly MessageView[]; readonly isPartial: boolean }, Rejection>> {
  const byRoom = new Map<RoomId, Seq[]>();
  for (const { room, seq } of hits) byRoom.set(room, [...(byRoom.get(room) ?? []), seq]);
  const answers = await Promise.all(
    [...byRoom].map(([room, seqs]) => engine.call(principal, { to: "room", room, kind: "messages", seqs })),
  );
  const shown = new Map<string, MessageView>();
  const failures: Rejection[] = [];
  for (const answer of answers) {
    if (answer.ok) for (const message of answer.value.messages) shown.set(nameOf(message.roomId, message.seq), message);
    // What is not theirs to read any more, or never was, is left out; what cannot be said now is no reason to do so in silence.
    else if (mayWorkLater(answer.error)) failures.push(answer.error);
  }
  const [failure] = failures;
  if (failure !== undefined && failures.length === answers.length) return err(failure);
  const messages = hits.flatMap(({ room, seq }) => {
    const message = shown.get(nameOf(room, seq));
    return message === undefined || message.deletedAt !== undefined ? [] : [message];
  });
  return ok({ messages, isPartial: failure !== undefined });
}

/** A trouble of the server's, which somebody will see to. */
function mayWorkLater({ code }: Rejection): boolean {
  return ERRORS[code].temporary || ERRORS[code].http >= 500;
}

function nameOf(room: RoomId, seq: Seq): string {
  return `${room} ${seq}`;
}

/** What a message is found by: its text, and the words beside it. */
function textOf({ content, poll, attachments = [] }: MessageView): string {
  const words = poll === undefined ? [] : [poll.question, ...poll.options.map(({ text }) => text)];
  for (const { fileName } of attachments) words.push(fileName);
  return [content, ...words].join("\n");
}

/** `ranges` may lie behind the text, where the words beside it are. */
export function excerptOf(content: string, ranges: readonly TextRange[]): Excerpt {
  const first = ranges.find(({ start }) => start < content.length)?.start ?? 0;
  const isLong = content.length > SEARCH_EXCERPT_LENGTH;
  const latest = content.length - SEARCH_EXCERPT_LENGTH;
  const start = isLong ? whole(content, Math.max(0, Math.min(first - EXCERPT_LEAD, latest))) : 0;
  const end = isLong ? whole(content, Math.min(content.length, start + SEARCH_EXCERPT_LENGTH)) : content.length;
  const marks = ranges
    .filter((range) => range.start >= start && range.end <= end)
    .slice(0, SEARCH_MARKS_MAX)
    .map((range) => ({ start: range.start - start, end: range.end - start }));
  return { text: content.slice(start, end), marks, isCutBefore: start > 0, isCutAfter: end < content.length };
}

/** Not between the two halves of a character. */
function whole(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
