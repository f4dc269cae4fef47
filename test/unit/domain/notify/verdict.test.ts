/** Who is told of what, and why not: the table, each rule by what breaks it alone, and the audience that it is asked about. */
import { describe, expect, test } from "bun:test";
import type { Seq, UserId } from "../../../../src/base/ids.ts";
import { audienceOf, type RoomAudience, type Told } from "../../../../src/domain/notify/audience.ts";
import { type Occasion, occasionsIn } from "../../../../src/domain/notify/occasions.ts";
import type { NotifyLevel } from "../../../../src/domain/notify/preferences.ts";
import { type Facts, judge, NOTIFY_RULES, type SkipReason } from "../../../../src/domain/notify/verdict.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";

const user = (name: string): UserId => name as UserId;
const [ann, ben, cyd, dan] = ["ann", "ben", "cyd", "dan"].map(user) as [UserId, UserId, UserId, UserId];
const NOON = Date.parse("2026-01-14T12:00:00Z");

function message(seq: Seq, more: Partial<Occasion> = {}): Occasion {
  return { seq, at: NOON, kind: "message", by: ann, author: ann, users: [], everybody: false, ...more };
}
const told = (reason: Told["reason"], occasion = message(5)): Told => ({ occasion, reason });

const GOOD: Facts = {
  nowMs: NOON,
  tenant: { level: "mentions", withText: true },
  person: {
    ...{ isLive: false, isReachable: true, isSuspended: false },
    ...{ preferences: {}, room: {}, blocked: new Set<UserId>(), notifiedSeq: 0 },
  },
  standing: {
    ...{ isMember: true, isInvited: false, readSeq: 0 },
    ...{ threadsRead: new Map<Seq, number>(), present: new Set([5]) },
  },
};
type PersonPart = Partial<Facts["person"]>;
const person = (part: PersonPart): Facts => ({ ...GOOD, person: { ...GOOD.person, ...part } });
const standing = (part: Partial<NonNullable<Facts["standing"]>>): Facts => ({
  ...GOOD,
  standing: { ...(GOOD.standing as NonNullable<Facts["standing"]>), ...part },
});

describe("one thing in the way is enough, and is the reason", () => {
  const cases: readonly (readonly [SkipReason, Facts, Told?])[] = [
    ["online", person({ isLive: true })],
    ["suspended", person({ isSuspended: true })],
    ["level", person({ preferences: { level: "none" } })],
    ["level", person({ room: { level: "none" } })],
    ["level", GOOD, told("message")],
    ["muted", person({ preferences: { muteUntil: NOON + 1 } })],
    ["muted", person({ room: { muteUntil: NOON + 1 } })],
    ["quiet_hours", person({ preferences: { quietHours: { from: 11 * 60, to: 13 * 60, timeZone: "UTC" } } })],
    ["blocked", person({ blocked: new Set([ann]) })],
    ["notified", person({ notifiedSeq: 5 })],
    ["unreachable", person({ isReachable: false })],
    ["not_member", standing({ isMember: false })],
    ["gone", standing({ present: new Set() })],
    ["gone", GOOD, told("invite", message(5, { kind: "invite", users: [ben] }))],
    ["read", standing({ readSeq: 5 })],
    ["read", standing({ threadsRead: new Map([[2, 3]]) }), told("reply", message(5, { thread: { root: 2, no: 3 } }))],
  ];
  for (const [why, facts, one = told("mention")] of cases) {
    test(`${why}: ${one.reason} ${JSON.stringify({ person: facts.person.preferences, room: facts.person.room })}`, () => {
      const judged = judge([one], facts);
      expect(judged.told).toEqual([]);
      expect(judged.skipped).toEqual([{ told: one, why }]);
    });
  }
  test("every rule has a case", () => {
    expect(new Set(cases.map(([why]) => why))).toEqual(new Set(NOTIFY_RULES.map(([why]) => why)));
  });
});

test("with nothing in the way they are told; of what is not known yet nothing is in the way", () => {
  expect(judge([told("mention")], GOOD)).toEqual({ told: [told("mention")], skipped: [] });
  const { standing: _standing, ...first } = GOOD;
  expect(judge([told("mention")], first).told).toHaveLength(1);
});

test("at each bound and one past it", () => {
  expect(judge([told("mention")], person({ notifiedSeq: 4 })).told).toHaveLength(1);
  expect(judge([told("mention")], standing({ readSeq: 4 })).told).toHaveLength(1);
  expect(judge([told("mention")], person({ room: { muteUntil: NOON } })).told).toHaveLength(1);
  const thread = told("reply", message(5, { thread: { root: 2, no: 3 } }));
  expect(judge([thread], standing({ threadsRead: new Map([[2, 2]]) })).told).toHaveLength(1);
});

