/** The judge judged: one right history passes, and each wrong one of a kind is found by the rule that is meant for it. */
import { describe, expect, test } from "bun:test";
import { messageIdOf, type RoomId, type Seq, type UserId } from "../../../src/base/ids.ts";
import type { LogEvent } from "../../../src/domain/room/events.ts";
import { banKey, muteKey } from "../../../src/domain/room/standing-rows.ts";
import type { MemberRow } from "../../../src/domain/room/state.ts";
import type { RoomEvent } from "../../../src/protocol/frames.ts";
import type {
  Answer,
  ClientHistory,
  FinalLog,
  FinalSegment,
  History,
  RequestHistory,
  Seen,
} from "../../sim/history.ts";
import { checkHistory } from "../../sim/history-checker.ts";

const ROOM = "room" as RoomId;
const ANN = "ann" as UserId;
const BEN = "ben" as UserId;

function message(seq: Seq, by: UserId, content: string, messageNo: number): LogEvent {
  const common = { seq, timestamp: seq * 10, by, clientId: `${by}-${content}`, bodyHash: seq };
  return { kind: "message_sent", ...common, messageNo, messageType: "text", content };
}

function joined(seq: Seq, userId: UserId): LogEvent {
  return {
    kind: "member_joined",
    seq,
    timestamp: seq * 10,
    by: userId,
    clientId: `${userId}-join`,
    userId,
    role: "member",
  };
}

/** Fence, creation, both join, "one" of Ann, "two" of Ben. */
const EVENTS: readonly LogEvent[] = [
  { kind: "fence", seq: 1, timestamp: 10, epoch: 1, owner: "sim" },
  {
    kind: "room_created",
    seq: 2,
    timestamp: 20,
    by: ANN,
    clientId: "ann-create",
    settings: { type: "private", name: "room", maxMembers: 10, allowInvites: true },
  },
  joined(3, ANN),
  joined(4, BEN),
  message(5, ANN, "one", 1),
  message(6, BEN, "two", 2),
];

function segmentOf(events: readonly LogEvent[], changes: Partial<FinalSegment> = {}): FinalSegment {
  const first = events[0]?.seq ?? 0;
  const last = events.at(-1)?.seq ?? 0;
  const messageCount = EVENTS.filter((event) => event.kind === "message_sent" && event.seq <= last).length;
  return { firstSeq: first, lastSeq: last, epoch: 1, writer: "w", messageCount, events, ...changes };
}

function rowOf(userId: UserId, joinedSeq: Seq): [UserId, MemberRow] {
  return [userId, { userId, role: "member", joinedSeq, joinedAt: joinedSeq * 10, joinedNo: 0 }];
}

function logOf(segments: readonly FinalSegment[], changes: Partial<FinalLog> = {}): FinalLog {
  const members = new Map([rowOf(ANN, 3), rowOf(BEN, 4)]);
  return { room: ROOM, isPrivate: true, segments, members, overlays: new Map(), items: new Map(), ...changes };
}

const LOG = logOf([segmentOf(EVENTS.slice(0, 5)), segmentOf(EVENTS.slice(5))]);

function sent(content: string, askedMs: number, answer: Answer, ref = answer.ref): RequestHistory {
  return {
    room: ROOM,
    body: { kind: "send_message", content },
    clientId: `ann-${content}`,
    probe: false,
    tries: [{ atMs: askedMs, connection: 1, ref }],
    answers: [answer],
  };
}

function ack(ref: number, atMs: number, seq: Seq): Answer {
  return { kind: "ack", ref, atMs, seq, messageId: messageIdOf(seq), duplicate: false };
}

function seenMessage(seq: Seq, by: UserId, content: string, messageNo: number): RoomEvent {
  const base = {
    messageId: messageIdOf(seq),
    roomId: ROOM,
    seq,
    messageNo,
    authorId: by,
    content,
    timestamp: seq * 10,
  };
  return { type: "new_message", seq, timestamp: seq * 10, message: { ...base, messageType: "text" } };
}

const ONE = seenMessage(5, ANN, "one", 1);
const TWO = seenMessage(6, BEN, "two", 2);

function frame(after: Seq, head: Seq, ...events: RoomEvent[]): Seen {
  return { kind: "events", connection: 1, after, head, events };
}

function asked(ref: number, since: Seq | undefined): Seen {
  return { kind: "asked", connection: 1, ref, since };
}

