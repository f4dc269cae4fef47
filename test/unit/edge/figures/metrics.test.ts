/** What `/metrics` says, who may read it, and that totals never fall. */
import { describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { COMMIT_BUCKETS_MS, ShardCounters } from "../../../../src/actors/shard-counters.ts";
import type { UserId } from "../../../../src/base/ids.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";
import { EdgeCounters } from "../../../../src/edge/figures/edge-counters.ts";
import { Metrics, METRICS, type MetricsSource } from "../../../../src/edge/figures/metrics.ts";
import { isAllowed } from "../../../../src/edge/plugins/metrics-plugin.ts";
import { RequestIds } from "../../../../src/edge/rest/request-id.ts";
import { ShardTally } from "../../../../src/edge/figures/shard-tally.ts";
import { sourceOf } from "../../../support/metrics-source.ts";

const message = (seq: number): LogEvent => ({
  kind: "message_sent",
  seq,
  timestamp: 1,
  by: "ann" as UserId,
  messageNo: seq,
  messageType: "text",
  content: "hi",
});
const fence: LogEvent = { kind: "fence", seq: 1, timestamp: 1, epoch: 1, owner: "x" };
const levels = { rooms: 2, users: 3, queuedBytes: 4, waitingActors: 5, lateMs: 6 };

/** By what stands before the value, the node's label left out. */
async function read(source: MetricsSource): Promise<ReadonlyMap<string, number>> {
  const { text } = await new Metrics(source).read();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      const name = line
        .slice(0, at)
        .replace(/,?instance_id="node-1"/, "")
        .replace("{}", "");
      return [name, Number(line.slice(at + 1))];
    }),
  );
}

test("every metric is told once, with its type and meaning, and its names are lawful", async () => {
  const { text } = await new Metrics(sourceOf(new ShardTally())).read();
  for (const { name, type, help } of METRICS) {
    expect(text.split(`# TYPE ${name} ${type}\n`)).toHaveLength(2);
    expect(text).toContain(`# HELP ${name} ${help}`);
    expect(name).toMatch(type === "counter" ? /^[a-z_]+_total$/ : /^[a-z_]+(?<!_total)$/);
  }
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
});

