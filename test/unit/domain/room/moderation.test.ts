import { describe, expect, test } from "bun:test";
import { itemKey, messageIdOf, type UserId } from "../../../../src/base/ids.ts";
import { REPORTERS_KEPT_MAX, REPORTS_PER_HOUR_MAX, SLOW_MODE_SECONDS_MAX } from "../../../../src/base/limits.ts";
import type { ModerationRule } from "../../../../src/domain/moderation/rules.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import type { SendMessage } from "../../../../src/domain/room/commands.ts";
import type { RoomSettings } from "../../../../src/domain/room/events.ts";
import { heldKey, openReportKey, reportIdOf } from "../../../../src/domain/room/moderation-items.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/domain/room/snapshot.ts";
import { accepted, digest, RoomDriver, rejection, type Settled, settingsOf, user } from "./room-driver.ts";

const [OWN, MOD, BOB, EVE] = ["own", "mod", "bob", "eve"].map((id) => user(id)) as [
  Principal,
  Principal,
  Principal,
  Principal,
];
const RULES: readonly ModerationRule[] = [
  { id: "ads", action: "reject", words: ["buy"], reason: "No advertising." },
  { id: "offers", action: "hold", words: ["offer"] },
  { id: "rude", action: "replace", words: ["darn"] },
  { id: "odd", action: "flag", words: ["odd"], reason: "Odd words." },
];

function room(settings: Partial<RoomSettings> = {}, rules: readonly ModerationRule[] = []): RoomDriver {
  const driver = new RoomDriver();
  driver.populate(settingsOf("public", settings), { own: "owner", mod: "moderator", bob: "member", eve: "member" });
  if (rules.length > 0) accepted(driver.run({ kind: "set_moderation", by: OWN, clientId: "rules", rules }));
  return driver;
}
function say(driver: RoomDriver, by: Principal, content: string, more: Partial<SendMessage> = {}): Settled {
  const clientId = driver.nextClientId();
  return driver.run({ kind: "send_message", by, clientId, content, messageType: "text", ...more });
}
const codeOf = (decision: Settled): string => (decision.kind === "reject" ? decision.rejection.code : decision.kind);
const kinds = (decision: Settled): string[] => accepted(decision).map(({ kind }) => kind);
const effects = (decision: Settled): unknown => (decision.kind === "accept" ? decision.effects : undefined);

