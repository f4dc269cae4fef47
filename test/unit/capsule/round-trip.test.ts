/** Random conversations from one store to the other by way of a capsule, and back: the same state, the same rows. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeEntries } from "../../../src/actors/log-codec.ts";
import type { RoomId, Seq, TenantId, UserId } from "../../../src/base/ids.ts";
import { CAPSULE_ROW_ATTEMPTS_MAX } from "../../../src/base/limits.ts";
import { CapsuleReader } from "../../../src/capsule/capsule-reader.ts";
import { exportRoom, type Store } from "../../../src/capsule/export-room.ts";
import type { MemberRow } from "../../../src/domain/room/state.ts";
import type { Journal, LogKey, Segment } from "../../../src/storage/journal.ts";
import type { Mark } from "../../../src/storage/projections.ts";
import {
  compareRoom,
  randomRooms,
  SNAPSHOT_AFTER_GROUPS,
  type Truth,
  truthAfter,
  writeRoom,
} from "../../conformance/conversations.ts";
import { openDynamoHarness } from "../../conformance/dynamodb-harness.ts";
import { appendNow, ask, type Harness, segment } from "../../conformance/harness.ts";
import { type DynamoServer, startDynalite } from "../../support/dynamodb-servers.ts";
import { CapsuleRig, taken } from "./capsule-rig.ts";

setDefaultTimeout(60_000);
const ROOMS = 16;
const OTHER = "other" as TenantId;
const rooms = randomRooms(ROOMS).filter(({ driver }) => driver.state.deletedAt === undefined);

describe("a capsule", () => {
  const rig = new CapsuleRig();
  let server: DynamoServer;
  let dynamo: Harness;
  beforeAll(async () => {
    server = await startDynalite();
    dynamo = await openDynamoHarness(server);
  });
  afterAll(async () => {
    await dynamo.close();
    await server.stop();
    await rig.close();
  });

  test("from SQLite replays to the same state and rows on DynamoDB, and from there on SQLite", async () => {
    const source = rig.sqlite("source");
    const back = rig.sqlite("back");
    for (const room of rooms) {
      const { tenant, room: id } = room.log;
      const moved = `${id}-moved` as RoomId;
      await writeRoom(source.journal, room);
      const first = await rig.exported(source, { tenant, room: id });
      expect(first.lastSeq).toBe(room.driver.state.head);
      await rig.imported(dynamo, first.file, OTHER, moved);
      await compareRoom(dynamo.journal, { ...room, log: { tenant: OTHER, room: moved, incarnation: 1 } });
      const second = await rig.exported(dynamo, { tenant: OTHER, room: moved });
      expect(second.hash).toBe(first.hash);
      await rig.imported(back, second.file, tenant, id);
      await compareRoom(back.journal, room);
    }
    expect(rooms.length).toBeGreaterThan(ROOMS / 2);
  });

  test("until a sequence has the state and the rows of that moment", async () => {
    const source = rig.sqlite("forked");
    const target = rig.sqlite("forks");
    let forks = 0;
    for (const room of rooms.slice(0, 6)) {
      await writeRoom(source.journal, room);
      for (const groups of new Set([1, 2, Math.ceil(room.groups.length / 2), room.groups.length - 1])) {
        const past = truthAfter(room, groups);
        const until = past.log.length;
        if (past.state.settings === undefined) continue;
        const { file } = await rig.exported(source, { ...room.log, until });
        const fork = { ...room.log, room: `${room.log.room}-${until}` as RoomId };
        await rig.imported(target, file, fork.tenant, fork.room);
        await compareRoom(target.journal, { log: fork, driver: past });
        forks += 1;
      }
    }
    expect(forks).toBeGreaterThan(6);
  });

  test("of a room whose beginning retention has removed has what is left, from either store", async () => {
    const source = rig.sqlite("trimmed");
    const back = rig.sqlite("trimmed-back");
    const long = rooms.filter(({ groups }) => groups.length > SNAPSHOT_AFTER_GROUPS + 1);
    for (const room of long) {
      const { log, driver } = room;
      const { tenant, room: id } = log;
      await writeRoom(source.journal, room);
      const through = room.groups[1]?.events.at(-1)?.seq ?? 0;
      await ask<true>((done) => source.journal.trim(log, through, [], done));
      const [first] = await segmentsOf(source.journal, log);
      if (first === undefined || first.firstSeq === 1) throw new Error("nothing was removed");
      const truth: Truth = {
        state: driver.state,
        log: driver.log.slice(first.firstSeq - 1),
        memberRows: driver.memberRows,
        itemRows: driver.itemRows,
        overlays: new Map([...driver.overlays].filter(([seq]) => seq >= first.firstSeq)),
      };
      const made = await rig.exported(source, { tenant, room: id });
      const moved = `${id}-rest` as RoomId;
      await rig.imported(dynamo, made.file, OTHER, moved);
      const people = await membersOf(source.journal, log);
      const there: LogKey = { tenant: OTHER, room: moved, incarnation: 1 };
      expect(await membersOf(dynamo.journal, there)).toEqual(people);
      await compareRoom(dynamo.journal, { log: there, driver: truth });
      const again = await rig.exported(dynamo, { tenant: OTHER, room: moved });
      expect(again.hash).toBe(made.hash);
      await rig.imported(back, again.file, tenant, id);
      await compareRoom(back.journal, { log, driver: truth });
      const fork = await exportRoom(source, rig.newFile(), { ...log, identities: true, until: through + 1 });
      expect(fork).toMatchObject({ ok: false, error: expect.stringContaining("without --until") });
      const hidden = await exportRoom(source, rig.newFile(), { ...log, identities: false });
      const isHiding = [...driver.itemRows.keys()].some((key) => key.startsWith("anon/"));
      if (isHiding) expect(hidden).toMatchObject({ ok: false, error: expect.stringContaining("with --identities") });
      const { head, lastTimestamp } = driver.state;
      const gone = { kind: "room_deleted", seq: head + 1, timestamp: lastTimestamp, by: "ann" as UserId } as const;
      const last = segment(head + 1, 1, { entries: encodeEntries([gone]).slice(), timestamp: lastTimestamp });
      expect(await appendNow(source.journal, log, last, [])).toBe("written");
      const deleted = await exportRoom(source, rig.newFile(), { ...log, identities: true });
      expect(deleted).toMatchObject({
        ok: false,
        error: expect.stringContaining("retention has removed its beginning"),
      });
    }
    expect(long.length).toBeGreaterThan(3);
  });

  test("of such a room is copied again when somebody changed a row meanwhile, and given up in the end", async () => {
    const room = rooms.find(({ groups }) => groups.length > SNAPSHOT_AFTER_GROUPS + 1);
    if (room === undefined) throw new Error("no long room");
    const { log } = room;
    const source = rig.sqlite("restless");
    await writeRoom(source.journal, room);
    const through = room.groups[1]?.events.at(-1)?.seq ?? 0;
    await ask<true>((done) => source.journal.trim(log, through, [], done));
    let { head, lastTimestamp } = room.driver.state;
    let changes = 0;
    /** Somebody joins each time that the items are copied. */
    const restless = (changesMax: number): Store => ({
      projections: source.projections,
      journal: withScan(source.journal, async () => {
        if (changes >= changesMax) return;
        changes += 1;
        head += 1;
        lastTimestamp += 1;
        const userId = `late-${head}` as UserId;
        const event = {
          kind: "member_joined",
          seq: head,
          timestamp: lastTimestamp,
          by: userId,
          userId,
          role: "member",
        } as const;
        const row = { userId, role: "member", joinedSeq: head, joinedAt: lastTimestamp, joinedNo: 0 } as const;
        const entries = encodeEntries([event]).slice();
        const one = segment(head, 1, { entries, timestamp: lastTimestamp });
        expect(await appendNow(source.journal, log, one, [{ kind: "member", userId, row }])).toBe("written");
      }),
    });
    const options = { ...log, identities: true };
    const made = await exportRoom(restless(CAPSULE_ROW_ATTEMPTS_MAX - 1), rig.newFile(), options);
    expect(taken(made)).toMatchObject({ lastSeq: head, members: room.driver.memberRows.size + changes });
    changes = 0;
    const given = await exportRoom(restless(CAPSULE_ROW_ATTEMPTS_MAX), rig.newFile(), options);
    expect(given).toMatchObject({ ok: false, error: expect.stringContaining("faster than its rows can be copied") });
  });

  test("takes read marks along, and a fork none of what came later", async () => {
    const room = rooms.find(({ driver }) => driver.memberRows.size > 1);
    if (room === undefined) throw new Error("no room with members");
    const { tenant } = room.log;
    const { head, messageCount } = room.driver.state;
    const [userId] = [...room.driver.memberRows.keys()];
    if (userId === undefined) throw new Error("no member");
    const source = rig.sqlite("marked");
    const target = rig.sqlite("marks");
    await writeRoom(source.journal, room);
    const mark: Mark = { tenant, room: room.log.room, userId, readSeq: head, readNo: messageCount, deliveredSeq: head };
    const unread: Mark = { ...mark, unreadFrom: { version: 2, seq: head, no: messageCount - 1 } };
    await ask<true>((done) => source.projections.writeMarks([unread], done));
    const marksOf = (fork: RoomId) =>
      ask<readonly (Mark | null)[]>((done) => target.projections.readMarks(tenant, fork, [userId], done));
    const whole = await rig.exported(source, room.log);
    await rig.imported(target, whole.file, tenant, "whole" as RoomId);
    expect(await marksOf("whole" as RoomId)).toEqual([{ ...unread, room: "whole" as RoomId }]);
    const { file } = await rig.exported(source, { ...room.log, until: head - 1 });
    await rig.imported(target, file, tenant, "cut" as RoomId);
    expect(await marksOf("cut" as RoomId)).toMatchObject([{ userId, readSeq: head - 1, deliveredSeq: head - 1 }]);
  });

  test("has segments that a store takes, and the sequences and times that they had", async () => {
    const [room] = rooms;
    if (room === undefined) throw new Error("no room");
    const source = rig.sqlite("packed");
    await writeRoom(source.journal, room);
    const { file } = await rig.exported(source, room.log);
    const capsule = taken(CapsuleReader.open(file));
    const segments = [...capsule.segments(0)];
    capsule.close();
    const { head, messageCount, lastTimestamp, epoch } = room.driver.state;
    expect(segments[0]?.firstSeq).toBe(1);
    expect(segments.at(-1)).toMatchObject({ lastSeq: head, messageCount, timestamp: lastTimestamp, epoch });
    const stored = await segmentsOf(source.journal, room.log);
    expect(segments.length).toBeLessThan(stored.length);
  });
});

function membersOf(journal: Harness["journal"], log: LogKey): Promise<readonly MemberRow[]> {
  return ask<readonly MemberRow[]>((done) => journal.listMembers(log, { limit: 1_000 }, done));
}

/** Runs something before each scan. */
function withScan(journal: Journal, before: () => Promise<void>): Journal {
  return new Proxy(journal, {
    get: (inner, name) =>
      name === "scanItems"
        ? (...args: Parameters<Journal["scanItems"]>) => void before().then(() => inner.scanItems(...args))
        : Reflect.get(inner, name).bind(inner),
  });
}

function segmentsOf(journal: Harness["journal"], log: LogKey): Promise<readonly Segment[]> {
  const all: { from: Seq; to: Seq; eventsMax: number } = { from: 1, to: 100_000, eventsMax: 100_000 };
  return ask<readonly Segment[]>((done) => journal.readRange(log, all, done));
}
