/** Several nodes as clients see them: one room is one room, wherever its actor is and wherever one is connected. */
import { expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { principalOf, type SmallClient, type SmallNode } from "../../support/small-node.ts";
import { SmallCluster } from "../../support/small-cluster.ts";

const TTL_MS = 6_000;

interface Three {
  readonly cluster: SmallCluster;
  readonly a: SmallClient;
  readonly b: SmallClient;
  readonly c: SmallClient;
  /** Owned by node b. */
  readonly room: string;
}

/** One person on each of three nodes, all in a room that the second one owns. */
function three(): Three {
  const cluster = new SmallCluster(["a", "b", "c"]);
  const room = cluster.roomOf("b");
  const [a, b, c] = ["a", "b", "c"].map((name) => cluster.node(name).connect(`on-${name}`)) as [
    SmallClient,
    SmallClient,
    SmallClient,
  ];
  a.create(room);
  b.join(room);
  c.join(room);
  return { cluster, a, b, c, room };
}

function fine(...clients: readonly SmallClient[]): void {
  for (const client of clients) expect(client.faults()).toEqual([]);
}

/** Sends again with the same id, as clients do, until it is acked. */
function sayUntilAcked(cluster: SmallCluster, client: SmallClient, room: string, content: string): void {
  const untilMs = cluster.world.queue.nowMs + 20_000;
  for (;;) {
    const ref = client.send({ type: "send_message", roomId: room, content, clientId: content });
    while (client.answerTo(ref) === undefined && cluster.world.queue.nowMs < untilMs) cluster.run(20);
    if (client.answerTo(ref)?.type === "ack") return;
    if (cluster.world.queue.nowMs >= untilMs) throw new Error(`"${content}": ${JSON.stringify(client.answerTo(ref))}`);
    cluster.run(500);
  }
}

test("a message sent on one node, committed on another, arrives on a third, once and in order", () => {
  const { cluster, a, b, c, room } = three();
  for (let i = 0; i < 20; i += 1) (i % 2 === 0 ? a : c).say(room, `m${i}`);
  cluster.run(200);
  const all = Array.from({ length: 20 }, (_, i) => `m${i}`);
  for (const client of [a, b, c]) expect(client.texts(room)).toEqual(all);
  fine(a, b, c);
});

test("who resumes rooms of several nodes in one frame gets what was missed in each", () => {
  const { cluster, a, b, room } = three();
  const other = cluster.roomOf("c");
  a.create(other);
  b.join(other);
  a.socket.end(1006);
  b.say(room, "missed here");
  b.say(other, "missed there");
  const again = cluster.node("a").connect("on-a", { rooms: a.rooms });
  const seqs = [...again.rooms].map(([id, log]) => [id, log.head]);
  again.ack({ type: "resume", rooms: Object.fromEntries(seqs) });
  cluster.run(200);
  expect(again.texts(room)).toEqual(["missed here"]);
  expect(again.texts(other)).toEqual(["missed there"]);
  fine(again);
});

test("the owner is killed: its rooms are served by others within the time to live, and nothing acked is lost", () => {
  const { cluster, a, c, room } = three();
  a.say(room, "before");
  cluster.node("b").kill();
  cluster.run(TTL_MS + 2_000);
  sayUntilAcked(cluster, a, room, "after");
  cluster.run(200);
  expect(c.texts(room)).toEqual(["before", "after"]);
  fine(a, c);
});

test("what was on its way to an owner that was killed is answered within 5 s, and its repetition is there once", () => {
  const { cluster, a, c, room } = three();
  a.say(room, "first");
  cluster.node("b").kill();
  const ref = a.send({ type: "send_message", roomId: room, content: "on its way", clientId: "on its way" });
  cluster.run(5_000);
  expect(a.answerTo(ref)).toMatchObject({ type: "error", code: "unavailable", temporary: true });
  sayUntilAcked(cluster, a, room, "on its way");
  cluster.run(200);
  expect(c.texts(room)).toEqual(["first", "on its way"]);
  fine(a, c);
});

test("a node comes: rooms move to it without an error, a gap or a repetition", () => {
  const { cluster, a, b, c, room } = three();
  const rooms = Array.from({ length: 12 }, (_, i) => `moving-${i}`);
  for (const id of rooms) {
    a.create(id);
    b.join(id);
    c.join(id);
  }
  cluster.start("d");
  for (let step = 0; step < 100; step += 1) {
    for (const id of rooms) a.send({ type: "send_message", roomId: id, content: `s${step}` });
    cluster.run(20);
  }
  cluster.run(1_500);
  const moved = rooms.filter((id) => cluster.roomOf("d") === id).length;
  expect(moved).toBeGreaterThanOrEqual(0);
  const all = Array.from({ length: 100 }, (_, i) => `s${i}`);
  for (const client of [a, b, c]) for (const id of rooms) expect(client.texts(id)).toEqual(all);
  expect(a.of("error")).toEqual([]);
  fine(a, b, c);
  a.say(room, "still here");
});

test("a node retires: its rooms move at once, and its own clients are served until they go", () => {
  const { cluster, a, b, c, room } = three();
  a.say(room, "one");
  cluster.node("b").clusterNode?.retire();
  cluster.run(500);
  b.say(room, "two");
  a.say(room, "three");
  cluster.run(100);
  for (const client of [a, b, c]) expect(client.texts(room)).toEqual(["one", "two", "three"]);
  const view = cluster.node("b").clusterNode?.view;
  expect(view?.nodes.find(({ id }) => id === "b")?.leaving).toBe(true);
  fine(a, b, c);
});

test("a bus that loses messages makes links begin anew, and nobody misses anything", () => {
  const { cluster, a, b, c, room } = three();
  let n = 0;
  cluster.world.cluster.carry = () => {
    n += 1;
    return n % 9 === 0 ? [] : n % 7 === 0 ? [1, 3] : [1];
  };
  const texts: string[] = [];
  for (let i = 0; i < 40; i += 1) {
    texts.push(`m${i}`);
    sayUntilAcked(cluster, i % 3 === 0 ? b : i % 3 === 1 ? a : c, room, `m${i}`);
  }
  cluster.world.cluster.carry = () => [1];
  cluster.run(6_000);
  for (const client of [a, b, c]) expect(client.texts(room)).toEqual(texts);
  fine(a, b, c);
});

test("a node cut off from bus and registry serves its own rooms, follows the others, and catches up", () => {
  const { cluster, a, b, c, room } = three();
  const own = cluster.roomOf("a");
  a.create(own);
  c.join(own);
  const { world } = cluster;
  const isCut = (id: string | undefined): boolean => id === "a";
  world.cluster.setBusUp("a" as never, false);
  world.cluster.reach = (id) => (isCut(id) ? { thereMs: undefined, backMs: undefined } : { thereMs: 0, backMs: 0 });
  cluster.run(3_000);
  a.say(own, "alone");
  b.say(room, "from b");
  const refused = a.request({ type: "send_message", roomId: room, content: "from a" });
  expect(refused).toMatchObject({ type: "error", code: "unavailable" });
  cluster.run(5_000);
  expect(a.texts(room)).toEqual(["from b"]);
  world.cluster.setBusUp("a" as never, true);
  world.cluster.reach = () => ({ thereMs: 0, backMs: 0 });
  cluster.run(8_000);
  sayUntilAcked(cluster, a, room, "again");
  sayUntilAcked(cluster, c, own, "you too");
  cluster.run(500);
  expect(c.texts(own)).toEqual(["alone", "you too"]);
  expect(b.texts(room)).toEqual(["from b", "again"]);
  expect(a.texts(room)).toEqual(["from b", "again"]);
  fine(a, b, c);
});

test("an owner that slept for 15 s finds its rooms taken, and its clients miss nothing", () => {
  const { cluster, a, b, c, room } = three();
  a.say(room, "before");
  cluster.node("b").process.pause();
  cluster.run(9_000);
  sayUntilAcked(cluster, a, room, "meanwhile");
  cluster.run(6_000);
  cluster.node("b").process.resume();
  cluster.run(5_000);
  sayUntilAcked(cluster, c, room, "after");
  cluster.run(3_000);
  expect(a.texts(room)).toEqual(["before", "meanwhile", "after"]);
  expect(b.texts(room)).toEqual(["before", "meanwhile", "after"]);
  expect(c.texts(room)).toEqual(["before", "meanwhile", "after"]);
  fine(a, b, c);
});

test("a registry that was emptied makes no node give up what it has", () => {
  const { cluster, a, b, c, room } = three();
  for (let i = 0; i < 30; i += 1) {
    if (i === 5 || i === 15) cluster.world.cluster.flush();
    sayUntilAcked(cluster, i % 2 === 0 ? a : c, room, `m${i}`);
    cluster.run(200);
  }
  const all = Array.from({ length: 30 }, (_, i) => `m${i}`);
  for (const client of [a, b, c]) expect(client.texts(room)).toEqual(all);
  expect([...a.of("error"), ...c.of("error")]).toEqual([]);
  fine(a, b, c);
});

test("idle rooms cost no storage operation when a node comes or goes", () => {
  let operations = 0;
  const counting: NonNullable<ConstructorParameters<typeof SmallNode>[0]>["wrapJournal"] = (journal) =>
    new Proxy(journal, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== "function") return member;
        if (name !== "flush") operations += 1;
        return member.bind(target);
      },
    });
  const cluster = new SmallCluster(["a", "b"], { wrapJournal: counting });
  const client = cluster.node("a").connect("ann");
  for (let i = 0; i < 50; i += 1) {
    client.create(`idle-${i}`);
    client.ack({ type: "leave_room", roomId: `idle-${i}` });
  }
  cluster.run(10_000);
  operations = 0;
  cluster.start("c");
  cluster.run(5_000);
  cluster.node("c").clusterNode?.retire();
  cluster.run(3_000);
  expect(operations).toBe(0);
});

