/** Moderation on the real server: rules, held messages, reports, back-tests, and a hook that is a service of its own. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestClient } from "../support/client.ts";
import { startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { eventually } from "../support/eventually.ts";
import { at, listAt, numberAt, textAt } from "../support/json.ts";
import { withinOneDay } from "../support/same-day.ts";
import { TestServer } from "../support/server.ts";

/** What the hook answers to a text; it hangs on what it does not know. */
const VERDICTS: Readonly<Record<string, object>> = {
  "hook: fine": { action: "allow" },
  "hook: loud": { action: "change", content: "hook: quiet" },
  "hook: wait": { action: "hold", reason: "Somebody will look." },
  "hook: no": { action: "reject", reason: "Not here." },
};
/** Time enough for a busy machine to answer. */
const HOOK_MS = 4_000;

let service: ReturnType<typeof Bun.serve>;
let server: TestServer;
const asked: unknown[] = [];
beforeAll(async () => {
  service = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const question: unknown = await request.json();
      asked.push(question);
      const verdict = VERDICTS[textAt(question, "content")];
      return verdict === undefined ? new Promise<Response>(() => undefined) : Response.json(verdict);
    },
  });
  server = await TestServer.start({
    env: {
      STOA_SHARDS: "2",
      STOA_MODERATION_HOOK_URL: `http://127.0.0.1:${service.port}/`,
      STOA_MODERATION_HOOK_SECRET: "a secret of the tests",
      STOA_MODERATION_HOOK_TIMEOUT_MS: String(HOOK_MS),
      STOA_MODERATION_HOOK_FAILURE: "reject",
    },
  });
});
afterAll(async () => {
  await server.dispose();
  await service.stop(true);
});

interface Asker {
  readonly user: string;
  readonly tenant?: string;
  readonly role?: string;
}
const rest = (asker: Asker, method: string, path: string, body?: unknown) =>
  server.rest(method, `/v1/chat${path}`, { token: server.token(asker), ...(body === undefined ? {} : { body }) });
const connect = (user: string, tenant?: string) =>
  TestClient.connect(server, { token: server.token({ user, ...(tenant && { tenant }) }), wire: "json" });

let rooms = 0;
async function roomOf(...clients: readonly TestClient[]): Promise<string> {
  rooms += 1;
  const roomId = `moderated_${rooms}`;
  await clients[0]?.ack({ type: "create_room", roomId, name: "Room", roomType: "public" });
  for (const client of clients) await client.join(roomId);
  return roomId;
}

test("a room's rules refuse, mask and hold; what is held is published once a moderator approves it", async () => {
  const [ada, bob] = await Promise.all([connect("ada"), connect("bob")]);
  const roomId = await roomOf(ada, bob);
  const rules = [
    { id: "ads", action: "reject", words: ["buy now"], reason: "No advertising." },
    { id: "cards", action: "replace", pattern: "\\d{4}-\\d{4}", replacement: "[card]" },
    { id: "offers", action: "hold", words: ["offer"] },
  ];
  expect((await rest({ user: "bob" }, "PUT", `/rooms/${roomId}/moderation`, { rules })).status).toBe(403);
  expect((await rest({ user: "ada" }, "PUT", `/rooms/${roomId}/moderation`, { rules })).status).toBe(200);
  expect((await rest({ user: "ada" }, "GET", `/rooms/${roomId}/moderation`)).body).toMatchObject({ data: { rules } });

  const refused = await rest({ user: "bob" }, "POST", `/rooms/${roomId}/messages`, { content: "Buy now!" });
  expect([refused.status, at(refused.body, "error.code"), at(refused.body, "error.message")]).toEqual([
    403,
    "message_rejected",
    "No advertising.",
  ]);
  await bob.say(roomId, "mine is 4111-1111");
  await ada.message(roomId, "mine is [card]");
  const held = await rest({ user: "bob" }, "POST", `/rooms/${roomId}/messages`, { content: "an offer" });
  expect([held.status, at(held.body, "data.held")]).toEqual([202, true]);
  await ada.waitFor((frame) => frame.type === "moderation_notice" && frame["what"] === "held", "the notice");
  const queue = await rest({ user: "ada" }, "GET", `/rooms/${roomId}/held`);
  const heldId = textAt(queue.body, "data.held.0.heldId");
  expect(at(queue.body, "data.held.0")).toMatchObject({
    author: "bob",
    content: "an offer",
    finding: { rule: "offers" },
  });
  expect((await rest({ user: "ada" }, "POST", `/rooms/${roomId}/held/${heldId}/approve`, {})).status).toBe(200);
  await ada.message(roomId, "an offer");
  await bob.waitFor((frame) => frame.type === "moderation_notice" && frame["what"] === "approved", "the approval");
  expect((await rest({ user: "ada" }, "POST", `/rooms/${roomId}/held/${heldId}/reject`, {})).status).toBe(404);
  expect(listAt((await rest({ user: "bob" }, "GET", `/rooms/${roomId}/messages`)).body, "data.messages").length).toBe(
    2,
  );
  await Promise.all([ada.close(), bob.close()]);
});

