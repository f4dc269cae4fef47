/** One shard on the memory store, when the store does not answer and when a log in it cannot be read. */
import { afterEach, expect, test } from "bun:test";
import { readToEdge, ToShardWriter } from "../../../src/actors/link.ts";
import { Shard } from "../../../src/actors/shard.ts";
import { SystemClock } from "../../../src/base/clock.ts";
import type { ConnectionId, RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { ROOM_QUEUE_EVENTS_MAX } from "../../../src/base/limits.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import { CODECS } from "../../../src/protocol/codec.ts";
import { createCodecs } from "../../../src/protocol/codecs.ts";
import { MemoryJournal } from "../../../src/storage/memory/memory-journal.ts";
import { MemoryProjections } from "../../../src/storage/memory/memory-projections.ts";
import { MemoryStore } from "../../../src/storage/memory/memory-store.ts";

interface Answer {
  readonly type: string;
  readonly ref?: string;
  readonly code?: string;
  readonly temporary?: boolean;
}

const TENANT = "acme" as TenantId;
const CONNECTION = 1;

/** A shard with one connection, driven step by step. */
class Bench {
  readonly store = new MemoryStore();
  readonly answers: Answer[] = [];
  readonly reports: string[] = [];
  /** The store answers nothing. */
  stalled = false;
  readonly #writer = new ToShardWriter();
  readonly #shard: Shard;
  #due: (() => void)[] = [];
  #storeSteps: (() => void)[] = [];
  #frames = 0;

  constructor() {
    const schedule = (run: () => void): void => void this.#storeSteps.push(run);
    const ignore = (): undefined => undefined;
    this.#shard = new Shard({
      clock: new SystemClock(),
      random: new SeededRandom(1),
      journal: new MemoryJournal(this.store, schedule),
      projections: new MemoryProjections(this.store, schedule),
      codecs: createCodecs(),
      settings: {
        node: "test",
        messageLengthMax: 5_000,
        typingTimeoutMs: 3_000,
        typingTimeoutSnakeMs: 10_000,
        presenceGraceMs: 5_000,
        heartbeatMs: 30_000,
      },
      defer: (run) => void this.#due.push(run),
      send: (block) =>
        readToEdge(block, {
          progress: ignore,
          send: (_, __, data) => void this.answers.push(JSON.parse(Buffer.from(data).toString()) as Answer),
          publish: ignore,
          subscribe: ignore,
          unsubscribe: ignore,
          close: ignore,
          reply: ignore,
          person: ignore,
          actor: ignore,
          heads: ignore,
          openTopic: ignore,
          closeTopic: ignore,
          trace: ignore,
          done: ignore,
          relay: ignore,
        }),
      report: (event) => void this.reports.push(event),
      working: ignore,
      shard: 0,
      shards: 1,
    });
    this.#writer.open(CONNECTION, {
      connectionId: "test:1" as ConnectionId,
      principal: { tenant: TENANT, userId: "ann" as UserId, role: "user" },
      codec: CODECS.json,
      home: true,
      greeted: true,
    });
  }

  /** Takes effect with the next `run`. */
  ask(frame: Readonly<Record<string, unknown>>): void {
    this.#frames += 1;
    this.#writer.frame(CONNECTION, this.#frames, undefined, JSON.stringify(frame));
  }

  say(ref: string, roomId: string): void {
    this.ask({ type: "send_message", ref, roomId, content: "x" });
  }

  /** Until nothing is left to do. */
  run(): void {
    if (!this.#writer.isEmpty) this.#shard.receive(this.#writer.take());
    for (;;) {
      const steps = this.stalled ? this.#due : [...this.#due, ...this.#storeSteps];
      if (steps.length === 0) return;
      this.#due = [];
      if (!this.stalled) this.#storeSteps = [];
      for (const step of steps) step();
    }
  }

  /** Answers that have come since the last look. */
  take(): readonly Answer[] {
    return this.answers.splice(0);
  }

  stop(): void {
    this.#shard.stop();
  }
}

let bench = new Bench();
afterEach(() => {
  bench.stop();
  bench = new Bench();
});

test("while the store does not answer, requests wait up to the bound; one past it is overloaded; then all are acked", () => {
  bench.ask({ type: "create_room", ref: "made", roomId: "room", name: "Room" });
  bench.run();
  expect(bench.take().map(({ type, ref }) => [type, ref])).toEqual([["ack", "made"]]);

  bench.stalled = true;
  bench.say("under way", "room");
  bench.run();
  for (let i = 0; i < ROOM_QUEUE_EVENTS_MAX; i += 1) bench.say(`waiting ${i}`, "room");
  bench.run();
  // Nothing is acked before it is durable, and nothing that waits is lost.
  expect(bench.take()).toEqual([]);
  bench.say("one past", "room");
  bench.run();
  expect(bench.take()).toMatchObject([{ type: "error", ref: "one past", code: "overloaded", temporary: true }]);

  bench.stalled = false;
  bench.run();
  const acked = bench.take();
  expect(acked.filter(({ type }) => type !== "ack")).toEqual([]);
  expect(acked.map(({ ref }) => ref)).toEqual([
    "under way",
    ...Array.from({ length: ROOM_QUEUE_EVENTS_MAX }, (_, i) => `waiting ${i}`),
  ]);
  bench.say("again", "room");
  bench.run();
  expect(bench.take()).toMatchObject([{ type: "ack", ref: "again" }]);
});

test("a room whose log cannot be replayed is set aside with a report, and the others live", () => {
  const key = { tenant: TENANT, room: "broken" as RoomId, incarnation: 1 };
  bench.store.logToWrite(key).segments.push({
    firstSeq: 1,
    lastSeq: 1,
    epoch: 1,
    owner: "test",
    batchId: "b",
    messageCount: 1,
    timestamp: 1,
    // An array whose version nobody has written.
    entries: Uint8Array.of(0x91, 0x7f),
  });
  bench.ask({ type: "join_room", ref: "broken", roomId: "broken" });
  bench.ask({ type: "create_room", ref: "sound", roomId: "sound", name: "Sound" });
  bench.run();
  bench.say("to the broken one", "broken");
  bench.say("to the sound one", "sound");
  bench.run();
  const answers = new Map(bench.take().map((answer) => [answer.ref, answer]));
  expect(answers.get("broken")).toMatchObject({ type: "error", code: "room_quarantined", temporary: false });
  expect(answers.get("to the broken one")).toMatchObject({ type: "error", code: "room_quarantined" });
  expect(answers.get("sound")).toMatchObject({ type: "ack" });
  expect(answers.get("to the sound one")).toMatchObject({ type: "ack" });
  expect(bench.reports).toEqual(["room_quarantined"]);
});
