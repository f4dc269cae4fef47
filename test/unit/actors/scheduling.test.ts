/** Queue, mailbox, scheduler, progress and actor: the order in which things happen, and what an exception ends. */
import { expect, test } from "bun:test";
import { Actor, type Origin } from "../../../src/actors/actor.ts";
import { Fifo, Mailbox } from "../../../src/actors/mailbox.ts";
import { Progress } from "../../../src/actors/progress.ts";
import { type Runnable, Scheduler } from "../../../src/actors/scheduler.ts";
import { MAILBOX_USER_LANE_MAX, TURN_MESSAGES_MAX } from "../../../src/base/limits.ts";
import { SeededRandom } from "../../../src/base/prng.ts";

const noSettle = (): void => undefined;
const noMark = (): void => undefined;

test("a queue gives back what was put in, in that order, however it is filled and emptied", () => {
  const random = new SeededRandom(1);
  const queue = new Fifo<number>();
  const model: number[] = [];
  for (let i = 0; i < 20_000; i += 1) {
    // Mostly growing, then mostly shrinking, so that it compacts.
    if (random.next() < (i < 10_000 ? 0.7 : 0.3)) {
      queue.push(i);
      model.push(i);
    } else {
      expect(queue.peek()).toBe(model[0]);
      expect(queue.shift()).toBe(model.shift());
    }
    expect(queue.length).toBe(model.length);
  }
});

test("a mailbox takes messages of users up to its bound and refuses one more; system messages go on", () => {
  const mailbox = new Mailbox<number>();
  for (let i = 0; i < MAILBOX_USER_LANE_MAX; i += 1) expect(mailbox.pushUser(i)).toBe(true);
  expect(mailbox.pushUser(-1)).toBe(false);
  mailbox.pushSystem(noSettle);
  expect([mailbox.hasSystem, mailbox.isEmpty]).toEqual([true, false]);
  expect(mailbox.takeUser()).toBe(0);
  expect(mailbox.pushUser(-2)).toBe(true);
});

test("progress is the highest number up to which all records are complete; those above it are told once", () => {
  const random = new SeededRandom(2);
  const count = 5_000;
  const order = Array.from({ length: count }, (_, i) => i + 1);
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const progress = new Progress();
  const complete = new Set<number>();
  const told = new Set<number>();
  for (const record of order) {
    progress.complete(record);
    progress.complete(record);
    complete.add(record);
    if (random.next() < 0.1) {
      const above = progress.takeAbove();
      for (const one of above) {
        expect(one > progress.low && complete.has(one) && !told.has(one)).toBe(true);
        told.add(one);
      }
      for (const one of complete) expect(one <= progress.low || told.has(one)).toBe(true);
    }
    expect(complete.has(progress.low + 1)).toBe(false);
  }
  expect(progress.low).toBe(count);
  expect(progress.takeAbove()).toEqual([]);
});

/** A scheduler whose runs the test starts. */
function manualScheduler(settle: () => void = noSettle): { scheduler: Scheduler; runs: (() => void)[] } {
  const runs: (() => void)[] = [];
  return { scheduler: new Scheduler((run) => runs.push(run), settle), runs };
}

test("a run goes on until nobody has mail, settles once, and an actor that is woken twice runs once", () => {
  const log: string[] = [];
  const { scheduler, runs } = manualScheduler(() => log.push("settle"));
  const second: Runnable = { queued: false, runTurn: () => log.push("second") < 0 };
  const first: Runnable = {
    queued: false,
    runTurn: () => {
      log.push("first");
      scheduler.wake(second);
      // Asked for within a run: it is this run that settles.
      scheduler.wakeSettle();
      scheduler.run();
      return false;
    },
  };
  scheduler.wake(first);
  scheduler.wake(first);
  expect(runs).toHaveLength(1);
  runs[0]?.();
  expect(log).toEqual(["first", "second", "settle"]);
  expect(runs).toHaveLength(1);
});

