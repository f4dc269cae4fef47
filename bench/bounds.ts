/** What Stoa must reach, judged on figures of the same run. A scenario that was not run is not judged. */
import type { Figures } from "./figures.ts";
import type { Peer } from "./load/job.ts";
import type { Phase } from "./nodes/moved.ts";
import type { Scenario } from "./scenarios.ts";

export interface Check {
  readonly scenario: string;
  readonly what: string;
  readonly value: string;
  readonly bound: string;
  readonly ok: boolean;
}

/** Server CPU per delivery, as a multiple of the peer's. */
const RATIO_MAX: Readonly<Record<string, { readonly raw?: number; readonly socketio: number }>> = {
  "fanout-1": { raw: 2.5, socketio: 0.6 },
  "fanout-4": { raw: 2.5, socketio: 0.6 },
  "fanout-100": { raw: 2.0, socketio: 0.12 },
  "fanout-1000": { raw: 2.0, socketio: 0.12 },
  "nodes-100": { socketio: 0.5 },
};
const RATE_P50_MS_MAX = 3;
const RATE_P99_MS_MAX = 15;
/** Server CPU per delivery by Server-Sent Events, as a multiple of that by WebSockets. */
const STREAMS_RATIO_MAX = 2;
const RECEIPTS_LOSS = "deliveries less than without reading";
/** What indexing may do to the tail of delivery, and how far it may be behind. */
const SEARCH_P99_GROWTH_MAX = 20;
const SEARCH_LAG_MS_MAX = 5_000;
const ACKED_PER_SECOND_MIN = 40_000;
const CROSS_P99_MS_MAX = 30;
/** An active room without an owner. */
const MOVE_MS_MAX = 2_000;
const IDLE_BYTES_MAX = 6 * 1024;
const START_EMPTY_MS_MAX = 1_000;
const START_MILLION_MS_MAX = 3_000;
const ACTIVATION_MS_MAX = 100;
/** In the table; the whole text is in the JSON. */
const COMPLAINT_LENGTH_MAX = 80;

export type Table = ReadonlyMap<string, ReadonlyMap<Peer, Figures>>;

export function ratio(table: Table, scenario: string, peer: Peer): number {
  const row = table.get(scenario);
  return (row?.get("stoa")?.cpuUs ?? Number.NaN) / (row?.get(peer)?.cpuUs ?? Number.NaN);
}

export function judge(scenarios: readonly Scenario[], table: Table): readonly Check[] {
  return scenarios.flatMap((scenario) => [...faultChecks(scenario, table), ...stoaChecks(scenario, table)]);
}

function faultChecks(scenario: Scenario, table: Table): readonly Check[] {
  return [...(table.get(scenario.name)?.values() ?? [])].map((figures) => ({
    scenario: scenario.name,
    what: `${figures.peer}: missing, repeated, foreign, errors`,
    value:
      figures.faults === 0
        ? "0"
        : `${figures.faults} (${(figures.complaints[0] ?? "deliveries").replace(/\s+/g, " ").slice(0, COMPLAINT_LENGTH_MAX)})`,
    bound: "0",
    ok: figures.faults === 0,
  }));
}

/** What was seen before anything moved is there to compare with. */
function movesOf({ moved }: Figures): readonly Phase[] {
  return (moved?.phases ?? []).filter(({ name }) => name !== "before");
}

function stoaChecks(scenario: Scenario, table: Table): readonly Check[] {
  const figures = table.get(scenario.name)?.get("stoa");
  if (figures === undefined) return [];
  const atMost = (what: string, value: number, bound: number, digits: number, unit: string): Check => ({
    scenario: scenario.name,
    what,
    value: `${value.toFixed(digits)}${unit}`,
    bound: `≤ ${bound}${unit}`,
    ok: value <= bound,
  });
  const ratios = RATIO_MAX[scenario.name];
  if (ratios !== undefined) {
    return (["raw", "socketio"] as const).flatMap((peer) => {
      const bound = ratios[peer];
      if (bound === undefined || table.get(scenario.name)?.has(peer) !== true) return [];
      return [atMost(`CPU against ${peer}`, ratio(table, scenario.name, peer), bound, 3, " ×")];
    });
  }
  switch (scenario.name) {
    case "rate-100":
      return [
        atMost("p50", figures.p50Us / 1000, RATE_P50_MS_MAX, 2, " ms"),
        atMost("p99", figures.p99Us / 1000, RATE_P99_MS_MAX, 2, " ms"),
      ];
    case "rate-1000-sse": {
      const sockets = table.get("rate-1000")?.get("stoa")?.cpuUs;
      if (sockets === undefined) return [];
      return [atMost("CPU against sockets", figures.cpuUs / sockets, STREAMS_RATIO_MAX, 2, " ×")];
    }
    case "acked": {
      const value = `${Math.round(figures.perSecond)} /s`;
      const ok = figures.perSecond >= ACKED_PER_SECOND_MIN;
      return [{ scenario: "acked", what: "durable acked messages", value, bound: `≥ ${ACKED_PER_SECOND_MIN} /s`, ok }];
    }
    case "receipts-10000": {
      const off = table.get("receipts-off")?.get("stoa")?.perSecond;
      const loss = off === undefined ? [] : [atMost(RECEIPTS_LOSS, 100 * (1 - figures.perSecond / off), 15, 1, " %")];
      const marks = `${Math.round(figures.marksPerSecond)} /s`;
      return [
        ...loss,
        atMost("receipt frames at one connection", figures.receiptsPerSecond, 1, 2, " /s"),
        { scenario: scenario.name, what: "marks", value: marks, bound: "> 0 /s", ok: figures.marksPerSecond > 0 },
      ];
    }
    case "search-5000": {
      const off = table.get("search-off")?.get("stoa")?.p99Us;
      const growth = off === undefined ? [] : [100 * (figures.p99Us / off - 1)];
      return [
        ...growth.map((value) => atMost("p99 more than without an index", value, SEARCH_P99_GROWTH_MAX, 1, " %")),
        atMost("index behind", figures.indexLagMs, SEARCH_LAG_MS_MAX, 0, " ms"),
      ];
    }
    case "notify-5000": {
      const off = table.get("search-off")?.get("stoa")?.p99Us;
      if (off === undefined) return [];
      return [atMost("p99 more than without it", 100 * (figures.p99Us / off - 1), SEARCH_P99_GROWTH_MAX, 1, " %")];
    }
    case "nodes-route":
    case "nodes-route-200":
      return [atMost("owner's node to another, p99", figures.cross.p99 / 1000, CROSS_P99_MS_MAX, 2, " ms")];
    case "rooms-moved":
      return movesOf(figures).flatMap((phase) => [
        atMost(`${phase.name}: storage requests for idle rooms`, phase.idleRequests, 0, 0, ""),
        atMost(`${phase.name}: longest wait for an ack`, phase.longestWaitMs, MOVE_MS_MAX, 0, " ms"),
      ]);
    case "idle":
      return [atMost("memory per connection", figures.bytesPerConnection, IDLE_BYTES_MAX, 0, " B")];
    case "start-empty":
      return [atMost("start to ready", figures.startMs, START_EMPTY_MS_MAX, 0, " ms")];
    case "start-million":
      return [
        atMost("start to ready", figures.startMs, START_MILLION_MS_MAX, 0, " ms"),
        atMost("connect and join the room of 1,000,000", figures.joinMs, ACTIVATION_MS_MAX, 0, " ms"),
      ];
    default:
      return [];
  }
}
