/** The engine's own hand: what it asks again, how often, and as whom. */
import { expect, test } from "bun:test";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { ENGINE_USER, type Principal } from "../../../../src/domain/principal.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import { Keeper } from "../../../../src/edge/keeping/keeper.ts";
import type { Engine } from "../../../../src/edge/ports.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const TENANT = "acme" as TenantId;
const ROOM = "r" as RoomId;

/** An engine that answers as told, and a clock of which each pause is noted. */
function world(answer: (asked: number) => Result<object, Rejection>) {
  const clock = new VirtualClock(new EventQueue(), 1_000);
  const asked: Principal[] = [];
  const pauses: number[] = [];
  const call = (by: Principal) => {
    asked.push(by);
    return Promise.resolve(answer(asked.length));
  };
  const after = (ms: number, run: () => void) => {
    pauses.push(ms);
    queueMicrotask(run);
    return { cancel: () => undefined };
  };
  const keeper = new Keeper({ call } as unknown as Engine, {
    after,
    wallMs: () => clock.wallMs(),
    monotonicMs: () => 0,
  });
  return { keeper, asked, pauses };
}

test("what can't be done now is asked again after pauses that grow, or as long as is said, and within a bound", async () => {
  const said = [{}, {}, { retryAfterMs: 700 }, { retryAfterMs: 9_000 }];
  const { keeper, asked, pauses } = world((times) =>
    times > said.length ? ok({}) : err({ code: "unavailable", ...said[times - 1] }),
  );
  expect((await keeper.room(TENANT, ROOM, { do: "info" } as never)).ok).toBe(true);
  expect([asked.length, pauses]).toEqual([5, [100, 200, 700, 2_000]]);
});

test("it gives up after thirty times, and at once where asking again is no use", async () => {
  const away = world(() => err({ code: "unavailable" }));
  expect(await away.keeper.room(TENANT, ROOM, { do: "info" } as never)).toEqual(err({ code: "unavailable" }));
  expect(away.asked.length).toBe(30);
  const none = world(() => err({ code: "room_not_found" }));
  expect((await none.keeper.room(TENANT, ROOM, { do: "info" } as never)).ok).toBe(false);
  expect([none.asked.length, none.pauses]).toEqual([1, []]);
});

test("it asks as the engine itself, of its own actor or of a person's", async () => {
  const { keeper, asked } = world(() => ok({}));
  await keeper.user(TENANT, { do: "info" } as never);
  await keeper.user(TENANT, { do: "info" } as never, "ann" as UserId);
  expect(asked).toMatchObject([
    { tenant: TENANT, userId: ENGINE_USER, role: "system" },
    { tenant: TENANT, userId: "ann", role: "system" },
  ]);
});