function position(ref: number, head: Seq): Seen {
  return { kind: "position", connection: 1, ref, position: { roomId: ROOM, head, typing: [], present: [] } };
}

const SEEN: readonly Seen[] = [asked(1, undefined), position(1, 4), frame(4, 5, ONE), frame(5, 6, TWO)];

function annWith(changes: Partial<ClientHistory> & { readonly seen?: readonly Seen[] } = {}): ClientHistory {
  const { seen = SEEN, ...rest } = changes;
  const requests = [sent("one", 50, ack(2, 60, 5))];
  return {
    name: "c0",
    user: ANN,
    requests,
    rooms: new Map([[ROOM, seen]]),
    notices: [],
    faults: [],
    final: undefined,
    ...rest,
  };
}

function rulesOf(history: Partial<History>): string[] {
  const all = checkHistory({ clients: [annWith()], logs: [LOG], disruptions: [], ...history });
  return [...new Set(all.map((violation) => violation.rule))];
}

test("a history in which all is well has no violations", () => {
  expect(rulesOf({})).toEqual([]);
});

describe("the checker finds, in the log,", () => {
  const wrong: readonly (readonly [what: string, log: FinalLog, rule: string])[] = [
    ["a gap", logOf([segmentOf(EVENTS.slice(0, 3)), segmentOf(EVENTS.slice(4))]), "3 contiguous"],
    [
      "an activation without a fence",
      logOf([segmentOf(EVENTS.slice(0, 5)), segmentOf(EVENTS.slice(5), { writer: "x" })]),
      "3 fenced",
    ],
    [
      "an epoch that falls",
      logOf([segmentOf(EVENTS.slice(0, 5), { epoch: 2 }), segmentOf(EVENTS.slice(5))]),
      "3 epochs",
    ],
    ["a wrong number of messages", logOf([segmentOf(EVENTS, { messageCount: 7 })]), "3 counts"],
    [
      "a key that stands twice",
      logOf([segmentOf([...EVENTS.slice(0, 5), { ...message(6, ANN, "else", 2), clientId: "ann-one" } as LogEvent])]),
      "2 once",
    ],
    ["a text that stands twice", logOf([segmentOf([...EVENTS.slice(0, 5), message(6, BEN, "one", 2)])]), "2 once"],
    [
      "a time that falls",
      logOf([segmentOf([...EVENTS.slice(0, 5), { ...message(6, BEN, "two", 2), timestamp: 1 }])]),
      "3 timestamps",
    ],
    [
      "a row of somebody who is no member",
      logOf(LOG.segments, { members: new Map([rowOf(ANN, 3), rowOf(BEN, 4), rowOf("eve" as UserId, 5)]) }),
      "rows",
    ],
  ];
  for (const [what, log, rule] of wrong) {
    test(what, () => expect(rulesOf({ clients: [], logs: [log] })).toContain(rule));
  }
});

describe("the checker finds, in the answers,", () => {
  const refused: Answer = { kind: "error", ref: 2, atMs: 60, code: "forbidden", temporary: false };
  const busy: Answer = { kind: "error", ref: 2, atMs: 60, code: "overloaded", temporary: true };
  const wrong: readonly (readonly [what: string, requests: readonly RequestHistory[], rule: string])[] = [
    ["an ack for something that is not there", [sent("lost", 50, ack(2, 60, 7))], "1 acked"],
    ["an ack with another's place", [sent("one", 50, ack(2, 60, 6))], "1 acked"],
    ["an ack without a place", [sent("one", 50, ack(2, 60, 0))], "1 acked"],
    ["a refused request that was carried out", [sent("one", 50, refused)], "7 refused"],
    ["a request that was put off and carried out", [sent("one", 50, busy)], "7 refused"],
    ["a conflict with nothing", [sent("none", 50, { ...busy, code: "conflict", temporary: false })], "3 conflict"],
    ["a failure inside", [sent("none", 50, { ...busy, code: "internal", temporary: false })], "protocol"],
    ["a probe that was not acked", [{ ...sent("none", 50, busy), probe: true }], "9 probes"],
  ];
  for (const [what, requests, rule] of wrong) {
    test(what, () => expect(rulesOf({ clients: [annWith({ requests })] })).toContain(rule));
  }

  test("nothing wrong with a request that was put off while another writer may have been at work", () => {
    const disruptions = [{ fromMs: 40, toMs: 70, hasCopies: false }];
    expect(rulesOf({ clients: [annWith({ requests: [sent("one", 50, busy)] })], disruptions })).toEqual([]);
  });

  test("a later request that got a smaller sequence", () => {
    const ben = { ...annWith(), name: "c1", user: BEN, rooms: new Map() };
    const two = { ...sent("two", 10, ack(3, 20, 6)), clientId: "ben-two" };
    expect(rulesOf({ clients: [annWith(), { ...ben, requests: [two] }] })).toContain("6 real time");
  });
});