test("slow mode and levels are settings of a room, and survive a restart", async () => {
  const bob = await connect("bob");
  const ada = await connect("ada");
  const roomId = await roomOf(ada, bob);
  await rest({ user: "ada" }, "PATCH", `/rooms/${roomId}`, { slowModeSeconds: 600, moderationLevel: "strict" });
  await bob.say(roomId, "hello");
  const slow = await bob.refused({ type: "send_message", roomId, content: "hello again" });
  expect(slow).toMatchObject({ code: "slow_mode", temporary: true });
  expect(numberAt(slow, "retryAfterMs")).toBeGreaterThan(500_000);
  await Promise.all([ada.close(), bob.close()]);
  await server.kill();
  await server.restart();
  const again = await rest({ user: "bob" }, "POST", `/rooms/${roomId}/messages`, { content: "and now?" });
  expect([again.status, at(again.body, "error.code")]).toEqual([429, "slow_mode"]);
  expect(Number(again.headers.get("retry-after"))).toBeGreaterThan(500);
  const loud = await rest({ user: "ada" }, "POST", `/rooms/${roomId}/messages`, {
    content: "WHOEVER MODERATES MAY SHOUT",
  });
  expect(loud.status).toBe(201);
});

test("a report goes to the moderators, is dealt with, and all of it stands in the audit log", async () => {
  const [ada, bob, eve] = await Promise.all([connect("ada"), connect("bob"), connect("eve")]);
  const roomId = await roomOf(ada, bob, eve);
  const messageId = textAt(await bob.say(roomId, "rude words"), "messageId");
  const report = { messageId, reason: "Rude", details: "Again." };
  expect((await rest({ user: "eve" }, "POST", `/rooms/${roomId}/reports`, report)).status).toBe(201);
  expect((await rest({ user: "eve" }, "POST", `/rooms/${roomId}/reports`, report)).status).toBe(409);
  const notice = await ada.waitFor((frame) => frame["what"] === "reported", "the report");
  expect((await rest({ user: "eve" }, "GET", `/rooms/${roomId}/reports`)).status).toBe(403);
  const open = await rest({ user: "ada" }, "GET", `/rooms/${roomId}/reports?state=open`);
  expect(at(open.body, "data.reports")).toMatchObject([
    { reportId: notice["reportId"], messageId, userId: "bob", count: 1 },
  ]);
  const resolve = `/rooms/${roomId}/reports/${String(notice["reportId"])}/resolve`;
  expect((await rest({ user: "ada" }, "POST", resolve, { action: "delete", reason: "No insults." })).status).toBe(200);
  await eve.event(roomId, "message_deleted");
  const done = await rest({ user: "ada" }, "GET", `/rooms/${roomId}/reports?state=resolved`);
  expect(at(done.body, "data.reports.0.resolved")).toMatchObject({
    by: "ada",
    action: "delete",
    reason: "No insults.",
  });
  const audit = await rest({ user: "ada" }, "GET", `/rooms/${roomId}/audit?limit=2`);
  expect(listAt(audit.body, "data.entries").map((entry) => at(entry, "action"))).toEqual([
    "message_deleted",
    "report_resolved",
  ]);
  const next = await rest(
    { user: "ada" },
    "GET",
    `/rooms/${roomId}/audit?after=${textAt(audit.body, "data.pagination.after")}`,
  );
  expect(listAt(next.body, "data.entries").map((entry) => at(entry, "action"))).toEqual(["reported"]);
  expect((await rest({ user: "ada" }, "GET", "/admin/audit")).status).toBe(403);
  // The tenant's log is told by the room, after what it tells of is done.
  await eventually(async () => {
    const tenants = await rest({ user: "root", role: "admin" }, "GET", "/admin/audit");
    expect(at(tenants.body, "data.entries.0")).toMatchObject({ roomId, action: "message_deleted", by: "ada" });
  });
  await Promise.all([ada.close(), bob.close(), eve.close()]);
});

