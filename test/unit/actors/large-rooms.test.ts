/** Rooms with many members: coming and going is told as a number, and members are found by the beginning of a name. */
import { expect, test } from "bun:test";
import type { ReplyOf } from "../../../src/actors/calls.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { LARGE_ROOM_MEMBERS, MEMBER_COUNT_INTERVAL_MS, MEMBER_SEARCH_READS_MAX } from "../../../src/base/limits.ts";
import { at, listAt } from "../../support/json.ts";
import { principalOf, type SmallClient, SmallNode } from "../../support/small-node.ts";

const ROOM = "room" as RoomId;

/** Whether it could be done is seen in the room. */
function mutate(node: SmallNode, by: string, command: object): void {
  const call = { to: "room", room: ROOM, kind: "mutate", command: command as never } as const;
  void node.gateway.call({ ...principalOf(by), name: `Name of ${by}` }, call);
}
const join = (node: SmallNode, who: string) => mutate(node, who, { kind: "join_room", clientId: `join ${who}` });
const leave = (node: SmallNode, who: string) => mutate(node, who, { kind: "leave_room", clientId: `leave ${who}` });
const remove = (node: SmallNode, who: string) =>
  mutate(node, "ann", { kind: "remove_member", userId: who as UserId, clientId: `remove ${who}` });

function roomOf(members: number): { node: SmallNode; ann: SmallClient } {
  const node = new SmallNode();
  const ann = node.connect("ann");
  ann.create(ROOM, { maxMembers: 100_000 });
  for (let i = 1; i < members; i += 1) {
    join(node, `m${i}`);
    if (i % 100 === 0) node.run();
  }
  node.run(5_000);
  return { node, ann };
}

const kindsOf = (client: SmallClient) => (client.rooms.get(ROOM)?.events ?? []).map((event) => event.type);
const countsOf = (client: SmallClient) => client.of("member_count").map((frame) => frame["memberCount"]);

test("up to the bound coming and going is told to all; from it on only how many members there are", () => {
  const { node, ann } = roomOf(LARGE_ROOM_MEMBERS - 1);
  join(node, "last");
  node.run();
  expect(kindsOf(ann).filter((kind) => kind === "user_joined")).toHaveLength(LARGE_ROOM_MEMBERS - 1);
  expect(countsOf(ann)).toEqual([]);
  join(node, "more");
  node.run();
  leave(node, "m5");
  node.run(MEMBER_COUNT_INTERVAL_MS);
  leave(node, "m6");
  leave(node, "m7");
  node.run(MEMBER_COUNT_INTERVAL_MS);
  expect(countsOf(ann)).toEqual([LARGE_ROOM_MEMBERS + 1, LARGE_ROOM_MEMBERS, LARGE_ROOM_MEMBERS - 2]);
  // The last one of them found the room small again.
  expect(kindsOf(ann).filter((kind) => kind === "user_left")).toEqual(["user_left"]);
  ann.say(ROOM, "still in order");
  expect(ann.texts(ROOM)).toEqual(["still in order"]);
  expect(ann.faults()).toEqual([]);
});

test("a number is told once a second at most, and the last one is the right one", () => {
  const { node, ann } = roomOf(LARGE_ROOM_MEMBERS + 1);
  const before = countsOf(ann).length;
  for (let i = 0; i < 300; i += 1) {
    join(node, `late${i}`);
    node.run(10);
  }
  node.run(MEMBER_COUNT_INTERVAL_MS);
  const told = countsOf(ann).slice(before);
  expect(told.length).toBeGreaterThan(2);
  expect(told.length).toBeLessThanOrEqual(5);
  expect(told.at(-1)).toBe(LARGE_ROOM_MEMBERS + 301);
});

test("coming and going moves the listeners' position once a second, and what is shown next follows it", () => {
  const { node, ann } = roomOf(LARGE_ROOM_MEMBERS + 1);
  const empty = () => ann.of("events").filter((frame) => listAt(frame, "events").length === 0);
  const before = empty().length;
  for (let i = 0; i < 300; i += 1) {
    join(node, `late${i}`);
    node.run(10);
  }
  expect(empty().length - before).toBeLessThanOrEqual(3);
  // Who begins to listen in between begins where the others are.
  const ben = node.connect("ben");
  ben.join(ROOM);
  join(node, "latest");
  node.run(10);
  ann.say(ROOM, "and on");
  expect([ann.texts(ROOM), ben.texts(ROOM)]).toEqual([["and on"], ["and on"]]);
  join(node, "last");
  node.run(2 * MEMBER_COUNT_INTERVAL_MS);
  const head = at(empty().at(-1), "head") as number;
  expect(at(ben.of("events").at(-1), "head")).toBe(head);
  const cid = node.connect("late0");
  expect(at(cid.request({ type: "resume", rooms: { [ROOM]: head } }), "rooms.0")).toMatchObject({ head });
  expect([...ann.faults(), ...ben.faults()]).toEqual([]);
});

test("whoever is removed while the others' position waits to be told leaves nobody with a gap or a repetition", () => {
  const { node, ann } = roomOf(LARGE_ROOM_MEMBERS + 10);
  const device = node.connect("m7");
  device.join(ROOM);
  node.run(2 * MEMBER_COUNT_INTERVAL_MS);
  join(node, "unseen");
  node.run(10);
  remove(node, "m7");
  node.run(10);
  ann.say(ROOM, "after");
  expect(kindsOf(device)).toEqual(["user_left"]);
  expect([ann.texts(ROOM), ann.faults(), device.faults()]).toEqual([["after"], [], []]);
});

