import { describe, expect, test } from "bun:test";
import type { UserId } from "../../../../src/base/ids.ts";
import { apply } from "../../../../src/domain/room/apply.ts";
import { emptyRoomState } from "../../../../src/domain/room/empty-state.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";
import { knownMessage } from "../../../../src/domain/room/message-rows.ts";
import { rowChanges } from "../../../../src/domain/room/rows.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/domain/room/snapshot.ts";
import { accepted, digest, RoomDriver, settingsOf, START_MS, user } from "./room-driver.ts";

const ANN = user("ann");

function talked(): RoomDriver {
  const driver = new RoomDriver();
  driver.populate(settingsOf("public", { description: "Ünïcödé 😀" }), { ann: "owner", bob: "member" });
  for (let i = 0; i < 20; i += 1) {
    driver.now += 10;
    accepted(
      driver.run({ kind: "send_message", by: ANN, clientId: `m${i}`, content: `message ${i}`, messageType: "text" }),
    );
  }
  return driver;
}

function fence(seq: number, epoch: number): LogEvent {
  return { kind: "fence", seq, timestamp: START_MS, epoch, owner: "node" };
}

describe("apply", () => {
  test("refuses a gap, a repeated event and an epoch that does not rise, and changes nothing then", () => {
    const state = emptyRoomState();
    apply(state, fence(1, 3));
    const before = digest(state);
    expect(() => apply(state, fence(3, 4))).toThrow("does not follow head 1");
    expect(() => apply(state, fence(1, 4))).toThrow("does not follow head 1");
    expect(() => apply(state, fence(2, 3))).toThrow("epoch 3 does not follow 3");
    expect(() => apply(state, fence(2, 2))).toThrow("epoch 2 does not follow 3");
    expect(digest(state)).toEqual(before);
    apply(state, fence(2, 4));
    expect([state.head, state.epoch]).toEqual([2, 4]);
  });

  test("counts owners on replay although it does not know their rows", () => {
    const driver = talked();
    const state = decodeSnapshot(encodeSnapshot(driver.state));
    const common = { timestamp: START_MS, by: ANN.userId };
    const bob = "bob" as UserId;
    apply(state, {
      kind: "member_changed",
      seq: state.head + 1,
      ...common,
      userId: bob,
      role: "owner",
      previousRole: "member",
    });
    expect(state.ownerCount).toBe(2);
    apply(state, {
      kind: "member_left",
      seq: state.head + 1,
      ...common,
      userId: ANN.userId,
      role: "owner",
      reason: "left",
    });
    expect([state.ownerCount, state.memberCount]).toEqual([1, 1]);
    expect([state.members.get(ANN.userId), state.members.get(bob)]).toEqual([null, undefined]);
  });

  test("on replay leaves a changed message unknown when its row is, and says so rather than write half of it", () => {
    const driver = talked();
    const state = decodeSnapshot(encodeSnapshot(driver.state));
    const event = { kind: "message_edited", seq: state.head + 1, timestamp: START_MS, by: ANN.userId } as const;
    apply(state, { ...event, target: 5, content: "changed" });
    expect(knownMessage(state, 5)).toBeUndefined();
    expect(() => rowChanges(state, { ...event, target: 5, content: "changed" })).toThrow("message 5 is not known");
  });
});

describe("a snapshot", () => {
  test("gives back all but the rows and the recent events", () => {
    const driver = talked();
    const copy = decodeSnapshot(encodeSnapshot(driver.state));
    expect(digest(copy)).toEqual(digest(driver.state));
    expect(copy.recent.covers(copy.head)).toBe(true);
    expect(copy.recent.covers(copy.head - 1)).toBe(false);
  });

  test("of a room without events is one without events", () => {
    expect(digest(decodeSnapshot(encodeSnapshot(emptyRoomState())))).toEqual(digest(emptyRoomState()));
  });

  test("knows the requests before it, so a retry after a restart is answered as before", () => {
    const driver = talked();
    driver.state = decodeSnapshot(encodeSnapshot(driver.state));
    const retry = { kind: "send_message", by: ANN, clientId: "m3", content: "message 3", messageType: "text" } as const;
    expect(driver.run(retry)).toEqual({ kind: "duplicate", seq: 7, timestamp: START_MS + 40 });
  });

  test("names the owner of the newest fence; one that was written before owners were kept is read all the same", () => {
    const { state } = talked();
    apply(state, { kind: "fence", seq: state.head + 1, timestamp: START_MS, epoch: state.epoch + 1, owner: "node-2" });
    expect(decodeSnapshot(encodeSnapshot(state)).owner).toBe("node-2");
    state.owner = undefined;
    const old = decodeSnapshot(encodeSnapshot(state));
    expect([old.owner, old.epoch, old.head]).toEqual([undefined, state.epoch, state.head]);
  });

  test("of an unknown version, or cut short, is refused", () => {
    const bytes = encodeSnapshot(talked().state);
    expect(() => decodeSnapshot(Uint8Array.from([2, ...bytes.subarray(1)]))).toThrow("version 2");
    expect(() => decodeSnapshot(bytes.subarray(0, bytes.length - 4))).toThrow();
  });
});
