/** Small parts of the gateway: calls that wait, the tick, and who left lately. */
import { expect, test } from "bun:test";
import type { ConnectionId, TenantId, UserId } from "../../../src/base/ids.ts";
import { CALL_MS_MAX, DEPARTED_CONNECTIONS_MAX, MESSAGE_LENGTH_DEFAULT } from "../../../src/base/limits.ts";
import { err, ok } from "../../../src/base/result.ts";
import { CallsTable } from "../../../src/edge/sockets/calls-table.ts";
import { Connection } from "../../../src/edge/sockets/connection.ts";
import { Departures } from "../../../src/edge/links/departures.ts";
import { EdgeRoom } from "../../../src/edge/sockets/edge-room.ts";
import type { EgressOwner } from "../../../src/edge/sockets/egress.ts";
import { ShardTarget } from "../../../src/edge/links/shard-target.ts";
import { Tick } from "../../../src/edge/sockets/tick.ts";
import { createCodecs } from "../../../src/protocol/codecs.ts";

test("a call is answered once: by its reply or, when that does not come in time, as unavailable", () => {
  const calls = new CallsTable();
  const answers: unknown[] = [];
  const answer = (result: unknown): void => void answers.push(result);
  const first = calls.open(0, answer);
  const second = calls.open(0, answer);
  const patient = calls.open(0, answer, 60_000);
  expect(calls.isOpen(first)).toBe(true);
  calls.reply(first, ok("value"));
  calls.reply(first, ok("again"));
  calls.reply(999, ok("nobody asked"));
  expect(answers).toEqual([ok("value")]);
  calls.expire(CALL_MS_MAX - 1);
  expect(calls.isOpen(second)).toBe(true);
  calls.expire(CALL_MS_MAX);
  expect(answers[1]).toMatchObject(err({ code: "unavailable" }));
  calls.reply(second, ok("late"));
  expect([answers.length, calls.size, calls.isOpen(patient)]).toEqual([2, 1, true]);
});

test("little is handed over at once, much is gathered, and more of it longer; a quiet moment ends that", () => {
  const tick = new Tick();
  expect(tick.delayMs(0)).toBe(0);
  tick.handedOver(1, 0);
  tick.handedOver(1, 5);
  expect(tick.delayMs(6)).toBe(0);
  tick.handedOver(20, 20);
  const busyMs = tick.delayMs(21);
  tick.handedOver(200, 40);
  const veryBusyMs = tick.delayMs(41);
  expect(busyMs).toBeGreaterThan(0);
  expect(veryBusyMs).toBeGreaterThan(busyMs);
  expect(veryBusyMs).toBeLessThanOrEqual(5);
  expect(tick.delayMs(1_000)).toBe(0);
});

test("two frames in a row, again and again, are no load", () => {
  const tick = new Tick();
  for (let ms = 0; ms < 100; ms += 10) {
    expect(tick.delayMs(ms)).toBe(0);
    tick.handedOver(1, ms);
    expect(tick.delayMs(ms + 0.2)).toBe(0);
    tick.handedOver(1, ms + 0.2);
  }
});

test("a few that come together in the middle of little are no load, however often", () => {
  const tick = new Tick();
  for (let ms = 0; ms < 200; ms += 10) {
    for (let i = 0; i < 6; i += 1) {
      expect(tick.delayMs(ms + i / 10)).toBe(0);
      tick.handedOver(1, ms + i / 10);
    }
  }
});

test("load is noticed within some milliseconds of its beginning, and when it is over", () => {
  const tick = new Tick();
  tick.handedOver(1, 0);
  let ms = 1_000;
  while (tick.delayMs(ms) === 0) {
    tick.handedOver(1, ms);
    ms += 0.2;
  }
  expect(ms).toBeLessThanOrEqual(1_040);
  tick.handedOver(10, ms + 2);
  expect(tick.delayMs(ms + 3)).toBeGreaterThan(0);
  expect(tick.delayMs(ms + 103)).toBe(0);
});

const GRACE_MS = 10_000;
const [first, second] = [
  new ShardTarget({} as EgressOwner, undefined, 0),
  new ShardTarget({} as EgressOwner, undefined, 1),
];
const room = new EdgeRoom(first, "acme/room", 1);
const elsewhere = new EdgeRoom(second, "acme/elsewhere", 1);
const codec = createCodecs({ messageLengthMax: MESSAGE_LENGTH_DEFAULT })[1];
const owner = { opened: () => undefined, received: () => undefined, closed: () => undefined };

function connectionOf(user: string, rooms: readonly EdgeRoom[]): Connection {
  const connection = new Connection(owner, 1, "x:1" as ConnectionId, codec, { remote: "", userAgent: "" });
  connection.principal = { tenant: "acme" as TenantId, userId: user as UserId, name: user, role: "user" };
  connection.rooms = new Set(rooms);
  return connection;
}
const namesIn = (departures: Departures, shard: ShardTarget, nowMs: number, key: string): unknown[] =>
  (departures.shardUp(shard, nowMs, ({ target }) => target === shard).get(key) ?? []).map(({ user, clean, agoMs }) => [
    user.userId,
    clean,
    agoMs,
  ]);

test("a shard that comes up hears who left its rooms too late for its predecessor to tell", () => {
  const departures = new Departures(GRACE_MS);
  departures.note(connectionOf("long ago", [room]), false, 0);
  departures.note(connectionOf("lost", [room]), false, 10_000);
  departures.note(connectionOf("closed before", [room]), true, 15_000);
  departures.note(connectionOf("closed just before", [room]), true, 19_500);
  departures.shardDown(first, 20_000);
  departures.note(connectionOf("closed meanwhile", [room, elsewhere]), true, 21_000);
  departures.shardDown(first, 60_000);
  expect(namesIn(departures, first, 61_000, "acme/room")).toEqual([
    ["lost", false, 51_000],
    ["closed just before", true, 41_500],
    ["closed meanwhile", true, 40_000],
  ]);
  expect(namesIn(departures, second, 21_500, "acme/elsewhere")).toEqual([["closed meanwhile", true, 500]]);
});

test("who left is forgotten after the grace period, but not while a shard is down, and never are too many remembered", () => {
  const departures = new Departures(GRACE_MS);
  departures.note(connectionOf("ann", [room]), false, 0);
  departures.shardDown(first, 5_000);
  departures.forget(100_000);
  expect(departures.size).toBe(1);
  departures.shardUp(first, 100_000, () => true);
  departures.forget(100_000);
  expect(departures.size).toBe(0);
  const one = connectionOf("ann", [room]);
  for (let i = 0; i <= DEPARTED_CONNECTIONS_MAX; i += 1) departures.note(one, true, 100_000);
  departures.forget(100_000);
  expect(departures.size).toBe(DEPARTED_CONNECTIONS_MAX);
});
