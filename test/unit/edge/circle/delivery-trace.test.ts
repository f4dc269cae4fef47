/** Why somebody did or did not get a message, asked of small nodes: alone, and of three that share a room. */
import { describe, expect, test } from "bun:test";
import type { TraceView } from "../../../../src/actors/calls.ts";
import { SystemClock } from "../../../../src/base/clock.ts";
import type { MessageId, RoomId, UserId } from "../../../../src/base/ids.ts";
import {
  NOTIFY_OUTCOMES_MAX,
  TRACE_ENTRIES_MAX,
  TRACE_EVENTS_MAX,
  TRACE_KEPT_MS,
  TRACE_QUESTIONS_MAX,
  TRACE_SOCKETS_LOOKED_AT_MAX,
  TRACE_SOCKETS_MAX,
  TRACE_WAIT_MS,
} from "../../../../src/base/limits.ts";
import type { EdgeAnswers } from "../../../../src/edge/circle/trace-desk.ts";
import type { NotifyOutcome, ToldOutcome } from "../../../../src/domain/notify/outcome.ts";
import { NOTIFY_RULES } from "../../../../src/domain/notify/verdict.ts";
import { DeliveryTrace } from "../../../../src/edge/circle/delivery-trace.ts";
import { type Judged, judge, judgeNotice } from "../../../../src/edge/circle/trace-verdict.ts";
import { textAt } from "../../../support/json.ts";
import { SmallCluster } from "../../../support/small-cluster.ts";
import { principalOf, type SmallClient, SmallNode } from "../../../support/small-node.ts";
import { unwrap } from "../../../support/unwrap.ts";

const ROOT = principalOf("root", "admin");

interface Traced extends Judged {
  readonly room: TraceView;
  readonly edges: EdgeAnswers;
}

/** One node, or several: whatever runs when time goes on. */
interface World {
  readonly node: SmallNode;
  run(ms: number): void;
}

async function switchTo(world: World, untilMs: number): Promise<void> {
  const ask = { list: "trace", set: { untilMs } } as const;
  const done = world.node.gateway.call(ROOT, { to: "user", user: ROOT.userId, kind: "tenant", ask });
  world.run(200);
  unwrap(await done);
}

async function ask(world: World, room: string, messageId: string, user: string, by = ROOT): Promise<Traced> {
  const userId = user as UserId;
  const call = { to: "room", room: room as RoomId, kind: "trace", messageId: messageId as MessageId, userId } as const;
  const asked = world.node.gateway.call(by, call);
  world.run(300);
  const view = unwrap(await asked);
  const told = world.node.circle.desk.ask(`acme/${room}`, view.seq, userId);
  world.run(TRACE_WAIT_MS + 100);
  const edges = await told;
  if (edges === undefined) throw new Error("too many ask");
  return { room: view, edges, ...judge(view, edges) };
}

const say = (client: SmallClient, room: string, content: string): string =>
  textAt(client.say(room, content), "messageId");
const FOREVER = Number.MAX_SAFE_INTEGER;