describe("the checker finds, in what a client saw,", () => {
  const wrong: readonly (readonly [what: string, seen: readonly Seen[], rule: string])[] = [
    ["a gap", [asked(1, undefined), position(1, 4), frame(5, 6, TWO)], "4 gap"],
    [
      "an event that is missing in its frame",
      [asked(1, undefined), position(1, 4), frame(4, 6, TWO)],
      "5 not in the log",
    ],
    [
      "a text that is not the log's",
      [asked(1, undefined), position(1, 4), frame(4, 5, seenMessage(5, ANN, "One", 1))],
      "5 not in the log",
    ],
    ["an event beyond the log", [...SEEN, frame(6, 7, seenMessage(7, ANN, "three", 3))], "5 not in the log"],
    ["a repetition that nobody asked for", [...SEEN, frame(5, 6, TWO)], "4 repeated"],
    ["a resume that ends too early", [...SEEN.slice(0, 3), asked(9, 5), position(9, 6)], "4 gap"],
    ["a room that fell back", [...SEEN, asked(9, 6), position(9, 5)], "4 fell back"],
  ];
  for (const [what, seen, rule] of wrong) {
    test(what, () => expect(rulesOf({ clients: [annWith({ seen })] })).toContain(rule));
  }

  test("nothing wrong with a repetition that answers a question", () => {
    const seen = [...SEEN, asked(9, 4), frame(4, 6, ONE, TWO), position(9, 6)];
    expect(rulesOf({ clients: [annWith({ seen })] })).toEqual([]);
  });

  test("what came after its user was no member any more", () => {
    const left: LogEvent = {
      kind: "member_left",
      seq: 5,
      timestamp: 50,
      by: ANN,
      clientId: "l",
      userId: ANN,
      reason: "left",
      role: "member",
    };
    const events = [...EVENTS.slice(0, 4), left, message(6, BEN, "two", 1)];
    const log = logOf([segmentOf(events, { messageCount: 1 })], { members: new Map([rowOf(BEN, 4)]) });
    const gone: RoomEvent = {
      type: "user_left",
      seq: 5,
      timestamp: 50,
      user: { userId: ANN },
      by: ANN,
      reason: "left",
    };
    const seen = [asked(1, undefined), position(1, 4), frame(4, 6, gone, seenMessage(6, BEN, "two", 1))];
    expect(rulesOf({ clients: [annWith({ requests: [], seen })], logs: [log] })).toEqual(["8 recipients"]);
  });
});

describe("the checker finds, at the end,", () => {
  const at = { roomId: ROOM, head: 6, typing: [], present: [ANN] };
  const final = { status: "online", positions: [at], unread: { [ROOM]: 1 }, queues: new Map() } as const;
  const wrong: readonly (readonly [what: string, final: NonNullable<ClientHistory["final"]>, rule: string])[] = [
    ["a client that does not have all", { ...final, positions: [{ ...at, head: 5 }] }, "10 head"],
    ["somebody shown who is not there", { ...final, positions: [{ ...at, present: [ANN, BEN] }] }, "10 presence"],
    ["somebody who types for ever", { ...final, positions: [{ ...at, typing: [BEN] }] }, "10 typing"],
    ["a wrong number of unread messages", { ...final, unread: { [ROOM]: 2 } }, "10 unread"],
  ];
  test("nothing, when all is as it should be", () => {
    expect(rulesOf({ clients: [annWith({ final })] })).toEqual([]);
  });
  for (const [what, ending, rule] of wrong) {
    test(what, () => expect(rulesOf({ clients: [annWith({ final: ending })] })).toEqual([rule]));
  }

  test("messages marked as unread read again by what waits for a moderator, once that is approved, and not before", () => {
    const mark: RequestHistory = {
      ...sent("mark", 70, ack(2, 75, 5)),
      body: { kind: "mark_unread", seq: 5 },
    };
    const waits: Answer = {
      kind: "ack",
      ref: 3,
      atMs: 85,
      seq: 7,
      messageId: messageIdOf(7),
      duplicate: false,
      held: true,
    };
    const held: LogEvent = {
      ...{ kind: "message_held", seq: 7, timestamp: 80, by: ANN, clientId: "ann-more", bodyHash: 7 },
      message: { messageType: "text", content: "more" },
      finding: { source: "rule", rule: "r", action: "hold", reason: "words" },
    };
    const resolved = (approved: boolean): LogEvent => {
      const common = { seq: 8, timestamp: 90, by: BEN, clientId: "ben-held" };
      return { kind: "held_resolved", ...common, heldSeq: 7, author: ANN, approved };
    };
    const findsIn = (unread: number, ...more: LogEvent[]): boolean => {
      const events = [...EVENTS, held, ...more];
      const ending = { ...final, unread: { [ROOM]: unread } };
      const client = annWith({ requests: [mark, sent("more", 80, waits)], final: ending });
      return rulesOf({ clients: [client], logs: [logOf([segmentOf(events)])] }).includes("10 unread");
    };
    const published = [resolved(true), message(9, ANN, "more", 3)];
    expect([findsIn(2), findsIn(2, resolved(false)), findsIn(0, ...published)]).toEqual([false, false, false]);
    expect([findsIn(3), findsIn(3, resolved(false)), findsIn(3, ...published)]).toEqual([true, true, true]);
  });
});

