/** Sessions between two nodes, one incident at a time. */
import { describe, expect, test } from "bun:test";
import { PEER_QUEUE_BYTES_MAX, PEER_STRANGER_MESSAGES_MAX } from "../../../src/base/limits.ts";
import type { PeerMessage } from "../../../src/cluster/peers.ts";
import { End, TwoPeers, textMessage } from "./two-peers.ts";

/** Sizes of the bus messages from ada to bob from now on. */
function watch(two: TwoPeers): number[] {
  const sizes: number[] = [];
  const carry = two.cluster.carry;
  two.cluster.carry = (from, to, bytes) => {
    if (from === two.ada.id) sizes.push(bytes);
    return carry(from, to, bytes);
  };
  return sizes;
}

/** Ada began anew once and so did bob, and from now on everything arrives. */
function expectBrokenOnce(two: TwoPeers): void {
  two.pass(5_000);
  expect([two.ada.breaks, two.bob.breaks]).toEqual([1, 1]);
  two.ada.send("afterwards");
  two.bob.send("afterwards");
  two.pass(5_000);
  expect([two.ada.received.at(-1), two.bob.received.at(-1)]).toEqual(["afterwards", "afterwards"]);
  expect([two.ada.breaks, two.bob.breaks]).toEqual([1, 1]);
}

describe("messages", () => {
  test("of each kind arrive as they were sent, in order", () => {
    const two = TwoPeers.started();
    const block = Uint8Array.of(1, 2, 3);
    const sent: readonly PeerMessage[] = [
      { kind: "to_shard", shard: 2, generation: 5, no: 3, block },
      { kind: "shard_up", shard: 1, generation: 4, fatalRecord: 99, explained: false },
      { kind: "heads", block },
      { kind: "roll_call" },
      { kind: "to_edge", shard: 0, generation: 6, no: 3, block },
    ];
    for (const message of sent) two.ada.peers.send(two.bob.id, message);
    two.ada.peers.flush();
    two.pass(1);
    expect(two.bob.messages).toEqual([...sent]);
  });

  test("leave with the flush, all of them in one message of the bus", () => {
    const two = TwoPeers.started();
    const sizes = watch(two);
    for (let index = 0; index < 50; index += 1) two.ada.send(`message ${index}`, false);
    two.pass(100);
    expect([sizes.length, two.bob.received.length]).toEqual([0, 0]);
    two.ada.peers.flush();
    two.ada.peers.flush();
    two.pass(1);
    expect([sizes.length, two.bob.received.length]).toEqual([1, 50]);
  });

  test("that are much together leave in several messages of bounded size, and a large block arrives whole", () => {
    const two = TwoPeers.started();
    const sizes = watch(two);
    const large = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 13) & 0xff);
    two.ada.send("first", false);
    two.ada.peers.send(two.bob.id, { kind: "to_edge", shard: 1, generation: 1, no: 3, block: large });
    two.ada.send("last");
    two.pass(1);
    expect(Math.max(...sizes)).toBeLessThan(300_000);
    expect(two.bob.received.filter((text) => text.length < 10)).toEqual(["first", "last"]);
    const whole = two.bob.messages[1];
    expect(whole?.kind === "to_edge" && Buffer.compare(whole.block, large)).toBe(0);
  });

  test("have bytes of their own", () => {
    const two = TwoPeers.started();
    two.ada.send("one", false);
    two.ada.send("two");
    two.pass(1);
    for (const message of two.bob.messages) {
      if ("block" in message) expect(message.block.buffer.byteLength).toBe(message.block.length);
    }
    expect(two.bob.messages).toHaveLength(2);
  });

  test("to a node that is not in the view are dropped", () => {
    const two = TwoPeers.started();
    two.ada.sees(two.ada.id);
    two.ada.send("into the void");
    two.ada.sees(two.ada.id, two.bob.id);
    two.pass(3_000);
    expect(two.bob.received).toEqual([]);
  });

  test("that come twice are handed over once", () => {
    const two = TwoPeers.started();
    two.cluster.carry = () => [0, 0, 40, 500];
    for (let index = 0; index < 5; index += 1) two.ada.send(`message ${index}`);
    two.pass(2_000);
    expect(two.bob.received).toEqual(Array.from({ length: 5 }, (_, index) => `message ${index}`));
    expect([two.ada.breaks, two.bob.breaks]).toEqual([0, 0]);
  });
});