describe("on one node", () => {
  /** Ann and Ben in Ann's room, traced from its beginning. */
  async function scene(untilMs = FOREVER) {
    const node = new SmallNode({ shards: 2 });
    const world: World = { node, run: (ms) => node.run(ms) };
    if (untilMs > 0) await switchTo(world, untilMs);
    const [ann, ben] = [node.connect("ann"), node.connect("ben")];
    ann.create("r");
    ben.join("r");
    node.run();
    return { node, world, ann, ben };
  }

  test("it was written, then delivered, then read", async () => {
    const { node, world, ann, ben } = await scene();
    const id = say(ann, "r", "hello");
    const written = await ask(world, "r", id, "ben");
    expect(written).toMatchObject({ verdict: "written", routed: "yes", written: "yes" });
    expect(written.room).toMatchObject({ membership: "member", isOwn: false, routes: [{ nodes: ["small"] }] });
    const [view] = written.edges.views;
    expect(view).toMatchObject({ node: "small", isTraced: true, sockets: 2 });
    expect(view?.own).toMatchObject([{ connectionId: ben.connection.id, wasWritten: true }]);
    ben.ack({ type: "confirm_delivered", roomId: "r", seq: written.room.seq });
    expect(await ask(world, "r", id, "ben")).toMatchObject({ verdict: "delivered" });
    ben.ack({ type: "mark_read", roomId: "r", seq: written.room.seq });
    node.run(1_000);
    expect(await ask(world, "r", id, "ben")).toMatchObject({ verdict: "read" });
    expect(await ask(world, "r", id, "ann")).toMatchObject({ verdict: expect.stringMatching(/^(own|read)$/) });
  });

  test("nobody of theirs listened, nobody at all did, or they were no member", async () => {
    const { world, ann, ben } = await scene();
    ben.close();
    world.run(50);
    const alone = say(ann, "r", "still there?");
    expect(await ask(world, "r", alone, "ben")).toMatchObject({
      verdict: "no_connection",
      routed: "yes",
      written: "no",
    });
    expect(await ask(world, "r", alone, "eve")).toMatchObject({ verdict: "not_member" });
    ann.ack({ type: "leave_room", roomId: "r" });
    const unheard = say(ann, "r", "nobody hears this");
    expect(await ask(world, "r", unheard, "ben")).toMatchObject({
      verdict: "no_listener",
      routed: "no",
      written: "no",
    });
  });

  test("what was noted of another room, of whatever tenant, is none of this one's", async () => {
    const { node, world, ann } = await scene();
    const id = say(ann, "r", "hello");
    const { seq } = (await ask(world, "r", id, "ben")).room;
    const { trace } = node.circle;
    const ben = "ben" as UserId;
    expect(trace.of("acme/r", seq, ben, undefined)).toMatchObject({ sockets: 2, own: [{ wasWritten: true }] });
    for (const key of ["acme/other", "other/r", "acme/r2"]) {
      const view = trace.of(key, seq, ben, undefined);
      expect([view.sockets, view.publishedMs, view.own]).toEqual([0, undefined, []]);
    }
  });

  test("membership is that of the moment of the message", async () => {
    const { world, ann, ben, node } = await scene();
    const before = say(ann, "r", "before cleo");
    const cleo = node.connect("cleo");
    cleo.join("r");
    const during = say(ann, "r", "with cleo and ben");
    ben.ack({ type: "leave_room", roomId: "r", membership: true });
    const after = say(ann, "r", "without ben");
    expect(await ask(world, "r", before, "cleo")).toMatchObject({
      verdict: "not_member",
      room: { membership: "not_member" },
    });
    expect((await ask(world, "r", during, "cleo")).room).toMatchObject({ membership: "member" });
    expect((await ask(world, "r", during, "ben")).room).toMatchObject({
      membership: "member",
      leftSeq: expect.anything(),
    });
    expect(await ask(world, "r", after, "ben")).toMatchObject({
      room: { membership: "not_member" },
      verdict: "not_member",
    });
  });

  test("the connection ended before it was confirmed: cut off as slow, lost, or closed", async () => {
    const { world, ann, ben, node } = await scene();
    const id = say(ann, "r", "too much");
    ben.socket.backlog = 900_000;
    say(ann, "r", "more");
    ben.close(false);
    node.run();
    const cut = await ask(world, "r", id, "ben");
    expect(cut).toMatchObject({ verdict: "cut_off", why: expect.stringContaining("900000 bytes") });
    expect(cut.edges.views[0]?.own).toMatchObject([{ closeCode: 1006, backlog: 900_000, wasWritten: true }]);
    const cleo = node.connect("cleo");
    cleo.join("r");
    const second = say(ann, "r", "bye");
    cleo.close();
    node.run();
    expect(await ask(world, "r", second, "cleo")).toMatchObject({ verdict: "connection_ended", written: "yes" });
  });

  test("they came back, and were sent it again", async () => {
    const { world, ann, ben, node } = await scene();
    const since = ben.rooms.get("r")?.head ?? 0;
    ben.close(false);
    const id = say(ann, "r", "missed");
    const again = node.connect("ben", { rooms: ben.rooms });
    again.ack({ type: "resume", rooms: { r: since } });
    node.run();
    const back = await ask(world, "r", id, "ben");
    expect(back).toMatchObject({ verdict: "replayed", written: "yes" });
    expect(back.room.replays).toMatchObject([{ node: "small", connectionId: again.connection.id }]);
  });

  test("they came back without asking for what they had missed", async () => {
    const { world, ann, ben, node } = await scene();
    ben.close();
    node.run();
    const id = say(ann, "r", "missed");
    expect(await ask(world, "r", id, "ben")).toMatchObject({ verdict: "no_connection" });
    node.connect("ben").join("r");
    node.run();
    expect(await ask(world, "r", id, "ben")).toMatchObject({ verdict: "came_later", written: "no" });
  });

  test("a mention is told to their other connections, unless they block the author", async () => {
    const { world, ann, ben } = await scene();
    const sent = ann.ack({ type: "send_message", roomId: "r", content: "look, ben", mentions: ["ben"] });
    expect((await ask(world, "r", textAt(sent, "messageId"), "ben")).room).toMatchObject({
      notice: "mention",
      isBlocking: false,
    });
    ben.ack({ type: "block_user", userId: "ann" });
    expect((await ask(world, "r", textAt(sent, "messageId"), "ben")).room).toMatchObject({ isBlocking: true });
  });

  test("nothing tells who wrote without a name", async () => {
    const { world, ann, ben, node } = await scene();
    ann.ack({ type: "create_room", roomId: "anon", name: "anon", roomType: "public", allowAnonymous: true });
    ben.join("anon");
    node.run();
    const sent = ben.ack({ type: "send_message", roomId: "anon", content: "psst", anonymous: true });
    const id = textAt(sent, "messageId");
    for (const user of ["ann", "ben"]) {
      const { room, verdict } = await ask(world, "anon", id, user);
      expect({ verdict, isOwn: room.isOwn, isBlocking: room.isBlocking }).toEqual({
        verdict: "written",
        isOwn: false,
        isBlocking: false,
      });
    }
  });

  test("nothing is noted while it is off, and what was not noted is unknown", async () => {
    const { world, ann, ben } = await scene(0);
    const id = say(ann, "r", "hello");
    const off = await ask(world, "r", id, "ben");
    expect(off).toMatchObject({ verdict: "unknown", routed: "unknown", written: "unknown" });
    expect(off.room).toMatchObject({ routes: [], notedFromMs: 0 });
    expect(off.edges.views).toMatchObject([{ isTraced: false, own: [{ wasWritten: false }] }]);
    ben.ack({ type: "mark_read", roomId: "r", seq: off.room.seq });
    expect(await ask(world, "r", id, "ben")).toMatchObject({ verdict: "read" });
  });

  test("it is switched on for a room that is in use within ten seconds, and ends by itself", async () => {
    const { world, ann, node } = await scene(0);
    say(ann, "r", "off");
    const untilMs = node.clock.wallMs() + 60_000;
    await switchTo(world, untilMs);
    world.run(10_001);
    // The first one makes the room look, the next one is noted.
    say(ann, "r", "looks");
    world.run(50);
    const noted = say(ann, "r", "noted");
    expect(await ask(world, "r", noted, "ben")).toMatchObject({ verdict: "written" });
    world.run(60_000);
    const late = say(ann, "r", "over");
    expect(await ask(world, "r", late, "ben")).toMatchObject({ verdict: "unknown", routed: "unknown" });
    expect(await ask(world, "r", noted, "ben")).toMatchObject({ verdict: "written" });
  });

  test("what was noted is kept for an hour, and no more than so much", async () => {
    const { world, ann, node } = await scene();
    const id = say(ann, "r", "old");
    world.run(TRACE_KEPT_MS + 1_000);
    expect(await ask(world, "r", id, "ben")).toMatchObject({ verdict: "unknown", room: { routes: [] } });
    const kept = say(ann, "r", "kept");
    const { seq } = (await ask(world, "r", kept, "ben")).room;
    const room = node.gateway.rooms.get("acme/r");
    if (room === undefined) throw new Error("nobody listens");
    const { trace } = node.circle;
    for (let i = 1; i < TRACE_ENTRIES_MAX; i += 1) trace.published(room, seq + i);
    expect(trace.of("acme/r", seq, "ben" as UserId, room).publishedMs).toBeDefined();
    trace.published(room, seq + TRACE_ENTRIES_MAX);
    expect(trace.of("acme/r", seq - 1, "ben" as UserId, undefined)).toMatchObject({ sockets: 2 });
  });

  test("comings and goings are looked for in so many events, and beyond nobody knows", async () => {
    const { world, ann, ben } = await scene();
    const id = say(ann, "r", "the message");
    const { seq } = (await ask(world, "r", id, "ben")).room;
    // With the next event they are as many as are looked through.
    for (let i = 0; i < TRACE_EVENTS_MAX - 1; i += 1) ann.send({ type: "send_message", roomId: "r", content: "x" });
    world.run(1_000);
    ben.ack({ type: "leave_room", roomId: "r", membership: true });
    const within = await ask(world, "r", id, "ben");
    expect(within.room).toMatchObject({ membership: "member", leftSeq: seq + TRACE_EVENTS_MAX });
    expect((await ask(world, "r", id, "eve")).room.membership).toBe("not_member");
    say(ann, "r", "one more");
    expect((await ask(world, "r", id, "eve")).room.membership).toBe("unknown");
  });

  test("so many connections of one person are told of, the latest", async () => {
    const { world, ann, node } = await scene();
    const many = Array.from({ length: TRACE_SOCKETS_MAX + 1 }, () => node.connect("many"));
    for (const client of many.slice(1)) client.join("r");
    const all = await ask(world, "r", say(ann, "r", "all"), "many");
    expect(all.edges.views[0]?.own).toHaveLength(TRACE_SOCKETS_MAX);
    many[0]?.join("r");
    const cut = await ask(world, "r", say(ann, "r", "cut"), "many");
    expect(cut.edges.views[0]?.own).toHaveLength(TRACE_SOCKETS_MAX);
    expect(cut.edges.views[0]?.own.at(-1)?.connectionId).toBe(many[0]?.connection.id as never);
  });

  test("what sockets have not taken is looked at in rooms of so many, and in larger ones not", async () => {
    const { world, ann, ben, node } = await scene();
    for (let i = 2; i < TRACE_SOCKETS_LOOKED_AT_MAX; i += 1) node.connect(`u${i}`).join("r");
    ben.socket.backlog = 5_000;
    say(ann, "r", "looked at");
    node.connect("one-more").join("r");
    ben.socket.backlog = 9_000;
    const id = say(ann, "r", "too many to look at");
    ben.close(false);
    node.run();
    const traced = await ask(world, "r", id, "ben");
    expect(traced.edges.views[0]?.own[0]?.backlog).toBe(5_000);
  });

  test("only administrators of the tenant are answered, and no such message is not found", async () => {
    const { world, ann, node } = await scene();
    const id = say(ann, "r", "hello");
    const of = async (by: typeof ROOT, room: string, messageId: string) => {
      const call = { to: "room", room: room as RoomId, kind: "trace", messageId: messageId as MessageId } as const;
      const asked = node.gateway.call(by, { ...call, userId: "ben" as UserId });
      world.run(300);
      const result = await asked;
      return result.ok ? "ok" : result.error.code;
    };
    expect(await of(principalOf("ann"), "r", id)).toBe("forbidden");
    expect(await of({ ...ROOT, tenant: "other" as typeof ROOT.tenant }, "r", id)).toBe("room_not_found");
    expect(await of(ROOT, "none", id)).toBe("room_not_found");
    expect(await of(ROOT, "r", "msg_1")).toBe("message_not_found");
    expect(await of(ROOT, "r", "nonsense")).toBe("message_not_found");
    expect(await of(ROOT, "r", id)).toBe("ok");
  });
});

