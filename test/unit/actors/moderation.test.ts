/** Moderation in a shard: the tenant's rules, the hook, who is told what, and what moderators can look at. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { Call } from "../../../src/actors/calls.ts";
import type { ModerationAsk, ModerationReply } from "../../../src/actors/moderation-calls.ts";
import type { TenantAsk, TenantReply } from "../../../src/actors/tenant-calls.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { BACKTEST_PAGE_CHARS_MAX, LANE_REQUESTS_MAX, TENANT_RULES_MS } from "../../../src/base/limits.ts";
import type { HookQuestion, HookVerdict, ModerationHook } from "../../../src/domain/moderation/hook.ts";
import type { ModerationRule } from "../../../src/domain/moderation/rules.ts";
import { type ScriptedEdge, SmallShard, SmallWorld, TENANT } from "../../support/small-shard.ts";

const ROOM = "room" as RoomId;
const [OWNER, BOB, EVE] = [1, 2, 3] as const;

/** Answers when the test says so. */
class ScriptedHook implements ModerationHook {
  readonly asked: { readonly question: HookQuestion; readonly done: (verdict: HookVerdict) => void }[] = [];
  judge(question: HookQuestion, done: (verdict: HookVerdict) => void): void {
    this.asked.push({ question, done });
  }
}

let world: SmallWorld;
let hook: ScriptedHook;
let shard: SmallShard;
let edge: ScriptedEdge;
let calls = 0;

beforeEach(() => {
  world = new SmallWorld();
  hook = new ScriptedHook();
  shard = new SmallShard("here", world, hook);
  edge = shard.ownEdge();
  edge.open(OWNER, "owner");
  edge.open(BOB, "bob");
  edge.open(EVE, "eve");
  edge.create(OWNER, ROOM);
  edge.join(BOB, ROOM);
  edge.join(EVE, ROOM);
  act();
});

function act(ms?: number): void {
  edge.post();
  shard.run(ms);
}
function ask(no: number, frame: Record<string, unknown>): Record<string, unknown> | undefined {
  calls += 1;
  const ref = `r${calls}`;
  edge.ask(no, { roomId: ROOM, clientId: ref, ...frame, ref } as never);
  act();
  return edge.answer(ref);
}
const say = (no: number, content: string): Record<string, unknown> | undefined =>
  ask(no, { type: "send_message", content });
function call<Reply>(
  user: string,
  role: "user" | "admin",
  request: object,
): { ok: boolean; value?: Reply; error?: { code: string } } {
  calls += 1;
  edge.writer.call(calls, { tenant: TENANT, userId: user as UserId, role }, request as Call);
  act();
  return edge.replies.get(calls) as never;
}
const look = (user: string, list: ModerationAsk) =>
  call<ModerationReply>(user, "user", { to: "room", room: ROOM, kind: "moderation", ask: list });
const tenant = (role: "user" | "admin", wish: TenantAsk) =>
  call<TenantReply>("root", role, { to: "user", user: "root", kind: "tenant", ask: wish });
const rules = (more: Partial<ModerationRule>): ModerationRule[] => [
  { id: "r", action: "reject", words: ["spam"], ...more },
];
const notices = (no: number): unknown[] =>
  edge.frames
    .filter(({ no: to, frame }) => to === no && frame["type"] === "moderation_notice")
    .map(({ frame }) => frame);

