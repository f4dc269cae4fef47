/** Real threads that end, hang and wait: what the supervisor takes for a loss, and what it says of it. */
import { afterEach, expect, test } from "bun:test";
import { Supervisor } from "../../../src/actors/supervisor.ts";
import { type Lost, WORKING_NONE, WorkingMark } from "../../../src/actors/working-mark.ts";
import { SystemClock } from "../../../src/base/clock.ts";
import type { NodeId } from "../../../src/cluster/membership.ts";
import { viewOf } from "../../support/small-shard.ts";
import { DO } from "../../support/tiny-worker.ts";

const WAIT_MS_MAX = 10_000;
const ENTRY = new URL("../../support/tiny-worker.ts", import.meta.url);

/** A supervisor of one shard, and what it told in order: `up 0`, `down`, `echo`, reports. */
class Watched {
  readonly told: string[] = [];
  readonly reports: { readonly event: string; readonly details: Readonly<Record<string, unknown>> }[] = [];
  readonly lost: Lost[] = [];
  readonly supervisor: Supervisor<{ readonly failFirst?: boolean }>;
  #post: ((block: Uint8Array<ArrayBuffer>) => void) | undefined;
  #changed: () => void = () => undefined;

  constructor(failFirst = false) {
    this.supervisor = new Supervisor({
      entry: ENTRY,
      settings: { failFirst },
      shards: 1,
      clock: new SystemClock(),
      report: (event, details) => {
        this.reports.push({ event, details });
        this.#tell(event);
      },
      connectStore: undefined,
      up: (_shard, post, lost) => {
        this.#post = post;
        this.lost.push(lost);
        this.#tell(`up ${lost.record}`);
      },
      down: () => {
        this.#post = undefined;
        this.#tell("down");
      },
      received: (_shard, _block, link) => this.#tell(link === 0 ? "echo" : `echo over ${link}`),
      fatal: (message) => this.#tell(`fatal ${message}`),
    });
  }

  send(what: number, record = 0, link = 0): void {
    this.#post?.(Uint8Array.of(what, record, link));
  }

  /** Resolves when so many things have been told. */
  async until(count: number): Promise<readonly string[]> {
    const endMs = performance.now() + WAIT_MS_MAX;
    while (this.told.length < count) {
      if (performance.now() > endMs) throw new Error(`told only ${this.told.join(", ")}`);
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, 1_000);
        this.#changed = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    return this.told;
  }

  #tell(what: string): void {
    this.told.push(what);
    this.#changed();
  }
}

let watched: Watched | undefined;
async function start(): Promise<Watched> {
  watched = new Watched();
  await watched.supervisor.start();
  return watched;
}
afterEach(async () => {
  await watched?.supervisor.stop();
  watched = undefined;
});

for (const [how, what] of [
  ["an error code", DO.exit],
  ["exit code 0", DO.exitCleanly],
  ["an exception", DO.throws],
] as const) {
  test(`a thread that ends with ${how} is a loss, and its successor is told the record that it was handling`, async () => {
    const { told, reports, ...shard } = await start();
    watched?.send(what, 9);
    expect(await watched?.until(4)).toEqual(["up 0", "down", "worker_lost", "up 9"]);
    expect(reports[0]?.details).toMatchObject({ shard: 0, record: 9 });
    expect(shard.supervisor.restarts).toBe(1);
    watched?.send(DO.echo);
    expect((await watched?.until(5))?.at(-1)).toBe("echo");
  });
}

test("after a loss without a known record the next thread is careful; after one with a record it is not", async () => {
  const { reports } = await start();
  watched?.send(DO.exit, WORKING_NONE);
  await watched?.until(4);
  watched?.send(DO.report);
  await watched?.until(6);
  watched?.send(DO.exit, 3);
  await watched?.until(9);
  watched?.send(DO.report);
  await watched?.until(11);
  expect(reports.filter(({ event }) => event === "said").map(({ details }) => details["careful"])).toEqual([
    "true",
    "false",
  ]);
});

test("a thread that does not come back is ended, with the record that it hangs in", async () => {
  await start();
  watched?.send(DO.loop, 5);
  expect(await watched?.until(5)).toEqual(["up 0", "worker_stuck", "down", "worker_lost", "up 5"]);
  watched?.send(DO.echo);
  expect((await watched?.until(6))?.at(-1)).toBe("echo");
}, 15_000);