describe("a loss", () => {
  test("is told once at both ends, and nothing behind it is handed over", () => {
    const two = TwoPeers.started();
    two.ada.send("before");
    two.loseNext(two.ada);
    two.ada.send("lost");
    two.ada.send("behind");
    two.pass(1);
    expect([two.ada.breaks, two.bob.breaks]).toEqual([1, 1]);
    expectBrokenOnce(two);
    expect(two.bob.received).toEqual(["before", "afterwards"]);
  });

  test("ends a session, of which nothing is handed over again when it comes twice", () => {
    const two = TwoPeers.started();
    const blink = (end: End) => {
      two.cluster.setBusUp(end.id, false);
      end.send("lost");
      two.cluster.setBusUp(end.id, true);
    };
    // The first message of bob's next session comes again when ada has given that one up and not heard of another.
    let delays: readonly number[] = [10, 60];
    two.cluster.carry = (from) => (from === two.bob.id ? delays : [10]);
    two.bob.onBroken = () => {
      two.bob.send("first");
      delays = [200];
    };
    blink(two.bob);
    two.pass(20);
    expect(two.ada.received).toEqual(["first"]);
    blink(two.ada);
    two.pass(100);
    expect(two.ada.received).toEqual(["first"]);
    two.pass(3_000);
    expect(two.ada.segments("received").at(-1)).toEqual(two.bob.segments("sent").at(-1));
  });

  test("of the last message is noticed with the next sign of life", () => {
    const two = TwoPeers.started();
    two.loseNext(two.ada);
    two.ada.send("lost");
    two.pass(1_300);
    expect([two.ada.breaks, two.bob.breaks]).toEqual([1, 1]);
    expectBrokenOnce(two);
  });

  test("of both directions at once ends as well", () => {
    const two = TwoPeers.started();
    two.loseNext(two.ada, 3);
    two.loseNext(two.bob, 3);
    for (let index = 0; index < 6; index += 1) {
      two.ada.send("a");
      two.bob.send("b");
    }
    expectBrokenOnce(two);
  });

  test("of the message with which the other end would learn of it ends as well", () => {
    const two = TwoPeers.started();
    two.bob.onBroken = () => {
      if (two.bob.breaks === 1) two.loseNext(two.bob, 2);
    };
    two.loseNext(two.ada);
    two.ada.send("lost");
    two.ada.send("behind");
    two.pass(10_000);
    const breaks = [two.ada.breaks, two.bob.breaks];
    two.ada.send("afterwards");
    two.bob.send("afterwards");
    two.pass(10_000);
    expect([two.ada.received.at(-1), two.bob.received.at(-1)]).toEqual(["afterwards", "afterwards"]);
    expect([two.ada.breaks, two.bob.breaks]).toEqual(breaks);
  });

  test("of the very first message is told", () => {
    const two = new TwoPeers();
    two.loseNext(two.ada);
    two.ada.peers.start();
    two.bob.peers.start();
    two.pass(1);
    two.ada.sees(two.bob.id);
    two.bob.sees(two.ada.id);
    two.ada.send("behind");
    expectBrokenOnce(two);
    expect(two.bob.received).toEqual(["afterwards"]);
  });

  test("may be a message that was overtaken", () => {
    const two = TwoPeers.started();
    const delays = [5, 0];
    two.cluster.carry = (from) => (from === two.ada.id ? [delays.shift() ?? 0] : [0]);
    two.ada.send("slow");
    two.ada.send("fast");
    expectBrokenOnce(two);
    expect(two.bob.received).toEqual(["afterwards"]);
  });

  test("what is sent on hearing of it belongs to what comes after it", () => {
    const two = TwoPeers.started();
    two.ada.onBroken = () => two.ada.send("ada anew");
    two.bob.onBroken = () => two.bob.send("bob anew");
    two.loseNext(two.ada);
    two.ada.send("lost");
    two.ada.send("behind");
    expectBrokenOnce(two);
    expect(two.ada.received).toEqual(["bob anew", "afterwards"]);
    expect(two.bob.received).toEqual(["ada anew", "afterwards"]);
  });
});

