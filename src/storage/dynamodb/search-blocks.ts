/**
 * The search index of one room in DynamoDB: messages in blocks, each one item, and for every word of a block one item that
 * names the messages which have it. What the word items say follows from their block alone, so they are overwritten whole.
 * Invariants: a block is named by the first sequence of its range, and ranges do not overlap; word items are written before
 * their block, so what a crash left half done is done again with the same block as its base; a block is only replaced in the
 * version that was read.
 */
import type { WriteRequest } from "@aws-sdk/client-dynamodb";
import type { Seq } from "../../base/ids.ts";
import { SEARCH_BLOCK_CHARS_MAX, SEARCH_BLOCK_MESSAGES_MAX } from "../../base/limits.ts";
import { wordsOf } from "../../domain/search/words.ts";
import type { LogKey } from "../journal.ts";
import type { IndexedMessage } from "../search-index.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { binary, bytesIn, fromJsonBytes, type Item, jsonBytes, keyOf, number, numberIn, textIn } from "./items.ts";
import { blockKey, searchPartition, seqKey } from "./keys.ts";

/** A message, and the sequence of the event that wrote its text. */
export interface BlockEntry extends IndexedMessage {
  readonly version: Seq;
}
export interface Block {
  readonly first: Seq;
  /** The end of its range, whether a message stands there still or not. */
  readonly last: Seq;
  /** 0: is not stored yet. */
  readonly version: number;
  readonly entries: ReadonlyMap<Seq, BlockEntry>;
}
/** A message as word items name it. */
export type Posting = readonly [seq: Seq, at: number];

export class SearchBlocks {
  readonly #api: DynamoApi;
  readonly #table: string;

  constructor(api: DynamoApi, table: string) {
    this.#api = api;
    this.#table = table;
  }

  /** Every block whose range holds, or might be made to hold, one of these sequences; in order. */
  async around(log: LogKey, seqs: readonly Seq[]): Promise<ApiResult<readonly Block[]>> {
    const found = new Map<Seq, Block>();
    for (const { from, to } of runsOf(seqs)) {
      const [before, within] = await Promise.all([
        this.#api.query({ ...this.#range(log, 0, from - 1), backward: true, limit: 1 }),
        this.#api.queryAll(this.#range(log, from, to)),
      ]);
      if (!before.ok) return before;
      if (!within.ok) return within;
      for (const item of [...before.value.items, ...within.value]) {
        const block = blockIn(item);
        found.set(block.first, block);
      }
    }
    return { ok: true, value: [...found.values()].sort((a, b) => a.first - b.first) };
  }

  async upTo(log: LogKey, last: Seq): Promise<ApiResult<readonly Block[]>> {
    const read = await this.#api.queryAll(this.#range(log, 0, last));
    return read.ok ? { ok: true, value: read.value.map(blockIn) } : read;
  }

  async byFirst(log: LogKey, firsts: readonly Seq[]): Promise<ApiResult<readonly Block[]>> {
    const read = await this.#api.getAll(
      this.#table,
      firsts.map((first) => blockKey(log, first)),
    );
    return read.ok ? { ok: true, value: read.value.map(blockIn) } : read;
  }

  /** First what its words say, then itself. `condition`: somebody else has replaced it. */
  async replace(log: LogKey, before: Block, entries: ReadonlyMap<Seq, BlockEntry>): Promise<ApiResult<unknown>> {
    const [old, now] = [postingsOf(before.entries), postingsOf(entries)];
    const pk = searchPartition(log);
    const writes: WriteRequest[] = [];
    for (const [word, postings] of now) {
      const bytes = jsonBytes(postings);
      if (old.get(word) !== undefined && sameBytes(jsonBytes(old.get(word)), bytes)) continue;
      const item = { ...keyOf({ pk, sk: wordKey(word, before.first) }), posts: binary(bytes) };
      writes.push({ PutRequest: { Item: item } });
    }
    for (const word of old.keys()) {
      if (!now.has(word)) writes.push({ DeleteRequest: { Key: keyOf({ pk, sk: wordKey(word, before.first) }) } });
    }
    const written = await this.#api.writeAll(this.#table, writes, "background");
    if (!written.ok) return written;
    const condition =
      before.version === 0
        ? { expression: "attribute_not_exists(version)" }
        : { expression: "version = :version", values: { ":version": number(before.version) } };
    const key = blockKey(log, before.first);
    if (entries.size === 0) {
      return before.version === 0 ? { ok: true, value: true } : this.#api.delete(this.#table, key, condition);
    }
    const { last, version } = before;
    const about = { last: number(last), version: number(version + 1) };
    const item = { ...keyOf(key), ...about, entries: binary(jsonBytes([...entries.values()])) };
    return this.#api.put(this.#table, item, condition, "background");
  }

  /** Items of a word, or of all words that begin so, the newest block of a word first; at most `limit`. */
  async postings(
    log: LogKey,
    { prefix, isWhole }: { readonly prefix: string; readonly isWhole: boolean },
    limit: number,
  ): Promise<ApiResult<readonly (readonly [first: Seq, postings: readonly Posting[]])[]>> {
    const from = isWhole ? `${prefix}#` : prefix;
    const to = isWhole ? `${prefix}#~` : `${prefix}\u{10ffff}`;
    const found: (readonly [Seq, readonly Posting[]])[] = [];
    let start: Item | undefined;
    do {
      const query = { table: this.#table, pk: searchPartition(log), from, to, backward: true, limit, start };
      const page = await this.#api.query(query);
      if (!page.ok) return page;
      for (const item of page.value.items) {
        const bytes = bytesIn(item, "posts");
        const sk = textIn(item, "sk") ?? "";
        if (bytes !== undefined) found.push([Number(sk.slice(sk.lastIndexOf("#") + 1)), fromJsonBytes(bytes)]);
      }
      start = page.value.next;
    } while (start !== undefined && found.length < limit);
    return { ok: true, value: found };
  }

  /** All of a room: what no block knows of, too. */
  async removeAll(log: LogKey): Promise<ApiResult<true>> {
    const all = await this.#api.queryAll({ table: this.#table, pk: searchPartition(log) });
    if (!all.ok) return all;
    const writes = all.value.map((item) => {
      const key = { pk: textIn(item, "pk") ?? "", sk: textIn(item, "sk") ?? "" };
      return { DeleteRequest: { Key: keyOf(key) } };
    });
    return this.#api.writeAll(this.#table, writes, "background");
  }

  #range(log: LogKey, from: Seq, to: Seq) {
    const keys = { from: `b#${seqKey(Math.max(0, from))}`, to: `b#${seqKey(Math.min(to, Number.MAX_SAFE_INTEGER))}` };
    return { table: this.#table, pk: searchPartition(log), ...keys };
  }
}