test("careful, each turn handles one message in a turn of the event loop of its own, and settles when all are through", () => {
  const log: string[] = [];
  const tasks: (() => void)[] = [];
  const { scheduler, runs } = manualScheduler(() => log.push("settle"));
  scheduler.beCareful((run) => tasks.push(run));
  const left = [2, 1];
  left.forEach((_, i) => {
    scheduler.wake({
      queued: false,
      runTurn: (messagesMax) => {
        expect(messagesMax).toBe(1);
        log.push(`actor ${i}`);
        left[i] = (left[i] ?? 0) - 1;
        return (left[i] ?? 0) > 0;
      },
    });
  });
  const perTask: number[] = [];
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
    const before = log.length;
    task();
    perTask.push(log.length - before);
  }
  expect(runs).toEqual([]);
  expect(log).toEqual(["actor 0", "actor 1", "actor 0", "settle"]);
  expect(perTask).toEqual([1, 1, 1, 1]);
  scheduler.beCareful(undefined);
  scheduler.wakeSettle();
  expect(runs).toHaveLength(1);
});

/** Notes what it is told; a message `fail` throws. */
class Noting extends Actor<string> {
  readonly seen: string[] = [];
  readonly failures: { error: unknown; culprit: string | undefined; left: readonly string[] }[] = [];
  turns = 0;

  protected override receive(message: string): void {
    if (message === "fail") throw new Error("a fault of the test");
    this.seen.push(message);
  }
  protected override originOf(message: string): Origin {
    return { record: message.length, link: { mark: 1 } };
  }
  protected override endTurn(): void {
    this.turns += 1;
  }
  protected override failed(error: unknown, culprit: string | undefined): void {
    this.failures.push({ error, culprit, left: this.stop() });
  }
  completion(run: () => void): () => void {
    return this.later(run);
  }
  holdBack(): void {
    this.hold();
  }
  goOn(): void {
    this.release();
  }
}

function noting(): { actor: Noting; run: () => void; marks: number[] } {
  const marks: number[] = [];
  const { scheduler, runs } = manualScheduler();
  const actor = new Noting({ scheduler, working: (record) => marks.push(record) });
  return {
    actor,
    marks,
    run: () => {
      for (let next = runs.shift(); next !== undefined; next = runs.shift()) next();
    },
  };
}

test("an actor handles its messages in order, completions first, and ends its turn once", () => {
  const { actor, run, marks } = noting();
  actor.deliver("one");
  actor.deliver("three");
  actor.completion(() => actor.seen.push("completion"))();
  run();
  expect(actor.seen).toEqual(["completion", "one", "three"]);
  expect(actor.turns).toBe(1);
  expect(marks.filter((mark) => mark !== 0)).toEqual([3, 5]);
  expect(marks.at(-1)).toBe(0);
});

test("an actor with much mail lets another in after its budget", () => {
  const { scheduler, runs } = manualScheduler();
  const env = { scheduler, working: noMark };
  const busy = new Noting(env);
  const other = new Noting(env);
  for (let i = 0; i <= TURN_MESSAGES_MAX; i += 1) busy.deliver(`${i}`);
  other.deliver("other");
  const seenBefore: number[] = [];
  other.completion(() => seenBefore.push(busy.seen.length))();
  runs[0]?.();
  expect(seenBefore).toEqual([TURN_MESSAGES_MAX]);
  expect(busy.seen).toHaveLength(TURN_MESSAGES_MAX + 1);
});

test("an exception ends the activation: the culprit is named, what waits is handed over, nothing runs any more", () => {
  const { actor, run } = noting();
  for (const message of ["one", "fail", "two", "three"]) actor.deliver(message);
  const late = actor.completion(() => actor.seen.push("late"));
  run();
  late();
  actor.deliver("four");
  run();
  expect(actor.seen).toEqual(["one"]);
  expect(actor.failures).toMatchObject([{ culprit: "fail", left: ["two", "three"] }]);
  expect([actor.stopped, actor.turns]).toEqual([true, 0]);
});

test("an exception in a completion names nobody", () => {
  const { actor, run } = noting();
  actor.deliver("one");
  actor.completion(() => {
    throw new Error("a fault of the test");
  })();
  run();
  expect(actor.failures).toMatchObject([{ culprit: undefined, left: ["one"] }]);
});

test("a held actor runs completions only; released it goes on in order", () => {
  const { actor, run } = noting();
  actor.holdBack();
  actor.deliver("one");
  actor.completion(() => actor.seen.push("completion"))();
  run();
  expect(actor.seen).toEqual(["completion"]);
  actor.goOn();
  actor.deliver("two");
  run();
  expect(actor.seen).toEqual(["completion", "one", "two"]);
});