test("a person is present while connected to any node, and gone after the grace period when that node is killed", () => {
  const { cluster, a, c, room } = three();
  const presentIn = (client: SmallClient): unknown => {
    const answer = client.request({ type: "join_room", roomId: room });
    const position = answer["position"] as { present: string[] } | undefined;
    return position?.present.toSorted();
  };
  cluster.run(500);
  expect(presentIn(a)).toEqual(["on-a", "on-b", "on-c"]);
  cluster.node("b").kill();
  cluster.run(TTL_MS + 10_000 + 4_000);
  expect(presentIn(a)).toEqual(["on-a", "on-c"]);
  fine(a, c);
});

test("in a room of many each sees a count and a page of who is there, on whatever node they are", async () => {
  const cluster = new SmallCluster(["a", "b"]);
  const room = cluster.roomOf("b");
  const first = cluster.node("a").connect("p000");
  first.create(room);
  for (let i = 1; i < 230; i += 1) {
    const id = `p${String(i).padStart(3, "0")}`;
    const client = cluster.node(i % 2 === 0 ? "a" : "b").connect(id);
    client.send({ type: "join_room", roomId: room });
  }
  cluster.run(2_000);
  const last = cluster.node("a").connect("p999");
  const position = last.join(room)["position"] as { present: string[]; presentCount: number };
  expect(position.present).toHaveLength(100);
  expect(position.presentCount).toBeGreaterThanOrEqual(230);
  const updates = first.of("presence_update").length;
  cluster.run(500);
  expect(first.of("presence_update").length).toBe(updates);
  const asked = cluster.node("a").gateway.call(principalOf("p000"), {
    to: "room",
    room: room as RoomId,
    kind: "present",
    after: "p099" as UserId,
    limit: 3,
  });
  cluster.run(200);
  expect(await asked).toMatchObject({
    ok: true,
    value: {
      present: [
        { userId: "p100", status: "online" },
        { userId: "p101", status: "online" },
        { userId: "p102", status: "online" },
      ],
      count: 231,
      hasMore: true,
    },
  });
});

