/** Sessions under random loss, repetition, delay and failing buses: what holds whatever happens. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { SeededRandom } from "../../../src/base/prng.ts";
import type { NodeId } from "../../../src/cluster/membership.ts";
import { type End, TwoPeers } from "./two-peers.ts";

setDefaultTimeout(60_000);

interface Faults {
  readonly lose: number;
  readonly repeat: number;
  /** Of all messages alike: they stay in order. */
  readonly latencyMs: number;
  /** At most, of each message by itself: they overtake one another. */
  readonly delayMs: number;
}
type Step =
  | { readonly kind: "send"; readonly from: 0 | 1; readonly messages: number; readonly flushes: boolean }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "faults"; readonly from: 0 | 1; readonly faults: Faults }
  /** Its bus is down for a moment in which it says something. */
  | { readonly kind: "blink"; readonly of: 0 | 1 }
  | { readonly kind: "bus"; readonly of: 0 | 1; readonly isUp: boolean }
  | { readonly kind: "view"; readonly of: 0 | 1; readonly hasOther: boolean };

const NO_FAULTS: Faults = { lose: 0, repeat: 0, latencyMs: 10, delayMs: 0 };
const one = fc.constantFrom<0 | 1>(0, 1);
const faults = fc.record({
  lose: fc.constantFrom(0, 0.05, 0.3, 1),
  repeat: fc.constantFrom(0, 0, 0.3),
  latencyMs: fc.constantFrom(0, 10, 10, 300),
  delayMs: fc.constantFrom(0, 0, 0, 15, 700, 4_000),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      from: one,
      messages: fc.integer({ min: 1, max: 4 }),
      flushes: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(0, 1, 5, 10, 15, 300, 1_100, 5_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("faults" as const), from: one, faults }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("blink" as const), of: one }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("bus" as const), of: one, isUp: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("view" as const), of: one, hasOther: fc.boolean() }) },
);

function run(steps: readonly Step[], seed: number, answers: boolean): TwoPeers {
  const two = TwoPeers.started();
  const ends = [two.ada, two.bob] as const;
  const random = new SeededRandom(seed);
  const present = new Map<NodeId, Faults>();
  two.cluster.carry = (from) => {
    const { lose, repeat, latencyMs, delayMs } = present.get(from) ?? NO_FAULTS;
    if (random.next() < lose) return [];
    const delays = [latencyMs + random.next() * delayMs];
    while (random.next() < repeat) delays.push(latencyMs + random.next() * delayMs);
    return delays;
  };
  let sent = 0;
  const send = (end: End, flushes: boolean) => {
    sent += 1;
    end.send(`${end.id} ${sent}`, flushes);
  };
  // As an edge does whose links begin anew: it says much, at once.
  if (answers) {
    for (const end of ends) {
      end.onBroken = () => {
        send(end, false);
        send(end, random.next() < 0.5);
      };
    }
  }
  for (const each of steps) {
    switch (each.kind) {
      case "send":
        for (let index = 0; index < each.messages; index += 1) send(ends[each.from], each.flushes);
        break;
      case "pass":
        two.pass(each.ms);
        break;
      case "faults":
        present.set(ends[each.from].id, each.faults);
        break;
      case "blink":
        two.cluster.setBusUp(ends[each.of].id, false);
        send(ends[each.of], true);
        two.cluster.setBusUp(ends[each.of].id, true);
        break;
      case "bus":
        two.cluster.setBusUp(ends[each.of].id, each.isUp);
        break;
      case "view":
        ends[each.of].sees(...(each.hasOther ? [two.ada.id, two.bob.id] : [ends[each.of].id]));
        break;
    }
  }
  present.clear();
  for (const end of ends) {
    two.cluster.setBusUp(end.id, true);
    end.sees(two.ada.id, two.bob.id);
  }
  return two;
}

/** Each received segment is the beginning of one sent segment, in their order, and no sent one is received twice. */
function checkDirection(from: End, to: End): void {
  const sent = from.segments("sent");
  let next = 0;
  for (const received of to.segments("received")) {
    if (received.length === 0) continue;
    const at = sent.findIndex((segment, index) => index >= next && segment.includes(received[0] ?? ""));
    expect(at).toBeGreaterThanOrEqual(next);
    expect(received).toEqual((sent[at] ?? []).slice(0, received.length));
    next = at + 1;
  }
}

describe("peers whose bus loses, repeats, delays and fails", () => {
  const cases = { numRuns: 400 };

  test("receive between two breaks what was sent between two breaks, once, in order and from its beginning", () => {
    const withoutViews = fc.array(
      step.filter((each) => each.kind !== "view"),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(withoutViews, fc.nat(), fc.boolean(), (steps, seed, answers) => {
        const two = run(steps, seed, answers);
        two.pass(20_000);
        checkDirection(two.ada, two.bob);
        checkDirection(two.bob, two.ada);
      }),
      cases,
    );
  });

  test("settle when the faults are over, with few breaks, and everything arrives from then on", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), fc.boolean(), (steps, seed, answers) => {
        const two = run(steps, seed, answers);
        const before = [two.ada.breaks, two.bob.breaks];
        two.pass(10_000);
        const settled = [two.ada.breaks, two.bob.breaks];
        expect(
          Math.max((settled[0] ?? 0) - (before[0] ?? 0), (settled[1] ?? 0) - (before[1] ?? 0)),
        ).toBeLessThanOrEqual(8);
        expect([two.ada.isReachable, two.bob.isReachable]).toEqual([true, true]);
        const from = [two.ada.received.length, two.bob.received.length] as const;
        for (let index = 0; index < 20; index += 1) {
          two.ada.send(`from ada ${index}`);
          two.bob.send(`from bob ${index}`);
          two.pass(index % 3 === 0 ? 400 : 0);
        }
        two.pass(5_000);
        expect(two.bob.received.slice(from[1])).toEqual(Array.from({ length: 20 }, (_, index) => `from ada ${index}`));
        expect(two.ada.received.slice(from[0])).toEqual(Array.from({ length: 20 }, (_, index) => `from bob ${index}`));
        expect([two.ada.breaks, two.bob.breaks]).toEqual(settled);
      }),
      cases,
    );
  });

  test("have sent and received the same since the last break when all is settled", () => {
    const withoutViews = fc.array(
      step.filter((each) => each.kind !== "view"),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(withoutViews, fc.nat(), fc.boolean(), (steps, seed, answers) => {
        const two = run(steps, seed, answers);
        two.ada.peers.flush();
        two.bob.peers.flush();
        two.pass(15_000);
        expect(two.bob.segments("received").at(-1)).toEqual(two.ada.segments("sent").at(-1));
        expect(two.ada.segments("received").at(-1)).toEqual(two.bob.segments("sent").at(-1));
      }),
      cases,
    );
  });
});
