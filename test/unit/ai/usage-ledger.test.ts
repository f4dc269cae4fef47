/** Budgets: reserved before, settled after, shared by nodes, new every day. */
import { beforeEach, expect, test } from "bun:test";
import {
  type Budgets,
  type Reservation,
  type Reserved,
  type Spender,
  UsageLedger,
} from "../../../src/ai/usage-ledger.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";
import { SmallWorld } from "../../support/small-shard.ts";

const TENANT = "acme" as TenantId;
const ANN: Spender = { tenant: TENANT, room: "room" as RoomId, user: "ann" as UserId };
const HOUR_MS = 3_600_000;
const NONE: Budgets = { user: 0, room: 0, tenant: 0, moderation: 0 };

let world: SmallWorld;

beforeEach(() => {
  world = new SmallWorld();
});

function ledger(budgets: Partial<Budgets>, seed = 1, clock = world.clock): UsageLedger {
  const projections = new MemoryProjections(world.store, world.soon);
  return new UsageLedger(projections, clock, new SeededRandom(seed), { ...NONE, ...budgets });
}

function reserve(from: UsageLedger, spender: Spender, tokens: number): Reserved {
  let answer: Reserved = "unavailable";
  from.reserve(spender, tokens, (reserved) => {
    answer = reserved;
  });
  world.run(1_000);
  return answer;
}

test("all of a budget may be reserved, and not one token more", () => {
  const all = ledger({ user: 100 });
  expect(reserve(all, ANN, 101)).toBe("exhausted");
  expect(reserve(all, ANN, 100)).toMatchObject({ tokens: 100 });
  expect(reserve(all, ANN, 1)).toBe("exhausted");
});

test("what was not spent is there again, and what was spent beyond is gone", () => {
  const all = ledger({ user: 100 });
  const first = reserve(all, ANN, 90) as Reservation;
  all.settle(first, 10);
  world.run();
  expect(reserve(all, ANN, 91)).toBe("exhausted");
  const second = reserve(all, ANN, 90) as Reservation;
  all.settle(second, 95);
  world.run();
  expect(reserve(all, ANN, 1)).toBe("exhausted");
});

test("a purse that is refused gives back what the others gave", () => {
  const all = ledger({ user: 100, tenant: 50 });
  expect(reserve(all, ANN, 60)).toBe("exhausted");
  expect(reserve(all, ANN, 50)).toMatchObject({ tokens: 50 });
});

test("nodes that reserve at once never give away more than there is", () => {
  const nodes = [1, 2, 3].map((seed) => ledger({ tenant: 1_000 }, seed));
  let given = 0;
  let answered = 0;
  for (let i = 0; i < 60; i += 1) {
    const spender = { tenant: TENANT, user: `user-${i}` as UserId };
    nodes[i % 3]?.reserve(spender, 100, (reserved) => {
      answered += 1;
      if (typeof reserved !== "string") given += 100;
    });
  }
  world.run(5_000);
  expect([answered, given]).toEqual([60, 1_000]);
});

test("the next day begins with full purses, and what is left of the day before changes nothing", () => {
  const all = ledger({ user: 100 });
  const late = reserve(all, ANN, 100) as Reservation;
  world.run(all.untilTomorrowMs + 1);
  expect(reserve(all, ANN, 100)).toMatchObject({ tokens: 100 });
  all.settle(late, 0);
  world.run();
  expect(reserve(all, ANN, 1)).toBe("exhausted");
});

test("a node whose clock is behind spends of the day that has begun for others, and gives nothing back to it", () => {
  const ahead = ledger({ user: 100 });
  const behind = ledger({ user: 100 }, 2, new VirtualClock(world.queue, world.clock.wallMs() - HOUR_MS));
  const late = reserve(behind, ANN, 100) as Reservation;
  world.run(ahead.untilTomorrowMs + 1);
  expect(reserve(ahead, ANN, 60)).toMatchObject({ tokens: 60 });
  expect(reserve(behind, ANN, 41)).toBe("exhausted");
  expect(reserve(behind, ANN, 40)).toMatchObject({ tokens: 40 });
  behind.settle(late, 0);
  world.run();
  expect(reserve(ahead, ANN, 1)).toBe("exhausted");
});

test("judging messages has a purse of its own", () => {
  const all = ledger({ user: 10, tenant: 10, moderation: 100 });
  expect(reserve(all, { tenant: TENANT, moderation: true }, 100)).toMatchObject({ tokens: 100 });
  expect(reserve(all, { tenant: TENANT, moderation: true }, 1)).toBe("exhausted");
  expect(reserve(all, ANN, 10)).toMatchObject({ tokens: 10 });
});
