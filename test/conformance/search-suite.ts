/** What every adapter of the search index must do. Texts are made for it: who may read what is none of its business. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { RoomId, TenantId, UserId } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { matchIn, parseQuery } from "../../src/domain/search/text-query.ts";
import { HIT_PLACE } from "../../src/storage/search-index.ts";
import type { Hit, IndexChange, IndexedMessage, SearchIndex, SearchQuery } from "../../src/storage/search-index.ts";
import type { LogKey } from "../../src/storage/journal.ts";
import { ask, LOG, logOf, TENANT, user } from "./harness.ts";

export interface SearchHarness {
  readonly index: SearchIndex;
  /** Closes it and opens it anew on what is stored. */
  reopen(): Promise<SearchIndex>;
  /** Everything that is stored, as bytes: what was forgotten must not be among it. */
  bytes(): Promise<Buffer>;
  close(): Promise<void>;
}

const AT = 1_750_000_000_000;
const OTHER = logOf("room-2");

export function searchConformance(name: string, open: () => Promise<SearchHarness>): void {
  describe(`${name}: search index`, () => {
    let harness: SearchHarness;
    let index: SearchIndex;
    beforeEach(async () => {
      harness = await open();
      index = harness.index;
    });
    afterEach(() => harness.close());

    const message = (seq: number, text: string, rest: Partial<IndexedMessage> = {}): IndexedMessage => ({
      ...{ seq, at: AT + seq * 1_000, author: user("ada"), type: "text", text },
      ...rest,
    });
    const put = (...args: Parameters<typeof message>): IndexChange => ({ kind: "put", message: message(...args) });
    const write = (log: LogKey, ...changes: IndexChange[]) =>
      ask<true>((done) => index.write([{ log, changes }], done));
    const hits = (text: string, rest: Partial<SearchQuery> = {}): Promise<readonly Hit[]> => {
      const terms = parseQuery(text);
      if (!terms.ok) throw new Error(terms.error);
      const rooms = [LOG.room, OTHER.room];
      const query: SearchQuery = { tenant: TENANT, rooms, terms: terms.value, order: "newest", limit: 50, ...rest };
      return ask<readonly Hit[]>((done) => index.search(query, done));
    };
    const seqs = async (...args: Parameters<typeof hits>) => (await hits(...args)).map(({ seq }) => seq);

    test("finds words, beginnings and phrases, whatever their case and accents", async () => {
      await write(
        LOG,
        put(1, "The quick brown fox"),
        put(2, "A QUICK answer: naïve café"),
        put(3, "quickly, brown foxes quick"),
        put(4, "e-mail to ada@example.org"),
      );
      expect(await seqs("quick")).toEqual([3, 2, 1]);
      expect(await seqs("Quick brown")).toEqual([3, 1]);
      expect(await seqs('"quick brown"')).toEqual([1]);
      expect(await seqs("quick*")).toEqual([3, 2, 1]);
      expect(await seqs("fox*")).toEqual([3, 1]);
      expect(await seqs('"brown fox"*')).toEqual([3, 1]);
      expect(await seqs("naive CAFÉ")).toEqual([2]);
      expect(await seqs("e-mail")).toEqual([4]);
      expect(await seqs("mail e")).toEqual([4]);
      expect(await seqs("example.org")).toEqual([4]);
      expect(await seqs("fax")).toEqual([]);
    });

    test("finds any part of a text in a script without spaces", async () => {
      await write(
        LOG,
        put(1, "東京都に住んでいます"),
        put(2, "京都は好き"),
        put(3, "나는 학교에 간다"),
        put(4, "สวัสดีครับ"),
      );
      expect(await seqs("京都")).toEqual([2, 1]);
      expect(await seqs("都")).toEqual([2, 1]);
      expect(await seqs("東京都")).toEqual([1]);
      expect(await seqs("き")).toEqual([2]);
      expect(await seqs("学校")).toEqual([]);
      expect(await seqs("학교")).toEqual([3]);
      expect(await seqs("สวัสดี")).toEqual([4]);
    });

    test("keeps tenants, rooms, authors, types and times apart", async () => {
      await write(LOG, put(1, "tea"), put(2, "tea", { author: user("bob") }), put(3, "tea", { type: "image" }));
      await write(OTHER, put(1, "tea", { at: AT + 10_000 }), put(2, "tea", { at: AT + 20_000 }));
      const foreign = { ...LOG, tenant: "evil" as TenantId };
      await write(foreign, put(9, "tea"));
      const places = async (...args: Parameters<typeof hits>) =>
        (await hits(...args)).map(({ room, seq }) => `${room}:${seq}`);
      expect(await places("tea")).toEqual(["room-2:2", "room-2:1", "room-1:3", "room-1:2", "room-1:1"]);
      expect(await places("tea", { rooms: [LOG.room] })).toEqual(["room-1:3", "room-1:2", "room-1:1"]);
      expect(await places("tea", { author: user("bob") })).toEqual(["room-1:2"]);
      expect(await places("tea", { author: user("eve") })).toEqual([]);
      expect(await places("tea", { type: "image" })).toEqual(["room-1:3"]);
      expect(await places("", { author: user("bob") })).toEqual(["room-1:2"]);
      expect(await places("tea", { from: AT + 2_000, to: AT + 10_000 })).toEqual(["room-1:3", "room-1:2"]);
      expect(await places("tea", { tenant: "evil" as TenantId })).toEqual(["room-1:9"]);
      expect(await places("tea", { tenant: "none" as TenantId })).toEqual([]);
      expect(await places("tea", { rooms: [] })).toEqual([]);
      expect(await places("tea", { rooms: ["nowhere" as RoomId] })).toEqual([]);
    });

    test("an edited message is found by its new words alone, a deleted one by none", async () => {
      await write(LOG, put(1, "old words", { extra: "minutes.pdf" }), put(2, "old too"));
      await write(LOG, { kind: "edit", seq: 1, by: 5, text: "new words" }, { kind: "remove", seq: 2 });
      expect(await seqs("old")).toEqual([]);
      expect(await seqs("new")).toEqual([1]);
      expect(await seqs("minutes")).toEqual([1]);
      // The same again, as after a crash: what was sent first is not what it says now.
      await write(LOG, put(1, "old words", { extra: "minutes.pdf" }));
      expect(await seqs("old")).toEqual([]);
      await write(
        LOG,
        { kind: "edit", seq: 1, by: 5, text: "new words" },
        { kind: "edit", seq: 77, by: 78, text: "new" },
      );
      expect(await seqs("new")).toEqual([1]);
      // Within one write the last one counts.
      await write(LOG, put(6, "six"), { kind: "edit", seq: 6, by: 7, text: "half a dozen" }, put(8, "eight"), {
        kind: "remove",
        seq: 8,
      });
      expect([await seqs("six"), await seqs("dozen"), await seqs("eight")]).toEqual([[], [6], []]);
    });

    test("the same write again changes nothing, and all of it is there after a restart", async () => {
      const changes = Array.from({ length: 60 }, (_, i) => put(i + 1, `number n${i % 7}x`));
      await write(LOG, ...changes);
      const before = await seqs("n3x");
      await write(LOG, ...changes);
      expect(await seqs("n3x")).toEqual(before);
      index = await harness.reopen();
      expect(await seqs("n3x")).toEqual(before);
      expect(await seqs("number", { limit: 100 })).toEqual(Array.from({ length: 60 }, (_, i) => 60 - i));
    });

    test("is read by pages in both orders, each message once", async () => {
      const sameTime = { at: AT };
      await write(
        LOG,
        ...Array.from({ length: 25 }, (_, i) => put(i + 1, i % 5 === 0 ? "tea tea tea" : "tea and more words")),
      );
      await write(OTHER, ...Array.from({ length: 25 }, (_, i) => put(i + 1, "tea", sameTime)));
      for (const order of ["newest", "relevance"] as const) {
        const found: string[] = [];
        let after: string | undefined;
        for (;;) {
          const page = await hits("tea", { order, limit: 7, ...(after !== undefined && { after }) });
          expect(page.every(({ place }) => HIT_PLACE.test(place))).toBe(true);
          found.push(...page.map(({ room, seq }) => `${room}:${seq}`));
          after = page.at(-1)?.place;
          if (page.length < 7) break;
        }
        expect(found).toHaveLength(50);
        expect(new Set(found).size).toBe(50);
      }
    });

    test("by relevance the text that says it more often and more briefly comes first", async () => {
      await write(
        LOG,
        put(1, "tea"),
        put(2, "a long story in which somebody drinks something, perhaps tea, and tells of it at length"),
        put(3, "tea, tea and again tea"),
        put(4, "nothing of the kind"),
      );
      const ranked = await seqs("tea", { order: "relevance" });
      expect(ranked.toSorted()).toEqual([1, 2, 3]);
      expect(ranked.at(-1)).toBe(2);
    });

    test("of what was forgotten no byte is kept, and everything else is still found", async () => {
      const filler = (from: number) => Array.from({ length: 120 }, (_, i) => put(from + i, `filler${i % 9} and tea`));
      await write(
        LOG,
        ...filler(1),
        put(500, "zqsecretword zqother", { author: "zqauthor" as UserId, extra: "zqfile.pdf" }),
      );
      await write(LOG, put(501, "zqedited before"), { kind: "edit", seq: 501, by: 502, text: "zqedited after" });
      await write(OTHER, ...filler(1));
      expect((await harness.bytes()).includes("zqsecretword")).toBe(true);
      await ask<true>((done) => index.forget(LOG, [500, 501, 777], done));
      const bytes = await harness.bytes();
      for (const word of ["zqsecretword", "zqother", "zqauthor", "zqfile", "zqedited"]) {
        expect(`${word} ${bytes.includes(word)}`).toBe(`${word} false`);
      }
      expect(await seqs("zqsecretword")).toEqual([]);
      expect(await seqs("tea", { rooms: [LOG.room], limit: 200 })).toHaveLength(120);
      index = await harness.reopen();
      expect(await seqs("filler3", { rooms: [OTHER.room] })).toHaveLength(13);
    });

    test("former words of an edited message are in no byte once something is forgotten, be it nothing", async () => {
      await write(LOG, put(1, "zqquoted words"), put(2, "other words"));
      await write(LOG, { kind: "edit", seq: 1, by: 3, text: "plain words" });
      await ask<true>((done) => index.forget(LOG, [], done));
      expect((await harness.bytes()).includes("zqquoted")).toBe(false);
      expect(await seqs("words")).toEqual([2, 1]);
    });

    test("the front of a log, and a whole log, are forgotten", async () => {
      await write(LOG, ...Array.from({ length: 30 }, (_, i) => put(i + 1, `zqfront${i + 1} tea`)));
      await write(OTHER, put(1, "zqfront1 tea"));
      await ask<true>((done) => index.forgetFront(LOG, 20, done));
      expect(await seqs("tea", { rooms: [LOG.room] })).toEqual(Array.from({ length: 10 }, (_, i) => 30 - i));
      expect((await harness.bytes()).includes("zqfront17")).toBe(false);
      await ask<true>((done) => index.forgetFront(LOG, Number.MAX_SAFE_INTEGER, done));
      expect(await seqs("tea")).toEqual([1]);
      expect((await harness.bytes()).includes("zqfront27")).toBe(false);
      await write(LOG, put(31, "tea again"));
      expect(await seqs("again")).toEqual([31]);
    });

    test("finds exactly what a plain reading of all texts finds", async () => {
      const random = new SeededRandom(20_261_128);
      const vocabulary = ["tea", "Tee", "teapot", "pot", "été", "京都", "都会", "a-b", "b", "x1"];
      const words = (count: number) =>
        Array.from({ length: count }, () => vocabulary[random.below(vocabulary.length)] ?? "");
      const texts = new Map<number, string>();
      for (let seq = 1; seq <= 80; seq += 1) texts.set(seq, words(1 + random.below(5)).join(" "));
      await write(LOG, ...[...texts].map(([seq, text]) => put(seq, text)));
      for (let event = 100; event < 130; event += 1) {
        const seq = 1 + random.below(80);
        if (!texts.has(seq)) continue;
        const text = words(1 + random.below(5)).join(" ");
        if (random.below(3) === 0) {
          texts.delete(seq);
          await write(LOG, { kind: "remove", seq });
        } else {
          texts.set(seq, text);
          await write(LOG, { kind: "edit", seq, by: event, text });
        }
      }
      for (const text of ["tea", "tea*", "te*", "pot tea", '"tea pot"', "été", "京都", "都", "a-b", '"b x1"', "京*"]) {
        const terms = parseQuery(text);
        if (!terms.ok) throw new Error(terms.error);
        const expected = [...texts].filter(([, has]) => matchIn(terms.value, has) !== undefined).map(([seq]) => seq);
        expect(`${text}: ${await seqs(text, { limit: 100 })}`).toBe(`${text}: ${expected.toSorted((a, b) => b - a)}`);
      }
    });
  });
}
