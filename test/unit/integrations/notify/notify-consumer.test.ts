/** The follower that tells people who are away, with an engine whose answers the test writes: what it asks, sends, notes, holds back. */
import { describe, expect, test } from "bun:test";
import type { Call, ReplyOf } from "../../../../src/actors/calls.ts";
import type { NotifyReply, RoomNotifyReply } from "../../../../src/actors/notify-calls.ts";
import { SystemClock } from "../../../../src/base/clock.ts";
import { messageIdOf, type Seq, type UserId } from "../../../../src/base/ids.ts";
import {
  MENTION_ALL_MAX,
  NOTIFY_AGE_MS_MAX,
  NOTIFY_EAGER_IN_ROOM_MAX,
  NOTIFY_MESSAGES_MAX,
  NOTIFY_OUTCOME_SEQS_MAX,
  NOTIFY_PEOPLE_AT_ONCE,
  NOTIFY_SMALL_ROOM_MEMBERS,
} from "../../../../src/base/limits.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import type { Notification } from "../../../../src/domain/notify/notification.ts";
import type { ToldOutcome } from "../../../../src/domain/notify/outcome.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";
import type { EngineAsk } from "../../../../src/followers/engine-calls.ts";
import type { Delivered } from "../../../../src/followers/log-consumer.ts";
import { EngineAsker } from "../../../../src/integrations/notify/engine-asker.ts";
import type { Notifier, SendOutcome } from "../../../../src/integrations/notify/notifier.ts";
import { NotifyConsumer } from "../../../../src/integrations/notify/notify-consumer.ts";
import { Outcomes } from "../../../../src/integrations/notify/outcomes.ts";
import { TenantBook } from "../../../../src/integrations/notify/tenant-book.ts";
import type { PushOutcome } from "../../../../src/integrations/notify/web-push.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import type { ListedDocument } from "../../../../src/storage/projections.ts";
import { logOf } from "../../../conformance/harness.ts";

const LOG = logOf("talk");
const ids = (count: number): UserId[] =>
  Array.from({ length: count }, (_, i) => `u${String(i).padStart(5, "0")}` as UserId);
const unavailable: Result<never, Rejection> = err({ code: "unavailable" });

function sent(seq: Seq, more: object = {}): LogEvent {
  const common = { seq, timestamp: Date.now(), by: "ann" as UserId, messageNo: seq, messageType: "text", content: "x" };
  return { kind: "message_sent", ...common, ...more } as LogEvent;
}

/** Answers as the fields say. */
class Script implements Pick<EngineAsk, "call"> {
  readonly calls: Call[] = [];
  people = new Map<string, Partial<NotifyReply>>();
  members: readonly UserId[] = [];
  memberCount: number | undefined;
  type: RoomNotifyReply["type"] = "group";
  followers: readonly (readonly [Seq, readonly UserId[]])[] = [];
  read = new Map<string, Seq>();
  deleted = new Set<Seq>();
  documents: Readonly<Record<string, readonly ListedDocument[]>> = {};
  /** These calls are answered so. */
  refuse: ((call: Call) => Result<never, Rejection> | undefined) | undefined;

