/**
 * The search index on DynamoDB: words as items of the rooms table, room by room. A search asks for each word of each room,
 * so it costs as many reads as there are rooms and words: the rooms that come first in the query are looked into, a bounded
 * number. Phrases are checked on the texts, which stand in the blocks.
 */
import type { RoomId, Seq } from "../../base/ids.ts";
import { SEARCH_ROOMS_ON_DYNAMODB_MAX } from "../../base/limits.ts";
import type { Done, LogKey, ReadResult } from "../journal.ts";
import type { Hit, IndexBatch, IndexChange, SearchIndex, SearchQuery } from "../search-index.ts";
import { answer } from "./answering.ts";
import type { ApiResult } from "./dynamo-api.ts";
import { type Candidate, SearchCandidates } from "./search-candidates.ts";
import { type Block, type BlockEntry, newBlocks, type SearchBlocks } from "./search-blocks.ts";

/** Blocks of a log that are rewritten at once when its front goes. */
const BLOCKS_AT_ONCE = 8;

export class DynamoSearchIndex implements SearchIndex {
  /** It lives and dies with the table that has the positions. */
  readonly id = "table";
  readonly #blocks: SearchBlocks;
  readonly #candidates: SearchCandidates;
  readonly #failed: (error: unknown) => void;

  constructor(blocks: SearchBlocks, failed: (error: unknown) => void) {
    this.#blocks = blocks;
    this.#candidates = new SearchCandidates(blocks);
    this.#failed = failed;
  }

  write(batches: readonly IndexBatch[], done: (written: ReadResult<true>) => void): void {
    const write = async (): Promise<ApiResult<true>> => {
      const results = await Promise.all(batches.map(({ log, changes }) => this.#write(log, changes)));
      return results.find((result) => !result.ok) ?? { ok: true, value: true };
    };
    answer(write(), done, this.#failed);
  }

  forget(log: LogKey, seqs: readonly Seq[], done: (forgotten: ReadResult<true>) => void): void {
    const changes = seqs.map((seq): IndexChange => ({ kind: "remove", seq }));
    answer(this.#write(log, changes), done, this.#failed);
  }

  forgetFront(log: LogKey, upTo: Seq, done: (forgotten: ReadResult<true>) => void): void {
    const isAll = upTo === Number.MAX_SAFE_INTEGER;
    answer(isAll ? this.#blocks.removeAll(log) : this.#forgetFront(log, upTo), done, this.#failed);
  }

  search(query: SearchQuery, done: Done<readonly Hit[]>): void {
    const read = async (): Promise<ApiResult<readonly Hit[]>> => {
      const rooms = query.rooms.slice(0, SEARCH_ROOMS_ON_DYNAMODB_MAX);
      const found = await Promise.all(rooms.map((room) => this.#candidates.of(logOf(query, room), query)));
      const candidates: Candidate[] = [];
      for (const one of found) {
        if (!one.ok) return one;
        candidates.push(...one.value);
      }
      return this.#candidates.hits(candidates, query);
    };
    answer(read(), done, this.#failed);
  }

  async #write(log: LogKey, changes: readonly IndexChange[]): Promise<ApiResult<true>> {
    if (changes.length === 0) return { ok: true, value: true };
    const seqs = [...new Set(changes.map((change) => (change.kind === "put" ? change.message.seq : change.seq)))];
    const around = await this.#blocks.around(log, seqs);
    if (!around.ok) return around;
    const present = around.value;
    const standing = new Map(present.flatMap(({ entries }) => [...entries]));
    const after = new Map(seqs.map((seq) => [seq, standing.get(seq)]));
    for (const change of changes) {
      const seq = change.kind === "put" ? change.message.seq : change.seq;
      after.set(seq, changed(after.get(seq), change));
    }
    const homeless = [...after.values()].filter(
      (entry): entry is BlockEntry => entry !== undefined && holderOf(present, entry.seq) === undefined,
    );
    const blocks = [...present, ...newBlocks(homeless, present)];
    for (const block of blocks) {
      const entries = new Map(block.entries);
      for (const [seq, entry] of after) {
        if (holderOf(blocks, seq) !== block) continue;
        if (entry === undefined) entries.delete(seq);
        else entries.set(seq, entry);
      }
      if (isSame(block.entries, entries)) continue;
      const replaced = await this.#blocks.replace(log, block, new Map([...entries].sort(([a], [b]) => a - b)));
      if (!replaced.ok) return replaced;
    }
    return { ok: true, value: true };
  }

  async #forgetFront(log: LogKey, upTo: Seq): Promise<ApiResult<true>> {
    const read = await this.#blocks.upTo(log, upTo);
    if (!read.ok) return read;
    for (let at = 0; at < read.value.length; at += BLOCKS_AT_ONCE) {
      const results = await Promise.all(
        read.value.slice(at, at + BLOCKS_AT_ONCE).map((block) => {
          const kept = new Map([...block.entries].filter(([seq]) => seq > upTo));
          return this.#blocks.replace(log, block, kept);
        }),
      );
      for (const result of results) if (!result.ok) return result;
    }
    return { ok: true, value: true };
  }
}

/** Rooms are made once: there is one incarnation of each. */
function logOf({ tenant }: SearchQuery, room: RoomId): LogKey {
  return { tenant, room, incarnation: 1 };
}

/** The block whose range has it. */
function holderOf(blocks: readonly Block[], seq: Seq): Block | undefined {
  return blocks.find(({ first, last }) => first <= seq && seq <= last);
}

function changed(entry: BlockEntry | undefined, change: IndexChange): BlockEntry | undefined {
  if (change.kind === "remove") return undefined;
  if (change.kind === "edit") {
    return entry === undefined || entry.version >= change.by
      ? entry
      : { ...entry, text: change.text, version: change.by };
  }
  const { message } = change;
  return entry !== undefined && entry.version > message.seq ? entry : { ...message, version: message.seq };
}

function isSame(a: ReadonlyMap<Seq, BlockEntry>, b: ReadonlyMap<Seq, BlockEntry>): boolean {
  if (a.size !== b.size) return false;
  for (const [seq, entry] of b) {
    const other = a.get(seq);
    if (other === undefined || other.version !== entry.version || other.text !== entry.text) return false;
    if (other.extra !== entry.extra || other.author !== entry.author || other.at !== entry.at) return false;
  }
  return true;
}