describe("the tenant's rules", () => {
  test("are set by its administrators, hold in rooms that were active before, and stand in its audit log", () => {
    expect(say(BOB, "spam")).toMatchObject({ type: "ack" });
    expect(tenant("user", { list: "rules" }).error?.code).toBe("forbidden");
    expect(tenant("admin", { list: "rules", set: { rules: rules({}), hook: false } }).value).toMatchObject({
      version: 1,
    });
    expect(say(BOB, "more spam")).toMatchObject({ type: "error", code: "message_rejected" });
    expect(tenant("admin", { list: "audit", limit: 10 }).value?.items).toMatchObject([
      { value: { action: "tenant_rules_changed", by: "root", details: { rules: "r" } } },
    ]);
  });

  test("are known to other shards within their time", () => {
    const other = new SmallShard("there", world);
    const there = other.ownEdge();
    there.open(1, "ann");
    const room = "other" as RoomId;
    there.create(1, room);
    there.say(1, room, "spam one");
    there.post();
    other.run();
    tenant("admin", { list: "rules", set: { rules: rules({}), hook: false } });
    world.run(TENANT_RULES_MS);
    // The first message finds that the rules are old, and is judged by them; the next one by the new ones.
    there.say(1, room, "hello");
    there.post();
    other.run();
    there.say(1, room, "spam two");
    there.post();
    other.run();
    expect(there.answer("spam one")).toMatchObject({ type: "ack" });
    expect(there.answer("spam two")).toMatchObject({ type: "error", code: "message_rejected" });
  });

  test("are not overwritten by somebody who has not seen them, and broken ones are not taken", () => {
    tenant("admin", { list: "rules", set: { rules: rules({}), hook: false } });
    const set = { rules: [], hook: false };
    expect(tenant("admin", { list: "rules", set, expectedVersion: 0 }).error?.code).toBe("conflict");
    const broken = { rules: rules({ words: [] }), hook: false };
    expect(tenant("admin", { list: "rules", set: broken }).error).toMatchObject({
      code: "invalid_field",
      field: "rules.0",
    });
  });
});

describe("the hook", () => {
  beforeEach(() => {
    tenant("admin", { list: "rules", set: { rules: rules({}), hook: true } });
  });

  test("holds up its sender's requests, in order, and nobody else's", () => {
    expect(say(BOB, "first")).toBeUndefined();
    expect(say(BOB, "second")).toBeUndefined();
    expect(ask(EVE, { type: "mark_read", seq: 1 })).toMatchObject({ type: "ack" });
    expect(hook.asked.map(({ question }) => question)).toEqual([
      { tenant: TENANT, room: ROOM, author: "bob" as UserId, content: "first", messageType: "text" },
    ]);
    hook.asked[0]?.done({ outcome: "publish" });
    act();
    hook.asked[1]?.done({ outcome: "publish", content: "2nd" });
    act();
    expect(edge.texts(ROOM)).toEqual(["first", "2nd"]);
  });

  test("is not asked about what the rules refuse", () => {
    expect(say(BOB, "spam")).toMatchObject({ code: "message_rejected" });
    expect(hook.asked).toEqual([]);
  });

  test("may refuse, hold, or have too much to do", () => {
    const verdicts: HookVerdict[] = [
      { outcome: "reject", reason: "Not here." },
      { outcome: "hold", reason: "Let somebody look." },
      { outcome: "overloaded" },
    ];
    for (const verdict of verdicts) {
      say(BOB, verdict.outcome);
      hook.asked.at(-1)?.done(verdict);
      act();
    }
    const answers = edge.frames.filter(({ no, frame }) => no === BOB && /^r/.test(String(frame["ref"]))).slice(-3);
    expect(answers.map(({ frame }) => frame)).toMatchObject([
      { type: "error", code: "message_rejected", message: "Not here." },
      { type: "ack", held: true },
      { type: "error", code: "overloaded", temporary: true },
    ]);
    expect(edge.texts(ROOM)).toEqual([]);
  });

  test("is asked again by the room's next activation when the one that asked is lost", () => {
    say(BOB, "first");
    // This node was not registered for a moment: what its rooms know may be out of date.
    shard.see([], { lapses: 1 });
    act();
    expect(hook.asked.map(({ question }) => question.content)).toEqual(["first", "first"]);
    hook.asked[0]?.done({ outcome: "publish", content: "too late" });
    hook.asked[1]?.done({ outcome: "publish" });
    act();
    expect(look("owner", { list: "rules" }).ok).toBe(true);
    const history = call<{ messages: { content: string }[] }>("owner", "user", {
      to: "room",
      room: ROOM,
      kind: "history",
      limit: 10,
    });
    expect(history.value?.messages.map(({ content }) => content)).toEqual(["first"]);
  });
});

