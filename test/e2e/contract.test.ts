/**
 * The OpenAPI document is kept: every status that it names for an operation is produced once, by the real server, with a body
 * as it says. A status without a case fails, and says where to add one.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Cases, ContractWorld, type Documented, OWNER } from "../support/contract/contract-world.ts";
import { general } from "../support/contract/general-cases.ts";
import { ERRORS } from "../../src/protocol/errors.ts";
import { ADMIN_CASES } from "../support/contract/admin-cases.ts";
import { EVENT_CASES } from "../support/contract/event-cases.ts";
import { FEED_CASES } from "../support/contract/feed-cases.ts";
import { FILE_CASES } from "../support/contract/file-cases.ts";
import { assistantCases, MESSAGE_CASES } from "../support/contract/message-cases.ts";
import { NOTIFY_CASES } from "../support/contract/notify-cases.ts";
import { ROOM_CASES } from "../support/contract/room-cases.ts";
import { ProviderServer } from "../support/provider-server.ts";
import { type RestReply, TestServer } from "../support/server.ts";

const METHODS = ["get", "post", "put", "patch", "delete", "head"];
const FREE = {
  STOA_RATE_PER_SECOND: "100000",
  STOA_RATE_BURST: "100000",
  STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org",
  STOA_OUTWARD_ALLOW: "127.0.0.1",
  STOA_WEBHOOK_ATTEMPTS: "1",
  STOA_WEBHOOK_RETRY_SECONDS_MAX: "1",
};
const STRICT = {
  STOA_RATE_USER_PER_SECOND: "1",
  STOA_RATE_USER_BURST: "1",
  STOA_CONNECTS_USER_PER_MINUTE: "1",
  STOA_CONNECTS_USER_BURST: "1",
  STOA_SEARCH: "off",
};

const provider = new ProviderServer();
/** By subject; what is not here is produced the general way. */
const SPECIAL: Cases = {
  ...ROOM_CASES,
  ...MESSAGE_CASES,
  ...FILE_CASES,
  ...ADMIN_CASES,
  ...EVENT_CASES,
  ...NOTIFY_CASES,
  ...FEED_CASES,
  ...assistantCases(provider),
};
let world: ContractWorld;
let operations: readonly Documented[] = [];

beforeAll(async () => {
  const [server, strict] = await Promise.all([
    TestServer.start({ env: { ...provider.env, ...FREE } }),
    TestServer.start({ env: STRICT }),
  ]);
  world = new ContractWorld(server, strict);
  operations = documented(JSON.parse((await server.rest("GET", "/docs/json")).text));
}, 60_000);
afterAll(async () => {
  await Promise.all([world?.server.dispose(), world?.strict.dispose()]);
  provider.stop();
});

/** An answer that does not end, such as a stream, needs a case that ends it. */
const ANSWER_MS_MAX = 10_000;
/** What is produced at once: more would wait for each other. */
const AT_ONCE = 4;