describe("the checker finds, of people who are muted or banned,", () => {
  const base = { by: ANN, clientId: "x", userId: BEN };
  const muted: LogEvent = { kind: "member_muted", seq: 6, timestamp: 60, ...base, until: 100 };
  const banned: LogEvent = { kind: "member_banned", seq: 6, timestamp: 60, ...base };
  const left: LogEvent = { kind: "member_left", seq: 7, timestamp: 60, ...base, reason: "banned", role: "member" };
  const said = (atMs: number): LogEvent => ({ ...message(7, BEN, "two", 2), timestamp: atMs });
  const muteRow = { by: ANN, userId: BEN, at: 60, until: 100 };
  const banRow = { by: ANN, userId: BEN, at: 60 };
  const ann = rowOf(ANN, 3);
  const [, ben] = rowOf(BEN, 4);
  const quiet: [UserId, MemberRow] = [BEN, { ...ben, mutedUntil: 100 }];
  const logWith = (events: readonly LogEvent[], changes: Partial<FinalLog>): FinalLog => {
    const all = [...EVENTS.slice(0, 5), ...events];
    const messageCount = all.filter(({ kind }) => kind === "message_sent").length;
    return logOf([segmentOf(all, { messageCount })], changes);
  };
  const mutes = { items: new Map([[muteKey(BEN), muteRow]]), members: new Map([ann, quiet]) };
  const bans = { items: new Map([[banKey(BEN), banRow]]), members: new Map([ann]) };

  test("nothing, when a mute has ended before a message, and a banned person is out", () => {
    expect(rulesOf({ clients: [], logs: [logWith([muted, said(100)], mutes)] })).toEqual([]);
    expect(rulesOf({ clients: [], logs: [logWith([banned, left], bans)] })).toEqual([]);
  });

  const back = { ...joined(8, BEN), timestamp: 80, clientId: "again" } as LogEvent;
  const wrong: readonly (readonly [what: string, log: FinalLog, rule: string])[] = [
    ["a message while they are muted", logWith([muted, said(99)], mutes), "12 muted"],
    ["a mute without a row", logWith([muted], { ...mutes, items: new Map() }), "12 rows"],
    [
      "a mute that their own row does not know",
      logWith([muted], { ...mutes, members: new Map([ann, [BEN, ben]]) }),
      "12 rows",
    ],
    ["a ban without a row", logWith([banned, left], { ...bans, items: new Map() }), "12 rows"],
    [
      "somebody who comes back while they are banned",
      logWith([banned, left, back], { ...bans, members: new Map([ann, rowOf(BEN, 8)]) }),
      "12 banned",
    ],
  ];
  for (const [what, log, rule] of wrong) {
    test(what, () => expect(rulesOf({ clients: [], logs: [log] })).toEqual([rule]));
  }

  test("a refusal for a mute that never was", () => {
    const answer: Answer = { kind: "error", ref: 2, atMs: 60, code: "muted", temporary: false };
    expect(rulesOf({ clients: [annWith({ requests: [sent("none", 50, answer)] })] })).toEqual(["12 refused"]);
  });
});
