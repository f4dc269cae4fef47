import { expect, test } from "bun:test";
import { changeDocument } from "../../../src/actors/change-document.ts";
import { SystemClock } from "../../../src/base/clock.ts";
import type { TenantId } from "../../../src/base/ids.ts";
import { DOCUMENT_ROUNDS_MAX } from "../../../src/base/limits.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import { ok, type Result } from "../../../src/base/result.ts";
import type { Rejection } from "../../../src/protocol/errors.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../../src/storage/memory/memory-store.ts";

const PLACE = { tenant: "acme" as TenantId, collection: "numbers", id: "one" };
type Projections = Pick<MemoryProjections, "readDocument" | "writeDocument">;
type Change = (value: object | undefined) => Result<object | null, Rejection>;

function change(projections: Projections, by: Change): Promise<Result<true, Rejection>> {
  const env = { projections, clock: new SystemClock(), random: new SeededRandom(1) };
  return new Promise((resolve) => changeDocument(env, PLACE, by, (run) => run, resolve));
}
const countUp: Change = (value) => ok({ count: ((value as { count: number } | undefined)?.count ?? 0) + 1 });

test("of many who change a document at once each is heard", async () => {
  const projections = new MemoryProjections(new MemoryStore());
  const random = new SeededRandom(7);
  const env = { projections, clock: new SystemClock(), random };
  const changed = await Promise.all(
    Array.from({ length: 60 }, () => {
      return new Promise<Result<true, Rejection>>((resolve) =>
        changeDocument(env, PLACE, countUp, (run) => run, resolve),
      );
    }),
  );
  expect(changed.filter((each) => !each.ok)).toEqual([]);
  let last: unknown;
  await change(projections, (value) => {
    last = value;
    return ok(value ?? null);
  });
  expect(last).toEqual({ count: 60 });
}, 20_000);

test("who meets another one each time gives up after so many rounds", async () => {
  const projections = new MemoryProjections(new MemoryStore());
  let writes = 0;
  const contested: Projections = {
    readDocument: projections.readDocument.bind(projections),
    writeDocument: (_tenant, _collection, _id, _value, _version, done) => {
      writes += 1;
      queueMicrotask(() => done({ ok: true, value: "conflict" }));
    },
  };
  expect(await change(contested, countUp)).toMatchObject({ ok: false, error: { code: "unavailable" } });
  expect(writes).toBe(DOCUMENT_ROUNDS_MAX);
}, 30_000);
