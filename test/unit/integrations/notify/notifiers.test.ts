/** Each way by which notifications leave, with the real SDKs and real encryption, against servers that speak their HTTP. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { KeptSubscription } from "../../../../src/actors/notify-calls.ts";
import { SystemClock } from "../../../../src/base/clock.ts";
import type { MessageId, RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { parseRange } from "../../../../src/base/ip-ranges.ts";
import {
  NOTIFY_BATCH_MAX,
  NOTIFY_BATCHES_AT_ONCE,
  NOTIFY_BODY_LENGTH_MAX,
  NOTIFY_TITLE_LENGTH_MAX,
  NOTIFY_WAITING_MAX,
  PUSH_AT_ONCE,
  PUSH_ATTEMPTS_MAX,
  PUSH_PAYLOAD_BYTES_MAX,
} from "../../../../src/base/limits.ts";
import { ok } from "../../../../src/base/result.ts";
import type { Notification } from "../../../../src/domain/notify/notification.ts";
import { type AwsPlace, snsNotifier, sqsNotifier } from "../../../../src/integrations/notify/aws-notifiers.ts";
import { BatchSender } from "../../../../src/integrations/notify/batch-sender.ts";
import type { Notifier, SendOutcome } from "../../../../src/integrations/notify/notifier.ts";
import { isPair, makeVapid } from "../../../../src/integrations/notify/vapid.ts";
import { payloadOf, WebPush } from "../../../../src/integrations/notify/web-push.ts";
import { webhookNotifier } from "../../../../src/integrations/notify/webhook-notifier.ts";
import { OutwardHttp } from "../../../../src/integrations/outward-http.ts";
import { eventually } from "../../../support/eventually.ts";
import { AwsReceiver, Browser, PushReceiver, vapidClaims, WebhookReceiver } from "../../../support/notify-receivers.ts";
import { LOCAL_CERTIFICATE } from "../../../support/self-signed.ts";

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});
const closing = <Part extends { stop(): Promise<void> }>(part: Part): Part => {
  closes.push(() => part.stop());
  return part;
};
const failures: string[] = [];
const failed = (why: string): void => void failures.push(why);
// What went wrong is told without what was sent: in all of these tests, in whatever order they run.
afterAll(() => {
  expect(failures.length).toBeGreaterThan(5);
  expect(failures.filter((why) => why.includes("hello") || why.includes("localhost"))).toEqual([]);
});

const notification = (more: Partial<Notification> = {}): Notification => ({
  ...{ id: "n1", collapseKey: "c1", tenantId: "acme" as TenantId, userId: "ben" as UserId },
  ...{ roomId: "talk" as RoomId, roomName: "Talk", roomType: "group", reason: "mention", count: 1 },
  ...{ title: "Talk", body: "Ann: hello", author: "ann" as UserId, authorName: "Ann" },
  ...{ messageId: "msg_5" as MessageId, fromSeq: 5, toSeq: 5, at: 1_767_225_600_000 },
  ...more,
});
const AS_SENT = {
  ...{ type: "notification", version: 1, id: "n1", collapseKey: "c1", tenantId: "acme", userId: "ben" },
  ...{ roomId: "talk", roomName: "Talk", roomType: "group", reason: "mention", count: 1 },
  ...{ title: "Talk", body: "Ann: hello", author: "ann", authorName: "Ann", messageId: "msg_5" },
  ...{ fromSeq: 5, toSeq: 5, at: "2026-01-01T00:00:00.000Z" },
};

const AWS: Readonly<Record<"SQS" | "SNS", (place: AwsPlace, receiver: AwsReceiver, fifo: string) => Notifier>> = {
  SQS: ({ endpoint: _endpoint, ...place }, receiver, fifo) =>
    sqsNotifier({ ...place, queueUrl: `${receiver.queueUrl}${fifo}` }, failed),
  SNS: (place, _receiver, fifo) =>
    snsNotifier({ ...place, topicArn: `arn:aws:sns:eu-central-1:123456789012:away${fifo}` }, failed),
};
for (const [name, make] of Object.entries(AWS)) {
  describe(`to ${name}`, () => {
    const open = (fifo = ""): { receiver: AwsReceiver; notifier: Notifier } => {
      const receiver = closing(new AwsReceiver());
      const place = { region: "eu-central-1", endpoint: receiver.endpoint, anyCredentials: true };
      const notifier = make(place, receiver, fifo);
      closes.push(() => notifier.close());
      return { receiver, notifier };
    };

    test("one is sent as it is, with what subscriptions filter by", async () => {
      const { receiver, notifier } = open();
      expect(await notifier.send(notification())).toBe("sent");
      expect(receiver.took).toHaveLength(1);
      expect(receiver.took[0]?.body).toEqual(AS_SENT);
      expect(receiver.took[0]?.attributes).toEqual({ tenantId: "acme", reason: "mention" });
      expect(receiver.took[0]?.group).toBeUndefined();
    });

    test("a queue with an order is told it, and by what it knows a repetition", async () => {
      const { receiver, notifier } = open(".fifo");
      expect(await notifier.send(notification())).toBe("sent");
      expect([receiver.took[0]?.group, receiver.took[0]?.deduplication]).toEqual(["c1", "n1"]);
    });

    test("ten go in one request, the eleventh in another", async () => {
      const { receiver, notifier } = open();
      const all = Array.from({ length: NOTIFY_BATCH_MAX + 1 }, (_, i) => notifier.send(notification({ id: `n${i}` })));
      expect(new Set(await Promise.all(all))).toEqual(new Set(["sent"]));
      expect(receiver.requests).toBe(2);
      expect(receiver.took.map(({ body }) => body["id"])).toHaveLength(NOTIFY_BATCH_MAX + 1);
    });

    test("each entry has an outcome of its own", async () => {
      const { receiver, notifier } = open();
      receiver.refused.set("never mind", "sender").set("not now", "service");
      const bodies = ["fine", "never mind", "not now"];
      expect(await Promise.all(bodies.map((body) => notifier.send(notification({ body }))))).toEqual([
        ...(["sent", "refused", "later"] as const),
      ]);
    });

    test("what the service cannot do now is later, after one attempt", async () => {
      const { receiver, notifier } = open();
      receiver.fail({ status: 503 });
      expect(await notifier.send(notification())).toBe("later");
      expect(receiver.requests).toBe(1);
      expect(await notifier.send(notification())).toBe("sent");
      await receiver.stop();
      expect(await notifier.send(notification())).toBe("later");
    });
  });
}

test("more than may wait is later at once; what waits is answered", async () => {
  const { promise, resolve } = Promise.withResolvers<ReadonlyMap<number, SendOutcome>>();
  let requests = 0;
  const sender = new BatchSender((batch) => {
    requests += 1;
    return promise.then(() => new Map(batch.map((_, i) => [i, "sent"])));
  }, failed);
  const waiting = Array.from({ length: NOTIFY_WAITING_MAX }, () => sender.send(notification()));
  expect(await sender.send(notification())).toBe("later");
  await new Promise<void>((soon) => setImmediate(() => setImmediate(soon)));
  expect(requests).toBe(NOTIFY_BATCHES_AT_ONCE);
  resolve(new Map());
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["sent"]));
});

describe("to a webhook", () => {
  const SECRET = "a secret of the operator";
  const open = (receiver = closing(new WebhookReceiver())) => ({
    receiver,
    notifier: webhookNotifier({ url: receiver.url, secret: SECRET, clock: new SystemClock(), failed }),
  });

  test("it is posted, named, and signed over its time", async () => {
    const { receiver, notifier } = open();
    expect(await notifier.send(notification())).toBe("sent");
    const [took] = receiver.took;
    expect(took?.body).toEqual(AS_SENT);
    const timestamp = took?.headers["x-stoa-timestamp"] ?? "";
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(30);
    const signature = createHmac("sha256", SECRET).update(`${timestamp}.${receiver.texts[0]}`).digest("hex");
    expect(took?.headers["x-stoa-signature"]).toBe(`sha256=${signature}`);
    expect(took?.headers["x-stoa-id"]).toBe("n1");
  });

  const cases: readonly (readonly [number, SendOutcome])[] = [
    [400, "refused"],
    [404, "refused"],
    [408, "later"],
    [429, "later"],
    [500, "later"],
    [503, "later"],
    [302, "later"],
  ];
  for (const [status, outcome] of cases) {
    test(`${status} is ${outcome}`, async () => {
      const { receiver, notifier } = open();
      receiver.fail({ status, headers: { location: receiver.url } });
      expect(await notifier.send(notification())).toBe(outcome);
      expect(receiver.requests).toBe(1);
      expect(failures.at(-1)).toBe(status === 302 ? "redirect" : `status ${status}`);
    });
  }

  test("nobody there is later", async () => {
    const { receiver, notifier } = open();
    await receiver.stop();
    expect(await notifier.send(notification())).toBe("later");
  });
});

describe("to browsers", () => {
  const keys = makeVapid();
  const range = parseRange("127.0.0.0/8");
  const allowed = { ranges: range === undefined ? [] : [range], hosts: [] };
  const open = (mayReach = allowed) => {
    const service = closing(new PushReceiver());
    const clock = new SystemClock();
    const resolve = async (): Promise<readonly string[]> => ["127.0.0.1"];
    const http = new OutwardHttp({ clock, allowed: mayReach, ca: LOCAL_CERTIFICATE, resolve });
    return { service, push: new WebPush({ http, keys, contact: "mailto:ops@example.org", clock, failed }) };
  };
  const kept = ({ subscription: { endpoint, keys: own } }: Browser): KeptSubscription => ({
    ...{ id: "b1", addedAt: 1, endpoint, p256dh: own.p256dh, auth: own.auth },
  });

  test("only the browser can read it, and the service knows whom it is from", async () => {
    const { service, push } = open();
    const browser = service.browser("one");
    expect(await push.send(notification(), kept(browser))).toBe("sent");
    expect(browser.took[0]?.body).toEqual({
      ...{ id: "n1", tag: "c1", title: "Talk", body: "Ann: hello", reason: "mention", count: 1 },
      ...{ tenantId: "acme", userId: "ben", roomId: "talk", messageId: "msg_5", at: 1_767_225_600_000 },
    });
    const headers = browser.took[0]?.headers ?? {};
    expect(headers).toMatchObject({ "content-encoding": "aes128gcm", topic: "c1", ttl: "86400", urgency: "high" });
    const { aud, sub, exp, key } = vapidClaims(headers["authorization"]);
    expect({ aud, sub, key }).toEqual({ aud: service.origin, sub: "mailto:ops@example.org", key: keys.publicKey });
    const seconds = Number(exp) - Date.now() / 1_000;
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(24 * 60 * 60);
    await push.send(notification({ reason: "message" }), kept(browser));
    expect(browser.took[1]?.headers["urgency"]).toBe("normal");
  });

  test("another browser's keys do not open it", async () => {
    const { service, push } = open();
    const [one, two] = [service.browser("one"), new Browser("https://localhost/two")];
    const sealed: Buffer[] = [];
    const seeing = { decrypt: one.decrypt.bind(one) };
    one.decrypt = (body) => {
      sealed.push(body);
      return seeing.decrypt(body);
    };
    await push.send(notification(), kept(one));
    expect(() => two.decrypt(sealed[0] ?? Buffer.alloc(0))).toThrow();
  });

  test("one that is gone is said to be; 404 and 410 alike", async () => {
    const { service, push } = open();
    const browser = service.browser("one");
    service.fail({ status: 404 });
    expect(await push.send(notification(), kept(browser))).toBe("gone");
    service.gone.add(browser.endpoint);
    expect(await push.send(notification(), kept(browser))).toBe("gone");
  });

  test("what may pass is tried again, as often as it may; what will not is given up", async () => {
    const { service, push } = open();
    const browser = service.browser("one");
    service.fail({ status: 503 }, { status: 429, headers: { "retry-after": "0" } });
    expect(await push.send(notification(), kept(browser))).toBe("sent");
    expect(service.requests).toBe(PUSH_ATTEMPTS_MAX);
    service.fail(
      ...Array.from({ length: PUSH_ATTEMPTS_MAX }, () => ({ status: 429, headers: { "retry-after": "0" } })),
    );
    expect(await push.send(notification(), kept(browser))).toBe("failed");
    service.fail({ status: 413 });
    expect(await push.send(notification(), kept(browser))).toBe("failed");
    expect(service.requests).toBe(2 * PUSH_ATTEMPTS_MAX + 1);
  });

  test("so many requests are under way at once, and not one more; what waits is answered", async () => {
    let [underWay, most] = [0, 0];
    const gate = Promise.withResolvers<void>();
    const http = {
      request: async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await gate.promise;
        underWay -= 1;
        return ok({ status: 201, headers: new Headers(), body: new Uint8Array() });
      },
    };
    const push = new WebPush({ http, keys, contact: "mailto:ops@example.org", clock: new SystemClock(), failed });
    const to = kept(new Browser("https://localhost/x"));
    const all = Array.from({ length: PUSH_AT_ONCE + 5 }, () => push.send(notification(), to));
    await eventually(async () => expect(underWay).toBe(PUSH_AT_ONCE));
    gate.resolve();
    expect(new Set(await Promise.all(all))).toEqual(new Set(["sent"]));
    expect(most).toBe(PUSH_AT_ONCE);
  });

  test("where nobody is to be asked nobody is, and the browser is forgotten", async () => {
    const { service, push } = open({ ranges: [], hosts: [] });
    expect(await push.send(notification(), kept(service.browser("one")))).toBe("gone");
    expect(service.requests).toBe(0);
  });

  test("with keys that are none the browser is forgotten", async () => {
    const { push } = open();
    const endpoint = "https://localhost/x";
    const wrong = { id: "b", addedAt: 1, endpoint, p256dh: `B${"A".repeat(86)}`, auth: "A".repeat(22) };
    expect(await push.send(notification(), wrong)).toBe("gone");
  });

  test("the largest that there can be is within what services take", () => {
    const long = "😀".repeat(128);
    const largest = notification({
      title: "😀".repeat(NOTIFY_TITLE_LENGTH_MAX),
      body: "😀".repeat(NOTIFY_BODY_LENGTH_MAX),
      tenantId: "t".repeat(128) as TenantId,
      userId: "u".repeat(128) as UserId,
      roomId: "r".repeat(128) as RoomId,
    });
    expect(Buffer.byteLength(payloadOf(largest))).toBeLessThanOrEqual(PUSH_PAYLOAD_BYTES_MAX);
    expect(JSON.parse(payloadOf(largest))).toMatchObject({ body: largest.body });
    const beyond = JSON.parse(payloadOf(notification({ body: long.repeat(10) }))) as object;
    const where = { tenantId: "acme", userId: "ben", roomId: "talk", messageId: "msg_5" };
    expect(beyond).toMatchObject({ id: "n1", title: "", body: "", ...where });
    expect(JSON.parse(payloadOf(notification()))).toMatchObject(where);
  });

  test("keys belong together or do not", () => {
    expect(isPair(keys)).toBe(true);
    expect(isPair({ ...keys, publicKey: makeVapid().publicKey })).toBe(false);
  });
});
