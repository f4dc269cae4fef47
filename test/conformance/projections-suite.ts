/** What every adapter of the projections port must do, in the words of the port. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import type { RoomType } from "../../src/domain/room/vocabulary.ts";
import type { Mark, RoomListItem, RoomListQuery, UnreadCount, UserRow } from "../../src/storage/projections.ts";
import { READ_AGAIN, unreadOf } from "../../src/storage/projections.ts";
import {
  appendNow,
  ask,
  card,
  deletedCard,
  type Harness,
  LOG,
  logOf,
  member,
  ROOM,
  segment,
  TENANT,
  user,
} from "./harness.ts";

interface RoomList {
  readonly items: readonly RoomListItem[];
  readonly total: number;
}

export function projectionsConformance(name: string, open: () => Promise<Harness>): void {
  describe(`${name}: projections`, () => {
    let harness: Harness;
    const list = (changes: Partial<RoomListQuery> = {}) =>
      ask<RoomList>((done) =>
        harness.projections.listRooms(
          { tenant: TENANT, userId: user("ada"), scope: "member", limit: 100, offset: 0, ...changes },
          done,
        ),
      );
    const ids = async (changes: Partial<RoomListQuery> = {}) =>
      (await list(changes)).items.map((item) => item.roomId as string);
    const counts = async (name = "ada") =>
      Object.fromEntries(
        await ask<ReadonlyMap<RoomId, UnreadCount>>((done) =>
          harness.projections.unreadCounts(TENANT, user(name), done),
        ),
      );
    const unread = async (name = "ada") =>
      Object.fromEntries(Object.entries(await counts(name)).map(([room, { unread: count }]) => [room, count]));
    const mark = (changes: Partial<Mark> = {}): Mark => ({
      tenant: TENANT,
      room: ROOM,
      userId: user("ada"),
      readSeq: 0,
      readNo: 0,
      deliveredSeq: 0,
      ...changes,
    });
    const save = (...marks: readonly Mark[]) =>
      ask<true>((done) => {
        harness.projections.writeMarks(marks, done);
        harness.journal.flush();
      });
    const marksOf = (...names: readonly string[]) =>
      ask<readonly (Mark | null)[]>((done) => harness.projections.readMarks(TENANT, ROOM, names.map(user), done));
    const makeRoom = async (
      room: string,
      type: RoomType,
      members: readonly string[],
      timestamp: number,
      events = 1,
    ) => {
      const rows = [card(type, room), ...members.map((who) => member(who))];
      expect(await appendNow(harness.journal, logOf(room), segment(1, events, { timestamp }), rows)).toBe("written");
    };

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.close();
    });

    describe("room lists", () => {
      test("show the newest activity first, and rooms of the same moment by id", async () => {
        await makeRoom("old", "group", ["ada"], 10);
        await makeRoom("b", "group", ["ada"], 20);
        await makeRoom("a", "group", ["ada"], 20);
        await makeRoom("new", "group", ["ada"], 30);
        expect(await ids()).toEqual(["new", "a", "b", "old"]);
        await appendNow(harness.journal, logOf("old"), segment(2, 1, { timestamp: 40 }));
        expect(await ids()).toEqual(["old", "new", "a", "b"]);
      });

      test("carry the card, the log's head and the asker's membership and marks", async () => {
        await makeRoom("room-1", "group", ["bob"], 10, 3);
        await appendNow(harness.journal, LOG, segment(4, 2, { timestamp: 77, messageCount: 4 }), [
          card("group", "Named"),
          member("ada", { role: "owner", joinedNo: 3 }),
        ]);
        await save(mark({ readSeq: 4, readNo: 3, deliveredSeq: 5 }));
        const { items } = await ask<RoomList>((done) =>
          harness.projections.listRooms(
            { tenant: TENANT, userId: user("ada"), scope: "member", limit: 1, offset: 0 },
            done,
          ),
        );
        const item = items[0];
        expect(item).toMatchObject({ roomId: ROOM, head: 5, messageCount: 4, lastActivity: 77, readSeq: 4, readNo: 3 });
        expect(item?.card.settings.name).toBe("Named");
        expect(item?.member?.role).toBe("owner");
        expect(item === undefined ? -1 : unreadOf(item)).toBe(1);
      });

      test("come by pages with the whole number beside them", async () => {
        for (let index = 0; index < 7; index += 1) await makeRoom(`r${index}`, "group", ["ada"], 100 - index);
        expect((await list({ limit: 3 })).total).toBe(7);
        expect(await ids({ limit: 3 })).toEqual(["r0", "r1", "r2"]);
        expect(await ids({ limit: 3, offset: 6 })).toEqual(["r6"]);
        expect(await list({ limit: 3, offset: 9 })).toEqual({ items: [], total: 7 });
      });

      test("show strangers public and broadcast rooms only, and members all of theirs", async () => {
        const types: readonly RoomType[] = [
          "public",
          "private",
          "direct",
          "group",
          "announcement",
          "support",
          "broadcast",
        ];
        for (const [index, type] of types.entries()) {
          await makeRoom(`in-${type}`, type, ["ada"], 100 - index);
          await makeRoom(`out-${type}`, type, ["bob"], 50 - index);
        }
        expect(await ids()).toEqual(types.map((type) => `in-${type}`));
        expect(await ids({ scope: "visible" })).toEqual([
          ...types.map((type) => `in-${type}`),
          "out-public",
          "out-broadcast",
        ]);
        const stranger = await ask<RoomList>((done) =>
          harness.projections.listRooms(
            { tenant: TENANT, userId: user("eve"), scope: "visible", limit: 9, offset: 0 },
            done,
          ),
        );
        expect(stranger.items.map((item) => [item.roomId as string, item.member])).toEqual([
          ["in-public", undefined],
          ["in-broadcast", undefined],
          ["out-public", undefined],
          ["out-broadcast", undefined],
        ]);
        expect(stranger.total).toBe(4);
      });

      test("for administrators all rooms of the tenant, but direct ones of others", async () => {
        await makeRoom("group", "group", ["bob"], 5);
        await makeRoom("private", "private", ["bob"], 4);
        await makeRoom("public", "public", ["bob"], 3);
        await makeRoom("theirs", "direct", ["bob"], 2);
        await makeRoom("mine", "direct", ["ada"], 1);
        expect(await ids({ scope: "all" })).toEqual(["group", "private", "public", "mine"]);
        expect(await list({ scope: "all", limit: 2, offset: 1 })).toMatchObject({ total: 4 });
        expect(await ids({ scope: "all", limit: 2, offset: 1 })).toEqual(["private", "public"]);
        expect(await ids({ scope: "all", type: "private" })).toEqual(["private"]);
        expect(await ids({ scope: "all", type: "direct" })).toEqual(["mine"]);
        expect(await ids({ scope: "all", tenant: "other" as TenantId })).toEqual([]);
      });

      test("can be asked for one type", async () => {
        await makeRoom("mine", "public", ["ada"], 3);
        await makeRoom("theirs", "public", ["bob"], 2);
        await makeRoom("group", "group", ["ada"], 1);
        expect(await ids({ scope: "visible", type: "public" })).toEqual(["mine", "theirs"]);
        expect(await ids({ scope: "member", type: "public" })).toEqual(["mine"]);
        expect(await list({ scope: "visible", type: "group" })).toMatchObject({ total: 1 });
        expect(await list({ type: "direct" })).toEqual({ items: [], total: 0 });
      });

      test("have archived rooms for their members, and for others when asked for", async () => {
        const archived = async (room: string, type: RoomType, who: string): Promise<void> => {
          const settings = { type, name: room, maxMembers: 50, allowInvites: true, isArchived: true };
          const about = { settings, createdBy: user("ada"), createdAt: 4, memberCount: 1 };
          const rows = [{ kind: "room", card: about } as const, member(who)];
          await appendNow(harness.journal, logOf(room), segment(1, 1, { timestamp: 10 }), rows);
        };
        await archived("a", "public", "ada");
        await archived("b", "public", "bob");
        await archived("c", "broadcast", "bob");
        await archived("d", "private", "bob");
        await makeRoom('"isArchived":true', "public", ["bob"], 5);
        expect(await ids({ scope: "visible" })).toEqual(["a", '"isArchived":true']);
        expect(await list({ scope: "visible", limit: 1 })).toMatchObject({ total: 2 });
        expect(await ids({ scope: "visible", archived: true })).toEqual(["a", "b", "c", '"isArchived":true']);
        expect(await ids({ scope: "visible", archived: true, type: "broadcast" })).toEqual(["c"]);
        expect(await ids({ scope: "member", archived: true })).toEqual(["a"]);
        expect(await ids({ scope: "all" })).toEqual(["a", "b", "c", "d", '"isArchived":true']);
      });

      test("can be asked for rooms with all of some tags, and by a part of their names", async () => {
        const settings = { type: "public", maxMembers: 50, allowInvites: true } as const;
        const make = async (room: string, name: string, tags: readonly string[], who: string) => {
          const about = { settings: { ...settings, name, tags }, createdBy: user("ada"), createdAt: 4, memberCount: 1 };
          const rows = [{ kind: "room", card: about } as const, member(who)];
          await appendNow(harness.journal, logOf(room), segment(1, 1, { timestamp: 10 }), rows);
        };
        await make("a", "Moon base", ["sky", "work"], "ada");
        await make("b", "Moonlight", ["sky"], "bob");
        await make("c", "Sun", ["sky", "work"], "bob");
        await makeRoom("d", "public", ["ada"], 10);
        expect(await ids({ scope: "visible", tags: ["sky"] })).toEqual(["a", "b", "c"]);
        expect(await ids({ scope: "visible", tags: ["work", "sky"] })).toEqual(["a", "c"]);
        expect(await ids({ scope: "member", tags: ["work"] })).toEqual(["a"]);
        expect(await ids({ scope: "visible", text: "MOON" })).toEqual(["a", "b"]);
        expect(await ids({ scope: "visible", text: "moon", tags: ["work"] })).toEqual(["a"]);
        expect((await list({ scope: "visible", text: "moon", limit: 1 })).total).toBe(2);
      });

      test("leave out a room that was deleted, and so do counts of what is unread", async () => {
        await makeRoom("gone", "public", ["ada", "bob"], 10, 3);
        await makeRoom("there", "public", ["ada"], 20, 3);
        expect(await unread()).toEqual({ gone: 3, there: 3 });
        const rows = [deletedCard("public", "gone")];
        await appendNow(harness.journal, logOf("gone"), segment(4, 1, { timestamp: 30 }), rows);
        for (const who of ["ada", "bob", "eve"]) {
          expect(await ids({ userId: user(who), scope: "visible" })).toEqual(["there"]);
        }
        expect(await ids({ userId: user("bob") })).toEqual([]);
        expect(await unread()).toEqual({ there: 3 });
      });

      test("forget a room that the user has left", async () => {
        await makeRoom("room-1", "private", ["ada", "bob"], 1);
        await appendNow(harness.journal, LOG, segment(2), [{ kind: "member", userId: user("ada"), row: null }]);
        expect(await ids({ scope: "visible" })).toEqual([]);
        expect(await ids({ userId: user("bob") })).toEqual(["room-1"]);
      });

      test("follow a room that changes its type", async () => {
        await makeRoom("room-1", "public", ["bob"], 1);
        expect(await ids({ scope: "visible" })).toEqual(["room-1"]);
        await appendNow(harness.journal, LOG, segment(2), [card("private")]);
        expect(await ids({ scope: "visible" })).toEqual([]);
      });

      test("leave out logs without a card, and other tenants' rooms", async () => {
        await appendNow(harness.journal, LOG, segment(1), [member("ada")]);
        const other = { tenant: "other" as TenantId, room: "r" as RoomId, incarnation: 1 };
        await appendNow(harness.journal, other, segment(1), [card("public"), member("ada")]);
        expect(await ids({ scope: "visible" })).toEqual([]);
        expect(await ids({ scope: "visible", tenant: "other" as TenantId })).toEqual(["r"]);
        expect(await ids({ scope: "visible", tenant: "none" as TenantId })).toEqual([]);
      });

      test("show only a room's newest incarnation", async () => {
        await makeRoom("room-1", "public", ["ada", "bob"], 10, 5);
        await save(mark({ readSeq: 5, readNo: 5 }));
        await appendNow(harness.journal, logOf("room-1", 2), segment(1), [card("public", "Again"), member("ada")]);
        const { items, total } = await list({ scope: "visible" });
        expect(total).toBe(1);
        expect(items[0]).toMatchObject({ head: 1, readSeq: 0 });
        expect(await ids({ userId: user("bob") })).toEqual([]);
        expect(await marksOf("ada")).toEqual([null]);
      });
    });

    describe("unread counts", () => {
      test("name the rooms with something unread, and those only", async () => {
        await makeRoom("room-1", "group", ["ada", "bob"], 1, 5);
        await makeRoom("room-2", "group", ["ada"], 1, 2);
        await makeRoom("room-3", "public", ["bob"], 1, 2);
        expect(await unread()).toEqual({ "room-1": 5, "room-2": 2 });
        await save(mark({ readSeq: 3, readNo: 3 }), mark({ room: "room-2" as RoomId, readSeq: 2, readNo: 2 }));
        expect(await unread()).toEqual({ "room-1": 2 });
        await appendNow(harness.journal, LOG, segment(6, 4));
        expect(await unread()).toEqual({ "room-1": 6 });
        expect(await unread("bob")).toEqual({ "room-1": 9, "room-3": 2 });
        expect(await unread("eve")).toEqual({});
      });

      test("do not count what came before the user joined", async () => {
        await makeRoom("room-1", "group", ["bob"], 1, 8);
        await appendNow(harness.journal, LOG, segment(9, 1, { messageCount: 8 }), [member("ada", { joinedNo: 8 })]);
        expect(await unread()).toEqual({});
        await appendNow(harness.journal, LOG, segment(10, 1, { messageCount: 9 }));
        expect(await unread()).toEqual({ "room-1": 1 });
      });
    });

    describe("counts of mentions", () => {
      test("are of those that came after what was read and after the user joined", async () => {
        await makeRoom("room-1", "group", ["bob"], 1, 9);
        await makeRoom("room-2", "group", ["ada"], 1, 3);
        await appendNow(harness.journal, LOG, segment(10, 1, { messageCount: 9 }), [
          member("ada", { joinedNo: 2, mentioned: [1, 3, 4, 8] }),
        ]);
        expect(await counts()).toEqual({
          "room-1": { unread: 7, mentions: 3 },
          "room-2": { unread: 3, mentions: 0 },
        });
        await save(mark({ readSeq: 5, readNo: 4 }));
        expect((await counts())["room-1"]).toEqual({ unread: 5, mentions: 1 });
        expect((await list()).items.find((item) => item.roomId === ROOM)?.member?.mentioned).toEqual([1, 3, 4, 8]);
        await appendNow(harness.journal, LOG, segment(11, 1, { messageCount: 9 }), [member("ada", { joinedNo: 2 })]);
        expect((await counts())["room-1"]).toEqual({ unread: 5, mentions: 0 });
      });

      test("are those of all members too, and a message that mentions both counts once", async () => {
        await makeRoom("room-1", "group", ["bob"], 1, 9);
        const all = card("group");
        await appendNow(harness.journal, LOG, segment(10, 1, { messageCount: 9 }), [
          member("ada", { joinedNo: 1, mentioned: [3, 8] }),
          all.kind === "room" ? { ...all, card: { ...all.card, mentioned: [1, 5, 8] } } : all,
        ]);
        expect(await counts()).toEqual({ "room-1": { unread: 8, mentions: 3 } });
        expect(await counts("bob")).toEqual({ "room-1": { unread: 9, mentions: 3 } });
        await save(mark({ readSeq: 6, readNo: 5 }));
        expect(await counts()).toEqual({ "room-1": { unread: 4, mentions: 1 } });
      });
    });

    describe("marks of what is unread again", () => {
      const from = (version: number, seq: number) => ({ unreadFrom: { version, seq, no: seq } });
      const at = (readSeq: number, more: Partial<Mark> = {}) =>
        mark({ readSeq, readNo: readSeq, deliveredSeq: readSeq, ...more });

      beforeEach(async () => {
        await makeRoom("room-1", "group", ["ada"], 1, 9);
        await save(at(6));
      });

      test("let counts go from there, and leave the watermark", async () => {
        await save(at(6, from(1, 2)));
        expect(await marksOf("ada")).toEqual([at(6, from(1, 2))]);
        expect(await unread()).toEqual({ "room-1": 7 });
        expect((await list()).items[0]).toMatchObject({ readSeq: 6, readNo: 2 });
      });

      test("end when the user reads beyond the watermark, whether or not the writer knew of them", async () => {
        await save(at(6, from(1, 2)));
        await save(at(8));
        expect(await marksOf("ada")).toEqual([at(8, { unreadFrom: { version: 1, seq: READ_AGAIN, no: READ_AGAIN } })]);
        expect(await unread()).toEqual({ "room-1": 1 });
        await save(at(8, from(1, 2)));
        expect(await unread()).toEqual({ "room-1": 1 });
        await save(at(8, from(2, 3)));
        expect(await unread()).toEqual({ "room-1": 6 });
      });

      test("of one version go forward, a later version goes anywhere, an older one nowhere", async () => {
        await save(at(6, from(2, 3)));
        await save(at(6, from(2, 2)));
        expect(await unread()).toEqual({ "room-1": 6 });
        await save(at(6, from(2, 4)));
        expect(await unread()).toEqual({ "room-1": 5 });
        await save(at(6, from(3, 1)));
        expect(await unread()).toEqual({ "room-1": 8 });
        await save(at(6, from(2, 5)), at(6));
        expect(await unread()).toEqual({ "room-1": 8 });
        await save(at(6, { unreadFrom: { version: 3, seq: READ_AGAIN, no: READ_AGAIN } }));
        expect(await unread()).toEqual({ "room-1": 3 });
      });

      test("stay when only what was delivered moves", async () => {
        await save(at(6, from(1, 2)));
        await save(mark({ deliveredSeq: 9 }));
        expect(await marksOf("ada")).toEqual([at(6, { ...from(1, 2), deliveredSeq: 9 })]);
      });
    });

    describe("marks", () => {
      test("are read in the order asked, null where there is none", async () => {
        await makeRoom("room-1", "group", ["ada", "bob"], 1, 9);
        await save(mark({ userId: user("bob"), readSeq: 2, readNo: 1, deliveredSeq: 3 }));
        expect(await marksOf("ada", "bob")).toEqual([
          null,
          mark({ userId: user("bob"), readSeq: 2, readNo: 1, deliveredSeq: 3 }),
        ]);
      });

      test("go forward only, each watermark for itself", async () => {
        await makeRoom("room-1", "group", ["ada"], 1, 9);
        await save(mark({ readSeq: 5, readNo: 4, deliveredSeq: 5 }));
        await save(mark({ readSeq: 3, readNo: 9, deliveredSeq: 8 }));
        expect(await marksOf("ada")).toEqual([mark({ readSeq: 5, readNo: 4, deliveredSeq: 8 })]);
        await save(mark({ readSeq: 6, readNo: 5, deliveredSeq: 1 }));
        expect(await marksOf("ada")).toEqual([mark({ readSeq: 6, readNo: 5, deliveredSeq: 8 })]);
        await save(mark({ readSeq: 6, readNo: 1, deliveredSeq: 8 }), mark({ readSeq: 7, readNo: 6 }));
        expect(await marksOf("ada")).toEqual([mark({ readSeq: 7, readNo: 6, deliveredSeq: 8 })]);
      });

      test("of a room without a log change nothing", async () => {
        expect(await save(mark({ readSeq: 5 }))).toBe(true);
        expect(await marksOf("ada")).toEqual([null]);
      });

      test("never answer from within the call", async () => {
        let isWithin = true;
        const answered = new Promise<boolean>((resolve) =>
          harness.projections.writeMarks([mark()], () => resolve(isWithin)),
        );
        harness.journal.flush();
        isWithin = false;
        expect(await answered).toBe(false);
      });
    });

    describe("rooms that people share", () => {
      const shared = async (others: readonly string[], limit = 10, tenant = TENANT) => {
        const found = await ask<readonly (readonly RoomId[])[]>((done) =>
          harness.projections.sharedRooms(tenant, user("ada"), others.map(user), limit, done),
        );
        return found.map((rooms) => [...rooms].sort() as string[]);
      };

      test("are those of which both are members, for each of the others", async () => {
        await makeRoom("a", "group", ["ada", "bob"], 1);
        await makeRoom("b", "direct", ["ada", "bob"], 2);
        await makeRoom("c", "public", ["bob", "cid"], 3);
        await makeRoom("d", "private", ["ada", "cid"], 4);
        expect(await shared(["bob", "cid", "dee"])).toEqual([["a", "b"], ["d"], []]);
        expect(await shared(["bob"], 1)).toHaveLength(1);
        expect(await shared([])).toEqual([]);
        expect(await shared(["bob"], 10, "other" as TenantId)).toEqual([[]]);
      });

      test("are none any more when one of the two has left", async () => {
        await makeRoom("a", "group", ["ada", "bob"], 1);
        const gone = { kind: "member", userId: user("bob"), row: null } as const;
        await appendNow(harness.journal, logOf("a"), segment(2, 1, {}), [gone]);
        expect(await shared(["bob"])).toEqual([[]]);
      });

      test("are none any more when the room was deleted", async () => {
        await makeRoom("a", "group", ["ada", "bob"], 1);
        await appendNow(harness.journal, logOf("a"), segment(2, 1, {}), [deletedCard("group", "a")]);
        expect(await shared(["bob"])).toEqual([[]]);
      });

      test("are found after opening again", async () => {
        await makeRoom("a", "group", ["ada", "bob"], 1);
        harness = await harness.reopen();
        expect(await shared(["bob"])).toEqual([["a"]]);
      });
    });

    describe("people", () => {
      const row: UserRow = { userId: user("ada"), name: "Ada 🦊", status: "busy", customStatus: "at sea", lastSeen: 7 };
      const read = (tenant = TENANT) =>
        ask<UserRow | null>((done) => harness.projections.readUser(tenant, user("ada"), done));
      const write = (one: UserRow) =>
        ask<true>((done) => {
          harness.projections.writeUser(TENANT, one, done);
          harness.journal.flush();
        });

      test("are found in their tenant, as last written", async () => {
        expect(await read()).toBeNull();
        await write(row);
        await write({ userId: user("ada"), lastSeen: 9 });
        expect(await read()).toEqual({ userId: user("ada"), lastSeen: 9 });
        expect(await read("other" as TenantId)).toBeNull();
      });

      test("and marks, lists and counts are there after opening again", async () => {
        await makeRoom("room-1", "group", ["ada"], 1, 9);
        await write(row);
        await save(mark({ readSeq: 6, readNo: 6, deliveredSeq: 8 }));
        harness = await harness.reopen();
        expect(await read()).toEqual(row);
        expect(await marksOf("ada")).toEqual([mark({ readSeq: 6, readNo: 6, deliveredSeq: 8 })]);
        expect(await ids()).toEqual(["room-1"]);
        expect(await unread()).toEqual({ "room-1": 3 });
      });
    });
  });
}
