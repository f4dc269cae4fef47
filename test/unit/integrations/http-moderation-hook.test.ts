/** The hook against a real HTTP server on this machine: one that is slow, fails, hangs, changes, and speaks nonsense. */
import { afterEach, describe, expect, test } from "bun:test";
import { SystemClock } from "../../../src/base/clock.ts";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { HOOK_ANSWER_BYTES_MAX, HOOK_REQUESTS_MAX, HOOK_WAITING_MAX } from "../../../src/base/limits.ts";
import type { HookQuestion, HookVerdict } from "../../../src/domain/moderation/hook.ts";
import { type HookSettings, HttpModerationHook } from "../../../src/integrations/http-moderation-hook.ts";
import { signatureOf } from "../../../src/integrations/signed-questions.ts";

const SECRET = "a secret of the hook";
const QUESTION: HookQuestion = {
  tenant: "acme" as TenantId,
  room: "room" as RoomId,
  author: "bob" as UserId,
  content: "Hello",
  messageType: "text",
};

let close: () => void = () => undefined;
afterEach(() => close());

/** A service that answers as `respond` says. */
function serve(
  respond: (request: Request) => Response | Promise<Response>,
  more: Partial<HookSettings> = {},
): { hook: HttpModerationHook; reports: string[]; judge: (content?: string) => Promise<HookVerdict> } {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: respond });
  close = () => void server.stop(true);
  const reports: string[] = [];
  const settings: HookSettings = {
    url: `http://127.0.0.1:${server.port}/judge`,
    secret: SECRET,
    // Nobody is given up because the machine is busy.
    timeoutMs: 60_000,
    onFailure: "publish",
    messageLengthMax: 100,
    ...more,
  };
  const hook = new HttpModerationHook(settings, new SystemClock(), (event, { why }) => reports.push(`${event} ${why}`));
  const judge = (content = "Hello"): Promise<HookVerdict> =>
    new Promise((resolve) => hook.judge({ ...QUESTION, content }, resolve));
  return { hook, reports, judge };
}
const json = (value: unknown): Response => Response.json(value);

describe("a service that answers", () => {
  test("is sent the message, signed, and no more than it needs", async () => {
    const seen: { body: string; headers: Headers }[] = [];
    const { judge } = serve(async (request) => {
      seen.push({ body: await request.text(), headers: request.headers });
      return json({ action: "allow" });
    });
    expect(await judge()).toEqual({ outcome: "publish" });
    const [{ body, headers } = { body: "", headers: new Headers() }] = seen;
    expect(JSON.parse(body)).toEqual({
      tenantId: "acme",
      roomId: "room",
      authorId: "bob",
      content: "Hello",
      messageType: "text",
    });
    const timestamp = headers.get("x-stoa-timestamp") ?? "";
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(60);
    expect(headers.get("x-stoa-signature")).toBe(signatureOf(SECRET, timestamp, body));
    expect(headers.get("x-stoa-signature")).not.toBe(signatureOf("another secret", timestamp, body));
  });

  test.each([
    [{ action: "allow" }, { outcome: "publish" }],
    [
      { action: "change", content: "Hi" },
      { outcome: "publish", content: "Hi" },
    ],
    [
      { action: "hold", reason: "Wait." },
      { outcome: "hold", reason: "Wait." },
    ],
    [
      { action: "reject", reason: "No." },
      { outcome: "reject", reason: "No." },
    ],
    [{ action: "reject" }, { outcome: "reject", reason: "The message was not accepted." }],
  ] as const)("%j means %j", async (answer, verdict) => {
    const { judge, reports } = serve(() => json(answer));
    expect(await judge()).toEqual(verdict as HookVerdict);
    expect(reports).toEqual([]);
  });
});

describe("without a verdict", () => {
  const broken: readonly (readonly [string, () => Response])[] = [
    ["a status that is not 200", () => new Response("{}", { status: 500 })],
    ["a redirection", () => Response.redirect("http://127.0.0.1:1/", 302)],
    ["an answer that is not JSON", () => new Response("allow")],
    ["an action that is not known", () => json({ action: "publish" })],
    ["a changed text that is empty", () => json({ action: "change", content: " " })],
    ["a changed text that is too long", () => json({ action: "change", content: "x".repeat(101) })],
    ["an answer that is too large", () => json({ action: "allow", x: "x".repeat(HOOK_ANSWER_BYTES_MAX) })],
  ];
  test.each(broken)("because of %s, the failure policy decides", async (_why, respond) => {
    const { judge, reports } = serve(respond, { onFailure: "reject" });
    expect(await judge()).toMatchObject({
      outcome: "reject",
      reason: "The message could not be checked. Try again later.",
    });
    expect(reports.length).toBe(1);
    expect(reports[0]).not.toContain("Hello");
  });

  test.each(["publish", "hold", "reject"] as const)("a message is dealt with as %s says", async (onFailure) => {
    const { judge } = serve(() => new Response(null, { status: 503 }), { onFailure });
    expect((await judge()).outcome).toBe(onFailure);
  });

  test("because the service hangs, its time is bounded", async () => {
    const { judge, reports } = serve(() => new Promise<Response>(() => undefined), {
      timeoutMs: 100,
      onFailure: "hold",
    });
    expect((await judge()).outcome).toBe("hold");
    expect(reports).toEqual(["moderation_hook_failed timeout"]);
  });

  test("because the service begins to answer and stops, its time is bounded", async () => {
    const body = (): ReadableStream =>
      new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('{"action":')) });
    const { judge } = serve(() => new Response(body()), { timeoutMs: 100, onFailure: "hold" });
    expect((await judge()).outcome).toBe("hold");
  });

  test("because nobody listens there, the failure policy decides at once", async () => {
    const { judge } = serve(() => json({ action: "allow" }), { url: "http://127.0.0.1:1/", onFailure: "hold" });
    expect((await judge()).outcome).toBe("hold");
  });
});

test("so many are asked at once, so many wait, and the rest is told that it is too much", async () => {
  const held: ((response: Response) => void)[] = [];
  let atOnce = 0;
  let most = 0;
  const { judge } = serve(() => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    return new Promise<Response>((resolve) => held.push(resolve)).finally(() => {
      atOnce -= 1;
    });
  });
  const answers: Promise<HookVerdict>[] = [];
  for (let i = 0; i < HOOK_REQUESTS_MAX + HOOK_WAITING_MAX; i += 1) answers.push(judge(`${i}`));
  expect(await judge("one too many")).toEqual({ outcome: "overloaded" });
  // Nobody is let go before all who may ask at once have come.
  const deadline = performance.now() + 10_000;
  while (atOnce < HOOK_REQUESTS_MAX && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  let isDone = false;
  const all = Promise.all(answers).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    for (const answer of held.splice(0)) answer(json({ action: "allow" }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(new Set((await all).map(({ outcome }) => outcome))).toEqual(new Set(["publish"]));
  expect(most).toBe(HOOK_REQUESTS_MAX);
  // All have room again.
  let isAnswered = false;
  const later = judge("later").finally(() => {
    isAnswered = true;
  });
  while (!isAnswered) {
    for (const answer of held.splice(0)) answer(json({ action: "allow" }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await later).toEqual({ outcome: "publish" });
});