  async call<C extends Call>(_by: unknown, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    this.calls.push(call);
    return this.refuse?.(call) ?? ok(this.#answer(call) as unknown as ReplyOf<C>);
  }

  kinds(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const call of this.calls) {
      const name = call.kind === "notify" ? `${call.to} ${call.ask.do}` : call.kind;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  #answer(call: Call): object {
    if (call.kind === "keep" && call.ask.do === "documents") {
      const { collection, after = "", limit } = call.ask;
      const all = (this.documents[collection] ?? []).filter(({ id }) => id > after);
      return { documents: all.slice(0, limit) };
    }
    if (call.kind !== "notify") throw new Error(`not expected: ${call.kind}`);
    const base = { type: this.type, name: "Talk", memberCount: this.memberCount ?? this.members.length };
    if (call.to === "user") return { isLive: false, browsers: [], notifiedSeq: 0, ...this.people.get(call.user) };
    if (call.ask.do === "audience") {
      const page = this.type === "direct" ? { limit: 2 } : call.ask.members;
      if (page === undefined) return { ...base, followers: this.followers };
      const after = "after" in page ? (page.after ?? "") : "";
      const members = this.members.filter((id) => id > after).slice(0, page.limit);
      const next = members.length < page.limit ? {} : { next: members.at(-1) };
      return { ...base, followers: this.followers, members, ...next };
    }
    const { people, seqs } = call.ask;
    return {
      ...base,
      people: people.map(({ userId }) => {
        const readSeq = this.read.get(userId) ?? 0;
        return { userId, isMember: true, isInvited: false, readSeq, threads: [] };
      }),
      messages: seqs
        .filter((seq) => !this.deleted.has(seq))
        .map((seq) => ({
          seq,
          messageId: messageIdOf(seq),
          authorName: "Ann",
          content: `text ${seq}`,
          messageType: "text",
        })),
    };
  }
}

function rig({ browsers = false } = {}) {
  const script = new Script();
  const taken: Notification[] = [];
  const pushed: [Notification, string][] = [];
  const told: ToldOutcome[] = [];
  const reports: string[] = [];
  const answers = { out: "sent" as SendOutcome, push: "sent" as PushOutcome };
  const out: Notifier = {
    name: "sqs",
    close: () => undefined,
    send: async (notification) => {
      if (answers.out === "sent") taken.push(notification);
      return answers.out;
    },
  };
  const push = {
    send: async (notification: Notification, { id }: { readonly id: string }): Promise<PushOutcome> => {
      pushed.push([notification, id]);
      return answers.push;
    },
  };
  const clock = new SystemClock();
  const engine = new EngineAsker(script);
  const outcomes = new Outcomes((all) => void told.push(...all));
  const consumer = new NotifyConsumer({
    ...{ engine, clock, outcomes, windowMs: 1_000, withText: true, book: new TenantBook(engine, clock) },
    out: browsers ? undefined : out,
    push: browsers ? push : undefined,
    report: (event) => void reports.push(event),
  });
  const deliver = (...events: readonly LogEvent[]): Promise<Delivered> =>
    new Promise((resolve) =>
      consumer.deliver({ log: LOG, after: 0, events, to: events.at(-1)?.seq ?? 0, atMs: 1 }, (outcome) =>
        resolve(outcome),
      ),
    );
  return { script, taken, pushed, told, reports, answers, outcomes, deliver };
}

test("what is for nobody, and what is old, asks nothing", async () => {
  const { script, deliver } = rig();
  expect(await deliver({ kind: "fence", seq: 1, timestamp: Date.now(), epoch: 1, owner: "n" })).toBe("durable");
  expect(await deliver(sent(2, { timestamp: Date.now() - NOTIFY_AGE_MS_MAX - 1_000, mentions: ["ben"] }))).toBe(
    "durable",
  );
  expect(script.calls).toEqual([]);
});

test("a lively room in which nobody wants everything is asked once, and then not again", async () => {
  const { script, deliver } = rig();
  for (let seq = 1; seq <= 5; seq += 1) expect(await deliver(sent(seq))).toBe("durable");
  expect(script.kinds()).toEqual({ keep: 4, "room audience": 1 });
});

test("of a person who is connected nothing more is asked", async () => {
  const { script, taken, told, deliver } = rig();
  script.people.set("ben", { isLive: true });
  expect(await deliver(sent(5, { mentions: ["ben"] }))).toBe("durable");
  expect(taken).toEqual([]);
  expect(script.kinds()).toMatchObject({ "user check": 1 });
  expect(script.kinds()["room standing"]).toBeUndefined();
  expect(told).toMatchObject([{ userId: "ben", seqs: [5], outcome: "online" }]);
});

test("who has read it by then is not told, and the last thing before sending is to ask", async () => {
  const { script, taken, told, deliver } = rig();
  script.read.set("ben", 5);
  await deliver(sent(5, { mentions: ["ben", "cyd"] }), sent(6, { mentions: ["cyd"] }));
  expect(taken.map(({ userId, count, fromSeq, toSeq }) => [userId, count, fromSeq, toSeq])).toEqual([
    ["cyd" as UserId, 2, 5, 6],
  ]);
  expect(told).toMatchObject([
    { userId: "ben", outcome: "read", seqs: [5] },
    { userId: "cyd", outcome: "sent", seqs: [5, 6] },
  ]);
  const order = script.calls.flatMap((call) => (call.kind === "notify" ? [`${call.to} ${call.ask.do}`] : []));
  expect(order.slice(-2)).toEqual(["room standing", "user told"]);
  expect(script.calls.at(-1)).toMatchObject({ user: "cyd", ask: { do: "told", seq: 6, incarnation: 1 } });
});

describe("what is sent again", () => {
  test("has the same id when it was not noted, and another one when it was", async () => {
    const { script, taken, deliver } = rig();
    const events = [sent(5, { mentions: ["ben"] })];
    script.refuse = (call) => (call.kind === "notify" && call.ask.do === "told" ? unavailable : undefined);
    expect(await deliver(...events)).toBe("later");
    script.refuse = undefined;
    expect(await deliver(...events, sent(6, { mentions: ["ben"] }))).toBe("durable");
    expect(taken.map(({ id }) => id)).toEqual([taken[0]?.id ?? "", taken[0]?.id ?? ""]);
    script.people.set("ben", { notifiedSeq: 6 });
    expect(await deliver(...events, sent(7, { mentions: ["ben"] }))).toBe("durable");
    expect(taken).toHaveLength(3);
    expect(taken[2]).toMatchObject({ count: 1, fromSeq: 7 });
    expect(taken[2]?.id).not.toBe(taken[0]?.id);
    expect(new Set(taken.map(({ collapseKey }) => collapseKey)).size).toBe(1);
  });

  test("what the way cannot take now holds the log, and tells no browser meanwhile", async () => {
    const { script, taken, answers, deliver } = rig();
    answers.out = "later";
    expect(await deliver(sent(5, { mentions: ["ben"] }))).toBe("later");
    expect(script.kinds()["user told"]).toBeUndefined();
    answers.out = "sent";
    expect(await deliver(sent(5, { mentions: ["ben"] }))).toBe("durable");
    expect(taken).toHaveLength(1);
  });

  test("what it never will take does not, and is counted", async () => {
    const { answers, outcomes, told, deliver } = rig();
    answers.out = "refused";
    expect(await deliver(sent(5, { mentions: ["ben"] }))).toBe("durable");
    expect(outcomes.counts).toEqual({ sent: {}, failed: { sqs: 1 }, skipped: {} });
    expect(told).toMatchObject([{ outcome: "failed" }]);
  });
});

test("whatever cannot be asked now is asked later; a room that is gone is nobody's", async () => {
  for (const part of ["keep", "user check", "room audience", "room standing"]) {
    const { script, taken, deliver } = rig();
    script.refuse = (call) => {
      const name = call.kind === "notify" ? `${call.to} ${call.ask.do}` : call.kind;
      return name === part ? unavailable : undefined;
    };
    expect([part, await deliver(sent(5, { mentions: ["ben"] }))]).toEqual([part, "later"]);
    expect(taken).toEqual([]);
  }
  const { script, deliver } = rig();
  const gone: Result<never, Rejection> = err({ code: "room_not_found" });
  script.refuse = (call) => (call.to === "room" ? gone : undefined);
  expect(await deliver(sent(5, { mentions: ["ben"] }))).toBe("durable");
  // Also where it goes between the two questions.
  const late = rig();
  late.script.refuse = (call) => (call.kind === "notify" && call.ask.do === "standing" ? gone : undefined);
  expect(await late.deliver(sent(5, { mentions: ["ben"] }))).toBe("durable");
  expect([late.script.kinds()["room standing"], late.taken]).toEqual([1, []]);
});

test("an exception holds this log alone, and is reported", async () => {
  const { script, reports, deliver } = rig();
  script.refuse = (call) => {
    if (call.to === "room") throw new Error("broken");
    return undefined;
  };
  expect(await deliver(sent(5, { mentions: ["ben"] }))).toBe("later");
  expect(reports).toEqual(["notify_failed"]);
});

describe("bounds", () => {
  test("a message to all is for so many members, and not one more; a few are asked at a time", async () => {
    const { script, taken, deliver } = rig();
    script.members = ids(MENTION_ALL_MAX + 1);
    let [asking, most] = [0, 0];
    script.refuse = (call) => {
      if (call.kind !== "notify" || call.to !== "user") return undefined;
      if (call.ask.do === "check") asking += 1;
      most = Math.max(most, asking);
      if (call.ask.do === "told") asking -= 1;
      return undefined;
    };
    expect(await deliver(sent(5, { mentionsRoom: true }))).toBe("durable");
    expect(taken).toHaveLength(MENTION_ALL_MAX);
    expect(most).toBe(NOTIFY_PEOPLE_AT_ONCE);
  });

  test("who wants all messages of all rooms is told of those of small rooms; of large ones who wants them of this one", async () => {
    const eager = (...names: readonly string[]): readonly ListedDocument[] =>
      names.toSorted().map((id) => ({ id, value: {}, version: 1 }));
    const all = { preferences: { level: "all" as const } };
    for (const [count, expected] of [
      [NOTIFY_SMALL_ROOM_MEMBERS, ["u00001", "u00002"]],
      [NOTIFY_SMALL_ROOM_MEMBERS + 1, ["u00002"]],
    ] as const) {
      const { script, taken, deliver } = rig();
      script.members = ids(NOTIFY_SMALL_ROOM_MEMBERS);
      script.memberCount = count;
      script.documents = { notify_eager: eager("*/u00001", "*/stranger", "talk/u00002", "talk2/u00003", "talk/gone") };
      for (const name of ["u00001", "u00002", "stranger"]) script.people.set(name, all);
      await deliver(sent(5));
      expect(taken.map(({ userId }) => String(userId)).toSorted()).toEqual([...expected]);
    }
  });

  test("of those who want everything of one room so many are known", async () => {
    const { script, taken, deliver } = rig();
    const names = ids(NOTIFY_EAGER_IN_ROOM_MAX + 1);
    script.documents = { notify_eager: names.map((id) => ({ id: `talk/${id}`, value: {}, version: 1 })) };
    for (const name of names) script.people.set(name, { room: { level: "all" } });
    await deliver(sent(5));
    expect(taken).toHaveLength(NOTIFY_EAGER_IN_ROOM_MAX);
  });

  test("of more messages than are asked for the older ones are counted all the same", async () => {
    const { script, taken, told, deliver } = rig();
    const events = Array.from({ length: NOTIFY_MESSAGES_MAX + 5 }, (_, i) => sent(i + 1, { mentions: ["ben"] }));
    script.deleted.add(NOTIFY_MESSAGES_MAX);
    await deliver(...events);
    expect(taken.map(({ count }) => count)).toEqual([NOTIFY_MESSAGES_MAX + 4]);
    expect(told.map(({ seqs }) => seqs.length).toSorted((a, b) => a - b)).toEqual([1, NOTIFY_OUTCOME_SEQS_MAX]);
    expect(told.at(-1)?.seqs.at(-1)).toBe(NOTIFY_MESSAGES_MAX + 5);
    const asked = script.calls.find(
      (call) => call.kind === "notify" && call.to === "room" && call.ask.do === "standing",
    );
    expect(asked).toMatchObject({ ask: { seqs: { length: NOTIFY_MESSAGES_MAX } } });
  });
});

describe("browsers", () => {
  const browser = (id: string, more: object = {}) => ({
    ...{ id, endpoint: `https://push.example/${id}`, p256dh: "x", auth: "y", addedAt: 1 },
    ...more,
  });

  test("each is told; who has none is not reachable", async () => {
    const { script, pushed, told, outcomes, deliver } = rig({ browsers: true });
    script.people.set("ben", { browsers: [browser("b1"), browser("b2")] });
    await deliver(sent(5, { mentions: ["ben", "cyd"] }));
    expect(pushed.map(([{ userId }, id]) => [userId, id])).toEqual([
      ["ben" as UserId, "b1"],
      ["ben" as UserId, "b2"],
    ]);
    expect(told).toMatchObject([
      { userId: "cyd", outcome: "unreachable" },
      { userId: "ben", outcome: "sent" },
    ]);
    expect(outcomes.counts).toMatchObject({ sent: { push: 2 }, failed: {} });
  });

  test("one that is gone is forgotten, and then the person was not told", async () => {
    const { script, answers, told, deliver } = rig({ browsers: true });
    script.people.set("ben", { browsers: [browser("b1")] });
    answers.push = "gone";
    expect(await deliver(sent(5, { mentions: ["ben"] }))).toBe("durable");
    expect(script.calls.at(-1)).toMatchObject({ user: "ben", ask: { do: "forget_browsers", ids: ["b1"] } });
    expect(told).toMatchObject([{ outcome: "failed" }]);
  });

  test("those of revoked tokens are forgotten and not told, a suspended person is not told at all", async () => {
    const { script, pushed, told, deliver } = rig({ browsers: true });
    const entries = [
      { key: "token:t1", before: Number.MAX_SAFE_INTEGER },
      { key: "user:ben", before: 1_000 },
      { key: "user:cyd", suspended: {} },
      { key: "user:dan", suspended: { until: Date.now() - 1 } },
    ];
    script.documents = { access: [{ id: "0", version: 1, value: { entries } }] };
    const tokens = [browser("b1", { tokenId: "t1", issuedAtMs: 2_000 }), browser("b2", { issuedAtMs: 999 })];
    script.people.set("ben", { browsers: [...tokens, browser("b3", { issuedAtMs: 1_000 })] });
    script.people.set("cyd", { browsers: [browser("c1")] });
    script.people.set("dan", { browsers: [browser("d1")] });
    await deliver(sent(5, { mentions: ["ben", "cyd", "dan"] }));
    expect(pushed.map(([, id]) => id)).toEqual(["b3", "d1"]);
    const forgotten = script.calls.find((call) => call.kind === "notify" && call.ask.do === "forget_browsers");
    expect(forgotten).toMatchObject({ user: "ben", ask: { ids: ["b1", "b2"] } });
    expect(told).toContainEqual(expect.objectContaining({ userId: "cyd" as UserId, outcome: "suspended" }));
  });
});