describe("a room's rules", () => {
  test("refuse with the rule's public reason, and leave nothing in the log", () => {
    const driver = room({}, RULES);
    const { head } = driver.state;
    expect(say(driver, BOB, "Buy this")).toEqual({
      kind: "reject",
      rejection: { code: "message_rejected", message: "No advertising.", field: "content" },
    });
    expect(driver.state.head).toBe(head);
  });

  test("mask, flag or leave alone what is published", () => {
    const driver = room({}, RULES);
    expect(accepted(say(driver, BOB, "darn it"))).toMatchObject([{ kind: "message_sent", content: "**** it" }]);
    expect(kinds(say(driver, BOB, "fine"))).toEqual(["message_sent"]);
    const flagged = say(driver, BOB, "an odd thing");
    expect(kinds(flagged)).toEqual(["message_sent", "reported"]);
    const { head } = driver.state;
    expect(driver.itemRows.get(openReportKey(reportIdOf(head - 1, BOB.userId)))).toMatchObject({
      userId: "bob",
      excerpt: "an odd thing",
      count: 1,
      reporters: [{ reason: "Odd words.", finding: { rule: "odd" } }],
    });
    expect(effects(flagged)).toMatchObject([
      { kind: "moderation", userIds: ["own", "mod"], notice: { kind: "reported" } },
    ]);
  });

  test("are not for those who moderate", () => {
    const driver = room({ slowModeSeconds: 60, moderationLevel: "strict" }, RULES);
    expect(kinds(say(driver, MOD, "buy the odd offer, darn"))).toEqual(["message_sent"]);
    expect(kinds(say(driver, MOD, "buy the odd offer, darn"))).toEqual(["message_sent"]);
  });

  test("hold for changed texts as well; what would be held is refused there", () => {
    const driver = room({}, RULES);
    accepted(say(driver, BOB, "fine"));
    const messageId = messageIdOf(driver.state.head);
    const edit = (content: string): Settled =>
      driver.run({ kind: "edit_message", by: BOB, clientId: driver.nextClientId(), messageId, content });
    expect(codeOf(edit("buy"))).toBe("message_rejected");
    expect(codeOf(edit("an offer"))).toBe("message_rejected");
    expect(accepted(edit("darn"))).toMatchObject([{ kind: "message_edited", content: "****" }]);
    expect(kinds(edit("odd"))).toEqual(["message_edited", "reported"]);
    expect(kinds(edit("odd again"))).toEqual(["message_edited", "reported"]);
    const report = driver.itemRows.get(openReportKey(reportIdOf(driver.messageSeqs.at(-1), BOB.userId)));
    expect(report).toMatchObject({ count: 2 });
  });

  test("are changed by administrators, with an entry in the audit log; broken ones are not taken", () => {
    const driver = room();
    const change = (by: Principal, rules: readonly ModerationRule[]): Settled =>
      driver.run({ kind: "set_moderation", by, clientId: driver.nextClientId(), rules });
    expect(rejection(change(MOD, RULES))).toBe("forbidden");
    expect(rejection(change(OWN, [{ id: "x", action: "flag", pattern: "(" }]))).toBe("invalid_field rules.0");
    expect(kinds(change(OWN, RULES))).toEqual(["moderation_changed"]);
    expect(kinds(change(OWN, RULES))).toEqual([]);
    const audit = [...driver.itemRows].filter(([key]) => key.startsWith("audit/"));
    expect(audit.map(([, entry]) => entry)).toMatchObject([
      { action: "member_added", userId: "mod", details: { role: "moderator" } },
      { action: "rules_changed", by: "own", details: { rules: "ads, offers, rude, odd" } },
    ]);
  });

  test("and counts are in the room's snapshot", () => {
    const driver = room({}, RULES);
    accepted(say(driver, BOB, "an offer"));
    const copy = decodeSnapshot(encodeSnapshot(driver.state));
    expect(digest(copy)).toEqual(digest(driver.state));
    expect(copy.moderation).toEqual({ rules: RULES, heldCount: 1 });
    expect(copy.staff).toEqual(["own" as UserId, "mod" as UserId]);
  });
});

describe("the tenant's rules", () => {
  test("are for everybody in all rooms", () => {
    const driver = room();
    driver.tenant = { rules: RULES, hook: false };
    expect(codeOf(say(driver, OWN, "buy"))).toBe("message_rejected");
    expect(codeOf(say(driver, BOB, "fine"))).toBe("accept");
  });
});

describe("a level", () => {
  test("refuses the same text again and again, and knows the people apart", () => {
    const driver = room({ moderationLevel: "basic" });
    for (let i = 0; i < 3; i += 1) expect(codeOf(say(driver, BOB, "hello?"))).toBe("accept");
    expect(codeOf(say(driver, BOB, "hello?"))).toBe("message_rejected");
    expect(codeOf(say(driver, EVE, "hello?"))).toBe("accept");
    driver.now += 61_000;
    expect(codeOf(say(driver, BOB, "hello?"))).toBe("accept");
  });
});

