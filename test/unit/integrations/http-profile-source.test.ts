/** The profile service against a real HTTP server on this machine: one that knows people, knows nobody, fails and hangs. */
import { afterEach, expect, test } from "bun:test";
import { SystemClock } from "../../../src/base/clock.ts";
import type { TenantId, UserId } from "../../../src/base/ids.ts";
import {
  PROFILE_ANSWER_BYTES_MAX,
  PROFILE_REQUESTS_MAX,
  PROFILE_WAITING_MAX,
  URL_LENGTH_MAX,
  USER_NAME_LENGTH_MAX,
} from "../../../src/base/limits.ts";
import type { Profile } from "../../../src/domain/user/profile.ts";
import { HttpProfileSource, type ProfileSourceSettings } from "../../../src/integrations/http-profile-source.ts";
import { signatureOf } from "../../../src/integrations/signed-questions.ts";

const SECRET = "a secret of the service";
const PICTURE = "https://cdn.example.org/ada.png";

let close: () => void = () => undefined;
afterEach(() => close());

interface Served {
  readonly ask: (userId?: string) => Promise<Profile | undefined>;
  readonly reports: string[];
}

function serve(
  respond: (request: Request) => Response | Promise<Response>,
  more: Partial<ProfileSourceSettings> = {},
): Served {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: respond });
  close = () => void server.stop(true);
  const reports: string[] = [];
  const url = `http://127.0.0.1:${server.port}/people`;
  // Nobody is given up because the machine is busy.
  const settings = { url, secret: SECRET, timeoutMs: 60_000, ttlMs: 60_000, ...more };
  const source = new HttpProfileSource(settings, new SystemClock(), (event, { why }) =>
    reports.push(`${event} ${why}`),
  );
  const ask = (userId = "ada"): Promise<Profile | undefined> =>
    new Promise((resolve) => source.profileOf({ tenant: "acme" as TenantId, userId: userId as UserId }, resolve));
  return { ask, reports };
}
const json = (value: unknown): Response => Response.json(value);

test("it is sent tenant and person, signed, and nothing else", async () => {
  const seen: { readonly body: string; readonly headers: Headers }[] = [];
  const { ask } = serve(async (request) => {
    seen.push({ body: await request.text(), headers: request.headers });
    return json({ name: "Ada Lovelace", avatar: PICTURE });
  });
  expect(await ask()).toEqual({ name: "Ada Lovelace", avatar: PICTURE });
  const [{ body, headers } = { body: "", headers: new Headers() }] = seen;
  expect(JSON.parse(body)).toEqual({ tenantId: "acme", userId: "ada" });
  expect(headers.get("x-stoa-signature")).toBe(signatureOf(SECRET, headers.get("x-stoa-timestamp") ?? "", body));
});

const longest = "ä".repeat(USER_NAME_LENGTH_MAX);
const farthest = PICTURE.padEnd(URL_LENGTH_MAX, "a");
test.each([
  [{ name: "Ada" }, { name: "Ada" }],
  [{ name: " Ada ", avatar: null }, { name: "Ada" }],
  [{ avatar: PICTURE, department: "engines" }, { avatar: PICTURE }],
  [{}, {}],
  [
    { name: longest, avatar: farthest },
    { name: longest, avatar: farthest },
  ],
] as const)("%j is %j", async (answer, profile) => {
  const { ask, reports } = serve(() => json(answer));
  expect(await ask()).toEqual(profile);
  expect(reports).toEqual([]);
});

test("somebody whom it does not know has no profile, which is an answer", async () => {
  const { ask, reports } = serve(() => new Response("nobody", { status: 404 }));
  expect(await ask()).toEqual({});
  expect(reports).toEqual([]);
});

const broken: readonly (readonly [string, () => Response | Promise<Response>])[] = [
  ["another status", () => new Response("{}", { status: 500 })],
  ["a redirection", () => Response.redirect("http://127.0.0.1:1/", 302)],
  ["no JSON", () => new Response("Ada")],
  ["no object", () => json("Ada")],
  ["a name that is empty", () => json({ name: " " })],
  ["a name that is a number", () => json({ name: 7 })],
  ["a name that is too long by one", () => json({ name: `${longest}a` })],
  ["a name over two lines", () => json({ name: "Ada\nLovelace" })],
  ["a picture that is a script", () => json({ avatar: "javascript:alert(1)" })],
  ["a picture whose address is too long by one", () => json({ avatar: `${farthest}a` })],
  ["an answer that is too large", () => json({ name: "Ada", x: "x".repeat(PROFILE_ANSWER_BYTES_MAX) })],
];
test.each(broken)("%s is no answer, which is told without what was in it", async (_what, respond) => {
  const { ask, reports } = serve(respond);
  expect(await ask()).toBeUndefined();
  expect(reports).toHaveLength(1);
  expect(reports[0]).toStartWith("profile_service_failed ");
  expect(reports[0]).not.toMatch(/ada/i);
});

test("one that hangs, or is not there, is waited for no longer than its time", async () => {
  const hanging = serve(() => new Promise<Response>(() => undefined), { timeoutMs: 100 });
  expect(await hanging.ask()).toBeUndefined();
  expect(hanging.reports).toEqual(["profile_service_failed timeout"]);
  const absent = serve(() => json({}), { url: "http://127.0.0.1:1/" });
  expect(await absent.ask()).toBeUndefined();
  expect(absent.reports).toEqual(["profile_service_failed no answer"]);
});

test("so many are asked about at once, so many wait, and about one more nothing is asked", async () => {
  const held: ((response: Response) => void)[] = [];
  const { ask } = serve(() => new Promise<Response>((resolve) => held.push(resolve)), { timeoutMs: 60_000 });
  const answers: Promise<Profile | undefined>[] = [];
  for (let i = 0; i < PROFILE_REQUESTS_MAX + PROFILE_WAITING_MAX; i += 1) answers.push(ask(`${i}`));
  expect(await ask("one too many")).toBeUndefined();
  let isDone = false;
  const all = Promise.all(answers).finally(() => {
    isDone = true;
  });
  let most = 0;
  while (!isDone) {
    most = Math.max(most, held.length);
    for (const answer of held.splice(0)) answer(json({ name: "Ada" }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(new Set((await all).map((profile) => profile?.name))).toEqual(new Set(["Ada"]));
  expect(most).toBeLessThanOrEqual(PROFILE_REQUESTS_MAX);
});
