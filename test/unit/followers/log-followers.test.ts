/** The mechanism under search, webhooks and whatever else follows the logs: order, at least once, bounds, what is lost and found. */
import { describe, expect, test } from "bun:test";
import { encodeEntries } from "../../../src/actors/log-codec.ts";
import type { UserId } from "../../../src/base/ids.ts";
import {
  FOLLOW_CLEAN_MS,
  FOLLOW_LOGS_AT_ONCE,
  FOLLOW_REOPEN_MS,
  FOLLOW_RUN_EVENTS_MAX,
} from "../../../src/base/limits.ts";
import type { LogEvent } from "../../../src/domain/room/events.ts";
import { BehindLogs } from "../../../src/followers/behind-logs.ts";
import type { Delivered, Forgotten, LogConsumer, LogRun, Pace } from "../../../src/followers/log-consumer.ts";
import { LogFollowers } from "../../../src/followers/log-followers.ts";
import { nameOfLog } from "../../../src/storage/follow-store.ts";
import type { LogKey, Segment } from "../../../src/storage/journal.ts";
import { MemoryFollowStore } from "../../../src/storage/memory/memory-follow-store.ts";
import { MemoryJournal } from "../../../src/storage/memory/memory-journal.ts";
import { MemoryStore } from "../../../src/storage/memory/memory-store.ts";
import { appendNow, ask, logOf } from "../../conformance/harness.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";

const A = logOf("room-a");
const B = logOf("room-b");

function message(seq: number): LogEvent {
  const common = { seq, timestamp: 1_000 + seq, by: "ada" as UserId };
  return { kind: "message_sent", ...common, messageNo: seq, messageType: "text", content: `message ${seq}` };
}

function segmentOf(from: number, to: number): Segment {
  const events = Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
  const about = { epoch: 1, owner: "n", batchId: `b${from}`, messageCount: to, timestamp: 1_000 + to };
  return { firstSeq: from, lastSeq: to, ...about, entries: encodeEntries(events) };
}

/** Notes what it is given, and answers as it is told. */
class Noting implements LogConsumer {
  readonly name: string;
  pace?: Pace;
  readonly seen = new Map<string, number[]>();
  readonly runs: LogRun[] = [];
  readonly forgotten: string[] = [];
  answer: (run: LogRun) => Delivered | "never" = () => "durable";
  waiting: (() => void)[] = [];

  constructor(name = "noting") {
    this.name = name;
  }

  deliver(run: LogRun, done: (outcome: Delivered) => void): void {
    const outcome = this.answer(run);
    this.runs.push(run);
    if (outcome === "never") return void this.waiting.push(() => done("durable"));
    if (outcome === "durable") this.seqsOf(run.log).push(...run.events.map(({ seq }) => seq));
    queueMicrotask(() => done(outcome));
  }

  forget(log: LogKey, { what }: Forgotten, done: (outcome: Delivered) => void): void {
    this.forgotten.push(`${log.room} ${what}`);
    done("durable");
  }

  seqsOf(log: LogKey): number[] {
    const name = nameOfLog(log);
    const seqs = this.seen.get(name) ?? [];
    this.seen.set(name, seqs);
    return seqs;
  }
}

class Rig {
  readonly memory = new MemoryStore();
  readonly journal = new MemoryJournal(this.memory);
  readonly store = new MemoryFollowStore(this.memory);
  readonly queue = new EventQueue();
  readonly clock = new VirtualClock(this.queue, 1_750_000_000_000);
  readonly reports: string[] = [];

  followers(...consumers: readonly LogConsumer[]): LogFollowers {
    const { journal, store, clock } = this;
    const report = (event: string): void => void this.reports.push(event);
    const followers = new LogFollowers({ consumers, journal, store, clock, report, isMine: () => true });
    followers.start();
    return followers;
  }

  append(log: LogKey, from: number, to: number): Promise<unknown> {
    return appendNow(this.journal, log, segmentOf(from, to));
  }

