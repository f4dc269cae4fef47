/** What EventBridge refuses for what it is has an end: the real SDK against a server that answers as the service does. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { SystemClock, type Timer } from "../../../src/base/clock.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { EVENTBRIDGE_REFUSALS_MAX } from "../../../src/base/limits.ts";
import { FeedDocuments } from "../../../src/feed/feed-engine.ts";
import type { Delivered } from "../../../src/followers/log-consumer.ts";
import { EventBridge } from "../../../src/integrations/event-bridge.ts";
import { at } from "../../support/json.ts";
import { ACME, FeedRig } from "../../support/feed-rig.ts";

/** What the service says of each entry, by its sequence: `undefined` takes it. A text of its own refuses the whole request. */
type Verdict = (seq: number) => string | undefined;
const WHOLE = "ValidationException";

/** Between two attempts nobody has to wait here. */
class HurriedClock extends SystemClock {
  override after(_ms: number, run: () => void): Timer {
    return super.after(0, run);
  }
}

let takes: Verdict = () => undefined;
let seen: number[] = [];
let service: Bun.Server<undefined>;
let reports: { readonly event: string; readonly details: Readonly<Record<string, string | number>> }[] = [];
let rig = new FeedRig();
let bridge: EventBridge;

beforeEach(() => {
  takes = () => undefined;
  seen = [];
  reports = [];
  rig = new FeedRig();
  service = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { Entries } = (await request.json()) as { readonly Entries: readonly { readonly Detail: string }[] };
      const seqs = Entries.map(({ Detail }) => Number(at(JSON.parse(Detail), "seq")));
      const headers = { "content-type": "application/x-amz-json-1.1" };
      if (seqs.some((seq) => takes(seq) === WHOLE)) {
        return new Response(JSON.stringify({ __type: WHOLE }), { status: 400, headers });
      }
      seen.push(...seqs.filter((seq) => takes(seq) === undefined));
      const said = seqs.map((seq) => {
        const code = takes(seq);
        return code === undefined ? { EventId: String(seq) } : { ErrorCode: code };
      });
      return Response.json({ FailedEntryCount: 0, Entries: said }, { headers });
    },
  });
  const clock = new HurriedClock();
  bridge = new EventBridge(
    {
      bus: "chat-events",
      region: "local",
      endpoint: `http://127.0.0.1:${service.port}`,
      anyCredentials: true,
      types: ["message_pinned"],
      startedMs: 0,
    },
    {
      engine: rig.engine,
      documents: new FeedDocuments(rig.engine, clock),
      clock,
      report: (event, details) => void reports.push({ event, details }),
    },
  );
});
afterEach(async () => {
  bridge.close();
  await service.stop(true);
});

function deliver(room: string, to: number): Promise<Delivered> {
  const log = { tenant: ACME, room: room as RoomId, incarnation: 1 };
  return new Promise((resolve) => bridge.deliver({ log, after: 0, to, atMs: 0, events: [] }, resolve));
}
const dropped = () => reports.filter(({ event }) => event === "eventbridge_dropped").map(({ details }) => details);

test.each(["MalformedDetail", WHOLE])(
  "an entry that is refused for ever (%s) holds its room for a while, is dropped, and told; all others arrive, once",
  async (code) => {
    rig.fill("room", 1, 25);
    takes = (seq) => (seq === 4 ? code : undefined);
    for (let run = 1; run < EVENTBRIDGE_REFUSALS_MAX; run += 1) expect(await deliver("room", 25)).toBe("later");
    expect(dropped()).toEqual([]);
    expect(await deliver("room", 25)).toBe("durable");
    expect(dropped()).toEqual([{ tenant: ACME, room: "room", seq: 4, type: "message_pinned", why: code }]);
    expect(new Set(seen)).toEqual(new Set([1, 2, 3, ...Array.from({ length: 21 }, (_, i) => i + 5)]));
    // What was before it is not sent again and again.
    expect(seen.filter((seq) => seq < 4)).toEqual([1, 2, 3]);
  },
);

test("what is not taken now is held for as long as it takes, and so is what is behind it, whatever is said of that", async () => {
  rig.fill("room", 1, 6);
  takes = (seq) => (seq === 2 ? "ThrottlingException" : seq === 5 ? "MalformedDetail" : undefined);
  for (let run = 1; run < EVENTBRIDGE_REFUSALS_MAX + 2; run += 1) expect(await deliver("room", 6)).toBe("later");
  expect(dropped()).toEqual([]);
  takes = (seq) => (seq === 5 ? "MalformedDetail" : undefined);
  expect(await deliver("room", 6)).toBe("durable");
  expect(dropped().map(({ seq }) => seq)).toEqual([5]);
});

test("several of one request are dropped with one another, and another room waits for none of them", async () => {
  rig.fill("room", 1, 9);
  rig.fill("other", 1, 3);
  takes = (seq) => (seq > 4 && seq < 8 ? "InvalidArgument" : undefined);
  for (let run = 1; run < EVENTBRIDGE_REFUSALS_MAX; run += 1) expect(await deliver("room", 9)).toBe("later");
  expect(await deliver("other", 3)).toBe("durable");
  expect(await deliver("room", 9)).toBe("durable");
  expect(dropped().map(({ seq }) => seq)).toEqual([5, 6, 7]);
});
