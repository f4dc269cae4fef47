/** What every adapter of the log port must do, in the words of the port. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { SeededRandom } from "../../src/base/prng.ts";
import type { MemberRow, MessageOverlay } from "../../src/domain/room/state.ts";
import type { LogTail, Segment } from "../../src/storage/journal.ts";
import {
  append,
  appendNow,
  ask,
  bytesOf,
  card,
  type Harness,
  LOG,
  logOf,
  member,
  plain,
  segment,
  user,
} from "./harness.ts";

export function journalConformance(name: string, open: () => Promise<Harness>): void {
  describe(`${name}: journal`, () => {
    let harness: Harness;
    const journal = () => harness.journal;
    const tail = (log = LOG) => ask<LogTail>((done) => journal().readTail(log, done));
    const range = (from: number, to: number, eventsMax: number, backward = false) =>
      ask<readonly Segment[]>((done) => journal().readRange(LOG, { from, to, eventsMax, backward }, done));
    const firsts = (segments: readonly Segment[]) => segments.map((one) => one.firstSeq);
    const reopen = async () => {
      harness = await harness.reopen();
    };

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.close();
    });

    describe("append", () => {
      test("writes a segment that reads back byte for byte", async () => {
        const one = segment(1, 3, { owner: "knoten-ä/1", epoch: 7, messageCount: 2 });
        expect(await appendNow(journal(), LOG, one)).toBe("written");
        expect(plain(await ask<Segment | undefined>((done) => journal().readSegment(LOG, 1, done)))).toEqual(
          plain(one),
        );
      });

      test("keeps segments of every size, the empty one and the largest", async () => {
        const sizes = [0, 1, 4_095, 4_096, 70_000, 10, 300_000, 2];
        for (const [index, size] of sizes.entries()) {
          const one = segment(index + 1, 1, { entries: bytesOf(index, size) });
          expect(await appendNow(journal(), LOG, one)).toBe("written");
        }
        const stored = (await tail()).segments;
        expect(stored.map((one) => one.entries.length)).toEqual(sizes);
        for (const [index, one] of stored.entries()) {
          expect(Buffer.compare(one.entries, bytesOf(index, sizes[index] ?? 0))).toBe(0);
        }
      });

      test("is fenced when another batch stands in the place, and leaves that one as it is", async () => {
        await appendNow(journal(), LOG, segment(1, 2));
        expect(await appendNow(journal(), LOG, segment(1, 1, { batchId: "mine" }))).toBe("fenced");
        expect((await tail()).segments.map((one) => one.batchId)).toEqual(["batch-1"]);
      });

      test("answers written to the identical batch again, and stores it once", async () => {
        for (const events of [1, 1, 1]) expect(await appendNow(journal(), LOG, segment(1, events))).toBe("written");
        expect((await tail()).segments).toHaveLength(1);
      });

      test("knows an old batch again after many others", async () => {
        for (let seq = 1; seq <= 20; seq += 1) await appendNow(journal(), LOG, segment(seq));
        expect(await appendNow(journal(), LOG, segment(3))).toBe("written");
        expect(await appendNow(journal(), LOG, segment(3, 1, { batchId: "mine" }))).toBe("fenced");
      });

      test("of two in one group for one place gives it to the first alone", async () => {
        const outcomes = [
          append(journal(), LOG, segment(1, 1, { batchId: "a" }), [member("ada")]),
          append(journal(), LOG, segment(1, 1, { batchId: "b" }), [member("bob")]),
          append(journal(), LOG, segment(1, 1, { batchId: "a" })),
        ];
        journal().flush();
        expect(await Promise.all(outcomes)).toEqual(["written", "fenced", "written"]);
        const rows = await ask<readonly (MemberRow | null)[]>((done) =>
          journal().readMembers(LOG, [user("ada"), user("bob")], done),
        );
        expect(rows.map((row) => row?.userId ?? null)).toEqual([user("ada"), null]);
      });

      test("that is fenced does not touch the others of its group", async () => {
        await appendNow(journal(), LOG, segment(1));
        const outcomes = [
          append(journal(), logOf("a"), segment(1)),
          append(journal(), LOG, segment(1, 1, { batchId: "mine" })),
          append(journal(), logOf("b"), segment(1)),
        ];
        journal().flush();
        expect(await Promise.all(outcomes)).toEqual(["written", "fenced", "written"]);
        expect((await tail(logOf("a"))).segments).toHaveLength(1);
        expect((await tail(logOf("b"))).segments).toHaveLength(1);
      });

      test("writes its rows only with its segment", async () => {
        await appendNow(journal(), LOG, segment(1), [member("ada", { role: "owner" })]);
        const late = [member("ada", { role: "member" }), member("eve")];
        expect(await appendNow(journal(), LOG, segment(1, 1, { batchId: "mine" }), late)).toBe("fenced");
        const rows = await ask<readonly (MemberRow | null)[]>((done) =>
          journal().readMembers(LOG, [user("ada"), user("eve")], done),
        );
        expect(rows.map((row) => row?.role ?? null)).toEqual(["owner", null]);
      });

      test("does not apply the rows of the identical batch over newer ones", async () => {
        await appendNow(journal(), LOG, segment(1), [member("ada", { role: "owner" })]);
        await appendNow(journal(), LOG, segment(2), [member("ada", { role: "admin" })]);
        await appendNow(journal(), LOG, segment(1), [member("ada", { role: "owner" })]);
        const rows = await ask<readonly (MemberRow | null)[]>((done) =>
          journal().readMembers(LOG, [user("ada")], done),
        );
        expect(rows[0]?.role).toBe("admin");
      });

      test("never answers from within append or flush", async () => {
        let isWithin = true;
        const outcome = new Promise<boolean>((resolve) =>
          journal().append(LOG, segment(1), [], () => resolve(isWithin)),
        );
        journal().flush();
        isWithin = false;
        expect(await outcome).toBe(false);
      });

      test("is committed without a flush, too", async () => {
        expect(await append(journal(), LOG, segment(1))).toBe("written");
      });

      test("may be called from within an answer", async () => {
        const outcome = new Promise<string>((resolve) => {
          journal().append(LOG, segment(1), [], () => {
            journal().append(LOG, segment(2), [], resolve);
            journal().flush();
          });
        });
        journal().flush();
        expect(await outcome).toBe("written");
        expect(firsts((await tail()).segments)).toEqual([1, 2]);
      });

      test("takes thousands of logs in one flush", async () => {
        const { logsAtOnce = 5_000, answersInOrder = true } = harness;
        const order: number[] = [];
        const outcomes = Array.from({ length: logsAtOnce }, (_, index) =>
          append(journal(), logOf(`r${index}`), segment(1)).then((outcome) => {
            order.push(index);
            return outcome;
          }),
        );
        journal().flush();
        expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["written"]));
        if (answersInOrder) expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect((await tail(logOf(`r${logsAtOnce - 1}`))).segments).toHaveLength(1);
      });

      test("of two writers that go on from what they have read never overlap, whatever they write", async () => {
        const random = new SeededRandom(7);
        // Each writer believes what it has last read, as an owner does; the other one may have gone on meanwhile.
        const heads = [0, 0];
        const taken: string[] = [];
        for (let turn = 0; turn < 120; turn += 1) {
          const writer = random.below(2);
          const head = heads[writer] ?? 0;
          const one = segment(head + 1, random.below(6) + 1, { batchId: `${writer}.${turn}` });
          const outcome = await appendNow(journal(), LOG, one);
          if (outcome === "written") {
            taken.push(one.batchId);
            heads[writer] = one.lastSeq;
          } else {
            expect(outcome).toBe("fenced");
            heads[writer] = (await tail()).segments.at(-1)?.lastSeq ?? 0;
          }
        }
        const { segments } = await tail();
        expect(segments.map((one) => one.batchId)).toEqual(taken);
        let next = 1;
        for (const one of segments) {
          expect(one.firstSeq).toBe(next);
          next = one.lastSeq + 1;
        }
      });

      test("takes sequences beyond 2³¹", async () => {
        const start = 3_000_000_000;
        const sizes = [10, 5_000, 10, 5_000];
        for (const [index, size] of sizes.entries()) {
          await appendNow(journal(), LOG, segment(start + index, 1, { entries: bytesOf(index, size) }));
        }
        expect(firsts(await range(start + 1, start + 2, 10))).toEqual([start + 1, start + 2]);
        expect(await appendNow(journal(), LOG, segment(start, 1, { batchId: "mine" }))).toBe("fenced");
      });
    });

    describe("logs", () => {
      test("that do not exist have neither snapshot nor segments nor rows", async () => {
        expect(await tail()).toEqual({ snapshot: undefined, segments: [] });
        expect(await ask<Segment | undefined>((done) => journal().readSegment(LOG, 1, done))).toBeUndefined();
        expect(await range(1, 10, 10)).toEqual([]);
        expect(
          await ask<readonly (MemberRow | null)[]>((done) => journal().readMembers(LOG, [user("ada")], done)),
        ).toEqual([null]);
        expect(await ask<readonly (MessageOverlay | null)[]>((done) => journal().readOverlays(LOG, [1], done))).toEqual(
          [null],
        );
        expect(await ask<readonly MemberRow[]>((done) => journal().listMembers(LOG, { limit: 10 }, done))).toEqual([]);
      });

      test("of another tenant, room or incarnation are others", async () => {
        await appendNow(journal(), LOG, segment(1), [member("ada")]);
        const others = [logOf("room-2"), logOf("room-1", 2), { ...LOG, tenant: "other" as typeof LOG.tenant }];
        for (const other of others) {
          expect((await tail(other)).segments).toEqual([]);
          expect(await appendNow(journal(), other, segment(1, 1, { batchId: "mine" }))).toBe("written");
          expect(
            await ask<readonly (MemberRow | null)[]>((done) => journal().readMembers(other, [user("ada")], done)),
          ).toEqual([null]);
        }
        expect((await tail()).segments.map((one) => one.batchId)).toEqual(["batch-1"]);
      });
    });

    describe("reads", () => {
      /** Segments of 1 to 5 events, some large: 1, 2–3, 4–6, 7–10, 11–15, 16, … */
      const write = async (count: number) => {
        let seq = 1;
        for (let index = 0; index < count; index += 1) {
          const size = index % 7 === 3 ? 6_000 : 30;
          const one = segment(seq, (index % 5) + 1, { entries: bytesOf(seq, size) });
          await appendNow(journal(), LOG, one);
          seq = one.lastSeq + 1;
        }
        return seq - 1;
      };

      test("a tail without a snapshot is the whole log, in order and without gaps", async () => {
        const head = await write(60);
        const { segments } = await tail();
        let next = 1;
        for (const one of segments) {
          expect(one.firstSeq).toBe(next);
          next = one.lastSeq + 1;
        }
        expect(next).toBe(head + 1);
      });

      test("a tail behind a snapshot begins with the segment that holds the next event", async () => {
        await write(20);
        const saved = { seq: 12, bytes: bytesOf(9, 2_000) };
        await ask<true>((done) => journal().saveSnapshot(LOG, saved, done));
        const { snapshot, segments } = await tail();
        expect(snapshot?.seq).toBe(12);
        expect(Buffer.compare(snapshot?.bytes ?? new Uint8Array(), saved.bytes)).toBe(0);
        expect(firsts(segments).slice(0, 2)).toEqual([11, 16]);
      });

      test("a tail behind a snapshot of the head has no segments", async () => {
        const head = await write(20);
        await ask<true>((done) => journal().saveSnapshot(LOG, { seq: head, bytes: bytesOf(1, 10) }, done));
        expect((await tail()).segments).toEqual([]);
      });

      test("a snapshot gives way only to a newer one", async () => {
        await write(5);
        const save = (seq: number) =>
          ask<true>((done) => journal().saveSnapshot(LOG, { seq, bytes: bytesOf(seq, 8) }, done));
        for (const seq of [5, 3, 5]) await save(seq);
        expect((await tail()).snapshot?.seq).toBe(5);
        await save(6);
        expect((await tail()).snapshot?.seq).toBe(6);
      });

      test("a segment is found by its first sequence and by no other", async () => {
        await write(20);
        expect((await ask<Segment | undefined>((done) => journal().readSegment(LOG, 11, done)))?.lastSeq).toBe(15);
        for (const seq of [12, 15, 5_000])
          expect(await ask<Segment | undefined>((done) => journal().readSegment(LOG, seq, done))).toBeUndefined();
      });

      test("a range holds every segment that overlaps it", async () => {
        await write(40);
        expect(firsts(await range(3, 8, 100))).toEqual([2, 4, 7]);
        expect(firsts(await range(4, 6, 100))).toEqual([4]);
        expect(firsts(await range(5, 5, 100))).toEqual([4]);
        expect(await range(5_000, 6_000, 100)).toEqual([]);
        expect(firsts(await range(1, 1, 100))).toEqual([1]);
      });

      test("a range is cut after the segment that reaches the limit, counting only events within it", async () => {
        await write(40);
        // Of 2–3 only 3 counts, then 4–6.
        expect(firsts(await range(3, 100, 1))).toEqual([2]);
        expect(firsts(await range(3, 100, 2))).toEqual([2, 4]);
        expect(firsts(await range(3, 100, 4))).toEqual([2, 4]);
        expect(firsts(await range(3, 100, 5))).toEqual([2, 4, 7]);
      });

      test("a backward range keeps the newest and answers in ascending order", async () => {
        await write(40);
        // Of 11–15 only 11 and 12 count, then 7–10.
        expect(firsts(await range(1, 12, 2, true))).toEqual([11]);
        expect(firsts(await range(1, 12, 3, true))).toEqual([7, 11]);
        expect(firsts(await range(1, 12, 6, true))).toEqual([7, 11]);
        expect(firsts(await range(5, 12, 100, true))).toEqual([4, 7, 11]);
        expect(firsts(await range(1, 1_000_000, 1, true))).toHaveLength(1);
      });

      test("a range to the end of the log, whatever it is, has nothing of other logs", async () => {
        const head = await write(40);
        for (let i = 1; i <= 60; i += 1) await appendNow(journal(), logOf("another"), segment(10 * i, 10));
        const newest = firsts(await range(1, head, 1, true));
        for (const to of [head + 1, 0xffff_ffff, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
          expect(firsts(await range(1, to, 1, true))).toEqual(newest);
          expect(firsts(await range(head + 1, to, 1, true))).toEqual([]);
        }
        for (const from of [head + 1, 2 ** 32, Number.MAX_SAFE_INTEGER - 1])
          expect(firsts(await range(from, Number.MAX_SAFE_INTEGER, 1))).toEqual([]);
      });

      test("forward and backward ranges without a cut are the same, anywhere", async () => {
        const head = await write(50);
        for (let from = 1; from <= head; from += 11) {
          const forward = await range(from, from + 30, 1_000);
          expect(firsts(await range(from, from + 30, 1_000, true))).toEqual(firsts(forward));
        }
      });

      test("never answer from within the call", async () => {
        let isWithin = true;
        const answered = new Promise<boolean>((resolve) => journal().readTail(LOG, () => resolve(isWithin)));
        isWithin = false;
        expect(await answered).toBe(false);
      });
    });

    describe("rows", () => {
      test("of members are overwritten, deleted and read in the order asked", async () => {
        await appendNow(journal(), LOG, segment(1), [member("ada"), member("bob", { name: "Bob \ud83d" })]);
        await appendNow(journal(), LOG, segment(2), [member("ada", { role: "admin", joinedNo: 4 })]);
        await appendNow(journal(), LOG, segment(3), [{ kind: "member", userId: user("bob"), row: null }]);
        const asked = [user("bob"), user("ada"), user("eve")];
        const rows = await ask<readonly (MemberRow | null)[]>((done) => journal().readMembers(LOG, asked, done));
        const row = { userId: user("ada"), role: "admin" as const, joinedSeq: 1, joinedAt: 5, joinedNo: 4 };
        expect(rows).toEqual([null, row, null]);
      });

      test("of members are listed by pages in the order of their ids", async () => {
        const names = ["eve", "Zoe", "ada", "bob", "ada.2", "ada-1"];
        await appendNow(journal(), LOG, segment(1), [card(), ...names.map((name) => member(name))]);
        const listed: string[] = [];
        let after: ReturnType<typeof user> | undefined;
        for (;;) {
          const page = { limit: 2, ...(after === undefined ? {} : { after }) };
          const rows = await ask<readonly MemberRow[]>((done) => journal().listMembers(LOG, page, done));
          if (rows.length === 0) break;
          listed.push(...rows.map((row) => row.userId));
          after = rows.at(-1)?.userId;
        }
        expect(listed).toEqual(names.toSorted());
      });

      test("of members are listed by the beginning of their ids", async () => {
        const names = ["a", "ab", "ab.1", "ab.2", "abc", "b"];
        await appendNow(journal(), LOG, segment(1), [card(), ...names.map((name) => member(name))]);
        const list = async (query: { prefix: string; after?: string; limit?: number }) => {
          const { prefix, after, limit = 9 } = query;
          const page = { prefix, limit, ...(after !== undefined && { after: user(after) }) };
          const rows = await ask<readonly MemberRow[]>((done) => journal().listMembers(LOG, page, done));
          return rows.map((row) => row.userId as string);
        };
        expect(await list({ prefix: "ab" })).toEqual(["ab", "ab.1", "ab.2", "abc"]);
        expect(await list({ prefix: "ab", limit: 2 })).toEqual(["ab", "ab.1"]);
        expect(await list({ prefix: "ab", after: "ab.1" })).toEqual(["ab.2", "abc"]);
        expect(await list({ prefix: "ab", after: "a" })).toEqual(["ab", "ab.1", "ab.2", "abc"]);
        expect(await list({ prefix: "ab", after: "b" })).toEqual([]);
        expect(await list({ prefix: "x" })).toEqual([]);
        expect(await list({ prefix: "name with ümläut" })).toEqual([]);
      });

      test("of messages are overlays that are overwritten whole", async () => {
        const history = [{ content: "ene", until: 4, by: user("ada") }];
        const first = { content: "one", editedAt: 5, history, reactions: { "👍": [user("ada")] } };
        await appendNow(journal(), LOG, segment(1), [{ kind: "message", seq: 1, overlay: first }]);
        await appendNow(journal(), LOG, segment(2), [{ kind: "message", seq: 2, overlay: { deletedAt: 3 } }]);
        expect(
          await ask<readonly (MessageOverlay | null)[]>((done) => journal().readOverlays(LOG, [2, 1, 3], done)),
        ).toEqual([{ deletedAt: 3 }, first, null]);
        await appendNow(journal(), LOG, segment(3), [{ kind: "message", seq: 1, overlay: { deletedAt: 9 } }]);
        expect(await ask<readonly (MessageOverlay | null)[]>((done) => journal().readOverlays(LOG, [1], done))).toEqual(
          [{ deletedAt: 9 }],
        );
      });
    });

    describe("after opening again", () => {
      test("everything written is there", async () => {
        const large = segment(2, 4, { entries: bytesOf(2, 9_000) });
        const written = [segment(1), large, segment(6)];
        for (const one of written) await appendNow(journal(), LOG, one, [member(`m${one.firstSeq}`)]);
        await ask<true>((done) => journal().saveSnapshot(LOG, { seq: 1, bytes: bytesOf(4, 4) }, done));
        await reopen();
        const stored = await tail();
        expect(stored.snapshot?.seq).toBe(1);
        expect(stored.segments.map(plain)).toEqual(written.slice(1).map(plain));
        expect(await ask<readonly MemberRow[]>((done) => journal().listMembers(LOG, { limit: 9 }, done))).toHaveLength(
          3,
        );
      });

      test("places taken before are still taken", async () => {
        await appendNow(journal(), LOG, segment(1));
        await reopen();
        expect(await appendNow(journal(), LOG, segment(1))).toBe("written");
        expect(await appendNow(journal(), LOG, segment(1, 1, { batchId: "mine" }))).toBe("fenced");
        expect(await appendNow(journal(), LOG, segment(2))).toBe("written");
      });
    });
  });
}