describe("a held message", () => {
  beforeEach(() => {
    ask(OWNER, { type: "set_moderation", rules: rules({ action: "hold", reason: "Wait." }) });
  });

  test("is acknowledged as held, seen by moderators alone, and published when approved", () => {
    const held = say(BOB, "spam");
    expect(held).toMatchObject({ type: "ack", held: true });
    expect(edge.texts(ROOM)).toEqual([]);
    expect(notices(OWNER)).toMatchObject([{ what: "held", heldId: held?.["messageId"], reason: "Wait." }]);
    expect(look("bob", { list: "held", limit: 10 }).error?.code).toBe("forbidden");
    expect(look("owner", { list: "held", limit: 10 }).value).toMatchObject({
      items: [{ value: { author: "bob", message: { content: "spam" }, finding: { rule: "r" } } }],
      hasMore: false,
    });
    const approved = ask(OWNER, { type: "resolve_held", heldId: held?.["messageId"], approve: true });
    expect(approved).toMatchObject({ type: "ack" });
    expect(edge.texts(ROOM)).toEqual(["spam"]);
    expect(notices(BOB)).toMatchObject([{ what: "approved", heldId: held?.["messageId"] }]);
    expect(look("owner", { list: "held", limit: 10 }).value?.items).toEqual([]);
  });

  test("is nothing that a retry sends twice", () => {
    edge.ask(BOB, { type: "send_message", roomId: ROOM, content: "spam", clientId: "once", ref: "one" } as never);
    act();
    edge.ask(BOB, { type: "send_message", roomId: ROOM, content: "spam", clientId: "once", ref: "two" } as never);
    act();
    expect(edge.answer("two")).toMatchObject({
      type: "ack",
      held: true,
      duplicate: true,
      seq: edge.answer("one")?.["seq"],
    });
    expect(look("owner", { list: "rules" }).error?.code ?? look("owner", { list: "rules" }).value?.heldCount).toBe(1);
  });
});

describe("reports", () => {
  test("reach those who look after the room, are dealt with once, and leave the queue", () => {
    const sent = say(BOB, "rude");
    const messageId = sent?.["messageId"];
    expect(ask(EVE, { type: "report_message", messageId, reason: "Rude" })).toMatchObject({ type: "ack" });
    const [notice] = notices(OWNER) as { reportId: string }[];
    expect(notice).toMatchObject({ what: "reported", messageId, reason: "Rude" });
    expect(look("owner", { list: "open_reports", limit: 10 }).value?.items).toMatchObject([
      { value: { userId: "bob", excerpt: "rude", count: 1, reporters: [{ by: "eve", reason: "Rude" }] } },
    ]);
    const resolve = { type: "resolve_report", reportId: notice?.reportId, action: "delete", reason: "No." };
    expect(ask(OWNER, resolve)).toMatchObject({ type: "ack" });
    expect(ask(OWNER, resolve)).toMatchObject({ type: "error", code: "report_not_found" });
    expect(look("owner", { list: "open_reports", limit: 10 }).value?.items).toEqual([]);
    expect(look("owner", { list: "resolved_reports", limit: 10 }).value?.items).toMatchObject([
      { value: { resolved: { by: "owner", action: "delete", reason: "No." } } },
    ]);
  });

  test("copies for the tenant that were lost with their node are made again by the room's next owner, each once", () => {
    ask(OWNER, { type: "mute_member", userId: "eve" });
    ask(OWNER, { type: "unmute_member", userId: "eve" });
    act(1_000);
    const copies = () => world.store.documents(TENANT, "audit");
    const before = [...copies().keys()].toSorted();
    expect(before).toHaveLength(2);
    // As if the node had been lost before it copied the second one.
    copies().delete(before[1] ?? "");
    shard.shard.stop();
    const heir = new SmallShard("there", world);
    const other = heir.ownEdge();
    other.open(OWNER, "owner");
    other.join(OWNER, ROOM);
    other.post();
    heir.run(1_000);
    expect([...copies().keys()].toSorted()).toEqual(before);
    expect([...copies().values()].map(({ version }) => version)).toEqual([1, 1]);
  });

  test("and what was done about them stand in the audit logs of the room and of the tenant, the newest first", () => {
    const messageId = say(BOB, "rude")?.["messageId"];
    ask(EVE, { type: "report_message", messageId, reason: "Rude" });
    const [notice] = notices(OWNER) as { reportId: string }[];
    ask(OWNER, { type: "resolve_report", reportId: notice?.reportId, action: "delete" });
    const actions = ["message_deleted", "report_resolved", "reported"];
    const entries = look("owner", { list: "audit", limit: 3 }).value?.items ?? [];
    expect(entries.map(({ value }) => (value as { action: string }).action)).toEqual(actions);
    const copies = tenant("admin", { list: "audit", limit: 3 }).value?.items ?? [];
    expect(copies.map(({ value }) => (value as { action: string }).action)).toEqual(actions);
    expect(copies[0]?.value).toMatchObject({ room: ROOM, by: "owner", userId: "bob" });
    const next = look("owner", { list: "audit", limit: 2, after: entries[0]?.id ?? "" }).value;
    expect(next?.items).toEqual(entries.slice(1));
  });
});