test("a back-test says what a rule would have found, at once or line by line", async () => {
  await withinOneDay();
  const ada = await connect("ada");
  const roomId = await roomOf(ada);
  for (let i = 0; i < 30; i += 1) await ada.say(roomId, i % 10 === 0 ? `lottery ${i}` : `chatter ${i}`);
  const body = { rule: { id: "try", action: "flag", words: ["lottery"] }, days: 7 };
  const whole = await rest({ user: "ada" }, "POST", `/rooms/${roomId}/moderation/backtest`, body);
  expect(at(whole.body, "data")).toMatchObject({ scanned: 30, hits: 3, isCut: false });
  expect(Object.values(at(whole.body, "data.perDay") as object)).toEqual([3]);
  expect(listAt(whole.body, "data.sample").map((hit) => at(hit, "excerpt"))).toEqual([
    "lottery 20",
    "lottery 10",
    "lottery 0",
  ]);
  const response = await fetch(`${server.http}/v1/chat/rooms/${roomId}/moderation/backtest`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${server.token({ user: "ada" })}`,
      accept: "application/x-ndjson",
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  const lines = (await response.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(lines[0]).toMatchObject({ progress: 1, hits: 3 });
  expect(lines.at(-1)).toMatchObject({ success: true, data: { hits: 3 } });
  const wrong = await rest({ user: "ada" }, "POST", `/rooms/${roomId}/moderation/backtest`, {
    ...body,
    rule: { id: "try", action: "flag", pattern: "(" },
  });
  expect([wrong.status, at(wrong.body, "error.details.field")]).toEqual([400, "rule"]);
  await ada.close();
});

test("the command runs a rule over the rooms of a tenant, and says which it could not look at", async () => {
  const ada = await connect("ada");
  const roomId = await roomOf(ada);
  for (const content of ["a raffle", "nothing", "the raffle!"]) await ada.say(roomId, content);
  const run = (...args: readonly string[]) =>
    Bun.spawn([process.execPath, join(import.meta.dir, "../../src/cli/backtest.ts"), ...args], {
      env: { JWT_SECRET_KEY: server.secret, HOST: "127.0.0.1", PORT: String(server.port) },
      stdout: "pipe",
      stderr: "pipe",
    });
  const all = run("--days", "1", "--words", "raffle");
  const [text, complaints] = await Promise.all([new Response(all.stdout).text(), new Response(all.stderr).text()]);
  expect([await all.exited, complaints]).toEqual([0, ""]);
  expect(text).toContain(`${roomId}: 2 of 3 texts`);
  expect(text).toMatch(/\n2 of \d+ texts in \d+ rooms, 1 days\n$/);
  const some = run("--pattern", "r.ffle", "--rooms", `${roomId},nowhere`);
  const [found, refused] = await Promise.all([new Response(some.stdout).text(), new Response(some.stderr).text()]);
  expect([await some.exited, refused]).toEqual([1, "nowhere: There is no such room.\n"]);
  expect(found).toContain("2 of 3 texts in 2 rooms, 7 days");
  const wrong = run("--days", "1");
  expect([await wrong.exited, (await new Response(wrong.stderr).text()).slice(0, 6)]).toEqual([2, "usage:"]);
  await ada.close();
});

test("in a tenant that wants it the hook judges what is said, in its order; elsewhere nobody is asked", async () => {
  const tenant = "hooked";
  const root = { user: "root", tenant, role: "admin" };
  expect((await rest(root, "PUT", "/admin/moderation", { rules: [], hook: true })).body).toMatchObject({
    data: { hook: true, hookAvailable: true, version: 1 },
  });
  const [ada, bob] = await Promise.all([connect("ada", tenant), connect("bob", tenant)]);
  const roomId = await roomOf(ada, bob);
  await bob.say(roomId, "hook: fine");
  await bob.say(roomId, "hook: loud");
  await ada.message(roomId, "hook: quiet");
  expect(await bob.ack({ type: "send_message", roomId, content: "hook: wait" })).toMatchObject({ held: true });
  const no = { type: "send_message", roomId, content: "hook: no" } as const;
  expect(await bob.refused(no)).toMatchObject({ code: "message_rejected", message: "Not here." });
  // It hangs; meanwhile others speak.
  const startMs = performance.now();
  const [hung] = await Promise.all([
    bob.refused({ type: "send_message", roomId, content: "hook: hang" }),
    ada.say(roomId, "hook: fine"),
  ]);
  expect(hung).toMatchObject({ code: "message_rejected" });
  expect(performance.now() - startMs).toBeGreaterThan(HOOK_MS - 50);
  expect(asked[0]).toEqual({ tenantId: tenant, roomId, authorId: "bob", content: "hook: fine", messageType: "text" });
  const before = asked.length;
  const cleo = await connect("cleo");
  const other = await roomOf(cleo);
  await cleo.say(other, "hook: no");
  expect(asked.length).toBe(before);
  await Promise.all([ada.close(), bob.close(), cleo.close()]);
});

test("on DynamoDB: rules, held messages, reports, slow mode and both audit logs are what they are on SQLite", async () => {
  const dynamo = await startDynalite();
  const tables = await makeTestTables(dynamo);
  const other = await TestServer.start({ env: tables.env });
  try {
    const as = (user: string, role?: string) => other.token({ user, ...(role && { role }) });
    const ask = (token: string, method: string, path: string, body?: unknown) =>
      other.rest(method, `/v1/chat${path}`, { token, ...(body === undefined ? {} : { body }) });
    const [ada, bob] = await Promise.all(
      ["ada", "bob"].map((user) => TestClient.connect(other, { token: as(user), wire: "json" })),
    );
    if (ada === undefined || bob === undefined) throw new Error("two clients were asked for");
    const roomId = "moderated";
    await ada.ack({ type: "create_room", roomId, name: "Room", roomType: "public" });
    await Promise.all([ada.join(roomId), bob.join(roomId)]);
    const rules = [{ id: "offers", action: "hold", words: ["offer"] }];
    await ada.ack({ type: "set_moderation", roomId, rules });
    const held = await bob.ack({ type: "send_message", roomId, content: "an offer" });
    expect(held).toMatchObject({ held: true });
    await ada.ack({ type: "resolve_held", roomId, heldId: held["messageId"], approve: true });
    await bob.message(roomId, "an offer");
    const messageId = textAt(await bob.say(roomId, "rude"), "messageId");
    await ada.ack({ type: "report_message", roomId, messageId, reason: "Rude" });
    const open = await ask(as("ada"), "GET", `/rooms/${roomId}/reports`);
    const reportId = textAt(open.body, "data.reports.0.reportId");
    await ada.ack({ type: "resolve_report", roomId, reportId, action: "delete" });
    await ada.ack({ type: "update_room", roomId, slowModeSeconds: 600 });
    await bob.say(roomId, "one");
    expect(await bob.refused({ type: "send_message", roomId, content: "two" })).toMatchObject({ code: "slow_mode" });
    const tenants = { rules: [{ id: "never", action: "reject", words: ["never"] }] };
    expect((await ask(as("root", "admin"), "PUT", "/admin/moderation", tenants)).status).toBe(200);
    expect((await ask(as("ada"), "POST", `/rooms/${roomId}/messages`, { content: "never" })).status).toBe(403);
    const actions = (reply: { readonly body: unknown }): unknown[] =>
      listAt(reply.body, "data.entries").map((entry) => at(entry, "action"));
    const expected = [
      "room_updated",
      "message_deleted",
      "report_resolved",
      "reported",
      "message_approved",
      "rules_changed",
    ];
    expect(actions(await ask(as("ada"), "GET", `/rooms/${roomId}/audit`))).toEqual(expected);
    // The tenant's log is told by the room, after what it tells of is done.
    await eventually(async () => {
      const all = actions(await ask(as("root", "admin"), "GET", "/admin/audit"));
      expect(all).toEqual(["tenant_rules_changed", ...expected]);
    });
    await Promise.all([ada.close(), bob.close()]);
  } finally {
    await other.dispose();
    await dynamo.stop();
  }
});
