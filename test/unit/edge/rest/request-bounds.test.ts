/** What is wrong with a body or a query is said with its limit, and what nobody asked for is not passed over. */
import { beforeEach, describe, expect, test } from "bun:test";
import * as limits from "../../../../src/base/limits.ts";
import { createApp } from "../../../../src/edge/http.ts";
import { at, textAt } from "../../../support/json.ts";
import { appOptions } from "../fake-engine.ts";

let options = appOptions();
let app = createApp(options);
let token = "";
beforeEach(async () => {
  options = appOptions();
  app = createApp(options);
  token = await options.auth.mintToken({ user: "usr_1", role: "admin", ttlSeconds: 60 });
});

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const request = new Request(`http://localhost/v1/chat${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const response = await app.handle(request);
  return { status: response.status, body: await response.json() };
}

describe("a value that is out of bounds is told of its limit", () => {
  const long = (characters: number): string => "🚀".repeat(characters);
  test.each([
    ["PATCH", "/rooms/r", { maxMembers: 0 }, `from 1 to ${limits.ROOM_MEMBERS_MAX}`],
    ["PATCH", "/rooms/r", { slowModeSeconds: 1e9 }, `from 0 to ${limits.SLOW_MODE_SECONDS_MAX}`],
    ["PATCH", "/rooms/r", { messageRetention: -1 }, `from 0 to ${limits.RETENTION_DAYS_MAX} (days; 0: for ever)`],
    ["PATCH", "/rooms/r", { maxFileSize: 0 }, `from 1 to ${limits.FILE_SIZE_MAX}`],
    ["PATCH", "/rooms/r", { name: long(limits.ROOM_NAME_LENGTH_MAX + 1) }, `1 to ${limits.ROOM_NAME_LENGTH_MAX} char`],
    ["PATCH", "/rooms/r", { name: "" }, `1 to ${limits.ROOM_NAME_LENGTH_MAX} characters`],
    ["PATCH", "/rooms/r", { tags: Array(limits.TAGS_MAX + 1).fill("t") }, `0 to ${limits.TAGS_MAX} entries`],
    ["PATCH", "/rooms/r", { tags: "t" }, `a list of 0 to ${limits.TAGS_MAX} entries`],
    ["PUT", "/admin/moderation", { rules: "none" }, `a list of 0 to ${limits.MODERATION_RULES_MAX} entries`],
    ["PUT", "/admin/moderation", { rules: {} }, `"rules" is not acceptable: a list of`],
    [
      "PUT",
      "/admin/moderation",
      { rules: [{ id: "a", action: "hold", words: "ad" }] },
      '"rules.0.words" is not acceptable',
    ],
    ["PUT", "/me/notifications", { level: "loud" }, "expected one of all, mentions, none"],
    ["PUT", "/users/me/status", { status: "busy", customStatus: long(141) }, "0 to 140 characters"],
    ["PUT", "/users/me/status", { status: "busy", customStatus: null }, "0 to 140 characters"],
    ["PATCH", "/users/me", { customStatus: long(141) }, "0 to 140 characters"],
  ])("%s %s %j", async (method, path, body, limit) => {
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(400);
    expect(textAt(answer.body, "error.code")).toBe("invalid_field");
    expect(textAt(answer.body, "error.message")).toContain(limit);
  });

  test("a query of a search that is too long", async () => {
    const answer = await ask("GET", `/search?q=${"x".repeat(limits.SEARCH_QUERY_LENGTH_MAX + 1)}`);
    expect(textAt(answer.body, "error.message")).toContain(`${limits.SEARCH_QUERY_LENGTH_MAX} characters`);
  });
});

test("characters are code points, as on sockets: so many emoji as letters", async () => {
  const name = "🚀".repeat(limits.ROOM_NAME_LENGTH_MAX);
  const tag = "🚀".repeat(limits.TAG_LENGTH_MAX);
  expect((await ask("PATCH", "/rooms/r", { name, tags: [tag] })).status).toBe(200);
  expect(at(options.engine.last.call, "command.changes")).toMatchObject({ name, tags: [tag] });
});

describe("a misspelt field of settings and terms is refused, and not taken for none", () => {
  test.each([
    ["PUT", "/me/notifications", { Level: "none" }],
    ["PUT", "/me/notifications/rooms/r", { level: "none", mute_until: "2027-01-01T00:00:00Z" }],
    ["POST", "/rooms/r/typing", { is_typing: false }],
    ["POST", "/rooms/r/read", { seq: 4, messageIDs: ["msg_4"] }],
    ["PUT", "/presence", { status: "busy", custom_status: "in a meeting" }],
    ["PUT", "/admin/users/usr_2/suspension", { duration: 1_000 }],
    ["POST", "/admin/users/usr_2/tokens/revoke", { issued_before: "2026-01-01T00:00:00Z" }],
    ["PUT", "/admin/limits", { users: { perSecond: 1, burst: 1 } }],
    ["POST", "/admin/webhooks", { url: "https://example.org/", events: ["new_message"] }],
    ["PUT", "/admin/consumers/audit", { type: ["new_message"] }],
    ["PUT", "/admin/holds/rooms/r", { reasons: "case 7" }],
    ["POST", "/admin/erasures", { userId: "usr_2", dryRun: true }],
  ])("%s %s %j", async (method, path, body) => {
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(400);
    expect(textAt(answer.body, "error.message")).toStartWith("There is no field");
  });
});

describe("a misspelt field is refused at every depth, by its path", () => {
  test.each([
    ["PUT", "/admin/limits", { user: { perSecond: 1, brust: 1 } }, "user.brust"],
    ["PUT", "/me/notifications", { quietHours: { from: "22:00", to: "7:00", zone: "UTC" } }, "quietHours.zone"],
    ["PUT", "/admin/moderation", { rules: [{ id: "a", action: "flag", word: ["x"] }] }, "rules.0.word"],
    ["PUT", "/rooms/r/moderation", { rules: [{ id: "a", action: "flag", words: ["x"] }, { Id: "b" }] }, "rules.1.Id"],
  ])("%s %s %j", async (method, path, body, field) => {
    const answer = await ask(method, path, body);
    expect([answer.status, textAt(answer.body, "error.details.field")]).toEqual([400, field]);
    expect(textAt(answer.body, "error.message")).toStartWith(`There is no field "${field}" here; there are `);
  });

  test("and what is of another shape is told its shape", async () => {
    for (const rules of ["all", 3]) {
      const answer = await ask("PUT", "/admin/moderation", { rules });
      expect(answer.status).toBe(400);
      expect(textAt(answer.body, "error.message")).toStartWith("The field");
    }
  });
});

test("the versions of a deleted message are asked for as the message is", async () => {
  await ask("GET", "/rooms/r/messages/msg_5/history?deleted=true");
  expect(at(options.engine.last.call, "deleted")).toBe(true);
});

describe("how deep a body may be nested", () => {
  const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);

  // What of a body is judged is judged at every level, and what is wrong with it is told with all of it: 54 KB took the edge 5 s.
  test.each([
    ["PUT", "/me/push-subscriptions"],
    ["POST", "/events/c:1.a"],
    ["POST", "/rooms/r/messages"],
    ["PATCH", "/rooms/r"],
  ])("a body of %s %s that is deeper is refused before it is read", async (method, path) => {
    for (const body of [nested(limits.BODY_DEPTH_MAX + 1), nested(9_000)]) {
      const answer = await ask(method, path, body);
      expect(answer.status).toBe(400);
      expect(at(answer.body, "error")).toEqual({
        code: "invalid_frame",
        message: `A body is nested at most ${limits.BODY_DEPTH_MAX} levels deep.`,
      });
    }
  });

  test("up to the bound it is passed on, and the deepest frame may be posted", async () => {
    const body = { content: "x", extra: nested(limits.BODY_DEPTH_MAX - 1) };
    expect((await ask("POST", "/rooms/r/messages", body)).status).toBe(201);
    const frame = { type: "ping", x: nested(limits.FRAME_DEPTH_MAX - 1) };
    const posted = await ask("POST", "/events/c:1.a", { frames: [frame] });
    expect(textAt(posted.body, "error.code")).not.toBe("invalid_frame");
  });
});
