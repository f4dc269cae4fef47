/** What is known of tenants and rooms for a while: read once, read again when it is old, forgotten when there is too much of it. */
import { expect, test } from "bun:test";
import type { Call, ReplyOf } from "../../../../src/actors/calls.ts";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import {
  NOTIFY_EAGER_MAX,
  NOTIFY_KNOWN_MS,
  NOTIFY_ROOMS_KNOWN_MAX,
  NOTIFY_TENANTS_KNOWN_MAX,
} from "../../../../src/base/limits.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import { EngineAsker } from "../../../../src/integrations/notify/engine-asker.ts";
import { TenantBook } from "../../../../src/integrations/notify/tenant-book.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import type { ListedDocument } from "../../../../src/storage/projections.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

const tenant = (i: number): TenantId => `t${i}` as TenantId;
const room = (i: number): RoomId => `r${i}` as RoomId;

function rig() {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 1_750_000_000_000);
  const documents: Record<string, readonly ListedDocument[]> = {};
  const state = { reads: 0, isAway: false };
  const engine = {
    call: async <C extends Call>(_by: unknown, call: C): Promise<Result<ReplyOf<C>, Rejection>> => {
      state.reads += 1;
      if (state.isAway) return err({ code: "unavailable" });
      if (call.kind !== "keep" || call.ask.do !== "documents") throw new Error(`not expected: ${call.kind}`);
      const { collection, after = "", limit } = call.ask as Extract<typeof call.ask, { do: "documents" }>;
      const page = (documents[collection] ?? []).filter(({ id }) => id > after).slice(0, limit);
      return ok({ documents: page } as unknown as ReplyOf<C>);
    },
  };
  const pass = (ms: number): void => {
    const until = queue.nowMs + ms;
    queue.after(ms, () => undefined);
    while (queue.runNext(until));
  };
  return { book: new TenantBook(new EngineAsker(engine), clock), documents, state, pass };
}

test("a tenant is read once, and again when it is old; what cannot be read is not believed to be empty", async () => {
  const { book, documents, state, pass } = rig();
  expect((await book.tenant(tenant(1)))?.notify).toEqual({ level: "mentions", withText: true });
  expect(state.reads).toBe(3);
  documents["tenant"] = [{ id: "notifications", version: 1, value: { level: "all", withText: false } }];
  pass(NOTIFY_KNOWN_MS - 1);
  expect((await book.tenant(tenant(1)))?.notify.level).toBe("mentions");
  expect(state.reads).toBe(3);
  pass(1);
  expect((await book.tenant(tenant(1)))?.notify).toEqual({ level: "all", withText: false });
  expect(state.reads).toBe(6);
  pass(NOTIFY_KNOWN_MS);
  state.isAway = true;
  expect(await book.tenant(tenant(1))).toBeUndefined();
  expect(await book.eagerIn(tenant(1), room(1))).toBeUndefined();
});

test("so many tenants and rooms are known, and with one more the oldest is read again", async () => {
  const { book, state } = rig();
  for (let i = 0; i < NOTIFY_TENANTS_KNOWN_MAX; i += 1) await book.tenant(tenant(i));
  let { reads } = state;
  await book.tenant(tenant(0));
  expect(state.reads).toBe(reads);
  await book.tenant(tenant(NOTIFY_TENANTS_KNOWN_MAX));
  await book.tenant(tenant(1));
  expect(state.reads).toBe(reads + 3);
  await book.tenant(tenant(0));
  expect(state.reads).toBe(reads + 6);
  for (let i = 0; i <= NOTIFY_ROOMS_KNOWN_MAX; i += 1) await book.eagerIn(tenant(0), room(i));
  ({ reads } = state);
  await book.eagerIn(tenant(0), room(1));
  expect(state.reads).toBe(reads);
  await book.eagerIn(tenant(0), room(0));
  expect(state.reads).toBe(reads + 1);
});

test("who wants everything is known page by page, so many and not one more; other scopes are not among them", async () => {
  const { book, documents } = rig();
  const users = Array.from({ length: NOTIFY_EAGER_MAX + 1 }, (_, i) => `u${String(i).padStart(6, "0")}`);
  const listed = (scope: string, names: readonly string[]): readonly ListedDocument[] =>
    names.map((name) => ({ id: `${scope}/${name}`, value: {}, version: 1 }));
  documents["notify_eager"] = [...listed("!", ["early"]), ...listed("*", users), ...listed("r1", ["ben"])];
  const known = await book.tenant(tenant(1));
  expect(known?.eager.size).toBe(NOTIFY_EAGER_MAX);
  expect(known?.eager.has("u000000" as UserId)).toBe(true);
  expect(known?.eager.has("early" as UserId)).toBe(false);
  expect(await book.eagerIn(tenant(1), room(1))).toEqual(["ben" as UserId]);
  expect(await book.eagerIn(tenant(1), "r" as RoomId)).toEqual([]);
});