test("a thread that waits for the store is left alone for longer", async () => {
  await start();
  watched?.send(DO.loopInStore);
  expect(await watched?.until(2)).toEqual(["up 0", "echo"]);
}, 15_000);

test("the link of the record that a thread was lost in is told, and whether anybody knows the cause", async () => {
  const { lost } = await start();
  watched?.send(DO.exit, 9, 4);
  await watched?.until(4);
  watched?.send(DO.exit, WORKING_NONE, 0);
  await watched?.until(7);
  expect(lost).toEqual([
    { record: 0, link: 0, explained: false },
    { record: 9, link: 4, explained: true },
    { record: 0, link: 0, explained: false },
  ]);
});

test("a record of the own edge's former link blames nobody: the new one's has that number, too", async () => {
  const { lost, supervisor } = await start();
  supervisor.post(0, { kind: "link" });
  watched?.send(DO.exit, 9, 0);
  await watched?.until(4);
  // Records of the other edges' links, and of a link that has not begun anew, are theirs.
  watched?.send(DO.exit, 9, 0);
  await watched?.until(7);
  supervisor.post(0, { kind: "link" });
  watched?.send(DO.exit, 9, 4);
  await watched?.until(10);
  expect(lost.slice(1)).toEqual([
    { record: 0, link: 0, explained: true },
    { record: 9, link: 0, explained: true },
    { record: 9, link: 4, explained: true },
  ]);
});

test("blocks of other nodes' edges go both ways with the number of their link", async () => {
  const { supervisor } = await start();
  const block = Uint8Array.of(1, 2, 3);
  supervisor.post(0, { kind: "peer", link: 7, edge: "other" as NodeId, generation: 1, block });
  expect(await watched?.until(2)).toEqual(["up 0", "echo over 7"]);
});

test("what a thread says of the own edge's former link is not heard once the new one was ordered", async () => {
  const { supervisor, told } = await start();
  watched?.send(DO.echo);
  supervisor.post(0, { kind: "link" });
  supervisor.post(0, { kind: "link" });
  supervisor.post(0, { kind: "heads", block: Uint8Array.of(1) });
  expect(await watched?.until(2)).toEqual(["up 0", "heard"]);
  watched?.send(DO.echo);
  await watched?.until(3);
  expect(told).toEqual(["up 0", "heard", "echo"]);
});

test("a thread that replaces a lost one is told the present view before anything else", async () => {
  const { supervisor, reports } = await start();
  supervisor.post(0, { kind: "view", view: viewOf("here", ["here"], { version: 1 }) });
  await watched?.until(2);
  watched?.send(DO.exit, 9);
  await watched?.until(4);
  // While nobody is there the view is kept, and the rest is for nobody.
  supervisor.post(0, { kind: "view", view: viewOf("here", ["here"], { version: 2 }) });
  supervisor.post(0, { kind: "heads", block: Uint8Array.of(1) });
  await watched?.until(5);
  watched?.send(DO.echo);
  expect(await watched?.until(7)).toEqual(["up 0", "viewed", "down", "worker_lost", "up 9", "viewed", "echo"]);
  expect(reports.filter(({ event }) => event === "viewed").map(({ details }) => details["version"])).toEqual([1, 2]);
});

test("a thread that cannot start says why", async () => {
  const failing = new Watched(true);
  await expect(failing.supervisor.start()).rejects.toThrow("no data folder");
  // That is all that is said of it: no thread was lost, and none is started in its place.
  expect({ told: failing.told, reports: failing.reports, restarts: failing.supervisor.restarts }).toEqual({
    told: [],
    reports: [],
    restarts: 0,
  });
  await failing.supervisor.stop();
});

test("stopping is no loss", async () => {
  const { told } = await start();
  await watched?.supervisor.stop();
  expect(told).toEqual(["up 0"]);
});

test("a mark is read through the memory that it shares", () => {
  const inside = new WorkingMark();
  const outside = new WorkingMark(inside.memory);
  inside.work(2 ** 40, 7);
  expect([outside.record, outside.link, outside.beats]).toEqual([2 ** 40, 7, 1]);
  inside.beat();
  expect([outside.record, outside.beats]).toEqual([2 ** 40, 2]);
});