describe("the queue toward a peer", () => {
  const half = PEER_QUEUE_BYTES_MAX / 2;
  // Kind, shard, generation, number and length stand before each block.
  const sized = (bytes: number): PeerMessage => ({ kind: "heads", block: new Uint8Array(bytes - 21) });

  test("takes what it may hold", () => {
    const two = TwoPeers.started();
    two.ada.peers.send(two.bob.id, sized(half));
    two.ada.peers.send(two.bob.id, sized(half));
    two.ada.peers.flush();
    two.pass(5_000);
    expect([two.bob.messages.length, two.ada.breaks, two.bob.breaks]).toEqual([2, 0, 0]);
  });

  test("with one byte more is dropped as a whole, which is told at both ends", () => {
    const two = TwoPeers.started();
    two.ada.peers.send(two.bob.id, sized(half));
    two.ada.peers.send(two.bob.id, sized(half + 1));
    two.ada.send("behind", false);
    expect(two.ada.breaks).toBe(0);
    two.ada.peers.flush();
    expect(two.ada.breaks).toBe(1);
    expectBrokenOnce(two);
    expect(two.bob.received).toEqual(["afterwards"]);
  });
});

describe("a sign of life", () => {
  test("is sent each second when there is nothing to say", () => {
    const two = TwoPeers.started();
    const sizes = watch(two);
    two.pass(10_000);
    expect(sizes.length).toBeGreaterThanOrEqual(9);
    expect(sizes.length).toBeLessThanOrEqual(11);
    expect(Math.max(...sizes)).toBeLessThan(64);
    expect(two.bob.messages).toEqual([]);
  });

  test("is not sent to whom something else is", () => {
    const two = TwoPeers.started();
    const sizes = watch(two);
    for (let index = 0; index < 20; index += 1) {
      two.ada.send("something");
      two.pass(500);
    }
    expect(sizes).toHaveLength(20);
  });
});

