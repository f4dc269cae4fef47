/**
 * Port of the index of messages by their words. It follows the log and may be behind it; it can be thrown away and built anew.
 * It knows nothing of who may read what: whoever asks names the rooms, and looks at what was found before it is shown.
 * Invariant: what was removed or forgotten is found by none of its words, and after `forget…` none of them is kept.
 */
import type { RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import type { MessageType } from "../domain/room/vocabulary.ts";
import type { QueryTerm } from "../domain/search/text-query.ts";
import type { Done, LogKey, ReadResult } from "./journal.ts";

export interface IndexedMessage {
  readonly seq: Seq;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** As shown: the pseudonym of an anonymous message's author. */
  readonly author: UserId;
  readonly type: MessageType;
  readonly text: string;
  /** Further words that edits do not change: a poll's, names of files. */
  readonly extra?: string;
}

export type IndexChange =
  | { readonly kind: "put"; readonly message: IndexedMessage }
  /** `by`: sequence of the event that did it. Without a message it is nothing. */
  | { readonly kind: "edit"; readonly seq: Seq; readonly by: Seq; readonly text: string }
  | { readonly kind: "remove"; readonly seq: Seq };

export interface IndexBatch {
  readonly log: LogKey;
  /** In the order of the log. The same ones again change nothing for good. */
  readonly changes: readonly IndexChange[];
}

export interface SearchQuery {
  readonly tenant: TenantId;
  readonly rooms: readonly RoomId[];
  /** None: all messages, as far as the filters let them. */
  readonly terms: readonly QueryTerm[];
  readonly author?: UserId;
  readonly type?: MessageType;
  /** Milliseconds since 1970; `to` is exclusive. */
  readonly from?: number;
  readonly to?: number;
  /** `relevance`: of the newest `SEARCH_CANDIDATES_MAX` that match, the best ones first. */
  readonly order: "newest" | "relevance";
  readonly limit: number;
  /** A hit's place: what follows it. */
  readonly after?: string;
}

export interface Hit {
  readonly room: RoomId;
  readonly seq: Seq;
  readonly at: number;
  /** Printable ASCII; means something to this index and this query only. */
  readonly place: string;
}

/** What a hit's place looks like in any index. */
export const HIT_PLACE = /^\d{1,16}(\.\d{1,16}\.[\x21-\x7e]{1,128})?$/;

export interface SearchIndex {
  /**
   * Names this index: one that is made anew, because it was removed, has another name. So the positions of whoever keeps it up
   * with the logs are never taken for those of an index that is gone.
   */
  readonly id: string;
  /** All of it is durable when `done` says so. */
  write(batches: readonly IndexBatch[], done: (written: ReadResult<true>) => void): void;
  /** Not one byte of their words is kept when `done` says so. */
  forget(log: LogKey, seqs: readonly Seq[], done: (forgotten: ReadResult<true>) => void): void;
  /** The same of all messages up to there; `Number.MAX_SAFE_INTEGER`: of the whole log. */
  forgetFront(log: LogKey, upTo: Seq, done: (forgotten: ReadResult<true>) => void): void;
  search(query: SearchQuery, done: Done<readonly Hit[]>): void;
}
