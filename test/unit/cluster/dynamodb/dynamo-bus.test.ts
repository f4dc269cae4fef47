/** What the bus makes of a DynamoDB that is late, lossy or throttled. */
import { afterEach, describe, expect, test } from "bun:test";
import { DynamoBus } from "../../../../src/cluster/dynamodb/dynamo-bus.ts";
import { entryKey, inboxOf } from "../../../../src/cluster/dynamodb/inbox-reader.ts";
import type { NodeId } from "../../../../src/cluster/membership.ts";
import { virtualTable } from "./virtual-table.ts";

const ADA = "ada.1" as NodeId;
const BOB = "bob.1" as NodeId;
const CEM = "cem.1" as NodeId;
const text = (message: Uint8Array): string => new TextDecoder().decode(message);
const bytes = (message: string): Uint8Array => new TextEncoder().encode(message);

function cluster() {
  const { clock, calls, table, pass } = virtualTable();
  const join = (id: NodeId) => {
    const received: string[] = [];
    const changes: boolean[] = [];
    const troubles: string[] = [];
    const bus = new DynamoBus({ table, clock, onTrouble: (what) => troubles.push(what) });
    bus.start(id, { received: (message) => received.push(text(message)), changed: (isUp) => changes.push(isUp) });
    return { bus, received, changes, troubles };
  };
  return { clock, calls, pass, join };
}

describe("the bus over DynamoDB", () => {
  let stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(stops.map((stop) => stop()));
    stops = [];
  });

  async function two() {
    const made = cluster();
    const ada = made.join(ADA);
    const bob = made.join(BOB);
    await made.pass(100);
    stops = [ada, bob].map(({ bus }) => async () => {
      const stopped = bus.stop();
      await made.pass(3_000);
      await stopped;
    });
    return { ...made, ada, bob };
  }

  test("leaves nothing in the inbox of a node that reads", async () => {
    const { ada, bob, calls, pass } = await two();
    for (let round = 0; round < 20; round += 1) {
      ada.bus.send(BOB, bytes(`message ${round}`));
      await pass(10);
    }
    await pass(500);
    expect(bob.received).toHaveLength(20);
    expect(calls.items.size).toBe(0);
  });

  test("what is sent in one turn goes in one item, what comes during a write in the next", async () => {
    const { ada, bob, calls, pass } = await two();
    const before = calls.counts.put;
    for (let index = 0; index < 500; index += 1) ada.bus.send(BOB, bytes(`a${index}`));
    await pass(2);
    for (let index = 0; index < 500; index += 1) ada.bus.send(BOB, bytes(`b${index}`));
    await pass(300);
    expect(bob.received).toHaveLength(1_000);
    expect(calls.counts.put - before).toBe(2);
  });

  test("hands an entry over once, although it cannot be deleted for a while", async () => {
    const { ada, bob, calls, pass } = await two();
    calls.fault = (call) => (call === "writeAll" ? { error: "throttled", isDone: false } : undefined);
    ada.bus.send(BOB, bytes("once"));
    await pass(1_000);
    expect(calls.keysOf(inboxOf(BOB))).toHaveLength(1);
    calls.fault = () => undefined;
    await pass(1_000);
    expect(calls.keysOf(inboxOf(BOB))).toEqual([]);
    expect(bob.received).toEqual(["once"]);
  });

  test("hands an entry over once, although its sender had no answer and wrote it again", async () => {
    const { ada, bob, calls, pass } = await two();
    let isFirst = true;
    calls.fault = (call, pk) => {
      if (call !== "put" || pk !== inboxOf(BOB) || !isFirst) return undefined;
      isFirst = false;
      return { error: "unavailable", isDone: true };
    };
    ada.bus.send(BOB, bytes("once"));
    await pass(1_000);
    expect(bob.received).toEqual(["once"]);
    expect(calls.keysOf(inboxOf(BOB))).toEqual([]);
  });

  test("an entry that lands behind a later one of its sender is lost, not delivered out of order", async () => {
    const { ada, bob, calls, pass } = await two();
    ada.bus.send(BOB, bytes("first"));
    await pass(300);
    ada.bus.send(BOB, bytes("second"));
    await pass(300);
    calls.set({ pk: { S: inboxOf(BOB) }, sk: { S: entryKey(ADA, 1) }, bytes: { B: new Uint8Array(20) } });
    await pass(600);
    expect(bob.received).toEqual(["first", "second"]);
    expect(calls.keysOf(inboxOf(BOB))).toEqual([]);
  });

  test("a throttled inbox costs its own messages and nobody else's", async () => {
    const { ada, bob, calls, pass } = await two();
    calls.fault = (call, pk) =>
      call === "put" && pk === inboxOf(CEM) ? { error: "throttled", isDone: false } : undefined;
    ada.bus.send(CEM, bytes("to cem"));
    ada.bus.send(BOB, bytes("to bob"));
    await pass(2_500);
    expect(bob.received).toEqual(["to bob"]);
    expect(ada.bus.queuedBytes).toBe(0);
    expect(ada.changes).toEqual([true]);
    expect(ada.troubles).toEqual([`messages to ${CEM} were dropped: throttled`]);
  });

  test("is down when it can read and not write, and up again when it can", async () => {
    const { ada, bob, calls, pass } = await two();
    calls.fault = (call) => (call === "put" ? { error: "refused", isDone: false } : undefined);
    ada.bus.send(BOB, bytes("lost"));
    await pass(2_500);
    expect(ada.changes).toEqual([true, false]);
    await pass(5_000);
    expect(ada.changes).toEqual([true, false]);
    calls.fault = () => undefined;
    await pass(1_000);
    expect(ada.changes).toEqual([true, false, true]);
    ada.bus.send(BOB, bytes("again"));
    await pass(500);
    expect(bob.received).toEqual(["again"]);
  });

  test("one reading that fails is no reason to be down", async () => {
    const { bob, calls, pass } = await two();
    let failures = 1;
    calls.fault = (call) => {
      if (call !== "query" || failures === 0) return undefined;
      failures -= 1;
      return { error: "unavailable", isDone: false };
    };
    await pass(3_000);
    expect(bob.changes).toEqual([true]);
  });

  test("is down within 2.3 seconds of a DynamoDB that answers no more", async () => {
    const { ada, bob, calls, pass } = await two();
    calls.fault = () => ({ error: "unavailable", isDone: false });
    calls.delayMs = () => 900;
    await pass(2_300);
    expect([ada.changes, bob.changes]).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  test("an idle node looks four times a second, a busy one almost a hundred times", async () => {
    const { ada, calls, pass } = await two();
    calls.delayMs = () => 0;
    await pass(10_000);
    const idle = calls.counts.query;
    await pass(10_000);
    // Two nodes.
    expect((calls.counts.query - idle) / 20).toBeCloseTo(4, 0);
    const busy = calls.counts.query;
    for (let round = 0; round < 1_000; round += 1) {
      ada.bus.send(BOB, bytes("."));
      await pass(10);
    }
    const perSecond = (calls.counts.query - busy) / 20;
    expect(perSecond).toBeGreaterThan(60);
    expect(perSecond).toBeLessThan(110);
  });
});
