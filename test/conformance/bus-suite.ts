/**
 * What every adapter of the bus must do, in the words of the port. It may lose and repeat when something is wrong; here
 * nothing is, unless a test silences the carrier.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { BUS_QUEUE_BYTES_MAX } from "../../src/base/limits.ts";
import type { Bus } from "../../src/cluster/bus.ts";
import { type ClusterHarness, nodeId, TEST_MS_MAX, until } from "./cluster-harness.ts";

/** A node on the bus that notes what it is told. */
class Listener {
  readonly received: Uint8Array[] = [];
  readonly changes: boolean[] = [];
  readonly id;
  readonly bus: Bus;
  isSending = false;
  receivedWhileSending = 0;

  constructor(name: string, bus: Bus) {
    this.id = nodeId(name);
    this.bus = bus;
  }

  get isUp(): boolean {
    return this.changes.at(-1) === true;
  }

  get texts(): readonly string[] {
    return this.received.map((message) => Buffer.from(message).toString("utf8"));
  }

  start(): void {
    this.bus.start(this.id, {
      received: (message) => {
        this.received.push(message);
        if (this.isSending) this.receivedWhileSending += 1;
      },
      changed: (isUp) => this.changes.push(isUp),
    });
  }

  send(to: Listener, message: string | Uint8Array): void {
    this.isSending = true;
    this.bus.send(to.id, typeof message === "string" ? new TextEncoder().encode(message) : message);
    this.isSending = false;
  }

  async hears(count: number): Promise<void> {
    await until(`${this.id} has ${count} messages`, () => this.received.length >= count);
  }
}

function bytesOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (seed * 31 + index * 7 + (index >>> 8)) & 0xff;
  return bytes;
}

