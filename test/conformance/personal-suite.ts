/** What every adapter must do with items that are one person's: found over all rooms, and what is unread of the threads among them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import type { MessageOverlay } from "../../src/domain/room/state.ts";
import type { RowChange } from "../../src/storage/journal.ts";
import type { DocumentOutcome, PersonalItem, PersonalQuery, UnreadThread } from "../../src/storage/projections.ts";
import { appendNow, ask, card, deletedCard, type Harness, logOf, member, segment, TENANT, user } from "./harness.ts";

const THREADS = { follows: "f.ada", marks: "threads.ada", lookedAtMax: 50, limit: 50 };

export function personalConformance(name: string, open: () => Promise<Harness>): void {
  describe(`${name}: what is one person's`, () => {
    let harness: Harness;
    const own = (query: Partial<PersonalQuery> = {}, tenant = TENANT) =>
      ask<readonly PersonalItem[]>((done) =>
        harness.projections.personalItems(
          tenant,
          user("ada"),
          { collection: "invites", id: "u.ada", limit: 50, ...query },
          done,
        ),
      );
    const roomsOf = (items: readonly PersonalItem[]) => items.map(({ room }) => room as string).sort();
    const write = async (room: string, firstSeq: number, ...rows: readonly RowChange[]) =>
      expect(await appendNow(harness.journal, logOf(room), segment(firstSeq), rows)).toBe("written");
    const threads = async (changes: Partial<typeof THREADS> = {}) => {
      const found = await ask<readonly UnreadThread[]>((done) =>
        harness.projections.unreadThreads(TENANT, user("ada"), { ...THREADS, ...changes }, done),
      );
      return found.map(({ room, root, unread }) => `${room}/${root}: ${unread}`).sort();
    };
    const readUpTo = (room: string, root: number, no: number) =>
      ask<DocumentOutcome>((done) => {
        const id = `${room}/${String(root).padStart(16, "0")}`;
        harness.projections.writeDocument(TENANT, "threads.ada", id, { no }, 0, done);
        harness.journal.flush();
      });

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.close();
    });

    test("is found over all rooms that are there now, with the room's card, and gone with its row", async () => {
      await write("a", 1, card("private", "A"), invite("ada"), invite("bob"));
      await write("b", 1, card("group", "B"), invite("ada"));
      await write("c", 1, card("group", "C"), invite("bob"));
      expect(roomsOf(await own())).toEqual(["a", "b"]);
      expect((await own()).find(({ room }) => room === "a")).toMatchObject({
        id: "u.ada",
        value: { by: "ann" },
        card: { settings: { name: "A", type: "private" } },
      });
      await write("a", 2, invite("ada", null));
      expect(roomsOf(await own())).toEqual(["b"]);
      await write("b", 2, deletedCard("group", "B"));
      expect(await own()).toEqual([]);
      expect(await own({}, "other" as TenantId)).toEqual([]);
    });

    test("comes by pages, each room once", async () => {
      const rooms = ["p1", "p2", "p3", "p4", "p5"];
      for (const room of rooms) await write(room, 1, card("group", room), invite("ada"));
      const seen: RoomId[] = [];
      for (let page = await own({ limit: 2 }); page.length > 0; ) {
        expect(page.length).toBeLessThanOrEqual(2);
        seen.push(...page.map(({ room }) => room));
        page = await own({ limit: 2, after: seen.at(-1) as RoomId });
      }
      expect(seen.toSorted() as string[]).toEqual(rooms);
    });

    test("is found after opening again", async () => {
      await write("a", 1, card("group", "A"), invite("ada"));
      harness = await harness.reopen();
      expect(roomsOf(await own())).toEqual(["a"]);
    });

    test("is gone with the person, once their rows in the rooms are", async () => {
      await write("a", 1, card("group", "A"), invite("ada"), invite("bob"));
      await write("a", 2, invite("ada", null));
      const forget = () => ask<number>((done) => harness.projections.forgetUser(TENANT, user("ada"), done));
      harness = await harness.reopen();
      expect(await forget()).toBe(0);
      expect(await own()).toEqual([]);
      expect(await forget()).toBe(0);
    });

    test("of threads, those count that have replies behind what was written and read, in rooms one is a member of", async () => {
      await write("a", 1, card("group", "A"), member("ada"), thread(3, 5), follow(3, 1), thread(4, 2), follow(4, 2));
      await write("b", 1, card("group", "B"), member("bob"), thread(7, 9), follow(7, 0));
      await write("c", 1, card("group", "C"), member("ada"), thread(2, 4), follow(2, 0));
      expect(await threads()).toEqual(["a/3: 4", "c/2: 4"]);
      await readUpTo("a", 3, 4);
      expect(await threads()).toEqual(["a/3: 1", "c/2: 4"]);
      await write("a", 2, thread(4, 3));
      expect(await threads()).toEqual(["a/3: 1", "a/4: 1", "c/2: 4"]);
      expect(await threads({ limit: 2 })).toHaveLength(2);
      await write("a", 3, { kind: "member", userId: user("ada"), row: null });
      expect(await threads()).toEqual(["c/2: 4"]);
      await write("c", 2, deletedCard("group", "C"));
      expect(await threads()).toEqual([]);
    });
  });
}

function invite(name: string, value: object | null = { by: "ann" }): RowChange {
  return { kind: "item", collection: "invites", id: `u.${name}`, value, person: user(name) };
}

function follow(root: number, no: number): RowChange {
  const id = String(root).padStart(16, "0");
  return { kind: "item", collection: "f.ada", id, value: { no }, person: user("ada") };
}

function thread(root: number, lastNo: number): RowChange {
  const overlay = { thread: { count: lastNo, lastNo } } as unknown as MessageOverlay;
  return { kind: "message", seq: root, overlay };
}