test("a node that forgot another one for a moment serves its clients again, although nothing was lost on the bus", () => {
  const { cluster, a, b, c, room } = three();
  a.say(room, "before");
  const links = cluster.node("b").clusterNode?.links;
  const view = links?.view;
  if (links === undefined || view === undefined) throw new Error("no view");
  links.setView({ ...view, version: view.version + 1, nodes: view.nodes.filter(({ id }) => id !== "a") });
  links.setView({ ...view, version: view.version + 2 });
  cluster.run(1_000);
  c.say(room, "meanwhile");
  sayUntilAcked(cluster, a, room, "after");
  cluster.run(500);
  for (const client of [a, b, c]) expect(client.texts(room)).toEqual(["before", "meanwhile", "after"]);
  fine(a, b, c);
});

test("how much a tenant allows in one room counts where the room is when nodes were told, not when it looks", async () => {
  const { cluster, a, b, room } = three();
  for (const client of [a, b]) client.say(room, "before");
  const { gateway, circle } = cluster.node("c");
  const limits = { room: { perSecond: 1, burst: 1 } };
  const root = principalOf("root", "admin");
  const call = { to: "user", user: root.userId, kind: "tenant", ask: { list: "limits", set: limits } } as const;
  const asked = gateway.call(root, call);
  cluster.run(100);
  expect(await asked).toMatchObject({ ok: true });
  circle.limitsChanged(root.tenant, limits);
  cluster.run(100);
  a.say(room, "one");
  expect(a.request({ type: "send_message", roomId: room, content: "two" })).toMatchObject({ code: "rate_limited" });
});