  /** Everything that can happen without time passing. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async run(ms: number): Promise<void> {
    const until = this.queue.nowMs + ms;
    do await this.settle();
    while (this.queue.runNext(until));
  }

  async position(log: LogKey, consumer = "noting"): Promise<number> {
    const [seq = -1] = await ask<readonly number[]>((done) => this.store.positions(consumer, [log], done));
    return seq;
  }
}

const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, i) => from + i);

describe("followers of the logs", () => {
  test("deliver every event of each log once and in order, in runs of a bounded size", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    for (let first = 1; first <= 901; first += 100) await rig.append(A, first, first + 99);
    await rig.append(B, 1, 3);
    followers.wrote(A, 1_000);
    followers.wrote(B, 3);
    await rig.settle();
    expect(consumer.seqsOf(A)).toEqual(upTo(1_000));
    expect(consumer.seqsOf(B)).toEqual([1, 2, 3]);
    // A run is cut after the segment that fills it.
    expect(Math.max(...consumer.runs.map(({ events }) => events.length))).toBeLessThan(FOLLOW_RUN_EVENTS_MAX + 100);
    expect(await rig.position(A)).toBe(1_000);
    await rig.append(A, 1_001, 1_002);
    followers.wrote(A, 1_002);
    await rig.settle();
    expect(consumer.seqsOf(A)).toEqual(upTo(1_002));
    expect(consumer.runs.at(-1)).toMatchObject({ after: 1_000, to: 1_002 });
    expect(followers.lags()).toEqual({ noting: { logs: 0, events: 0, ms: 0 } });
  });

  test("a consumer that skims learns how far a log reaches, at once, with the events of the newest segment", async () => {
    const rig = new Rig();
    const consumer = Object.assign(new Noting(), { skims: true as const });
    const followers = rig.followers(consumer);
    for (let first = 1; first <= 901; first += 100) await rig.append(A, first, first + 99);
    followers.wrote(A, 1_000);
    await rig.settle();
    expect(consumer.runs).toMatchObject([{ after: 0, to: 1_000 }]);
    expect(consumer.seqsOf(A)).toEqual(upTo(1_000, 901));
    await rig.append(A, 1_001, 1_002);
    await rig.append(A, 1_003, 1_003);
    followers.wrote(A, 1_003);
    await rig.settle();
    expect(consumer.runs.slice(1)).toMatchObject([{ after: 1_000, to: 1_003, events: [{ seq: 1_003 }] }]);
    expect(await rig.position(A)).toBe(1_003);
  });

  test("what a consumer does not follow is not brought to it, and is found as soon as it follows it", async () => {
    const rig = new Rig();
    const rooms = new Set<string>([B.room]);
    const consumer = Object.assign(new Noting("choosy"), { follows: ({ room }: LogKey) => rooms.has(room) });
    const followers = rig.followers(consumer, new Noting("all"));
    await rig.append(A, 1, 5);
    await rig.append(B, 1, 2);
    followers.wrote(A, 5);
    followers.wrote(B, 2);
    followers.sweep();
    await rig.settle();
    expect([consumer.seqsOf(A), consumer.seqsOf(B)]).toEqual([[], [1, 2]]);
    expect(await rig.position(A, "all")).toBe(5);
    rooms.add(A.room);
    followers.lookThrough();
    await rig.settle();
    expect(consumer.seqsOf(A)).toEqual(upTo(5));
    expect(followers.lags()["choosy"]).toEqual({ logs: 0, events: 0, ms: 0 });
  });

  test("a position never passes what its consumer has not called durable, and each consumer has its own", async () => {
    const rig = new Rig();
    const [slow, quick] = [new Noting("slow"), new Noting("quick")];
    slow.answer = () => "never";
    const followers = rig.followers(slow, quick);
    await rig.append(A, 1, 5);
    followers.wrote(A, 5);
    await rig.run(3_000);
    expect([await rig.position(A, "slow"), await rig.position(A, "quick")]).toEqual([0, 5]);
    expect(followers.lags()).toMatchObject({ slow: { logs: 1, events: 5, ms: 3_000 }, quick: { logs: 0 } });
    for (const answer of slow.waiting) answer();
    await rig.settle();
    expect(await rig.position(A, "slow")).toBe(5);
  });

  test("what a consumer cannot take comes again later, and other logs do not wait for it", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    let isAway = true;
    consumer.answer = ({ log }) => (log.room === A.room && isAway ? "later" : "durable");
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 2);
    await rig.append(B, 1, 2);
    followers.wrote(A, 2);
    followers.wrote(B, 2);
    await rig.run(1_000);
    expect(consumer.seqsOf(B)).toEqual([1, 2]);
    expect(consumer.seqsOf(A)).toEqual([]);
    const attempts = consumer.runs.length;
    expect(attempts).toBeLessThan(8);
    isAway = false;
    await rig.run(30_000);
    expect(consumer.seqsOf(A)).toEqual([1, 2]);
  });

  test("after a crash a sweep finds what nobody tells of, and goes on where the consumer stood", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const first = rig.followers(consumer);
    await rig.append(A, 1, 4);
    first.wrote(A, 4);
    await rig.settle();
    first.stop();
    await rig.append(A, 5, 6);
    for (let i = 0; i < 1_200; i += 1) await rig.append(logOf(`quiet-${i}`), 1, 1);
    const second = rig.followers(consumer);
    second.sweep();
    await rig.run(60_000);
    expect(consumer.seqsOf(A)).toEqual(upTo(6));
    expect(consumer.seen.size).toBe(1_201);
    expect(second.lags()).toEqual({ noting: { logs: 0, events: 0, ms: 0 } });
  });

  test("what something else than a shard wrote, as an import does, is found after a while", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 2);
    followers.wrote(A, 2);
    await rig.settle();
    await rig.append(B, 1, 2);
    await rig.append(A, 3, 3);
    const heads = rig.store.openLogs.bind(rig.store);
    rig.store.openLogs = (after, limit, done) =>
      heads(after, limit, (read) => {
        // As on DynamoDB, where a list of logs knows no heads.
        if (!read.ok) return done(read);
        done({ ok: true, value: { ...read.value, logs: read.value.logs.map((log) => ({ ...log, head: undefined })) } });
      });
    await rig.run(FOLLOW_CLEAN_MS + 2_000);
    expect(consumer.seqsOf(B)).toEqual([1, 2]);
    // What is followed here is hinted at by who writes it.
    expect(consumer.seqsOf(A)).toEqual([1, 2]);
    followers.sweep();
    await rig.settle();
    expect(consumer.seqsOf(A)).toEqual([1, 2, 3]);
  });

  test("a log without its front is followed from where it begins", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 3);
    followers.wrote(A, 3);
    await rig.settle();
    for (const [from, to] of [
      [4, 6],
      [7, 9],
    ] as const)
      await rig.append(A, from, to);
    rig.memory.log(A)?.segments.splice(0, 2);
    followers.wrote(A, 9);
    await rig.settle();
    expect(consumer.runs.at(-1)).toMatchObject({ after: 3, to: 9 });
    expect(consumer.seqsOf(A)).toEqual([1, 2, 3, 7, 8, 9]);
    expect(await rig.position(A)).toBe(9);
  });

  test("a store that was put back to an older state is followed from the start", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    await rig.append(A, 1, 3);
    await ask<string>((done) => rig.store.move("noting", A, 0, 50, done));
    const followers = rig.followers(consumer);
    followers.sweep();
    await rig.settle();
    expect(consumer.seqsOf(A)).toEqual([1, 2, 3]);
    expect(await rig.position(A)).toBe(3);
  });

  test("a log that goes on while a sweep looks at it is not taken for an older one", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 3);
    followers.wrote(A, 3);
    await rig.settle();
    const heads = rig.store.openLogs.bind(rig.store);
    rig.store.openLogs = (after, limit, done) =>
      heads(after, limit, (read) => {
        void rig.append(A, 4, 6).then(() => followers.wrote(A, 6));
        setImmediate(() => setImmediate(() => done(read)));
      });
    followers.sweep();
    await rig.settle();
    expect(consumer.seqsOf(A)).toEqual(upTo(6));
  });

  test("one that is put back is followed from the start also when the store did not answer at first", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    await rig.append(A, 1, 3);
    await ask<string>((done) => rig.store.move("noting", A, 0, 50, done));
    const followers = rig.followers(consumer);
    const [range, move] = [rig.journal.readRange.bind(rig.journal), rig.store.move.bind(rig.store)];
    const unanswered = { ok: false, error: "unavailable" } as const;
    rig.journal.readRange = (_log, _range, done) => {
      rig.journal.readRange = range;
      done(unanswered);
    };
    rig.store.move = (_consumer, _log, _from, _to, done) => {
      rig.store.move = move;
      done(unanswered);
    };
    followers.sweep();
    await rig.run(60_000);
    expect(consumer.seqsOf(A)).toEqual([1, 2, 3]);
    expect(await rig.position(A)).toBe(3);
  });

  test("what a sweep finds while a log is read, up to what was told of it, is looked for afterwards", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    const heads = rig.store.openLogs.bind(rig.store);
    // As over DynamoDB, which has a list of logs and not how far they reach.
    rig.store.openLogs = (after, limit, done) =>
      heads(after, limit, (read) => {
        if (!read.ok) return done(read);
        const logs = read.value.logs.map((known) => ({ ...known, head: undefined }));
        done({ ok: true, value: { ...read.value, logs } });
      });
    await rig.append(A, 1, 3);
    consumer.answer = () => "never";
    followers.wrote(A, 3);
    await rig.settle();
    // Another node wrote this, and died before it told anybody.
    await rig.append(A, 4, 6);
    followers.sweep();
    await rig.settle();
    consumer.answer = () => "durable";
    for (const take of consumer.waiting) take();
    await rig.settle();
    expect(consumer.runs.map(({ after, to }) => [after, to])).toEqual([
      [0, 3],
      [3, 6],
    ]);
  });

  test("a log that seems to end before what was told of it is looked at again", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 3);
    followers.wrote(A, 3);
    await rig.settle();
    await rig.append(A, 4, 4);
    await rig.append(A, 5, 6);
    const range = rig.journal.readRange.bind(rig.journal);
    rig.journal.readRange = (log, asked, done) => {
      rig.journal.readRange = range;
      range(log, { ...asked, to: 4 }, done);
    };
    followers.wrote(A, 6);
    await rig.settle();
    expect(consumer.seqsOf(A)).not.toContain(6);
    await rig.run(1_000);
    expect(consumer.seqsOf(A)).toEqual(upTo(6));
    expect(rig.reports).toEqual([]);
  });

  test("one that goes on ending there is reported and believed, and what is written later comes", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 3);
    followers.wrote(A, 9);
    await rig.run(60_000);
    expect(consumer.seqsOf(A)).toEqual([1, 2, 3]);
    expect([rig.reports, followers.lags()["noting"]?.logs]).toEqual([["follower_waits"], 0]);
    await rig.append(A, 4, 12);
    followers.wrote(A, 12);
    await rig.settle();
    expect(consumer.seqsOf(A)).toEqual(upTo(12));
  });

  test("one that was deleted before it was followed is nobody's lag", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    consumer.answer = () => "later";
    await rig.append(A, 1, 3);
    followers.wrote(A, 3);
    await rig.settle();
    const range = rig.journal.readRange.bind(rig.journal);
    rig.journal.readRange = (log, asked, done) => range({ ...log, incarnation: 7 }, asked, done);
    followers.forget(A, { what: "log" }, () => undefined);
    await rig.run(2_000);
    expect([rig.reports, followers.lags()["noting"]?.logs]).toEqual([[], 0]);
  });

  test("two nodes that follow one log lose nothing between them", async () => {
    const rig = new Rig();
    const [one, two] = [new Noting(), new Noting()];
    const [here, there] = [rig.followers(one), rig.followers(two)];
    for (let first = 1; first < 2_000; first += 200) {
      await rig.append(A, first, first + 199);
      here.wrote(A, first + 199);
      there.wrote(A, first + 199);
    }
    await rig.run(5_000);
    const both = new Set([...one.seqsOf(A), ...two.seqsOf(A)]);
    expect([...both].toSorted((a, b) => a - b)).toEqual(upTo(2_000));
    expect(await rig.position(A)).toBe(2_000);
    for (const consumer of [one, two]) {
      // Each of them in order: some of it twice, and what only the other one did is left out.
      const first = [...new Set(consumer.seqsOf(A))];
      expect(first).toEqual(first.toSorted((a, b) => a - b));
    }
  });

  test("an order to forget waits for the run that was read before, and the next run waits for it", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    consumer.answer = () => "never";
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 2);
    followers.wrote(A, 2);
    await rig.settle();
    const outcomes: string[] = [];
    followers.forget(A, { what: "seqs", seqs: [1] }, (outcome) => outcomes.push(outcome));
    followers.forget(B, { what: "log" }, (outcome) => outcomes.push(outcome));
    await rig.settle();
    expect(consumer.forgotten).toEqual(["room-b log"]);
    consumer.answer = () => "durable";
    for (const answer of consumer.waiting) answer();
    await rig.settle();
    expect(consumer.forgotten).toEqual(["room-b log", "room-a seqs"]);
    expect(outcomes).toEqual(["durable", "durable"]);
    await rig.append(A, 3, 3);
    followers.wrote(A, 3);
    await rig.settle();
    expect(await rig.position(A)).toBe(3);
  });

  test("a bounded number of logs is followed at once, and the rest when one of them is done", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    consumer.answer = () => "never";
    const followers = rig.followers(consumer);
    const logs = Array.from({ length: FOLLOW_LOGS_AT_ONCE + 1 }, (_, i) => logOf(`room-${i}`));
    for (const log of logs) await rig.append(log, 1, 1);
    for (const log of logs) followers.wrote(log, 1);
    await rig.settle();
    expect(consumer.runs).toHaveLength(FOLLOW_LOGS_AT_ONCE);
    consumer.waiting[0]?.();
    await rig.settle();
    expect(consumer.runs).toHaveLength(FOLLOW_LOGS_AT_ONCE + 1);
  });

  test("a log is closed when it was opened long ago and every consumer has read it to its end, not before", async () => {
    const rig = new Rig();
    const [done, late] = [new Noting("done"), new Noting("late")];
    late.answer = () => "later";
    await rig.append(A, 1, 1);
    const openedAt = rig.clock.wallMs();
    const closed: string[] = [];
    rig.store.openLogs = (_after, _limit, answer) => {
      answer({ ok: true, value: { logs: [{ log: A, head: undefined, openedAt }], next: undefined } });
    };
    rig.store.closeLog = ({ log }, answer) => {
      closed.push(log.room);
      answer({ ok: true, value: true });
    };
    const followers = rig.followers(done, late);
    followers.sweep();
    await rig.run(2 * FOLLOW_REOPEN_MS - 1_000);
    expect(closed).toEqual([]);
    await rig.run(2 * FOLLOW_CLEAN_MS);
    expect([done.seqsOf(A), closed]).toEqual([[1], []]);
    late.answer = () => "durable";
    await rig.run(2 * FOLLOW_CLEAN_MS);
    expect(late.seqsOf(A)).toEqual([1]);
    expect(closed).toContain("room-a");
  });

  test("a log that cannot be read is reported, and holds up no other", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    await appendNow(rig.journal, A, { ...segmentOf(1, 1), entries: Uint8Array.of(0x91, 0x7f) });
    await rig.append(B, 1, 1);
    followers.wrote(A, 1);
    followers.wrote(B, 1);
    await rig.run(2_000);
    expect(consumer.seqsOf(B)).toEqual([1]);
    expect(rig.reports).toEqual(["log_not_followed"]);
    expect(followers.lags()["noting"]).toEqual({ logs: 0, events: 0, ms: 0, unreadable: 1 });
  });

  test("what stands before it is delivered, and the rest when it can be read again, in order and once", async () => {
    const rig = new Rig();
    const consumer = new Noting();
    const followers = rig.followers(consumer);
    await rig.append(A, 1, 2);
    await appendNow(rig.journal, A, segmentOf(3, 4));
    const whole = rig.journal.readRange.bind(rig.journal);
    rig.journal.readRange = (log, range, done) =>
      whole(log, range, (read) => {
        if (!read.ok) return done(read);
        const broken = (one: Segment) => (one.firstSeq === 3 ? { ...one, entries: Uint8Array.of(0x91, 0x7f) } : one);
        done({ ok: true, value: read.value.map(broken) });
      });
    followers.wrote(A, 4);
    await rig.run(1_000);
    expect([consumer.seqsOf(A), followers.lags()["noting"]?.unreadable]).toEqual([[1, 2], 1]);
    rig.journal.readRange = whole;
    await rig.run(60_000);
    expect(consumer.seqsOf(A)).toEqual([1, 2, 3, 4]);
    expect(followers.lags()["noting"]).toEqual({ logs: 0, events: 0, ms: 0 });
    expect(rig.reports).toEqual(["log_not_followed"]);
  });

  test("one that skims is told how far it reaches, and when that was", async () => {
    const rig = new Rig();
    const consumer = Object.assign(new Noting(), { skims: true as const });
    const followers = rig.followers(consumer);
    await appendNow(rig.journal, A, { ...segmentOf(1, 3), entries: Uint8Array.of(0x91, 0x7f) });
    followers.wrote(A, 3);
    await rig.run(2_000);
    expect(consumer.runs).toEqual([{ log: A, after: 0, events: [], to: 3, atMs: 1_003 }]);
    expect(rig.reports).toEqual(["log_not_followed"]);
  });
});

describe("what is known to be behind", () => {
  test("is bounded: one log more is not taken, and says so", () => {
    const behind = new BehindLogs(2);
    expect(behind.note("a", A, 1, 0)).toBe(true);
    expect(behind.note("b", B, 1, 0)).toBe(true);
    expect(behind.note("c", logOf("c"), 1, 0)).toBe(false);
    expect(behind.note("a", A, 7, 0)).toBe(true);
    expect(behind.size).toBe(2);
  });

  test("counts from the highest head that was heard of, and from the oldest hint", () => {
    const behind = new BehindLogs(9);
    behind.note("a", A, 10, 100);
    behind.note("b", B, 5, 300);
    behind.note("a", A, 8, 400);
    expect(behind.lag(1_000, (name) => (name === "a" ? 4 : 0))).toEqual({ logs: 2, events: 11, ms: 900 });
  });
});

describe("a consumer that has no hurry", () => {
  const PACE: Pace = { delayMs: 5_000, eventsMax: 1_000, logsAtOnce: 2 };
  const slow = (pace: Pace = PACE): Noting => {
    const noting = new Noting();
    noting.pace = pace;
    return noting;
  };

  test("gets all of a window at once, from the first thing on; what comes later waits for a window of its own", async () => {
    const [rig, noting] = [new Rig(), slow()];
    const followers = rig.followers(noting);
    await rig.append(A, 1, 10);
    followers.wrote(A, 10);
    await rig.run(4_000);
    await rig.append(A, 11, 400);
    followers.wrote(A, 400);
    await rig.run(900);
    expect(noting.runs).toHaveLength(0);
    expect(followers.lags()["noting"]).toEqual({ logs: 1, events: 400, ms: 0 });
    await rig.run(200);
    expect(noting.runs.map(({ after, to }) => [after, to])).toEqual([[0, 400]]);
    await rig.append(A, 401, 402);
    followers.wrote(A, 402);
    await rig.run(4_900);
    expect(noting.runs).toHaveLength(1);
    await rig.run(200);
    expect(noting.runs.map(({ to }) => to)).toEqual([400, 402]);
    expect(await rig.position(A)).toBe(402);
    expect(followers.lags()["noting"]).toEqual({ logs: 0, events: 0, ms: 0 });
  });

  test("as many events of a run and logs at once as it says, not one more", async () => {
    const [rig, noting] = [new Rig(), slow()];
    const followers = rig.followers(noting);
    noting.answer = () => "never";
    for (const name of ["a", "b", "c"]) {
      await rig.append(logOf(name), 1, 300);
      await rig.append(logOf(name), 301, 1_001);
      await rig.append(logOf(name), 1_002, 1_002);
      followers.wrote(logOf(name), 1_002);
    }
    await rig.run(5_100);
    expect(noting.runs.map(({ to }) => to)).toEqual([1_001, 1_001]);
    noting.answer = () => "durable";
    for (const done of noting.waiting) done();
    await rig.run(6_000);
    for (const name of ["a", "b", "c"]) expect(await rig.position(logOf(name))).toBe(1_002);
  });

  test("what it cannot take comes again, and loses nothing", async () => {
    const [rig, noting] = [new Rig(), slow()];
    const followers = rig.followers(noting);
    let tries = 0;
    noting.answer = () => {
      tries += 1;
      return tries < 3 ? "later" : "durable";
    };
    await rig.append(A, 1, 5);
    followers.wrote(A, 5);
    await rig.run(5_050);
    expect([tries, await rig.position(A)]).toEqual([1, 0]);
    await rig.run(60_000);
    expect([tries, await rig.position(A)]).toEqual([3, 5]);
    expect(noting.seqsOf(A)).toEqual(upTo(5));
  });
});