test("numbers are those of the parts at the moment of asking", async () => {
  const tally = new ShardTally();
  const counters = new ShardCounters();
  counters.committed([fence, message(2), message(3)], 100, 3);
  counters.committed([message(4)], 50, 10_000);
  counters.notWritten("fenced");
  counters.rejected("forbidden");
  tally.told(0, { totals: counters.totals(), levels });
  const edge = new EdgeCounters();
  edge.responded(404);
  edge.responded(302);
  edge.reported("room_failed");
  edge.dismissed.flooding = 2;
  const found = await read(sourceOf(tally, edge));
  expect(Object.fromEntries(found)).toMatchObject({
    stoa_connections: 7,
    stoa_messages_total: 3,
    stoa_events_total: 4,
    stoa_commits_total: 2,
    stoa_commit_bytes_total: 150,
    'stoa_appends_not_written_total{outcome="fenced"}': 1,
    'stoa_rejections_total{code="forbidden"}': 1,
    'stoa_rooms_active{shard="0"}': 2,
    'stoa_queue_bytes{shard="0"}': 4,
    'stoa_http_responses_total{status="4xx"}': 1,
    'stoa_http_responses_total{status="3xx"}': 1,
    'stoa_reports_total{event="room_failed"}': 1,
    'stoa_connections_dismissed_total{reason="flooding"}': 2,
    'stoa_dependency_up{part="redis"}': 0,
    'stoa_follower_lag_seconds{follower="search"}': 1.5,
    'stoa_commit_seconds_bucket{le="0.002"}': 0,
    'stoa_commit_seconds_bucket{le="0.005"}': 1,
    'stoa_commit_seconds_bucket{le="5"}': 1,
    'stoa_commit_seconds_bucket{le="+Inf"}': 2,
    stoa_commit_seconds_count: 2,
    stoa_commit_seconds_sum: 10.003,
  });
  expect(found.get("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
});

test("open files are counted", () => {
  const count = () => METRICS.find(({ name }) => name === "process_open_fds")?.read(sourceOf(new ShardTally()));
  const before = Number(count());
  const opened = Array.from({ length: 100 }, () => openSync("/dev/null", "r"));
  const after = Number(count());
  for (const file of opened) closeSync(file);
  // The process may open and close some of its own meanwhile.
  expect(after - before).toBeWithin(80, 121);
});

test("sums are made once for what was told, and again when one tells more or is lost", () => {
  const tally = new ShardTally();
  const counters = new ShardCounters();
  tally.told(0, { totals: counters.totals(), levels });
  const { totals, assistant } = tally;
  expect([tally.totals === totals, tally.assistant === assistant]).toEqual([true, true]);
  counters.committed([message(1)], 10, 1);
  tally.told(0, { totals: counters.totals(), levels });
  expect([totals.messages, tally.totals.messages]).toEqual([0, 1]);
  tally.lost(0);
  tally.told(0, { totals: counters.totals(), levels });
  expect(tally.totals.messages).toBe(2);
});

test("the clock is looked at once in each run of turns, and again when what it left is written", () => {
  const counters = new ShardCounters();
  let looks = 0;
  const clock = { monotonicMs: () => 10 * ++looks };
  expect([counters.nowMs(clock), counters.nowMs(clock)]).toEqual([10, 10]);
  counters.settling();
  expect([counters.nowMs(clock), counters.nowMs(clock), looks]).toEqual([20, 20, 2]);
});

test("a commit that takes exactly a bound's time is counted under it, and one that takes longer is not", () => {
  for (const [place, bound] of COMMIT_BUCKETS_MS.entries()) {
    const counters = new ShardCounters();
    counters.committed([message(1)], 1, bound);
    counters.committed([message(2)], 1, bound + 0.01);
    expect(counters.totals().commitBuckets.slice(place, place + 2)).toEqual([1, 1]);
  }
});

test("what the assistants of all shards did is told by provider, and stays when a thread is lost", async () => {
  const tally = new ShardTally();
  const assistant = {
    runs: { complete: 2, budget_user: 1 },
    requests: { gemini: 3 },
    failures: { gemini: 1 },
    inputTokens: { gemini: 100 },
    outputTokens: { gemini: 10 },
  };
  const { totals } = { totals: new ShardCounters().totals() };
  tally.told(0, { totals, levels, assistant });
  tally.told(1, { totals, levels, assistant });
  tally.lost(0);
  expect(Object.fromEntries(await read(sourceOf(tally)))).toMatchObject({
    'stoa_assistant_runs_total{end="complete"}': 4,
    'stoa_assistant_requests_total{provider="gemini"}': 6,
    'stoa_assistant_failures_total{provider="gemini"}': 2,
    'stoa_assistant_input_tokens_total{provider="gemini"}': 200,
    'stoa_assistant_output_tokens_total{provider="gemini"}': 20,
  });
});

test("what a lost thread counted stays when the next one begins anew", () => {
  const tally = new ShardTally();
  const first = new ShardCounters();
  first.committed([message(1)], 10, 1);
  first.rejected("forbidden");
  tally.told(0, { totals: first.totals(), levels });
  tally.told(1, { totals: first.totals(), levels });
  expect(tally.totals).toMatchObject({ messages: 2, rejections: { forbidden: 2 } });
  tally.lost(0);
  expect(tally.totals.messages).toBe(2);
  expect(tally.levels.map(([shard]) => shard)).toEqual([1]);
  tally.lost(0);
  tally.told(0, { totals: new ShardCounters().totals(), levels });
  expect(tally.totals).toMatchObject({ messages: 2, commits: 2, commitMs: 2, bytes: 20, rejections: { forbidden: 2 } });
});

describe("who may read them", () => {
  const ask = (headers: Readonly<Record<string, string>> = {}) => new Request("http://x/metrics", { headers });
  const token = "a-token-of-the-tests";

  test("without a token this machine, and nobody who came through a proxy", () => {
    for (const address of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
      expect(isAllowed(ask(), address, undefined)).toBe(true);
    }
    for (const address of ["10.0.0.1", "::ffff:10.0.0.1", "128.0.0.1", "", undefined]) {
      expect(isAllowed(ask(), address, undefined)).toBe(false);
    }
    for (const name of ["x-forwarded-for", "forwarded", "x-real-ip", "via"]) {
      expect(isAllowed(ask({ [name]: "127.0.0.1" }), "127.0.0.1", undefined)).toBe(false);
    }
  });

  test("with a token whoever sends it, and this machine no more than others", () => {
    expect(isAllowed(ask({ authorization: `Bearer ${token}` }), "10.0.0.1", token)).toBe(true);
    for (const given of ["Bearer x", `Basic ${token}`, `Bearer ${token}x`, ""]) {
      expect(isAllowed(ask({ authorization: given }), "127.0.0.1", token)).toBe(false);
    }
    expect(isAllowed(ask(), "127.0.0.1", token)).toBe(false);
  });
});

test("a request keeps the id that it came with, if that may stand in a log, and else gets one", () => {
  const ids = new RequestIds();
  const given = new Request("http://x/", { headers: { "x-request-id": "lb-1.2_3" } });
  expect([ids.of(given), ids.of(given)]).toEqual(["lb-1.2_3", "lb-1.2_3"]);
  for (const wrong of ["", "a b", "x".repeat(65), '"', "é"]) {
    const request = new Request("http://x/", { headers: { "x-request-id": encodeURI(wrong) } });
    if (encodeURI(wrong) === wrong && wrong !== "" && wrong.length <= 64) continue;
    expect(ids.of(request)).toMatch(/^[a-z0-9]{16}$/);
    expect(ids.of(request)).toBe(ids.of(request));
  }
});