describe("on three nodes", () => {
  async function three() {
    const cluster = new SmallCluster(["a", "b", "c"]);
    const world: World = { node: cluster.node("c"), run: (ms) => cluster.run(ms) };
    await switchTo(world, FOREVER);
    const room = cluster.roomOf("b");
    const [ann, ben] = [cluster.node("a").connect("ann"), cluster.node("b").connect("ben")];
    ann.create(room);
    ben.join(room);
    cluster.run(200);
    return { cluster, world, room, ann, ben };
  }

  test("the node that is asked asks the others: where it is written and by whom", async () => {
    const { world, room, ann, ben } = await three();
    const id = say(ben, room, "hello");
    const traced = await ask(world, room, id, "ann");
    expect(traced).toMatchObject({ verdict: "written", routed: "yes", written: "yes", edges: { silent: [] } });
    expect(traced.room).toMatchObject({ node: "b" });
    expect([...(traced.room.routes[0]?.nodes ?? [])].sort()).toEqual(["a", "b"]);
    const at = (name: string) => traced.edges.views.find(({ node }) => node === name);
    expect(at("a")?.own).toMatchObject([{ connectionId: ann.connection.id, wasWritten: true }]);
    expect([at("b")?.own, at("c")?.own]).toEqual([[], []]);
    expect([at("a")?.sockets, at("b")?.sockets, at("c")?.sockets]).toEqual([1, 1, 0]);
    expect((await ask(world, room, id, "ann")).edges.views).toHaveLength(3);
    expect(ben.faults()).toEqual([]);
  });

  test("a node that does not answer is named, and what it would have said is unknown", async () => {
    const { cluster, world, room, ben } = await three();
    const id = say(ben, room, "hello");
    // As one that stands still, or that does not know the question yet.
    Object.assign(cluster.node("a").circle, { heard: () => undefined });
    const traced = await ask(world, room, id, "ann");
    expect(traced.edges.silent).toEqual(["a"]);
    expect(traced).toMatchObject({ verdict: "unknown", why: "No answer from a.", routed: "yes", written: "unknown" });
  });

  test("what was said to another node is no answer to this one, whatever its number", async () => {
    const { cluster, world, room } = await three();
    for (const name of ["a", "b"]) Object.assign(cluster.node(name).circle, { heard: () => undefined });
    const { desk, trace } = world.node.circle;
    const asking = desk.ask(`acme/${room}`, 3, "ann" as UserId);
    const view = { ...trace.of(`acme/${room}`, 3, "ann" as UserId, undefined), node: "a" };
    desk.heard({ kind: "trace_told", to: "b", ask: 1, view });
    desk.heard({ kind: "trace_told", to: "c", ask: 2, view });
    world.run(TRACE_WAIT_MS);
    expect((await asking)?.silent).toEqual(["a", "b"]);
  });

  test("so many may ask at once, and one more is refused", async () => {
    const { world, room } = await three();
    const { desk } = world.node.circle;
    const asking = Array.from({ length: TRACE_QUESTIONS_MAX }, () => desk.ask(`acme/${room}`, 3, "ann" as UserId));
    expect(await desk.ask(`acme/${room}`, 3, "ann" as UserId)).toBeUndefined();
    world.run(TRACE_WAIT_MS);
    expect((await Promise.all(asking)).every((answers) => answers?.silent.length === 0)).toBe(true);
    const again = desk.ask(`acme/${room}`, 3, "ann" as UserId);
    world.run(TRACE_WAIT_MS);
    expect(await again).toBeDefined();
  });
});