describe("slow mode", () => {
  test("lets each member speak every so many seconds, and says when the next time is", () => {
    const driver = room({ slowModeSeconds: 10 });
    expect(codeOf(say(driver, BOB, "1"))).toBe("accept");
    driver.now += 4_000;
    expect(say(driver, BOB, "2")).toMatchObject({
      kind: "reject",
      rejection: { code: "slow_mode", retryAfterMs: 6_000 },
    });
    expect(codeOf(say(driver, EVE, "2"))).toBe("accept");
    driver.now += 6_000;
    expect(codeOf(say(driver, BOB, "2"))).toBe("accept");
  });

  test("is kept over restarts, and by who leaves and joins again", () => {
    const driver = room({ slowModeSeconds: 10 });
    accepted(say(driver, BOB, "1"));
    accepted(driver.run({ kind: "leave_room", by: BOB, clientId: "l" }));
    accepted(driver.run({ kind: "join_room", by: BOB, clientId: "j" }));
    driver.state = decodeSnapshot(encodeSnapshot(driver.state));
    expect(codeOf(say(driver, BOB, "2"))).toBe("slow_mode");
  });

  test("does not silence anybody for longer when the clock is set back", () => {
    const driver = room({ slowModeSeconds: 10 });
    accepted(say(driver, BOB, "1"));
    driver.now -= 1_000 * SLOW_MODE_SECONDS_MAX;
    expect(say(driver, BOB, "2")).toMatchObject({ rejection: { code: "slow_mode", retryAfterMs: 10_000 } });
  });

  test("a change of what was said is no message", () => {
    const driver = room({ slowModeSeconds: 10 });
    accepted(say(driver, BOB, "1"));
    const messageId = messageIdOf(driver.state.head);
    expect(codeOf(driver.run({ kind: "edit_message", by: BOB, clientId: "e", messageId, content: "2" }))).toBe(
      "accept",
    );
  });
});

describe("a held message", () => {
  function held(more: Partial<SendMessage> = {}): { driver: RoomDriver; heldId: ReturnType<typeof messageIdOf> } {
    const driver = room({}, RULES);
    expect(kinds(say(driver, BOB, "an offer", { clientId: "offer", ...more }))).toEqual(["message_held"]);
    return { driver, heldId: messageIdOf(driver.state.head) };
  }
  const resolve = (
    driver: RoomDriver,
    by: Principal,
    heldId: ReturnType<typeof messageIdOf>,
    approve: boolean,
  ): Settled =>
    driver.run({ kind: "resolve_held", by, clientId: driver.nextClientId(), heldId, approve, reason: "because" });

  test("is no message of the room, and moderators are told", () => {
    const { driver, heldId } = held();
    expect(driver.state.messageCount).toBe(0);
    expect(codeOf(driver.run({ kind: "edit_message", by: BOB, clientId: "e", messageId: heldId, content: "x" }))).toBe(
      "message_not_found",
    );
    expect(driver.itemRows.get(heldKey(driver.state.head))).toMatchObject({
      author: "bob",
      message: { content: "an offer" },
    });
  });

  test("once approved is published as its author's, with whom it mentions told, and can't be approved again", () => {
    const { driver, heldId } = held({ mentions: [EVE.userId] });
    const approved = resolve(driver, MOD, heldId, true);
    const { head } = driver.state;
    expect(accepted(approved)).toMatchObject([
      { kind: "held_resolved", by: "mod", approved: true, seq: head - 1 },
      {
        kind: "message_sent",
        by: "bob",
        content: "an offer",
        clientId: "offer",
        authorName: "Name of bob",
        messageNo: 1,
        seq: head,
      },
    ]);
    expect(effects(approved)).toEqual([
      { kind: "notify", userIds: ["eve"], reason: "mention", as: "bob", seq: head },
      {
        kind: "moderation",
        userIds: ["bob"],
        notice: { kind: "approved", heldId, messageId: messageIdOf(head), reason: "because" },
      },
    ]);
    expect(codeOf(resolve(driver, MOD, heldId, true))).toBe("held_not_found");
    expect(driver.state.moderation?.heldCount).toBe(0);
    expect(driver.itemRows.get(itemKey("audit", String(head - 1).padStart(16, "0")))).toMatchObject({
      action: "message_approved",
      by: "mod",
      userId: "bob",
      reason: "because",
    });
  });

  test("once refused is gone, and its author is told why", () => {
    const { driver, heldId } = held();
    const refused = resolve(driver, MOD, heldId, false);
    expect(kinds(refused)).toEqual(["held_resolved"]);
    expect(effects(refused)).toMatchObject([{ userIds: ["bob"], notice: { kind: "rejected", reason: "because" } }]);
    expect(driver.state.messageCount).toBe(0);
  });

  test("is a moderator's to judge, and nobody's once its author may not write any more", () => {
    const { driver, heldId } = held();
    expect(codeOf(resolve(driver, BOB, heldId, true))).toBe("forbidden");
    expect(codeOf(resolve(driver, MOD, messageIdOf(1), true))).toBe("held_not_found");
    accepted(driver.run({ kind: "remove_member", by: MOD, clientId: "r", userId: BOB.userId }));
    expect(codeOf(resolve(driver, MOD, heldId, true))).toBe("conflict");
    expect(codeOf(resolve(driver, MOD, heldId, false))).toBe("accept");
  });

  test("waits while its author is muted", () => {
    const { driver, heldId } = held();
    const mute = { kind: "mute_member", by: MOD, clientId: "m", userId: BOB.userId, durationMs: 60_000 } as const;
    accepted(driver.run(mute));
    expect(codeOf(resolve(driver, MOD, heldId, true))).toBe("conflict");
    driver.now += 60_000;
    expect(kinds(resolve(driver, MOD, heldId, true))).toEqual(["held_resolved", "message_sent"]);
  });

  test("is sent once, however often it is sent", () => {
    const { driver } = held();
    const { head } = driver.state;
    expect(say(driver, BOB, "an offer", { clientId: "offer" })).toMatchObject({ kind: "duplicate", seq: head });
  });
});