export function busConformance(name: string, open: () => Promise<ClusterHarness<Bus>>): void {
  describe(`${name}: bus`, () => {
    let harness: ClusterHarness<Bus>;
    let nodes: Listener[] = [];
    let tests = 0;

    /** Started and up. */
    async function begin<Names extends readonly string[]>(...names: Names) {
      tests += 1;
      const begun: Listener[] = [];
      for (const each of names) begun.push(new Listener(`${each}-${tests}.boot`, await harness.open()));
      for (const node of begun) node.start();
      nodes.push(...begun);
      await until("all are up", () => begun.every((node) => node.isUp));
      return begun as { [Index in keyof Names]: Listener };
    }

    beforeEach(async () => {
      harness = await open();
      nodes = [];
    }, TEST_MS_MAX);
    afterEach(async () => {
      await harness.silence(false);
      await Promise.all(nodes.map((node) => node.bus.stop()));
      await harness.close();
    }, TEST_MS_MAX);

    const it = (what: string, run: () => Promise<void>) => test(what, run, TEST_MS_MAX);

    it("begins as down and says that it is up, once", async () => {
      const [ada] = await begin("ada");
      expect(ada.changes).toEqual([true]);
    });

    it("brings a message to the node that it is for, and to no other", async () => {
      const [ada, bob, cem] = await begin("ada", "bob", "cem");
      ada.send(bob, "to bob");
      ada.send(cem, "to cem");
      bob.send(ada, "to ada");
      await Promise.all([ada.hears(1), bob.hears(1), cem.hears(1)]);
      expect([ada.texts, bob.texts, cem.texts]).toEqual([["to ada"], ["to bob"], ["to cem"]]);
    });

    it("keeps the order of 1,000 small messages of one turn", async () => {
      const [ada, bob] = await begin("ada", "bob");
      const sent = Array.from({ length: 1_000 }, (_, index) => `message ${index}`);
      for (const text of sent) ada.send(bob, text);
      await bob.hears(sent.length);
      expect(bob.texts).toEqual(sent);
      expect(bob.receivedWhileSending).toBe(0);
    });

    it("keeps each sender's order over many turns, both ways and among three", async () => {
      const everybody = await begin("ada", "bob", "cem");
      const rounds = 60;
      for (let round = 0; round < rounds; round += 1) {
        for (const from of everybody) for (const to of everybody) if (from !== to) from.send(to, `${from.id} ${round}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(everybody.map((node) => node.hears(rounds * 2)));
      for (const to of everybody) {
        expect(to.received).toHaveLength(rounds * 2);
        for (const from of everybody) {
          if (from === to) continue;
          const texts = to.texts.filter((text) => text.startsWith(`${from.id} `));
          expect(texts).toEqual(Array.from({ length: rounds }, (_, round) => `${from.id} ${round}`));
        }
      }
    });

    it("brings messages of every size, up to 300 KB, byte for byte and in order", async () => {
      const [ada, bob] = await begin("ada", "bob");
      const sizes = [1, 300_000, 256, 65_536, 3, 300_000, 300_000, 1_000, 120_000, 300_000, 2];
      const sent = sizes.map((size, index) => bytesOf(index, size));
      for (const message of sent) ada.send(bob, message);
      await bob.hears(sizes.length);
      expect(bob.received.map((message) => message.length)).toEqual(sizes);
      for (const [index, message] of bob.received.entries()) {
        expect(Buffer.compare(message, sent[index] ?? new Uint8Array())).toBe(0);
      }
    });

    it("gives bytes that are the receiver's own", async () => {
      const [ada, bob, cem] = await begin("ada", "bob", "cem");
      const shared = bytesOf(5, 500);
      ada.send(bob, shared);
      ada.send(cem, shared);
      ada.send(bob, bytesOf(6, 500));
      await Promise.all([bob.hears(2), cem.hears(1)]);
      bob.received[0]?.fill(0xee);
      expect(Buffer.compare(bob.received[1] ?? shared, bytesOf(6, 500))).toBe(0);
      expect(Buffer.compare(cem.received[0] ?? bytesOf(0, 1), bytesOf(5, 500))).toBe(0);
      expect(Buffer.compare(shared, bytesOf(5, 500))).toBe(0);
    });

    it("may be sent to from within an arrival", async () => {
      const [ada, bob] = await begin("ada", "bob");
      const heard: number[] = [];
      const end = new Listener(`echo-${tests}.boot`, await harness.open());
      nodes.push(end);
      let isUp = false;
      end.bus.start(end.id, {
        received: (message) => {
          heard.push(message[0] ?? 0);
          if (heard.length < 20) end.bus.send(bob.id, message);
        },
        changed: (up) => {
          isUp = up;
        },
      });
      await until("the third is up", () => isUp);
      for (let index = 0; index < 20; index += 1) ada.send(end, Uint8Array.of(index));
      await bob.hears(19);
      expect(bob.received.map((message) => message[0])).toEqual(Array.from({ length: 19 }, (_, index) => index));
    });

    it("counts what it took until it has handed it over", async () => {
      const [ada, bob] = await begin("ada", "bob");
      expect(ada.bus.queuedBytes).toBe(0);
      ada.send(bob, bytesOf(1, 10_000));
      expect(ada.bus.queuedBytes).toBeGreaterThanOrEqual(10_000);
      await bob.hears(1);
      await until("nothing is queued", () => ada.bus.queuedBytes === 0);
    });

    it("drops what is for a node that is not there, and others do not wait for that", async () => {
      const [ada, bob] = await begin("ada", "bob");
      const nobody = new Listener(`nobody-${tests}.boot`, ada.bus);
      for (let index = 0; index < 50; index += 1) {
        ada.send(nobody, bytesOf(index, 1_000));
        ada.send(bob, `message ${index}`);
      }
      await bob.hears(50);
      expect(bob.texts).toEqual(Array.from({ length: 50 }, (_, index) => `message ${index}`));
      await until("nothing is queued", () => ada.bus.queuedBytes === 0);
    });

    it("takes a message at any time: before it is up it may be dropped, nothing is thrown", async () => {
      const [bob] = await begin("bob");
      const ada = new Listener(`early-${tests}.boot`, await harness.open());
      nodes.push(ada);
      ada.start();
      ada.send(bob, "early");
      await until("it is up", () => ada.isUp);
      ada.send(bob, "later");
      await until("the later one arrives", () => bob.texts.includes("later"));
      expect(bob.texts.filter((text) => text !== "early")).toEqual(["later"]);
    });

    it("hands nothing over after its stop, and the others go on", async () => {
      const [ada, bob, cem] = await begin("ada", "bob", "cem");
      ada.send(bob, "before");
      await bob.hears(1);
      await bob.bus.stop();
      ada.send(bob, "after");
      bob.send(ada, "from the dead");
      ada.send(cem, "to cem");
      cem.send(ada, "to ada");
      await Promise.all([cem.hears(1), ada.hears(1)]);
      await until("nothing is queued", () => ada.bus.queuedBytes === 0);
      expect(bob.texts).toEqual(["before"]);
      expect(ada.texts).toEqual(["to ada"]);
    });

    it("stops at once what has only just started", async () => {
      const ada = new Listener("hasty.boot", await harness.open());
      ada.start();
      await ada.bus.stop();
      expect(ada.received).toEqual([]);
    });

    it("says that it is down when the carrier is silent, keeps no more than it may, and works again after it", async () => {
      const [ada, bob] = await begin("ada", "bob");
      await harness.silence(true);
      const large = bytesOf(1, 300_000);
      let isBounded = true;
      await until("both are down", () => {
        // A node that has something to say notices; one that only listens must notice, too.
        ada.send(bob, large);
        isBounded &&= ada.bus.queuedBytes <= BUS_QUEUE_BYTES_MAX;
        return !ada.isUp && !bob.isUp;
      });
      for (let index = 0; index < 300; index += 1) ada.send(bob, large);
      expect(isBounded && ada.bus.queuedBytes <= BUS_QUEUE_BYTES_MAX).toBe(true);
      await harness.silence(false);
      await until("both are up", () => ada.isUp && bob.isUp);
      // What was taken before may still come; what is sent now comes in any case.
      ada.send(bob, "again");
      bob.send(ada, "again");
      await until("messages arrive", () => bob.texts.includes("again") && ada.texts.includes("again"));
    });
  });
}
