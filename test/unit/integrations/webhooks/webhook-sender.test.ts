/** One delivery against a real receiver: what is posted, how it is signed, and what each answer means. */
import { afterEach, expect, test } from "bun:test";
import { SystemClock } from "../../../../src/base/clock.ts";
import type { RoomId, UserId } from "../../../../src/base/ids.ts";
import { parseRange } from "../../../../src/base/ip-ranges.ts";
import { FEED_START } from "../../../../src/feed/cursor.ts";
import type { FeedPage } from "../../../../src/feed/feed-reader.ts";
import type { Webhook } from "../../../../src/feed/webhook-records.ts";
import { OutwardHttp } from "../../../../src/integrations/outward-http.ts";
import { WebhookSender } from "../../../../src/integrations/webhooks/webhook-sender.ts";
import { ACME } from "../../../support/feed-rig.ts";
import { signers, WebhookReceiver } from "../../../support/webhook-receiver.ts";

const PAGE: FeedPage = {
  events: [
    { roomId: "room" as RoomId, seq: 1, type: "new_message", json: '{"roomId":"room","seq":1}' },
    { roomId: "room" as RoomId, seq: 2, type: "new_message", json: '{"roomId":"room","seq":2,"text":"ä"}' },
  ],
  missing: [{ roomId: "gone" as RoomId, from: 1, to: 2 }],
  cursor: { ...FEED_START, entry: 2 },
  hasMore: false,
};
let receiver: WebhookReceiver;
afterEach(() => receiver.stop());

/** `timeoutMs`: nobody is given up because the machine is busy. */
function rig(hook: Partial<Webhook> = {}, timeoutMs = 60_000) {
  receiver = new WebhookReceiver();
  const range = parseRange("127.0.0.0/8");
  if (range === undefined) throw new Error("not parsed");
  const clock = new SystemClock();
  const sender = new WebhookSender(
    new OutwardHttp({ clock, allowed: { ranges: [range], hosts: [] } }),
    clock,
    timeoutMs,
  );
  const made = { by: "root" as UserId, createdMs: 1, changedMs: 1 };
  const webhook: Webhook = { url: receiver.url, secret: "whsec_new", ...made, ...hook };
  const delivery = { tenant: ACME, id: "wh_1", hook: webhook, attempt: 3 };
  return { sender, delivery, send: () => sender.page(delivery, PAGE, FEED_START, PAGE.cursor) };
}

test("what is posted is JSON with its events as they are, signed, and says which attempt it is", async () => {
  const { send, sender, delivery } = rig();
  expect(await send()).toEqual({ kind: "taken", status: 200 });
  const [posted] = receiver.taken;
  if (posted === undefined) throw new Error("nothing was posted");
  expect(JSON.parse(posted.body)).toEqual({
    ...{ type: "events", webhookId: "wh_1", tenantId: "acme", attempt: 3, missing: PAGE.missing },
    ...{ from: "1-0-0-0", to: "2-0-0-0" },
    events: [
      { roomId: "room", seq: 1 },
      { roomId: "room", seq: 2, text: "ä" },
    ],
  });
  expect(signers(posted, ["whsec_new", "whsec_old"])).toEqual(["whsec_new"]);
  const named = ["x-stoa-delivery", "x-stoa-webhook", "x-stoa-attempt", "content-type", "user-agent"];
  expect(named.map((name) => posted.headers.get(name))).toEqual([
    ...["2-0-0-0", "wh_1", "3", "application/json", "Stoa-Webhooks/1"],
  ]);
  expect(await sender.ping(delivery)).toEqual({ kind: "taken", status: 200 });
  expect(JSON.parse(receiver.taken[1]?.body ?? "")).toMatchObject({ type: "ping", events: [] });
});

test("the secret before signs as well until its time is over, and not a moment longer", async () => {
  for (const [leftMs, both] of [
    [60_000, true],
    [-1, false],
  ] as const) {
    const { send } = rig({ former: { secret: "whsec_old", untilMs: Date.now() + leftMs } });
    await send();
    const [posted] = receiver.taken;
    if (posted === undefined) throw new Error("nothing was posted");
    const secrets = ["whsec_new", "whsec_old"];
    expect(signers(posted, secrets)).toEqual(both ? secrets : ["whsec_new"]);
    receiver.stop();
  }
});

test("each answer means one thing: taken, not now, not this, never again", async () => {
  const { send } = rig();
  const kinds: Record<string, number[]> = {};
  for (const status of [
    200, 201, 202, 204, 299, 300, 302, 308, 400, 401, 403, 404, 408, 409, 410, 413, 422, 425, 429, 500, 501, 502, 503,
    504,
  ]) {
    receiver.answer = () => new Response(null, { status, headers: { location: "http://127.0.0.1:1/" } });
    const { kind } = await send();
    kinds[kind] = [...(kinds[kind] ?? []), status];
  }
  expect(kinds).toEqual({
    taken: [200, 201, 202, 204, 299],
    refused: [300, 302, 308, 400, 401, 403, 404, 409, 413, 422, 500, 501],
    away: [408, 425, 429, 502, 503, 504],
    gone: [410],
  });
  const after = async (header: string) => {
    receiver.answer = () => new Response(null, { status: 503, headers: { "retry-after": header } });
    return send();
  };
  expect(await after("7")).toEqual({ kind: "away", why: "status 503", retryAfterMs: 7_000 });
  // A date, nonsense, and more than an hour.
  expect(await after("Wed, 21 Oct 2026 07:28:00 GMT")).toEqual({ kind: "away", why: "status 503" });
  expect(await after("-5")).toEqual({ kind: "away", why: "status 503" });
  expect(await after("999999")).toEqual({ kind: "away", why: "status 503", retryAfterMs: 3_600_000 });
});

test("whoever does not answer is away when the time is over", async () => {
  const { send } = rig({}, 300);
  receiver.answer = () => new Promise<Response>(() => undefined);
  expect(await send()).toEqual({ kind: "away", why: "timeout" });
});