describe("reports", () => {
  function reported(): { driver: RoomDriver; messageId: ReturnType<typeof messageIdOf>; reportId: string } {
    const driver = room();
    accepted(say(driver, BOB, "rude"));
    const seq = driver.state.head;
    return { driver, messageId: messageIdOf(seq), reportId: reportIdOf(seq, BOB.userId) };
  }
  const report = (
    driver: RoomDriver,
    by: Principal,
    what: { messageId: ReturnType<typeof messageIdOf> } | { userId: UserId },
  ): Settled => driver.run({ kind: "report", by, clientId: driver.nextClientId(), reason: "Rude", ...what });

  test("of one message are one, which names the first who reported and counts all", () => {
    const { driver, messageId, reportId } = reported();
    for (let i = 0; i < REPORTERS_KEPT_MAX + 1; i += 1)
      expect(codeOf(report(driver, user(`u${i}`), { messageId }))).toBe("accept");
    const item = driver.itemRows.get(openReportKey(reportId)) as {
      count: number;
      reporters: unknown[];
      excerpt: string;
    };
    expect([item.count, item.reporters.length, item.excerpt]).toEqual([
      REPORTERS_KEPT_MAX + 1,
      REPORTERS_KEPT_MAX,
      "rude",
    ]);
    expect(codeOf(report(driver, user("u1"), { messageId }))).toBe("already_reported");
  });

  test("name a message or a member, and not oneself", () => {
    const { driver, messageId } = reported();
    expect(rejection(report(driver, BOB, { messageId }))).toBe("invalid_field messageId");
    expect(rejection(report(driver, EVE, { messageId: messageIdOf(1) }))).toBe("message_not_found messageId");
    expect(rejection(report(driver, EVE, { userId: "nobody" as UserId }))).toBe("user_not_found userId");
    expect(kinds(report(driver, EVE, { userId: BOB.userId }))).toEqual(["reported"]);
    expect(rejection(driver.run({ kind: "report", by: EVE, clientId: "n", reason: "x" }))).toBe(
      "missing_field messageId",
    );
    expect(rejection(driver.run({ kind: "report", by: EVE, clientId: "m", reason: "", messageId }))).toBe(
      "invalid_field reason",
    );
  });

  test("of one person are so many an hour", () => {
    const driver = room();
    for (let i = 0; i <= REPORTS_PER_HOUR_MAX; i += 1) accepted(say(driver, BOB, `${i}`));
    const [first = 0, ...others] = driver.messageSeqs;
    for (const seq of others) expect(codeOf(report(driver, EVE, { messageId: messageIdOf(seq) }))).toBe("accept");
    expect(report(driver, EVE, { messageId: messageIdOf(first) })).toMatchObject({
      rejection: { code: "rate_limited", retryAfterMs: 3_600_000 },
    });
    driver.now += 3_600_001;
    expect(codeOf(report(driver, EVE, { messageId: messageIdOf(first) }))).toBe("accept");
  });

  test("of people may end in a mute or a ban, by who may mute and ban", () => {
    const driver = room();
    const resolve = (action: "delete" | "mute" | "ban"): Settled =>
      driver.run({
        kind: "resolve_report",
        by: MOD,
        clientId: driver.nextClientId(),
        reportId: reportIdOf(undefined, BOB.userId),
        action,
        ...(action !== "delete" && { durationMs: 60_000 }),
      });
    accepted(report(driver, EVE, { userId: BOB.userId }));
    expect(rejection(resolve("delete"))).toBe("invalid_field action");
    expect(kinds(resolve("mute"))).toEqual(["report_resolved", "member_muted"]);
    expect(codeOf(say(driver, BOB, "hello"))).not.toBe("accept");
    accepted(report(driver, OWN, { userId: BOB.userId }));
    expect(kinds(resolve("ban"))).toEqual(["report_resolved", "member_banned", "member_left"]);
    const audit = [...driver.itemRows].filter(([key]) => key.startsWith("audit/")).map(([, entry]) => entry);
    expect(audit.slice(-2)).toMatchObject([
      { action: "report_resolved", details: { action: "ban" } },
      { action: "member_banned", by: "mod", userId: "bob", details: { until: String(driver.now + 60_000) } },
    ]);
  });

  test("of what was written under a pseudonym never name who wrote it", () => {
    const driver = room({ allowAnonymous: true }, RULES);
    accepted(say(driver, BOB, "rude", { anonymous: true }));
    const seq = driver.state.head;
    accepted(report(driver, EVE, { messageId: messageIdOf(seq) }));
    const reportId = reportIdOf(seq, BOB.userId);
    const resolve = (action: "mute" | "ban"): Settled =>
      driver.run({ kind: "resolve_report", by: MOD, clientId: driver.nextClientId(), reportId, action });
    expect(rejection(resolve("mute"))).toBe("invalid_field action");
    expect(kinds(resolve("ban"))).toEqual(["report_resolved", "pseudonym_changed"]);
    accepted(say(driver, EVE, "an offer", { anonymous: true }));
    accepted(
      driver.run({
        kind: "resolve_held",
        by: MOD,
        clientId: "h",
        heldId: messageIdOf(driver.state.head),
        approve: true,
      }),
    );
    const audit = JSON.stringify([...driver.itemRows].filter(([key]) => key.startsWith("audit/")));
    expect(audit).not.toContain("bob");
    expect(audit.match(/eve/g)?.length).toBe(1);
  });

  test("are dealt with by moderators, once; a message may go with it", () => {
    const { driver, messageId, reportId } = reported();
    accepted(report(driver, EVE, { messageId }));
    const resolve = (by: Principal, action: "dismiss" | "delete"): Settled =>
      driver.run({
        kind: "resolve_report",
        by,
        clientId: driver.nextClientId(),
        reportId,
        action,
        reason: "No insults.",
      });
    expect(codeOf(resolve(EVE, "dismiss"))).toBe("forbidden");
    expect(kinds(resolve(MOD, "delete"))).toEqual(["report_resolved", "message_deleted"]);
    expect(codeOf(resolve(MOD, "dismiss"))).toBe("report_not_found");
    const done = [...driver.itemRows].filter(([key]) => key.startsWith("reports/d")).map(([, value]) => value);
    expect(done).toMatchObject([{ reportId, resolved: { by: "mod", action: "delete", reason: "No insults." } }]);
    const actions = [...driver.itemRows]
      .filter(([key]) => key.startsWith("audit/"))
      .map(([, value]) => (value as { action: string }).action);
    expect(actions).toEqual(["member_added", "reported", "report_resolved", "message_deleted"]);
  });
});