test("whoever is removed from a large room is shown it, on all devices, and nothing that follows", () => {
  const { node, ann } = roomOf(LARGE_ROOM_MEMBERS + 10);
  const devices = [node.connect("m7"), node.connect("m7")];
  for (const device of devices) device.join(ROOM);
  ann.send({ type: "send_message", roomId: ROOM, content: "before" });
  remove(node, "m7");
  ann.send({ type: "send_message", roomId: ROOM, content: "after" });
  node.run();
  for (const device of devices) {
    expect(device.texts(ROOM)).toEqual(["before"]);
    expect(kindsOf(device)).toEqual(["new_message", "user_left"]);
    expect(device.faults()).toEqual([]);
  }
  expect(ann.texts(ROOM)).toEqual(["before", "after"]);
  expect(kindsOf(ann)).not.toContain("user_left");
  expect(ann.faults()).toEqual([]);
});

test("who comes to a large room, or comes back, learns how many members it has", () => {
  const { node } = roomOf(LARGE_ROOM_MEMBERS);
  const ben = node.connect("ben");
  expect(at(ben.join(ROOM), "position.memberCount")).toBe(LARGE_ROOM_MEMBERS + 1);
  const cleo = node.connect("m9");
  const resumed = cleo.request({ type: "resume", rooms: { [ROOM]: LARGE_ROOM_MEMBERS - 20 } });
  expect(listAt(resumed, "rooms").map((position) => at(position, "memberCount"))).toEqual([LARGE_ROOM_MEMBERS + 1]);
  expect([...ben.faults(), ...cleo.faults()]).toEqual([]);
});

test("a shard that is lost forgets no member of a large room", () => {
  const { node, ann } = roomOf(LARGE_ROOM_MEMBERS + 5);
  node.restartShard(0);
  node.run(5_000);
  leave(node, "m3");
  node.run(MEMBER_COUNT_INTERVAL_MS);
  expect(countsOf(ann).at(-1)).toBe(LARGE_ROOM_MEMBERS + 4);
  expect(ann.faults()).toEqual([]);
});

interface MembersAsked {
  readonly to: "room";
  readonly room: RoomId;
  readonly kind: "members";
  readonly prefix: string;
  readonly limit: number;
}

/** All pages, each as the ids on it. */
async function found(node: SmallNode, prefix: string, limit: number): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const place: object = next === "" ? {} : { after: next };
    const call: MembersAsked = { to: "room", room: ROOM, kind: "members", prefix, limit, ...place };
    const asked = node.gateway.call(principalOf("ann"), call);
    node.run();
    const answer = await asked;
    if (!answer.ok) throw new Error(answer.error.code);
    const reply: ReplyOf<MembersAsked> = answer.value;
    expect(reply.members.length).toBeLessThanOrEqual(limit);
    pages.push(reply.members.map((member) => member.userId));
    next = reply.next;
  }
  return pages;
}

/** Joins under a name of one's own. */
function enter(node: SmallNode, userId: string, name?: string): void {
  const command = { kind: "join_room", clientId: `join ${userId}` } as const;
  const call = { to: "room", room: ROOM, kind: "mutate", command } as const;
  void node.gateway.call({ ...principalOf(userId), ...(name !== undefined && { name }) }, call);
}

test("members are found by the beginning of their names, then of their ids, each once and whatever the page's size", async () => {
  const { node } = roomOf(1);
  const people = [
    ["u1", "Zoe"],
    ["u2", "zora"],
    ["zo", "ZO"],
    ["zo.3", "Ben"],
    ["zo.4", undefined],
    ["zo.5", "Zo the Fifth"],
    ["x", "az"],
  ] as const;
  for (const [id, name] of people) enter(node, id, name);
  node.run();
  const wanted = ["zo", "zo.5", "u1", "u2", "zo.3", "zo.4"];
  for (const limit of [1, 2, 3, 4, 5, 6, 100]) expect((await found(node, "zo", limit)).flat()).toEqual(wanted);
  expect((await found(node, "ZO", 9)).flat()).toEqual(["zo", "zo.5", "u1", "u2"]);
  expect((await found(node, "zo t", 9)).flat()).toEqual(["zo.5"]);
  expect((await found(node, "nobody", 9)).flat()).toEqual([]);
  leave(node, "zo.5");
  node.run();
  expect((await found(node, "zo", 100)).flat()).toEqual(wanted.filter((id) => id !== "zo.5"));
});

test("a search whose ids were all listed by their names reads a bounded number of rows for each page", async () => {
  const { node } = roomOf(1);
  for (let i = 0; i < 400; i += 1) {
    enter(node, `zo${i}`, `Zo ${i}`);
    if (i % 100 === 0) node.run();
  }
  enter(node, "zoz", "Ben");
  node.run();
  const pages = await found(node, "zo", 10);
  expect(pages.flat()).toHaveLength(401);
  expect(new Set(pages.flat()).size).toBe(401);
  expect(pages.flat().at(-1)).toBe("zoz");
  // Forty of names, and as many for the ids as it takes to look at all of them.
  expect(pages.length).toBeLessThanOrEqual(40 + Math.ceil(401 / (MEMBER_SEARCH_READS_MAX * 10)) + 2);
});