test("every status that the document names for an operation is produced once, with a body as it says", async () => {
  const wanted = operations.flatMap((operation) => operation.statuses.map((status) => ({ operation, status })));
  const nameOf = ({ operation, status }: (typeof wanted)[number]): string => `${operation.name} ${status}`;
  const isSpecial = (each: (typeof wanted)[number]): boolean => nameOf(each) in SPECIAL;
  const wrong: string[] = [];
  const check = async (each: (typeof wanted)[number]): Promise<void> => {
    const special = SPECIAL[nameOf(each)];
    const produced = special?.(world) ?? general(each.operation, each.status, world);
    const complaint = produced === undefined ? NO_CASE : await complaintAbout(produced, each.status);
    if (complaint !== undefined) wrong.push(`${nameOf(each)}: ${complaint}`);
  };
  // The special ones in their order: some of them share the provider.
  for (const each of wanted.filter(isSpecial)) await check(each);
  const rest = wanted.filter((each) => !isSpecial(each));
  const worker = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await check(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(wrong).toEqual([]);
  expect(wanted.length).toBeGreaterThan(600);
}, 120_000);

test("there is a case for nothing that the document does not name", () => {
  const named = new Set(operations.flatMap(({ name, statuses }) => statuses.map((status) => `${name} ${status}`)));
  expect(Object.keys(SPECIAL).filter((name) => !named.has(name))).toEqual([]);
});

test("every operation names a success, and one that needs a token says what it answers without one", () => {
  expect(operations.length).toBeGreaterThan(120);
  for (const { name, statuses } of operations) {
    expect([name, statuses.some((status) => status < 300 || status === 426)]).toEqual([name, true]);
    const isOpen = !name.includes("/v1/chat/") || /health|uploads|files|ws/.test(name);
    expect([name, statuses.includes(401)]).toEqual([name, !isOpen]);
  }
});

const NO_CASE =
  "no case produces it. Add one to the file of its subject in test/support/contract, or take it from src/edge/rest/route-answers.ts";

async function complaintAbout(produced: Promise<RestReply>, status: number): Promise<string | undefined> {
  try {
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error("no answer")), ANSWER_MS_MAX).unref(),
    );
    const reply = await Promise.race([produced, late]);
    if (reply.status !== status) return `answered ${reply.status} ${reply.text.slice(0, 200)}`;
    const { success, data, error } = reply.body;
    if (success === undefined) return undefined;
    if (success !== status < 400) return `success: ${success}`;
    if (status < 400) return typeof data === "object" ? undefined : "no data";
    const known = Object.entries(ERRORS).find(([code]) => code === error?.code);
    // A handshake that is none is told so by a status of its own.
    return known?.[1].http === status || status === 426 ? undefined : `${error?.code} is no error of this status`;
  } catch (thrown) {
    return String(thrown);
  }
}

test("what a route of settings gives can be sent back to it, and changes nothing", async () => {
  const { roomId } = await world.place();
  const rate = { perSecond: 50_000, burst: 50_000 };
  const quietHours = { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" };
  const rules = [{ id: "offers", action: "flag", words: ["offer"] }];
  const pairs: readonly (readonly [path: string, set: object])[] = [
    ["/admin/limits", { room: rate }],
    ["/admin/moderation", { rules }],
    ["/admin/notifications", { level: "mentions", withText: false }],
    ["/admin/consumers/round_trip", { types: ["new_message"] }],
    [`/rooms/${roomId}/moderation`, { rules }],
    ["/me/notifications", { level: "all", quietHours }],
    [`/me/notifications/rooms/${roomId}`, { level: "none" }],
  ];
  for (const [path, set] of pairs) {
    if (path.includes("consumers")) await world.done(OWNER, "PUT", path, {});
    for (const given of [undefined, set]) {
      if (given !== undefined) await world.done(OWNER, "PUT", path, given);
      const before = (await world.done(OWNER, "GET", path)) as Readonly<Record<string, unknown>>;
      const again = await world.rest(OWNER, "PUT", path, before);
      expect([path, again.status, again.body.error]).toEqual([path, 200, undefined]);
      const after = (await world.done(OWNER, "GET", path)) as Readonly<Record<string, unknown>>;
      expect([path, steady(after)]).toEqual([path, steady(before)]);
    }
  }
  await world.done(OWNER, "PUT", "/admin/moderation", { rules: [] });
  await world.done(OWNER, "PUT", "/admin/limits", { user: null, tenant: null, room: null });
});

/** But for what counts or notes the writing itself, and what counts what others write meanwhile: the feed follows the logs of earlier tests. */
function steady(settings: Readonly<Record<string, unknown>>): object {
  const { version: _version, movedAt: _movedAt, entriesBehind: _entriesBehind, ...rest } = settings;
  return rest;
}

interface DocumentedItem {
  readonly responses?: Readonly<Record<string, unknown>>;
  readonly parameters?: Documented["parameters"];
  readonly requestBody?: unknown;
}

function documented(document: { readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedItem>>>> }) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => {
      const { responses = {}, parameters = [], requestBody } = item[method] ?? {};
      const statuses = Object.keys(responses).map(Number);
      return { name: `${method.toUpperCase()} ${path}`, statuses, parameters, hasBody: requestBody !== undefined };
    }),
  );
}
