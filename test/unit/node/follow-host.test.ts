/** The main thread's side of the thread that follows the logs: asked, lost, started again, and bounded. */
import { afterEach, expect, test } from "bun:test";
import type { Call } from "../../../src/actors/calls.ts";
import type { RoomId, TenantId } from "../../../src/base/ids.ts";
import type { Principal } from "../../../src/domain/principal.ts";
import type { Rejection } from "../../../src/protocol/errors.ts";
import { SEARCHES_WAITING_MAX } from "../../../src/base/limits.ts";
import { ok, type Result } from "../../../src/base/result.ts";
import { FollowHost, type FollowSeams } from "../../../src/node/follow-host.ts";
import { LOG } from "../../conformance/harness.ts";
import { ASKED } from "../../support/asked.ts";
import { eventually } from "../../support/eventually.ts";

const settings = {
  storage: { dataDir: "none", dynamodb: undefined },
  search: true,
  isClustered: false,
  feed: undefined,
  eventBridge: undefined,
  notify: undefined,
  outward: { ranges: [], hosts: [] },
};
const carried: [by: Principal, call: Call][] = [];
const reports: string[] = [];
let host: FollowHost;

/** The engine: answers with what it was asked. */
async function carryOut(by: Principal, call: Call): Promise<Result<unknown, Rejection>> {
  carried.push([by, call]);
  return ok(call);
}

const seams: FollowSeams = {
  carryOut,
  report: (event) => void reports.push(event),
  streamed: (tenant) => void reports.push(`streamed ${tenant}`),
  told: (outcomes) => void reports.push(`told ${outcomes.length}`),
};

const entry = new URL("../../support/tiny-follower.ts", import.meta.url);

function start(): FollowHost {
  reports.length = 0;
  host = new FollowHost(settings, seams, entry);
  host.start();
  return host;
}
afterEach(() => host.stop());

const query = (room: string) => {
  return { tenant: "t" as TenantId, rooms: [room as RoomId], terms: [], order: "newest", limit: 1 } as const;
};
const AWAY = { ok: false, error: "unavailable" } as const;

test("asks as soon as the thread is there, sweeps when it can hear hints, and knows how far behind it is", async () => {
  start();
  expect(host.lags).toEqual({ search: { logs: 0, events: 0, ms: 0 } });
  expect(await host.search(query("any"))).toEqual({ ok: true, value: [] });
  expect(await host.forget(LOG, { what: "log" })).toBe("durable");
  host.hinted([
    [LOG, 7],
    [LOG, 8],
  ]);
  await eventually(async () => expect(host.lags).toEqual({ search: { logs: 1, events: 2, ms: 5 } }));
  expect(reports).toEqual(["swept"]);
  expect(host.isLate("search")).toBe(false);
});

test("a thread that is lost answers what it was asked with its loss, and another one takes its place", async () => {
  start();
  await eventually(async () => expect(reports).toEqual(["swept"]));
  const waiting = host.search(query("wait"));
  expect(await host.search(query("die"))).toEqual(AWAY);
  expect(await waiting).toEqual(AWAY);
  await eventually(async () => expect(reports).toEqual(["swept", "followers_lost", "swept"]));
  expect(await host.search(query("any"))).toEqual({ ok: true, value: [] });
});

test("a thread of which nothing is heard is ended, said to have been stuck, and another one takes its place", async () => {
  reports.length = 0;
  const why: string[] = [];
  const report: FollowSeams["report"] = (event, details) => {
    reports.push(event);
    if (event === "followers_lost") why.push(String(details["why"]));
  };
  host = new FollowHost(settings, { ...seams, report }, entry, 300);
  host.start();
  await eventually(async () => expect(reports.slice(0, 3)).toEqual(["swept", "followers_lost", "swept"]));
  expect(why[0]).toStartWith("stuck: nothing was heard of it for ");
});

test("so many searches may wait, and one more is refused at once", async () => {
  start();
  const waiting = Array.from({ length: SEARCHES_WAITING_MAX }, () => host.search(query("wait")));
  expect(await host.search(query("any"))).toEqual(AWAY);
  void host.search(query("die"));
  await host.stop();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => AWAY));
});

test("what a consumer asks is carried out by the engine, and the thread has the answer", async () => {
  start();
  expect(await host.search(query("ask"))).toEqual({ ok: true, value: [] });
  await eventually(async () => expect(reports).toEqual(["swept", "answered yes"]));
  host.feedsChanged();
  await eventually(async () => expect(reports).toEqual(["swept", "answered yes", "streamed acme"]));
  expect(carried).toEqual([[ASKED.by, ASKED.call]]);
});
