/** What readings of the registry, silence and peers do to the view. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { Clock } from "../../../src/base/clock.ts";
import { SeededRandom } from "../../../src/base/prng.ts";
import { MemoryCluster } from "../../../src/cluster/memory/memory-cluster.ts";
import { MemoryMembership } from "../../../src/cluster/memory/memory-membership.ts";
import type { Membership, NodeId, NodeInfo } from "../../../src/cluster/membership.ts";
import type { View } from "../../../src/cluster/placement.ts";
import { Roster } from "../../../src/cluster/roster.ts";
import { EventQueue, VirtualClock } from "../../sim/virtual-clock.ts";

let queue: EventQueue;
let cluster: MemoryCluster;
let beatsMs: number[];

beforeEach(() => {
  queue = new EventQueue();
  cluster = new MemoryCluster(new VirtualClock(queue, 1_700_000_000_000));
  beatsMs = [];
});

function pass(ms: number): void {
  const untilMs = queue.nowMs + ms;
  while (queue.runNext(untilMs));
}

/** A node with its roster; its bus is up from the start. */
class Node {
  readonly info: NodeInfo;
  readonly views: View[] = [];
  readonly reports: string[] = [];
  readonly roster: Roster;
  announcements = 0;
  isDead = false;
  isPaused = false;
  readonly #late: (() => void)[] = [];
  onView: (view: View) => void = () => undefined;