describe("the most particular wish counts", () => {
  const cases: readonly (readonly [NotifyLevel, NotifyLevel | undefined, NotifyLevel | undefined, boolean, boolean])[] =
    [
      // tenant, person, room: is a mention told, is a plain message?
      ["mentions", undefined, undefined, true, false],
      ["all", undefined, undefined, true, true],
      ["none", undefined, undefined, false, false],
      ["none", "mentions", undefined, true, false],
      ["none", "all", undefined, true, true],
      ["all", "none", undefined, false, false],
      ["all", "none", "mentions", true, false],
      ["none", "none", "all", true, true],
      ["all", "all", "none", false, false],
    ];
  for (const [tenant, own, room, mention, plain] of cases) {
    test(`tenant ${tenant}, person ${own ?? "-"}, room ${room ?? "-"}`, () => {
      const facts: Facts = {
        ...person({
          preferences: own === undefined ? {} : { level: own },
          room: room === undefined ? {} : { level: room },
        }),
        tenant: { level: tenant, withText: true },
      };
      for (const reason of ["mention", "mention_all", "direct", "reply"] as const) {
        expect(judge([told(reason)], facts).told.length > 0).toBe(mention);
      }
      expect(judge([told("message")], facts).told.length > 0).toBe(plain);
    });
  }
});

describe("whom an occasion is for", () => {
  const room: RoomAudience = { type: "group", followers: new Map([[2, [ann, ben, cyd]]]), members: [], eager: [dan] };
  const reasons = (occasion: Occasion, facts: RoomAudience) =>
    Object.fromEntries([...audienceOf([occasion], facts)].map(([who, own]) => [who, own.map((one) => one.reason)]));

  test("those who are named, who follow the thread, who want everything; never who did it", () => {
    expect(reasons(message(5, { users: [ann, ben], thread: { root: 2, no: 1 } }), room)).toEqual({
      ben: ["mention"],
      cyd: ["reply"],
      dan: ["message"],
    });
  });

  test("in a room of two the other one, whoever else is named", () => {
    const pair: RoomAudience = { ...room, type: "direct", members: [ann, ben] };
    expect(reasons(message(5, { users: [cyd] }), pair)).toEqual({ ben: ["direct"] });
  });

  test("all members where all are meant; the stronger reason counts", () => {
    const all: RoomAudience = { ...room, members: [ann, ben, cyd, dan] };
    expect(reasons(message(5, { everybody: true, users: [ben] }), all)).toEqual({
      ben: ["mention"],
      cyd: ["mention_all"],
      dan: ["mention_all"],
    });
  });

  test("who is invited", () => {
    expect(reasons(message(5, { kind: "invite", users: [cyd] }), room)).toEqual({ cyd: ["invite"] });
  });
});

describe("what of a log's events is an occasion", () => {
  const base = { timestamp: NOON, by: ann };
  const sent = (seq: Seq, more: object = {}): LogEvent =>
    ({ ...base, kind: "message_sent", seq, messageNo: seq, messageType: "text", content: "x", ...more }) as LogEvent;
  const seqs = (events: readonly LogEvent[], fromMs = 0) => occasionsIn(events, fromMs).map(({ seq }) => seq);

  test("what people say; not what the engine says, nor an answer that has no text yet", () => {
    const run = { task: "answer", asker: ann, question: 1 };
    expect(seqs([sent(1), sent(2, { messageType: "system" }), sent(3, { run })])).toEqual([1]);
  });

  test("nothing that was deleted in the same run, and no invite that is over", () => {
    const made = { ...base, kind: "invite_made", until: NOON } as const;
    const events = [
      sent(1),
      { ...base, kind: "message_deleted", seq: 2, target: 1 },
      { ...made, seq: 3, userId: ben },
      { ...base, kind: "invite_ended", seq: 4, userId: ben, reason: "declined" },
      { ...made, seq: 5, userId: cyd },
      { ...base, kind: "member_joined", seq: 6, userId: cyd, role: "member" },
      { ...made, seq: 7, userId: dan },
      { ...made, seq: 8, code: "for-anybody" },
    ] as readonly LogEvent[];
    expect(seqs(events)).toEqual([7]);
  });

  test("nothing that is older than the bound", () => {
    const events = [sent(1, { timestamp: NOON - 1 }), sent(2), sent(3, { timestamp: NOON + 1 })];
    expect(seqs(events, NOON)).toEqual([2, 3]);
  });

  test("an anonymous message is its pseudonym's, and its author is not told of it", () => {
    const [occasion] = occasionsIn([sent(1, { as: "anon_7", mentions: [ann, ben] })], 0);
    if (occasion === undefined) throw new Error("no occasion");
    expect(occasion.author).toBe(user("anon_7"));
    const room: RoomAudience = { type: "group", followers: new Map(), members: [], eager: [] };
    expect([...audienceOf([occasion], room).keys()]).toEqual([ben]);
  });
});
