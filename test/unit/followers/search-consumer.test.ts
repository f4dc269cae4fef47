/** What the events of a log mean to the search index, and how they are written to it. */
import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import { SEARCH_WRITE_CHANGES } from "../../../src/base/limits.ts";
import type { LogEvent } from "../../../src/domain/room/events.ts";
import { changesOf, SearchConsumer } from "../../../src/followers/search-consumer.ts";
import { MemorySearchIndex } from "../../../src/storage/memory/memory-search-index.ts";
import type { IndexBatch } from "../../../src/storage/search-index.ts";
import { LOG, logOf } from "../../conformance/harness.ts";

const by = "ada" as UserId;
const at = { timestamp: 7, by };
const sent = (seq: number, rest: object = {}): LogEvent => {
  return { kind: "message_sent", seq, ...at, messageNo: seq, messageType: "text", content: `text ${seq}`, ...rest };
};

test("messages, edits, the end of an answer and deletions change it; everything else does not", () => {
  const poll = { question: "which?", options: ["this", "that"], choicesMax: 1, anonymous: false };
  expect(changesOf(sent(3, { as: "anon_1", poll }))).toEqual([
    {
      kind: "put",
      message: { seq: 3, at: 7, author: "anon_1" as UserId, type: "text", text: "text 3", extra: "which?\nthis\nthat" },
    },
  ]);
  const outcome = { state: "complete", attempt: 1 } as never;
  expect(
    [
      { kind: "message_edited", seq: 4, ...at, target: 3, content: "new" } as const,
      { kind: "answer_ended", seq: 5, ...at, target: 2, content: "an answer", outcome } as const,
      { kind: "answer_extended", seq: 6, ...at, target: 2, from: 0, text: "an" } as const,
      { kind: "message_deleted", seq: 7, ...at, target: 3 } as const,
      { kind: "reaction_changed", seq: 8, ...at, target: 3, emoji: "👍", added: true, count: 1 } as const,
    ].flatMap(changesOf),
  ).toEqual([
    { kind: "edit", seq: 3, by: 4, text: "new" },
    { kind: "edit", seq: 2, by: 5, text: "an answer" },
    { kind: "remove", seq: 3 },
  ]);
});

/** Notes what it is asked to write at once. */
class NotingIndex extends MemorySearchIndex {
  readonly writes: number[] = [];
  readonly forgotten: number[] = [];
  override write(...[batches, done]: Parameters<MemorySearchIndex["write"]>): void {
    this.writes.push(batches.reduce((sum: number, { changes }: IndexBatch) => sum + changes.length, 0));
    super.write(batches, done);
  }
  override forgetFront(...[log, upTo, done]: Parameters<MemorySearchIndex["forgetFront"]>): void {
    this.forgotten.push(upTo);
    super.forgetFront(log, upTo, done);
  }
}

test("runs of several logs are written together, but not more at once than searches can wait for", async () => {
  const index = new NotingIndex();
  const consumer = new SearchConsumer(index, queueMicrotask);
  const half = Array.from({ length: SEARCH_WRITE_CHANGES / 2 }, (_, i) => sent(i + 1));
  const outcomes: string[] = [];
  for (const room of ["a", "b", "c"]) {
    const run = { log: logOf(room), after: 0, events: half, to: half.length, atMs: 1 };
    consumer.deliver(run, (outcome) => outcomes.push(outcome));
  }
  consumer.flush();
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(outcomes).toEqual(["durable", "durable", "durable"]);
  expect(index.writes).toEqual([SEARCH_WRITE_CHANGES, SEARCH_WRITE_CHANGES / 2]);
});

test("of a room that was deleted nothing is kept, and that is durable before its end is", async () => {
  const index = new NotingIndex();
  const consumer = new SearchConsumer(index, queueMicrotask);
  const outcomes: string[] = [];
  const events: LogEvent[] = [sent(1), { kind: "room_deleted", seq: 2, ...at }];
  consumer.deliver({ log: LOG, after: 0, events, to: 2, atMs: 1 }, (outcome) => outcomes.push(outcome));
  consumer.flush();
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(outcomes).toEqual(["durable"]);
  expect(index.forgotten).toEqual([Number.MAX_SAFE_INTEGER]);
  expect(index.contents()).not.toContain("text 1");
});