describe("a back-test", () => {
  test("finds what a rule would have caught, page by page, and shows no deleted text", () => {
    for (let i = 0; i < 20; i += 1) say(BOB, i % 4 === 0 ? `spam ${i}` : `fine ${i}`);
    const gone = say(BOB, "spam, regretted")?.["messageId"];
    ask(BOB, { type: "delete_message", messageId: gone });
    const [rule] = rules({}) as [ModerationRule];
    const sinceMs = world.clock.wallMs() - 60_000;
    const page = look("owner", { list: "backtest", rule, sinceMs }).value;
    expect(page).toMatchObject({ scanned: 21 });
    expect(page?.nextBefore).toBeUndefined();
    expect(page?.hits?.map(({ excerpt }) => excerpt)).toEqual([
      "spam 0",
      "spam 4",
      "spam 8",
      "spam 12",
      "spam 16",
      null,
    ]);
    expect(look("bob", { list: "backtest", rule, sinceMs }).error?.code).toBe("forbidden");
    expect(look("owner", { list: "backtest", rule: { ...rule, words: [] }, sinceMs }).error?.code).toBe(
      "invalid_field",
    );
    expect(look("owner", { list: "backtest", rule, sinceMs: world.clock.wallMs() + 1 }).value?.hits).toEqual([]);
  });

  test("of long messages a page has fewer, so that no page holds up a thread, and all pages together have all", () => {
    const count = 25;
    const long = 4_900;
    for (let i = 0; i < count; i += 1) say(BOB, `spam ${i} ${"x".repeat(long)}`);
    const [rule] = rules({}) as [ModerationRule];
    const sinceMs = world.clock.wallMs() - 60_000;
    const scanned: number[] = [];
    let before: number | undefined;
    do {
      const page = look("owner", { list: "backtest", rule, sinceMs, ...(before !== undefined && { before }) }).value;
      scanned.push(page?.scanned ?? 0);
      before = page?.nextBefore;
    } while (before !== undefined && scanned.length < count);
    expect(Math.max(...scanned)).toBeLessThanOrEqual(BACKTEST_PAGE_CHARS_MAX / long);
    expect(scanned.reduce((sum, one) => sum + one, 0)).toBe(count);
  });
});

test("what one person sends while the hook keeps them waiting has a bound; one past it is overloaded", () => {
  tenant("admin", { list: "rules", set: { rules: [], hook: true } });
  for (let i = 0; i <= LANE_REQUESTS_MAX; i += 1) edge.say(BOB, ROOM, `${i}`);
  act();
  expect(edge.answer(`${LANE_REQUESTS_MAX - 1}`)).toBeUndefined();
  expect(edge.answer(`${LANE_REQUESTS_MAX}`)).toMatchObject({ type: "error", code: "overloaded", temporary: true });
});
