/** How the edge searches: what of the index's word is believed, how pages are filled, and what excerpts are. */
import { describe, expect, test } from "bun:test";
import type { Call, ReplyOf } from "../../../../src/actors/calls.ts";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import {
  SEARCH_EXCERPT_LENGTH,
  SEARCH_MARKS_MAX,
  SEARCH_ROOMS_MAX,
  SEARCH_ROUNDS_MAX,
} from "../../../../src/base/limits.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import { matchIn, parseQuery, type QueryTerm } from "../../../../src/domain/search/text-query.ts";
import type { Engine } from "../../../../src/edge/ports.ts";
import { excerptOf, type Search, searchMessages, type Searcher } from "../../../../src/edge/rest/search.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import type { SearchQuery } from "../../../../src/storage/search-index.ts";
import { message, room } from "../fake-engine.ts";

const ANN: Principal = { tenant: "acme" as TenantId, userId: "ann" as UserId, role: "user" };
const terms = (text: string): readonly QueryTerm[] => {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

/** Rooms by name: what each message says now, `undefined` where the room is not the asker's. */
class Rooms implements Engine {
  readonly rooms = new Map<string, ReadonlyMap<number, string> | Rejection>();
  total = 0;

  async call<C extends Call>(_: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    if (call.kind === "list_rooms") {
      const rooms = [...this.rooms.keys()].slice(0, call.limit).map((roomId) => ({ ...room, roomId }));
      return ok({ rooms, total: Math.max(this.total, rooms.length) } as unknown as ReplyOf<C>);
    }
    if (call.kind !== "messages") throw new Error(call.kind);
    const texts = this.rooms.get(call.room);
    if (texts === undefined) return err({ code: "room_not_found" });
    if (!(texts instanceof Map)) return err(texts as Rejection);
    const messages = call.seqs.flatMap((seq) => {
      const content = texts.get(seq);
      if (content === undefined) return [];
      return [{ ...message, roomId: call.room, seq, content, ...(content === "" && { deletedAt: 1 }) }];
    });
    return ok({ messages } as unknown as ReplyOf<C>);
  }
}

/** Finds these places, whatever is asked. */
class Places implements Searcher {
  readonly asked: SearchQuery[] = [];
  readonly #places: readonly (readonly [string, number])[];
  constructor(places: readonly (readonly [string, number])[]) {
    this.#places = places;
  }
  async search(query: SearchQuery) {
    this.asked.push(query);
    const start = query.after === undefined ? 0 : Number(query.after);
    const page = this.#places.slice(start, start + query.limit);
    const value = page.map(([id, seq], i) => ({ room: id as RoomId, seq, at: 0, place: String(start + i + 1) }));
    return { ok: true, value } as const;
  }
}

const search = (rest: Partial<Search> = {}): Search => ({ terms: terms("tea"), order: "newest", limit: 3, ...rest });

describe("a search", () => {
  test("shows nothing on the index's word alone", async () => {
    const engine = new Rooms();
    engine.rooms.set(
      "mine",
      new Map([
        [1, "tea"],
        [2, ""],
        [3, "coffee by now"],
        [4, "more tea"],
      ]),
    );
    engine.rooms.set("banned", { code: "banned" });
    const found = [
      ["mine", 1],
      ["mine", 2],
      ["gone", 1],
      ["mine", 3],
      ["banned", 9],
      ["mine", 99],
      ["mine", 4],
    ] as const;
    const page = await searchMessages(engine, new Places(found), ANN, search({ limit: 10 }));
    expect(page.ok && page.value.hits.map((hit) => hit.message.content)).toEqual(["tea", "more tea"]);
    expect(page).toMatchObject({ value: { next: null, isPartial: false } });
  });

  test("fills its page in several rounds, a bounded number of them, and says where to go on", async () => {
    const engine = new Rooms();
    engine.rooms.set(
      "mine",
      new Map([
        [1, "tea"],
        [900, "tea"],
      ]),
    );
    const places = Array.from({ length: 1_000 }, (_, i) => ["mine", i + 1] as const);
    const searcher = new Places(places);
    const page = await searchMessages(engine, searcher, ANN, search());
    expect(searcher.asked).toHaveLength(SEARCH_ROUNDS_MAX);
    // Three, then two at a time: one of them was shown.
    expect(page).toMatchObject({ ok: true, value: { next: String(3 + 2 * (SEARCH_ROUNDS_MAX - 1)) } });
    const rest = await searchMessages(engine, searcher, ANN, search({ after: "898" }));
    expect(rest.ok && rest.value.hits.map((hit) => hit.message.seq)).toEqual([900]);
  });

  test("a room that cannot answer now is no reason to leave its hits out in silence", async () => {
    const engine = new Rooms();
    engine.rooms.set("mine", { code: "unavailable", retryAfterMs: 5 });
    const page = await searchMessages(engine, new Places([["mine", 1]]), ANN, search());
    expect(page).toMatchObject({ ok: false, error: { code: "unavailable" } });
    engine.rooms.set("other", new Map([[7, "tea"]]));
    for (const code of ["unavailable", "room_quarantined"] as const) {
      engine.rooms.set("mine", { code });
      const both = await searchMessages(
        engine,
        new Places([
          ["mine", 1],
          ["other", 7],
        ]),
        ANN,
        search(),
      );
      expect(both).toMatchObject({ ok: true, value: { isPartial: true, hits: [{ message: { seq: 7 } }] } });
    }
    const away: Searcher = { search: async () => ({ ok: false, error: "unavailable" }) };
    expect(await searchMessages(new Rooms(), away, ANN, search())).toMatchObject({ ok: false });
  });

  test("in one room is refused as the room refuses, before the index is asked", async () => {
    const searcher = new Places([["none", 1]]);
    const page = await searchMessages(new Rooms(), searcher, ANN, search({ room: "none" as RoomId }));
    expect(page).toMatchObject({ ok: false, error: { code: "room_not_found" } });
    expect(searcher.asked).toEqual([]);
  });

  test("looks into a bounded number of rooms, and says when there are more", async () => {
    const engine = new Rooms();
    for (let i = 0; i < SEARCH_ROOMS_MAX; i += 1) engine.rooms.set(`room-${i}`, new Map());
    const searcher = new Places([]);
    expect(await searchMessages(engine, searcher, ANN, search())).toMatchObject({ value: { isPartial: false } });
    engine.rooms.set("one more", new Map());
    engine.total = SEARCH_ROOMS_MAX + 1;
    expect(await searchMessages(engine, searcher, ANN, search())).toMatchObject({ value: { isPartial: true } });
    expect(searcher.asked.map(({ rooms }) => rooms.length)).toEqual([SEARCH_ROOMS_MAX, SEARCH_ROOMS_MAX]);
    expect(searcher.asked.every(({ tenant }) => tenant === "acme")).toBe(true);
  });
});

describe("an excerpt", () => {
  const excerpt = (query: string, text: string) => excerptOf(text, matchIn(terms(query), text)?.ranges ?? []);
  const marked = ({ text, marks }: ReturnType<typeof excerpt>) => marks.map(({ start, end }) => text.slice(start, end));

  test("is the whole of a short text, and the part around the first match of a long one", () => {
    const short = "x".repeat(SEARCH_EXCERPT_LENGTH - 4).concat(" tea");
    expect(excerpt("tea", short)).toMatchObject({ text: short, isCutBefore: false, isCutAfter: false });
    const long = `${"word ".repeat(100)}tea ${"word ".repeat(100)}`;
    const cut = excerpt("tea", long);
    expect(cut.text).toHaveLength(SEARCH_EXCERPT_LENGTH);
    expect(cut).toMatchObject({ isCutBefore: true, isCutAfter: true });
    expect(marked(cut)).toEqual(["tea"]);
    expect(marked(excerpt("tea", `${"word ".repeat(100)}tea`))).toEqual(["tea"]);
  });

  test("marks a bounded number of places, and never half a character", () => {
    expect(excerpt("a", "a ".repeat(SEARCH_MARKS_MAX)).marks).toHaveLength(SEARCH_MARKS_MAX);
    expect(excerpt("a", "a ".repeat(SEARCH_MARKS_MAX + 1)).marks).toHaveLength(SEARCH_MARKS_MAX);
    for (let shift = 0; shift < 3; shift += 1) {
      const { text } = excerpt("tea", `${"x".repeat(shift)}${"😀".repeat(200)} tea ${"😀".repeat(200)}`);
      expect(text.isWellFormed()).toBe(true);
    }
  });

  test("of a message that was found by its files or its poll has no marks", () => {
    expect(excerptOf("look", [{ start: 5, end: 9 }])).toMatchObject({ text: "look", marks: [] });
  });
});