describe("reachability", () => {
  test("ends after 3 s of silence and comes back with the first message, without a break", () => {
    const two = TwoPeers.started();
    two.cluster.carry = () => [];
    two.pass(2_000);
    expect([two.ada.isReachable, two.bob.isReachable]).toEqual([true, true]);
    two.pass(1_500);
    expect([two.ada.isReachable, two.bob.isReachable]).toEqual([false, false]);
    two.cluster.carry = () => [0];
    two.pass(2_500);
    expect([two.ada.isReachable, two.bob.isReachable]).toEqual([true, true]);
  });

  test("of a peer that hears nothing of this node ends, too, and comes back", () => {
    const two = TwoPeers.started();
    two.cluster.carry = (from) => (from === two.ada.id ? [] : [0]);
    two.pass(4_500);
    expect(two.bob.isReachable).toBe(false);
    expect(two.ada.isReachable).toBe(false);
    two.cluster.carry = () => [0];
    two.pass(2_500);
    expect([two.ada.isReachable, two.bob.isReachable]).toEqual([true, true]);
  });

  test("of all peers ends with the bus, at once", () => {
    const two = TwoPeers.started();
    two.cluster.setBusUp(two.ada.id, false);
    expect(two.ada.isReachable).toBe(false);
    two.cluster.setBusUp(two.ada.id, true);
    expect(two.ada.isReachable).toBe(true);
    two.pass(5_000);
    expect([two.ada.breaks, two.bob.breaks]).toEqual([0, 0]);
  });

  test("of others is not doubted by a process that stood still itself", () => {
    const two = new TwoPeers();
    let isPaused = false;
    const late: (() => void)[] = [];
    const own = two.cluster.clock;
    const pausing = new End("cem.1", "bob.1", two.cluster, 3, {
      wallMs: () => own.wallMs(),
      monotonicMs: () => own.monotonicMs(),
      after: (delayMs, run) => own.after(delayMs, () => (isPaused ? late.push(run) : run())),
    });
    two.bob.other = pausing.id;
    for (const end of [pausing, two.bob]) end.peers.start();
    two.pass(1);
    for (const end of [pausing, two.bob]) end.sees(pausing.id, two.bob.id);
    two.pass(2_000);
    isPaused = true;
    const wakesMs = two.queue.nowMs + 10_000;
    // What is sent to it meanwhile is read after its timers have run.
    two.cluster.carry = (_, to) => [to === pausing.id ? Math.max(0, wakesMs + 5 - two.queue.nowMs) : 0];
    two.pass(10_000);
    expect(two.bob.isReachable).toBe(false);
    isPaused = false;
    for (const run of late.splice(0)) run();
    expect(pausing.isReachable).toBe(true);
    two.pass(2_000);
    expect(pausing.told.filter((one) => one.kind === "reachable" && !one.isReachable)).toHaveLength(1);
    expect([pausing.isReachable, two.bob.isReachable]).toEqual([true, true]);
    expect([pausing.breaks, two.bob.breaks]).toEqual([0, 0]);
  });
});

describe("a bus that fails", () => {
  test("costs nothing when nothing was sent meanwhile", () => {
    const two = TwoPeers.started();
    two.cluster.setBusUp(two.ada.id, false);
    two.pass(800);
    two.cluster.setBusUp(two.ada.id, true);
    two.ada.send("afterwards");
    two.pass(5_000);
    expect([two.bob.received, two.ada.breaks, two.bob.breaks]).toEqual([["afterwards"], 0, 0]);
  });

  test("loses what is sent meanwhile, which both ends are told when it is back", () => {
    const two = TwoPeers.started();
    two.cluster.setBusUp(two.ada.id, false);
    two.ada.send("lost");
    two.pass(500);
    two.ada.send("lost as well");
    expect(two.ada.breaks).toBe(0);
    two.cluster.setBusUp(two.ada.id, true);
    expectBrokenOnce(two);
    expect(two.bob.received).toEqual(["afterwards"]);
  });

  test("again and again at both ends, while messages are on their way, does not leave each waiting for the other", () => {
    const two = TwoPeers.started();
    two.cluster.carry = () => [10];
    for (const end of [two.bob, two.bob, two.ada, two.ada]) {
      two.cluster.setBusUp(end.id, false);
      end.send("lost");
      two.cluster.setBusUp(end.id, true);
    }
    two.pass(3_000);
    const breaks = [two.ada.breaks, two.bob.breaks];
    two.ada.send("afterwards");
    two.bob.send("afterwards");
    two.pass(3_000);
    expect([two.ada.received, two.bob.received]).toEqual([["afterwards"], ["afterwards"]]);
    expect([two.ada.breaks, two.bob.breaks]).toEqual(breaks);
  });

  test("takes with it what waits for the flush", () => {
    const two = TwoPeers.started();
    two.ada.send("waiting", false);
    two.cluster.setBusUp(two.ada.id, false);
    two.cluster.setBusUp(two.ada.id, true);
    expectBrokenOnce(two);
    expect(two.bob.received).toEqual(["afterwards"]);
  });
});