/** Messages without a block, as new blocks that lie between the present ones. */
export function newBlocks(entries: readonly BlockEntry[], present: readonly Block[]): readonly Block[] {
  const blocks: Block[] = [];
  let chunk: BlockEntry[] = [];
  let chars = 0;
  const end = (): void => {
    const [first, last] = [chunk[0], chunk.at(-1)];
    if (first === undefined || last === undefined) return;
    blocks.push({ first: first.seq, last: last.seq, version: 0, entries: new Map() });
    chunk = [];
    chars = 0;
  };
  for (const entry of entries.toSorted((a, b) => a.seq - b.seq)) {
    const from = chunk.at(-1)?.seq ?? entry.seq;
    const isApart = present.some(({ first }) => first > from && first <= entry.seq);
    const isFull = chunk.length >= SEARCH_BLOCK_MESSAGES_MAX || chars >= SEARCH_BLOCK_CHARS_MAX;
    if (isApart || isFull) end();
    chunk.push(entry);
    chars += entry.text.length + (entry.extra?.length ?? 0);
  }
  end();
  return blocks;
}

export function textOf({ text, extra = "" }: Pick<IndexedMessage, "text" | "extra">): string {
  return extra === "" ? text : `${text}\n${extra}`;
}

/** The word items of a block. Letters and digits are all that words have, so no filter can be taken for one. */
function postingsOf(entries: ReadonlyMap<Seq, BlockEntry>): ReadonlyMap<string, readonly Posting[]> {
  const postings = new Map<string, Posting[]>();
  for (const entry of entries.values()) {
    const words = new Set(wordsOf(textOf(entry)).map(({ term }) => `t#${term}`));
    words.add(authorWord(entry.author));
    words.add(typeWord(entry.type));
    for (const word of words) {
      const known = postings.get(word);
      if (known === undefined) postings.set(word, [[entry.seq, entry.at]]);
      else known.push([entry.seq, entry.at]);
    }
  }
  return postings;
}

export function authorWord(author: string): string {
  return `f#a:${author}`;
}

export function typeWord(type: string): string {
  return `f#y:${type}`;
}

function wordKey(word: string, first: Seq): string {
  return `${word}#${seqKey(first)}`;
}

function blockIn(item: Item): Block {
  const list = fromJsonBytes<readonly BlockEntry[]>(bytesIn(item, "entries") ?? jsonBytes([]));
  const first = Number((textIn(item, "sk") ?? "").slice(2));
  const entries = new Map(list.map((entry) => [entry.seq, entry]));
  return { first, last: numberIn(item, "last") ?? first, version: numberIn(item, "version") ?? 0, entries };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Neighbouring sequences are read together. */
const RUN_GAP = 256;

function runsOf(seqs: readonly Seq[]): readonly { readonly from: Seq; readonly to: Seq }[] {
  const runs: { from: Seq; to: Seq }[] = [];
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && seq - last.to <= RUN_GAP) last.to = seq;
    else runs.push({ from: seq, to: seq });
  }
  return runs;
}
