/** Random conversations from one store to the other by way of a capsule, and back: the same state, the same rows. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RoomId, Seq, TenantId } from "../../../src/base/ids.ts";
import { CapsuleReader } from "../../../src/capsule/capsule-reader.ts";
import type { LogKey, Segment } from "../../../src/storage/journal.ts";
import type { Mark } from "../../../src/storage/projections.ts";
import { compareRoom, randomRooms, truthAfter, writeRoom } from "../../conformance/conversations.ts";
import { openDynamoHarness } from "../../conformance/dynamodb-harness.ts";
import { ask, type Harness } from "../../conformance/harness.ts";
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

function segmentsOf(journal: Harness["journal"], log: LogKey): Promise<readonly Segment[]> {
  const all: { from: Seq; to: Seq; eventsMax: number } = { from: 1, to: 100_000, eventsMax: 100_000 };
  return ask<readonly Segment[]>((done) => journal.readRange(log, all, done));
}