describe("what became of a notification", () => {
  const SEQ = 7;
  const told = (outcome: NotifyOutcome, atMs: number, more: Partial<ToldOutcome> = {}): ToldOutcome => ({
    ...{ atMs, key: "acme/room", userId: "ben" as UserId, seqs: [SEQ, SEQ + 1], outcome },
    ...more,
  });
  const asked = (trace: DeliveryTrace, seq = SEQ) => trace.of("acme/room", seq, "ben" as UserId, undefined).notified;

  test("the last word of the node that was to send it counts, for that person, room and event", () => {
    const clock = new SystemClock();
    const trace = new DeliveryTrace("a", clock);
    const nowMs = clock.wallMs();
    expect(asked(trace)).toBeUndefined();
    trace.told([told("muted", nowMs - 2, { userId: "cyd" as UserId }), told("read", nowMs - 2, { key: "acme/other" })]);
    expect(asked(trace)).toBeUndefined();
    trace.told([told("failed", nowMs - 2), told("sent", nowMs - 1)]);
    expect(asked(trace)).toEqual({ atMs: nowMs - 1, outcome: "sent" });
    expect(asked(trace, SEQ + 1)).toEqual({ atMs: nowMs - 1, outcome: "sent" });
    expect(asked(trace, SEQ + 2)).toBeUndefined();
    // That it was told before says less than how.
    trace.told([told("notified", nowMs)]);
    expect(asked(trace)?.outcome).toBe("sent");
  });

  test("so many are remembered, and one more pushes out the oldest; none for longer than an hour", () => {
    const clock = new SystemClock();
    const trace = new DeliveryTrace("a", clock);
    const nowMs = clock.wallMs();
    trace.told([told("sent", nowMs)]);
    const others = Array.from({ length: NOTIFY_OUTCOMES_MAX - 1 }, () => told("level", nowMs, { seqs: [1] }));
    trace.told(others);
    expect(asked(trace)?.outcome).toBe("sent");
    trace.told([told("level", nowMs, { seqs: [1] })]);
    expect(asked(trace)).toBeUndefined();
    trace.told([told("sent", nowMs - TRACE_KEPT_MS - 1_000)]);
    expect(asked(trace)).toBeUndefined();
  });

  test("of several nodes the one that spoke last is believed, and every outcome is said in words", () => {
    const view = (node: string, notified?: { readonly atMs: number; readonly outcome: NotifyOutcome }) => ({
      ...{ node, isTraced: true, sockets: 0, own: [] },
      ...(notified !== undefined && { notified }),
    });
    expect(judgeNotice({ views: [view("a"), view("b")], silent: [] })).toBeUndefined();
    const views = [view("a", { atMs: 2, outcome: "sent" }), view("b", { atMs: 1, outcome: "online" })];
    expect(judgeNotice({ views, silent: [] })).toMatchObject({ node: "a", outcome: "sent", atMs: 2 });
    for (const outcome of ["sent", "failed", ...NOTIFY_RULES.map(([why]) => why)] as const) {
      expect(judgeNotice({ views: [view("a", { atMs: 1, outcome })], silent: [] })?.why).toMatch(/^.{10,}\.$/);
    }
  });
});
