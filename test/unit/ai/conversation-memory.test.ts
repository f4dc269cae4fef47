/** What is remembered of conversations: so many turns, for a while, apart for rooms and in private. */
import { beforeEach, expect, test } from "bun:test";
import { type Conversation, ConversationMemory, CONTEXTS } from "../../../src/ai/conversation-memory.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { AI_REMEMBERED_LENGTH_MAX, AI_REMEMBERED_TURNS_MAX } from "../../../src/base/limits.ts";
import type { RememberedTurn } from "../../../src/domain/assistant/port.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { SmallWorld } from "../../support/small-shard.ts";

const TENANT = "acme" as TenantId;
const TTL_MS = 60_000;
const ANN: Conversation = { tenant: TENANT, room: "room" as RoomId, user: "ann" as UserId, isPrivate: false };

let world: SmallWorld;
let projections: MemoryProjections;
let memory: ConversationMemory;

beforeEach(() => {
  world = new SmallWorld();
  projections = new MemoryProjections(world.store, world.soon);
  memory = new ConversationMemory(projections, world.clock, TTL_MS);
});

function remember(conversation: Conversation, seq: number, text = "text"): void {
  const place = conversation.isPrivate ? {} : { seq };
  memory.remember(conversation, {
    question: { ...place, text },
    answer: { ...(conversation.isPrivate ? {} : { seq: seq + 1 }), text: "answer" },
    tokens: 10,
  });
  world.run();
}

function recall(conversation: Conversation): readonly RememberedTurn[] {
  let found: readonly RememberedTurn[] = [];
  memory.recall(conversation, (turns) => {
    found = turns;
  });
  world.run();
  return found;
}

test("places of a room's messages, not their words", () => {
  remember(ANN, 5);
  expect(recall(ANN).map(({ role, seq, content }) => [role, seq, content])).toEqual([
    ["user", 5, undefined],
    ["assistant", 6, undefined],
  ]);
});

test("the last turns, as many as are kept", () => {
  for (let seq = 1; seq <= 2 * AI_REMEMBERED_TURNS_MAX; seq += 2) remember(ANN, seq);
  const turns = recall(ANN);
  expect(turns).toHaveLength(AI_REMEMBERED_TURNS_MAX);
  expect(turns.at(-1)?.seq).toBe(2 * AI_REMEMBERED_TURNS_MAX);
});

test("private words are cut, and are no part of what is said in the room", () => {
  const secret = { ...ANN, isPrivate: true };
  remember(secret, 0, "x".repeat(AI_REMEMBERED_LENGTH_MAX + 1));
  expect(recall(ANN)).toEqual([]);
  expect(recall(secret)[0]?.content).toHaveLength(AI_REMEMBERED_LENGTH_MAX);
});

test("until its time is over; then it is removed when others are written", () => {
  remember(ANN, 1);
  world.run(TTL_MS);
  expect(recall(ANN)).toEqual([]);
  remember({ ...ANN, user: "bob" as UserId }, 3);
  let left: readonly string[] = [];
  projections.listDocuments(TENANT, CONTEXTS, { limit: 10 }, (read) => {
    left = read.ok ? read.value.map(({ id }) => id) : [];
  });
  world.run();
  expect(left).toEqual(["bob/room/room"]);
});