  constructor(name: string, seed = name.length, membership: Membership = new MemoryMembership(cluster)) {
    this.info = { id: name as NodeId, instance: name, shards: 2, address: "", startedAt: 5, leaving: false };
    const clock: Clock = {
      wallMs: () => cluster.clock.wallMs(),
      monotonicMs: () => cluster.clock.monotonicMs(),
      after: (delayMs, run) => cluster.clock.after(delayMs, () => this.#step(run)),
    };
    this.roster = new Roster({
      membership: {
        beat: (self, options, done) => {
          beatsMs.push(queue.nowMs);
          membership.beat(self, options, (beat) => this.#step(() => done(beat)));
        },
        leave: (self, done) => membership.leave(self, done),
      },
      clock,
      random: new SeededRandom(seed),
      self: this.info,
      events: {
        changed: (view) => {
          this.views.push(view);
          this.onView(view);
        },
        announce: () => {
          this.announcements += 1;
        },
      },
      report: (event) => this.reports.push(event),
    });
    this.roster.busChanged(true);
  }

  get view(): View {
    const view = this.views.at(-1);
    if (view === undefined) throw new Error(`${this.info.id} has no view`);
    return view;
  }

  get seen(): readonly string[] {
    return this.view.nodes.map(({ id }): string => id);
  }

  resume(): void {
    this.isPaused = false;
    for (const run of this.#late.splice(0)) run();
  }

  /** What a process does: nothing when it is dead, later when it stands still. */
  #step(run: () => void): void {
    if (this.isDead) return;
    if (this.isPaused) this.#late.push(run);
    else run();
  }
}

function started(...names: string[]): Node[] {
  const nodes = names.map((name, index) => new Node(name, index + 1));
  for (const node of nodes) node.roster.start();
  pass(2_500);
  return nodes;
}
const two = () => started("ada.1", "bob.1") as [Node, Node];

describe("views", () => {
  test("begin with the first answer, and hold who is there, by id", () => {
    const ada = new Node("ada.1");
    ada.roster.start();
    expect(ada.views).toEqual([]);
    pass(1);
    expect(ada.view).toEqual({
      version: 1,
      self: ada.info.id,
      nodes: [ada.info],
      isolated: false,
      unreachable: [],
      lapses: 0,
    });
    for (const name of ["cem.1", "Zoe.1", "bob.1"]) new Node(name).roster.start();
    pass(2_500);
    expect(ada.seen).toEqual(["Zoe.1", "ada.1", "bob.1", "cem.1"]);
  });

  test("come only when something changed, with versions that count them", () => {
    const [ada, bob] = two();
    const before = ada.views.length;
    pass(30_000);
    expect(ada.views).toHaveLength(before);
    bob.roster.retire();
    pass(2_000);
    expect(ada.views.map(({ version }) => version)).toEqual(ada.views.map((_, index) => index + 1));
    expect(ada.views).toHaveLength(before + 1);
  });

  test("lose a node that died when its time to live is over, not before", () => {
    const [ada, bob] = two();
    bob.isDead = true;
    pass(4_500);
    expect(ada.seen).toEqual(["ada.1", "bob.1"]);
    pass(3_000);
    expect(ada.seen).toEqual(["ada.1"]);
  });

  test("hold this node also when a reading lacks it", () => {
    const other: NodeInfo = {
      id: "bob.1" as NodeId,
      instance: "b",
      shards: 1,
      address: "",
      startedAt: 1,
      leaving: false,
    };
    const reading = { generation: "g", nodes: [other] };
    const ada = new Node("ada.1", 1, {
      beat: (_self, _options, done) => void cluster.clock.after(1, () => done({ ok: true, reading })),
      leave: (_, done) => done(),
    });
    ada.roster.start();
    pass(10);
    expect(ada.seen).toEqual(["ada.1", "bob.1"]);
  });
});

describe("beats", () => {
  test("come each second on average, not in step, and one at a time", () => {
    const ada = new Node("ada.1");
    ada.roster.start();
    pass(60_000);
    const gaps = beatsMs.slice(1).map((atMs, index) => atMs - (beatsMs[index] ?? 0));
    expect(gaps.length).toBeGreaterThan(54);
    expect(gaps.length).toBeLessThan(66);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(900);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_101);
    expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(20);
  });

  test("do not overtake one another when the registry is slow", () => {
    const ada = new Node("ada.1");
    cluster.reach = () => ({ thereMs: 700, backMs: 700 });
    ada.roster.start();
    pass(20_000);
    const gaps = beatsMs.slice(1).map((atMs, index) => atMs - (beatsMs[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_400);
    expect(ada.view.isolated).toBe(false);
  });

  test("are made at once when the roll is called, one more when one is under way", () => {
    const ada = new Node("ada.1");
    ada.roster.start();
    pass(100);
    ada.roster.rollCall();
    expect(beatsMs).toHaveLength(2);
    for (let index = 0; index < 5; index += 1) ada.roster.rollCall();
    pass(10);
    expect(beatsMs).toHaveLength(3);
    pass(2_300);
    expect(beatsMs).toHaveLength(5);
  });

  test("that are asked for by who is told of a view do not double", () => {
    const ada = new Node("ada.1");
    ada.onView = () => ada.roster.rollCall();
    ada.roster.start();
    pass(50);
    expect(beatsMs).toHaveLength(2);
    pass(10_000);
    expect(beatsMs.length).toBeLessThanOrEqual(13);
  });
});

describe("announcements", () => {
  test("come once, after the first answer", () => {
    const ada = new Node("ada.1");
    ada.roster.start();
    expect(ada.announcements).toBe(0);
    pass(10_000);
    expect(ada.announcements).toBe(1);
  });

  test("wait for the bus", () => {
    const ada = new Node("ada.1");
    ada.roster.busChanged(false);
    ada.roster.start();
    pass(3_000);
    expect([ada.announcements, ada.view.isolated]).toEqual([0, true]);
    ada.roster.busChanged(true);
    expect([ada.announcements, ada.view.isolated]).toEqual([1, false]);
  });

  test("come again when the retirement is registered, and when the node has left", () => {
    const [ada, bob] = two();
    ada.roster.retire();
    expect(ada.announcements).toBe(1);
    pass(1);
    expect(ada.announcements).toBe(2);
    bob.roster.rollCall();
    pass(1);
    expect(bob.view.nodes.map(({ leaving }) => leaving)).toEqual([true, false]);
    let hasLeft = false;
    ada.roster.leave(() => {
      hasLeft = true;
    });
    pass(1);
    expect([ada.announcements, hasLeft]).toEqual([3, true]);
  });
});

describe("going", () => {
  test("a node that retires is leaving in its own view at once, and in all others with their next reading", () => {
    const [ada, bob] = two();
    ada.roster.retire();
    expect(ada.view.nodes.map(({ leaving }) => leaving)).toEqual([true, false]);
    pass(1_200);
    expect(bob.view.nodes.map(({ leaving }) => leaving)).toEqual([true, false]);
    pass(20_000);
    expect(bob.seen).toEqual(["ada.1", "bob.1"]);
  });

  test("one that retires while a beat is under way says so with another beat right after it", () => {
    const [ada, bob] = two();
    cluster.reach = (node) => (node === ada.info.id ? { thereMs: 0, backMs: 300 } : { thereMs: 0, backMs: 0 });
    const before = beatsMs.length;
    ada.roster.rollCall();
    pass(10);
    ada.roster.retire();
    pass(280);
    expect(ada.announcements).toBe(1);
    pass(400);
    expect(ada.announcements).toBe(2);
    expect(beatsMs.length).toBeGreaterThanOrEqual(before + 2);
    bob.roster.rollCall();
    pass(1);
    expect(bob.view.nodes.map(({ leaving }) => leaving)).toEqual([true, false]);
  });

  test("a node that left is gone for the others with their next reading, and beats no more", () => {
    const [ada, bob] = two();
    let hasLeft = false;
    ada.roster.leave(() => {
      hasLeft = true;
    });
    pass(1_200);
    expect([hasLeft, bob.seen]).toEqual([true, ["bob.1"]]);
    bob.isDead = true;
    const beats = beatsMs.length;
    const views = ada.views.length;
    pass(30_000);
    expect([beatsMs.length, ada.views.length]).toEqual([beats, views]);
  });

  test("a beat that is under way does not bring back a node that leaves", () => {
    const [ada, bob] = two();
    // The beat is slow on its way; what is asked after it is not.
    cluster.reach = () => ({ thereMs: 400, backMs: 0 });
    ada.roster.rollCall();
    cluster.reach = () => ({ thereMs: 0, backMs: 0 });
    pass(10);
    let left = 0;
    ada.roster.leave(() => {
      left += 1;
    });
    pass(3_000);
    expect([left, bob.seen]).toEqual([1, ["bob.1"]]);
  });

  test("a node leaves also when the registry is silent", () => {
    const [ada] = two();
    cluster.silence(true);
    ada.roster.rollCall();
    let hasLeft = false;
    ada.roster.leave(() => {
      hasLeft = true;
    });
    pass(3_000);
    expect(hasLeft).toBe(true);
  });
});

describe("isolation", () => {
  test("begins 2 s after the registry's last answer, keeps the view and ends with the next answer", () => {
    const [ada] = two();
    cluster.silence(true);
    pass(700);
    expect(ada.view.isolated).toBe(false);
    pass(1_400);
    expect(ada.view).toMatchObject({ isolated: true, unreachable: ["bob.1"] });
    pass(20_000);
    expect(ada.seen).toEqual(["ada.1", "bob.1"]);
    cluster.silence(false);
    pass(2_700);
    expect(ada.view).toMatchObject({ isolated: false, unreachable: [] });
  });

  test("begins and ends with the bus, at once", () => {
    const [ada] = two();
    ada.roster.busChanged(false);
    expect(ada.view).toMatchObject({ isolated: true, unreachable: ["bob.1"] });
    ada.roster.busChanged(true);
    expect(ada.view).toMatchObject({ isolated: false, unreachable: [] });
  });

  test("lets others stay for one time to live more: the registry may have lost who is not back yet", () => {
    const [ada, bob] = two();
    const before = ada.views.length;
    const saved = cluster.saveRegistry();
    bob.isPaused = true;
    cluster.reach = () => ({ thereMs: undefined, backMs: undefined });
    pass(7_000);
    cluster.rollBack(saved);
    cluster.reach = () => ({ thereMs: 0, backMs: 0 });
    pass(2_700);
    expect(ada.view).toMatchObject({ isolated: false });
    expect(ada.seen).toEqual(["ada.1", "bob.1"]);
    bob.resume();
    pass(12_000);
    expect(ada.seen).toEqual(["ada.1", "bob.1"]);
    expect(ada.views.slice(before).filter(({ nodes }) => nodes.length === 1)).toEqual([]);
  });

  test("is not concluded at once by a process that stood still itself", () => {
    const [ada] = two();
    ada.isPaused = true;
    pass(3_000);
    ada.resume();
    pass(200);
    expect(ada.views.some(({ isolated }) => isolated)).toBe(false);
    expect(ada.view.lapses).toBe(0);
  });
});

describe("peers", () => {
  test("that are silent are unreachable while they are in the view", () => {
    const [ada, bob] = two();
    ada.roster.peerReachable(bob.info.id, false);
    expect(ada.view).toMatchObject({ isolated: false, unreachable: ["bob.1"] });
    ada.roster.peerReachable(bob.info.id, true);
    expect(ada.view.unreachable).toEqual([]);
    ada.roster.peerReachable("nobody.1" as NodeId, false);
    expect(ada.view.unreachable).toEqual([]);
  });

  test("that left and come back count as reachable", () => {
    const [ada, bob] = two();
    ada.roster.peerReachable(bob.info.id, false);
    bob.isPaused = true;
    pass(9_000);
    expect(ada.seen).toEqual(["ada.1"]);
    bob.resume();
    pass(3_000);
    expect(ada.view).toMatchObject({ nodes: [ada.info, bob.info], unreachable: [] });
  });
});

describe("a registry that was emptied", () => {
  test("is no proof that others are gone: no view lacks who comes back within one time to live", () => {
    const nodes = started("ada.1", "bob.1", "cem.1");
    const before = nodes.map((node) => node.views.length);
    for (let round = 0; round < 5; round += 1) {
      cluster.flush();
      pass(1_700);
    }
    expect(nodes.map((node) => node.views.length)).toEqual(before);
    expect(nodes[0]?.reports.filter((event) => event === "registry_emptied")).toHaveLength(5);
  });

  test("loses who does not come back after that time", () => {
    const [ada, bob] = two();
    bob.isDead = true;
    cluster.flush();
    pass(5_000);
    expect(ada.seen).toEqual(["ada.1", "bob.1"]);
    pass(3_500);
    expect(ada.seen).toEqual(["ada.1"]);
  });

  test("lets a node go that came back and left", () => {
    const [ada, bob] = two();
    cluster.flush();
    pass(2_400);
    bob.roster.leave(() => undefined);
    pass(1_300);
    expect(ada.seen).toEqual(["ada.1"]);
  });
});

describe("a lapse", () => {
  test("is not counted while beats are answered", () => {
    const [ada] = two();
    pass(120_000);
    expect(ada.view.lapses).toBe(0);
  });

  test("is counted once by a process that stood still for longer than its time to live, before anything else", () => {
    const [ada, bob] = two();
    ada.isPaused = true;
    pass(9_000);
    expect(bob.seen).toEqual(["bob.1"]);
    ada.resume();
    expect(ada.view.lapses).toBe(1);
    pass(10_000);
    expect(ada.view.lapses).toBe(1);
    expect(bob.seen).toEqual(["ada.1", "bob.1"]);
  });

  test("is counted when the registry was out of reach for so long, and again when it is back", () => {
    const [ada] = two();
    cluster.silence(true);
    pass(4_500);
    expect(ada.view.lapses).toBe(0);
    pass(2_500);
    expect(ada.view.lapses).toBe(1);
    pass(10_000);
    expect(ada.view.lapses).toBe(1);
    cluster.silence(false);
    pass(3_000);
    expect(ada.view.lapses).toBe(2);
    pass(10_000);
    expect(ada.view.lapses).toBe(2);
  });

  test("is not undone by an answer that was on its way all the time", () => {
    const [ada, bob] = two();
    ada.roster.rollCall();
    ada.isPaused = true;
    pass(9_000);
    const { nodes } = ada.view;
    bob.isDead = true;
    cluster.silence(true);
    ada.resume();
    // What the registry said nine seconds ago says nothing about this node's place now.
    pass(4_500);
    expect(ada.view).toMatchObject({ nodes, lapses: 1, isolated: true });
  });

  test("is measured from the start of the beat, not from its answer", () => {
    const [ada] = two();
    cluster.reach = () => ({ thereMs: 0, backMs: 1_400 });
    pass(4_000);
    const startedMs = beatsMs.findLast((atMs) => atMs < queue.nowMs - 1_400) ?? 0;
    cluster.reach = () => ({ thereMs: undefined, backMs: undefined });
    pass(startedMs + 6_000 - queue.nowMs);
    const early = ada.view.lapses;
    pass(3_000);
    expect([early, ada.view.lapses]).toEqual([0, 1]);
  });
});