describe("a node that the view does not name yet", () => {
  /** Bob knows ada; ada does not know bob. */
  function begin(): TwoPeers {
    const two = new TwoPeers();
    two.ada.peers.start();
    two.bob.peers.start();
    two.pass(1);
    two.bob.sees(two.ada.id, two.bob.id);
    return two;
  }

  test("is heard once the view names it, not within the change of view", () => {
    const two = begin();
    for (let index = 0; index < 5; index += 1) two.bob.send(`message ${index}`);
    two.pass(2_000);
    expect(two.ada.received).toEqual([]);
    two.ada.sees(two.ada.id, two.bob.id);
    expect(two.ada.received).toEqual([]);
    two.bob.send("live");
    two.pass(100);
    expect(two.ada.received).toEqual(["message 0", "message 1", "message 2", "message 3", "message 4", "live"]);
    expect([two.ada.breaks, two.bob.breaks]).toEqual([0, 0]);
  });

  test("may call the roll at once", () => {
    const two = begin();
    two.bob.peers.send(two.ada.id, { kind: "roll_call" });
    two.bob.send("not this");
    two.pass(1);
    expect(two.ada.messages).toEqual([{ kind: "roll_call" }]);
  });

  test("that says more than is kept begins anew", () => {
    const two = begin();
    for (let index = 0; index < PEER_STRANGER_MESSAGES_MAX + 5; index += 1) two.bob.send(`message ${index}`);
    two.pass(100);
    two.ada.sees(two.ada.id, two.bob.id);
    expectBrokenOnce(two);
  });

  test("that says large things begins anew", () => {
    const two = begin();
    for (let index = 0; index < 3; index += 1) two.bob.send("x".repeat(500_000));
    two.pass(100);
    two.ada.sees(two.ada.id, two.bob.id);
    expectBrokenOnce(two);
  });

  test("is forgotten after 3 s, and begins anew", () => {
    const two = begin();
    two.bob.send("early");
    two.pass(4_000);
    two.ada.sees(two.ada.id, two.bob.id);
    expectBrokenOnce(two);
    expect(two.ada.received).toEqual(["afterwards"]);
  });
});

describe("a node that comes back", () => {
  test("into the view begins anew with the others, and nothing of before is handed over", () => {
    const two = TwoPeers.started();
    two.bob.send("before");
    two.pass(1);
    two.ada.sees(two.ada.id);
    two.bob.send("meanwhile");
    two.pass(500);
    two.ada.sees(two.ada.id, two.bob.id);
    two.pass(3_000);
    expect(two.bob.breaks).toBe(1);
    expect(two.ada.received).toEqual(["before"]);
    two.bob.send("afterwards");
    two.ada.send("afterwards");
    two.pass(1_000);
    expect([two.ada.received.at(-1), two.bob.received.at(-1)]).toEqual(["afterwards", "afterwards"]);
  });

  test("as another process under the same id is noticed", async () => {
    const two = TwoPeers.started();
    two.ada.send("before");
    two.pass(1);
    await two.ada.peers.stop();
    const again = new End(two.ada.id, two.bob.id, two.cluster, 77);
    again.peers.start();
    two.pass(1);
    again.sees(two.bob.id);
    again.send("again");
    two.bob.onBroken = () => two.bob.send("anew");
    two.pass(3_000);
    expect(two.bob.breaks).toBe(1);
    expect(two.bob.received).toEqual(["before", "again"]);
    expect(again.received).toEqual(["anew"]);
  });
});

describe("after the stop", () => {
  test("nothing is handed over, sent or told", async () => {
    const two = TwoPeers.started();
    two.bob.send("on its way");
    await two.ada.peers.stop();
    const sizes = watch(two);
    two.ada.peers.send(two.bob.id, textMessage("late"));
    two.ada.peers.flush();
    two.pass(10_000);
    expect([sizes, two.ada.received, two.ada.told]).toEqual([[], [], []]);
  });
});

test("what cannot be read is reported and otherwise ignored", () => {
  const two = TwoPeers.started();
  two.cluster.deliver(two.ada.id, Uint8Array.of(1, 2, 3));
  two.bob.send("fine");
  two.pass(1);
  expect(two.ada.reports).toEqual(["peer_message_unreadable"]);
  expect(two.ada.received).toEqual(["fine"]);
});
