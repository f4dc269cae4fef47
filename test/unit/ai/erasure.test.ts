/** What the assistant keeps of a person is erased with them, under the names that it keeps it by. */
import { expect, test } from "bun:test";
import { DOCUMENT_ERASERS, eraseDocuments } from "../../../src/actors/tenant/document-erasers.ts";
import { CONTEXTS, ConversationMemory } from "../../../src/ai/conversation-memory.ts";
import { UsageLedger } from "../../../src/ai/usage-ledger.ts";
import { ASSISTANT_USAGE } from "../../../src/domain/assistant/usage.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { SmallWorld } from "../../support/small-shard.ts";

const TENANT = "acme" as TenantId;
const ROOM = "room" as RoomId;

test("conversations and budgets of one person, and of nobody else", () => {
  const world = new SmallWorld();
  const projections = new MemoryProjections(world.store, world.soon);
  const memory = new ConversationMemory(projections, world.clock, 60_000);
  const budgets = { user: 100, room: 100, tenant: 100, moderation: 0 };
  const ledger = new UsageLedger(projections, world.clock, new SeededRandom(1), budgets);
  for (const name of ["ann", "bob"]) {
    const user = name as UserId;
    const said = { question: { text: "q" }, answer: { text: "a" }, tokens: 1 };
    memory.remember({ tenant: TENANT, user, isPrivate: true }, said);
    memory.remember({ tenant: TENANT, room: ROOM, user, isPrivate: false }, said);
    ledger.reserve({ tenant: TENANT, room: ROOM, user }, 10, () => undefined);
    world.run();
  }
  for (const store of DOCUMENT_ERASERS.keys()) {
    const page = { tenant: TENANT, userId: "ann" as UserId, store };
    eraseDocuments(
      { projections },
      page,
      (run) => run,
      (erased) => expect(erased.ok).toBe(true),
    );
    world.run();
  }
  const left: string[] = [];
  for (const collection of [CONTEXTS, ASSISTANT_USAGE]) {
    projections.listDocuments(TENANT, collection, { limit: 10 }, (read) => {
      if (read.ok) left.push(...read.value.map(({ id }) => id));
    });
    world.run();
  }
  expect(left).toEqual(["bob/private/", "bob/room/room", "r/room", "t", "u/bob"]);
});
