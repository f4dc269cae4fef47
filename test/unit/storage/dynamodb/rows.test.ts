/** Rows are written after their segment: what of it others see, and what a crash between the two leaves behind. */
import { describe, expect, test } from "bun:test";
import { DYNAMO_ACTIVITY_INTERVAL_MS } from "../../../../src/base/limits.ts";
import type { MemberRow, MessageOverlay } from "../../../../src/domain/room/state.ts";
import type { ListedItem, LogTail, RowChange } from "../../../../src/storage/journal.ts";
import type { RoomListItem } from "../../../../src/storage/projections.ts";
import {
  append,
  appendNow,
  ask,
  card,
  item,
  LOG,
  member,
  segment,
  TENANT,
  user,
} from "../../../conformance/harness.ts";
import { serviceError } from "../../../support/dynamodb-client.ts";
import { dynamoSetup, type Node } from "./setup.ts";

describe("rows in DynamoDB", () => {
  const { node, tables } = dynamoSetup();
  const members = (on: Node, ...names: string[]) =>
    ask<readonly (MemberRow | null)[]>((done) => on.journal.readMembers(LOG, names.map(user), done));
  const roles = async (on: Node, ...names: string[]) => (await members(on, ...names)).map((row) => row?.role ?? null);
  const overlays = (on: Node, ...seqs: number[]) =>
    ask<readonly (MessageOverlay | null)[]>((done) => on.journal.readOverlays(LOG, seqs, done));
  const tail = (on: Node) => ask<LogTail>((done) => on.journal.readTail(LOG, done));
  const list = async (on: Node, name = "ada") =>
    (
      await ask<{ readonly items: readonly RoomListItem[] }>((done) =>
        on.projections.listRooms({ tenant: TENANT, userId: user(name), scope: "member", limit: 10, offset: 0 }, done),
      )
    ).items;
  const edited = (seq: number, content: string): RowChange => ({ kind: "message", seq, overlay: { content } });
  /** From now on as if the process had died before it got to the rows. */
  const cutFromRows = (on: Node) => {
    on.client.meddling = {
      before: async ({ name, table }) => {
        if (table === tables().location.roomsTable && name !== "GetItem" && name !== "BatchGetItem" && name !== "Query")
          throw serviceError("InternalServerError", 500);
      },
    };
  };

  test("of members and the card are in the table when the append is answered", async () => {
    const [owner, other] = [node(), node()];
    await appendNow(owner.journal, LOG, segment(1), [card("group"), member("ada", { role: "owner" })]);
    expect(await roles(other, "ada")).toEqual(["owner"]);
    expect(await list(other)).toMatchObject([{ head: 1, messageCount: 1 }]);
  });

  test("of a room's activity are in the table a second later, with one write for all messages of that second", async () => {
    const [owner, other] = [node(), node()];
    await appendNow(owner.journal, LOG, segment(1), [card("group"), member("ada")]);
    const before = owner.client.count("UpdateItem");
    const since = performance.now();
    for (let seq = 2; seq <= 40; seq += 1) await appendNow(owner.journal, LOG, segment(seq));
    expect((await list(owner))[0]?.head).toBe(40);
    while ((await list(other))[0]?.head !== 40) expect(performance.now() - since).toBeLessThan(10_000);
    const seconds = (performance.now() - since) / DYNAMO_ACTIVITY_INTERVAL_MS;
    expect(owner.client.count("UpdateItem") - before).toBeLessThanOrEqual(Math.ceil(seconds));
  });

  test("that a dead owner did not write are there for the next one as soon as it has read the tail", async () => {
    const [dead, next] = [node(), node()];
    await appendNow(dead.journal, LOG, segment(1), [card("group"), member("ada", { role: "owner" }), member("bob")]);
    cutFromRows(dead);
    await appendNow(dead.journal, LOG, segment(2), [member("ada", { role: "member" }), edited(1, "new")]);
    await appendNow(dead.journal, LOG, segment(3), [{ kind: "member", userId: user("bob"), row: null }]);
    expect(await roles(next, "ada", "bob")).toEqual(["owner", "member"]);
    expect((await tail(next)).segments).toHaveLength(3);
    expect(await roles(next, "ada", "bob")).toEqual(["member", null]);
    expect(await overlays(next, 1)).toEqual([{ content: "new" }]);
    const listed = await ask<readonly MemberRow[]>((done) => next.journal.listMembers(LOG, { limit: 9 }, done));
    expect(listed.map((row) => row.role)).toEqual(["member"]);
    await next.close();
    const third = node();
    expect(await roles(third, "ada", "bob")).toEqual(["member", null]);
    expect(await overlays(third, 1)).toEqual([{ content: "new" }]);
    expect((await list(third))[0]).toMatchObject({ head: 3, member: { role: "member" } });
    expect(await list(third, "bob")).toEqual([]);
  });

  test("that a dead owner did not write are found although a snapshot is newer", async () => {
    const [dead, next] = [node(), node()];
    await appendNow(dead.journal, LOG, segment(1), [card("group"), member("ada", { role: "owner" })]);
    cutFromRows(dead);
    await appendNow(dead.journal, LOG, segment(2), [member("ada", { role: "admin" })]);
    await appendNow(dead.journal, LOG, segment(3));
    await ask<true>((done) => dead.journal.saveSnapshot(LOG, { seq: 3, bytes: new Uint8Array(9) }, done));
    expect(await tail(next)).toMatchObject({ snapshot: { seq: 3 }, segments: [] });
    expect(await roles(next, "ada")).toEqual(["admin"]);
  });

  for (const [state, firstLost] of [
    ["when nothing of the room is there yet", 1],
    ["when a part of the room is there", 2],
  ] as const) {
    test(`that a dead owner did not write are found by a writer that has not read the tail, ${state}`, async () => {
      const [dead, next] = [node(), node()];
      if (firstLost === 1) cutFromRows(dead);
      await appendNow(dead.journal, LOG, segment(1), [card("group"), member("ada", { role: "owner" })]);
      cutFromRows(dead);
      await appendNow(dead.journal, LOG, segment(2), [member("ada", { role: "admin" }), edited(1, "new")]);
      await appendNow(next.journal, LOG, segment(3), [member("bob")]);
      await next.close();
      const third = node();
      expect(await roles(third, "ada", "bob")).toEqual(["admin", "member"]);
      expect(await overlays(third, 1)).toEqual([{ content: "new" }]);
      expect((await list(third))[0]).toMatchObject({ head: 3 });
    });
  }

  test("of an owner that was paused come too late to undo what its successor wrote", async () => {
    const [paused, next] = [node(), node()];
    await appendNow(paused.journal, LOG, segment(1), [card("group"), member("ada", { role: "owner" }), member("bob")]);
    let wake = (): void => undefined;
    const awake = new Promise<void>((resolve) => {
      wake = resolve;
    });
    paused.client.meddling = {
      before: ({ name, table }) => (name !== "GetItem" && table === tables().location.roomsTable ? awake : undefined),
    };
    // Written, but its rows wait.
    await appendNow(paused.journal, LOG, segment(2), [
      card("group", "Old"),
      member("bob", { role: "admin" }),
      member("eve"),
    ]);
    await tail(next);
    const expelled: RowChange = { kind: "member", userId: user("bob"), row: null };
    await appendNow(next.journal, LOG, segment(3), [card("group", "New"), expelled]);
    wake();
    await paused.close();
    await next.close();
    const third = node();
    expect(await roles(third, "ada", "bob", "eve")).toEqual(["owner", null, "member"]);
    expect((await list(third, "eve"))[0]?.card.settings.name).toBe("New");
    expect((await list(third, "eve"))[0]?.head).toBe(3);
    expect(await list(third, "bob")).toEqual([]);
  });

  test("of a segment that was fenced are written nowhere", async () => {
    const [owner, zombie] = [node(), node()];
    await appendNow(owner.journal, LOG, segment(1), [card("group"), member("ada")]);
    expect(await appendNow(zombie.journal, LOG, segment(1, 1, { batchId: "mine" }), [member("eve")])).toBe("fenced");
    await zombie.close();
    expect(await roles(node(), "eve")).toEqual([null]);
  });

  test("go on being read while they wait, page by page and merged with what is there", async () => {
    const owner = node();
    const names = ["ada", "bob", "eve", "kim", "zoe"];
    await appendNow(owner.journal, LOG, segment(1), [card(), ...names.map((name) => member(name))]);
    cutFromRows(owner);
    const changes: RowChange[] = [
      { kind: "member", userId: user("bob"), row: null },
      { kind: "member", userId: user("kim"), row: null },
      member("carl"),
      member("zzz"),
    ];
    await appendNow(owner.journal, LOG, segment(2), changes);
    const listed: string[] = [];
    for (;;) {
      const after = listed.at(-1);
      const page = { limit: 2, ...(after !== undefined && { after: user(after) }) };
      const rows = await ask<readonly MemberRow[]>((done) => owner.journal.listMembers(LOG, page, done));
      expect(rows.length).toBeLessThanOrEqual(2);
      if (rows.length === 0) break;
      listed.push(...rows.map((row) => row.userId));
    }
    expect(listed).toEqual(["ada", "carl", "eve", "zoe", "zzz"]);
  });

  test("of items that a dead owner did not write are there for the next one, absences too", async () => {
    const [dead, next] = [node(), node()];
    const items = (on: Node, backward = false) =>
      ask<readonly ListedItem[]>((done) =>
        on.journal.listItems(LOG, { collection: "pins", limit: 9, backward }, done),
      ).then((rows) => rows.map(({ id, value }) => `${id} ${JSON.stringify(value)}`));
    const first = [card("group"), item("pins", "a", { no: 1 }), item("pins", "b", { no: 1 })];
    await appendNow(dead.journal, LOG, segment(1), first);
    cutFromRows(dead);
    const second = [item("pins", "a", { no: 2 }), item("pins", "b", null), item("pins", "c", { no: 2 })];
    await appendNow(dead.journal, LOG, segment(2), second);
    const now = ['a {"no":2}', 'c {"no":2}'];
    expect(await items(dead)).toEqual(now);
    expect(await items(next)).toEqual(['a {"no":1}', 'b {"no":1}']);
    await tail(next);
    expect(await items(next)).toEqual(now);
    expect(await items(next, true)).toEqual(now.toReversed());
    await next.close();
    expect(await items(node())).toEqual(now);
  });

  test("of items go on being listed while they wait, page by page and merged with what is there", async () => {
    const owner = node();
    const ids = Array.from({ length: 12 }, (_, index) => `p${String(index).padStart(2, "0")}`);
    await appendNow(owner.journal, LOG, segment(1), [card(), ...ids.map((id) => item("pins", id))]);
    cutFromRows(owner);
    const gone = ids.filter((_, index) => index % 3 !== 0);
    const changes = [...gone.map((id) => item("pins", id, null)), item("pins", "p00b"), item("pins", "p99")];
    await appendNow(owner.journal, LOG, segment(2), changes);
    const present = [...ids.filter((_, index) => index % 3 === 0), "p00b", "p99"].sort();
    for (const backward of [false, true]) {
      const listed: string[] = [];
      for (;;) {
        const after = listed.at(-1);
        const query = { collection: "pins", limit: 2, backward, ...(after !== undefined && { after }) };
        const rows = await ask<readonly ListedItem[]>((done) => owner.journal.listItems(LOG, query, done));
        if (rows.length === 0) break;
        listed.push(...rows.map((row) => row.id));
      }
      expect(listed).toEqual(backward ? present.toReversed() : present);
    }
  });

  test("that are larger than an item, of one message and of one segment, are kept whole", async () => {
    const owner = node();
    const large = (seq: number): RowChange => edited(seq, `${seq} ${"x".repeat(300_000)}`);
    const huge: RowChange = edited(9, `9 ${"y".repeat(900_000)}`);
    cutFromRows(owner);
    expect(await appendNow(owner.journal, LOG, segment(1), [large(1), large(2), large(3), huge])).toBe("written");
    const next = node();
    await tail(next);
    const lengths = async (on: Node) =>
      (await overlays(on, 1, 2, 3, 9)).map((overlay) => overlay?.content?.length ?? null);
    expect(await lengths(next)).toEqual([300_002, 300_002, 300_002, 900_002]);
    await next.close();
    const third = node();
    expect(await lengths(third)).toEqual([300_002, 300_002, 300_002, 900_002]);
    await appendNow(third.journal, LOG, segment(2), [edited(9, "short")]);
    await third.close();
    expect(await overlays(node(), 9)).toEqual([{ content: "short" }]);
  });

  test("that wait in too large a number make appends with rows wait, too, and those without not", async () => {
    const owner = node({ rowsPendingBytesMax: 10_000 });
    cutFromRows(owner);
    const rows = [edited(1, "x".repeat(1_000))];
    let seq = 1;
    while ((await append(owner.journal, LOG, segment(seq), rows)) === "written") {
      seq += 1;
      expect(seq).toBeLessThan(12);
    }
    expect(seq).toBe(11);
    expect(await append(owner.journal, LOG, segment(seq))).toBe("written");
    owner.client.meddling = {};
    const deadline = performance.now() + 20_000;
    while ((await append(owner.journal, LOG, segment(seq + 1), rows)) !== "written") {
      expect(performance.now()).toBeLessThan(deadline);
      await tail(owner);
    }
  }, 30_000);
});
