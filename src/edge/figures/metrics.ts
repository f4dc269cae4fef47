/**
 * What `/metrics` says, as one table: each metric with its name, what it means, and where its number comes from. Numbers are read
 * when somebody asks; nothing is kept here.
 * Invariant: labels are words of the code (codes, reasons, shard numbers): none names a tenant, a room or a person.
 */
import { readdirSync, statSync } from "node:fs";
import type { Metric, Registry } from "prom-client";
import { COMMIT_BUCKETS_MS, type ShardLevels } from "../../actors/shard-counters.ts";
import type { EdgeCounters } from "./edge-counters.ts";
import type { ShardTally } from "./shard-tally.ts";

export interface MetricsSource {
  readonly edge: EdgeCounters;
  readonly shards: ShardTally;
  readonly instance: string;
  isReady(): boolean;
  connections(): number;
  /** Rooms that somebody here listens to. */
  rooms(): number;
  /** Frames and calls that wait for a shard. */
  pending(): number;
  restarts(): number;
  /** How late this thread came to its last look, milliseconds. */
  lateMs(): number;
  /** Nodes in this one's view of the cluster, itself included. */
  nodes(): number;
  dependencies(): Readonly<Record<string, "healthy" | "degraded" | "down">>;
  /** Logs that each follower cannot read. */
  unreadableLogs(): Readonly<Record<string, number>>;
  /** How far behind each follower of the logs is, milliseconds. */
  lagsMs(): Readonly<Record<string, number>>;
  /** Of this node, since the thread that delivers began; `undefined`: nothing is known. */
  webhooks(): WebhookFigures | undefined;
}

/** What became of deliveries to webhooks. */
export interface WebhookFigures {
  readonly deliveries: number;
  readonly events: number;
  readonly failures: number;
  readonly deadLetters: number;
  readonly disabled: number;
  readonly running: number;
  readonly behind: number;
  readonly lagMs: number;
}

type Labelled = readonly (readonly [label: string, value: number])[];

export interface MetricEntry {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** The one label that its values have. */
  readonly label?: string;
  readonly read: (source: MetricsSource) => number | Labelled;
}

const level =
  (pick: (levels: ShardLevels) => number) =>
  ({ shards }: MetricsSource): Labelled =>
    shards.levels.map(([shard, levels]) => [String(shard), pick(levels)]);

const counts = (record: Readonly<Record<string, number | undefined>>): Labelled =>
  Object.entries(record).map(([label, value]) => [label, value ?? 0]);

export const METRICS: readonly MetricEntry[] = [
  { name: "stoa_ready", type: "gauge", help: "1: new connections are welcome", read: (s) => Number(s.isReady()) },
  {
    name: "stoa_dependency_up",
    type: "gauge",
    help: "1: this part answers as it should; the parts of /api/health",
    label: "part",
    read: (s) => Object.entries(s.dependencies()).map(([part, state]) => [part, Number(state === "healthy")]),
  },
  { name: "stoa_connections", type: "gauge", help: "sockets that are open", read: (s) => s.connections() },
  {
    name: "stoa_connections_opened_total",
    type: "counter",
    help: "sockets that were opened",
    read: (s) => s.edge.connectionsOpened,
  },
  {
    name: "stoa_connections_closed_total",
    type: "counter",
    help: "sockets that ended, for whatever reason",
    read: (s) => s.edge.connectionsClosed,
  },
  {
    name: "stoa_connections_dismissed_total",
    type: "counter",
    help: "sockets that this server closed",
    label: "reason",
    read: (s) => counts(s.edge.dismissed),
  },
  { name: "stoa_rooms_listened", type: "gauge", help: "rooms with a listener on this node", read: (s) => s.rooms() },
  {
    name: "stoa_frames_received_total",
    type: "counter",
    help: "frames that clients sent",
    read: (s) => s.edge.framesReceived,
  },
  {
    name: "stoa_received_bytes_total",
    type: "counter",
    help: "bytes of frames that clients sent",
    read: (s) => s.edge.bytesReceived,
  },
  {
    name: "stoa_frames_sent_total",
    type: "counter",
    help: "frames to single connections: answers, replays, notifications",
    read: (s) => s.edge.framesSent,
  },
  {
    name: "stoa_publishes_total",
    type: "counter",
    help: "frames to all who listen to a room; one has all that a commit brought",
    read: (s) => s.edge.publishes,
  },
  {
    name: "stoa_deliveries_total",
    type: "counter",
    help: "those frames, once for each who listened: the fan-out",
    read: (s) => s.edge.deliveries,
  },
  {
    name: "stoa_rate_limited_total",
    type: "counter",
    help: "frames that came too fast",
    read: (s) => s.edge.rateLimited,
  },
  {
    name: "stoa_http_responses_total",
    type: "counter",
    help: "answers over HTTP",
    label: "status",
    read: (s) => counts(s.edge.responses),
  },
  {
    name: "stoa_requests_total",
    type: "counter",
    help: "frames and calls that shards dealt with",
    read: (s) => s.shards.totals.requests,
  },
  {
    name: "stoa_rejections_total",
    type: "counter",
    help: "requests that shards refused, by error code",
    label: "code",
    read: (s) => counts(s.shards.totals.rejections),
  },
  {
    name: "stoa_requests_waiting",
    type: "gauge",
    help: "frames and calls that wait for a shard's answer: all mailboxes together, as the edge sees them",
    read: (s) => s.pending(),
  },
  {
    name: "stoa_messages_total",
    type: "counter",
    help: "messages that became durable",
    read: (s) => s.shards.totals.messages,
  },
  {
    name: "stoa_events_total",
    type: "counter",
    help: "log entries that became durable, messages included",
    read: (s) => s.shards.totals.events,
  },
  {
    name: "stoa_commits_total",
    type: "counter",
    help: "appends that were written: segments of one room each",
    read: (s) => s.shards.totals.commits,
  },
  {
    name: "stoa_commit_bytes_total",
    type: "counter",
    help: "bytes of the entries in them",
    read: (s) => s.shards.totals.bytes,
  },
  {
    name: "stoa_commit_seconds",
    type: "histogram",
    help: "from an append to its being durable; acks and fan-out follow it",
    label: "le",
    read: (s) => s.shards.totals.commitBuckets.map((count, place) => [bucketName(place), count]),
  },
  {
    name: "stoa_appends_not_written_total",
    type: "counter",
    help: "appends that another owner was faster with (fenced), that found no space (full), or were not answered (unknown)",
    label: "outcome",
    read: ({ shards: { totals } }) => counts({ fenced: totals.fenced, full: totals.full, unknown: totals.unknown }),
  },
  { name: "stoa_rooms_active", type: "gauge", help: "rooms in memory", label: "shard", read: level((l) => l.rooms) },
  { name: "stoa_users_active", type: "gauge", help: "people in memory", label: "shard", read: level((l) => l.users) },
  {
    name: "stoa_queue_bytes",
    type: "gauge",
    help: "bytes of events that wait for the store; from 64 MiB on requests are refused as overloaded",
    label: "shard",
    read: level((l) => l.queuedBytes),
  },
  {
    name: "stoa_actors_waiting",
    type: "gauge",
    help: "actors that have mail and wait for their turn",
    label: "shard",
    read: level((l) => l.waitingActors),
  },
  {
    name: "stoa_shard_late_seconds",
    type: "gauge",
    help: "how late a shard's thread came to its last look at itself: what a request waits for a turn",
    label: "shard",
    read: level((l) => l.lateMs / 1_000),
  },
  {
    name: "stoa_edge_late_seconds",
    type: "gauge",
    help: "the same of the thread that holds all sockets",
    read: (s) => s.lateMs() / 1_000,
  },
  {
    name: "stoa_worker_restarts_total",
    type: "counter",
    help: "threads of shards that were lost and started again",
    read: (s) => s.restarts(),
  },
  {
    name: "stoa_cluster_nodes",
    type: "gauge",
    help: "nodes that this one sees, itself included",
    read: (s) => s.nodes(),
  },
  {
    name: "stoa_link_breaks_total",
    type: "counter",
    help: "links to other nodes that began anew since something was lost",
    read: (s) => s.edge.linkBreaks,
  },
  {
    name: "stoa_reports_total",
    type: "counter",
    help: "troubles that stand in the log as well, by name",
    label: "event",
    read: (s) => counts(s.edge.reports),
  },
  {
    name: "stoa_follower_lag_seconds",
    type: "gauge",
    help: "how far a follower of the logs is behind them: search and what else follows",
    label: "follower",
    read: (s) => Object.entries(s.lagsMs()).map(([name, ms]) => [name, ms / 1_000]),
  },
  {
    name: "stoa_follower_unreadable_logs",
    type: "gauge",
    help: "logs that a follower cannot read, and looks at again and again: an operator must look",
    label: "follower",
    read: (s) => Object.entries(s.unreadableLogs()),
  },
  {
    name: "stoa_notifications_sent_total",
    type: "counter",
    help: "notifications of people who are away that were taken, by way: sqs, sns, webhook, push",
    label: "way",
    read: (s) => counts(s.edge.notified.sent),
  },
  {
    name: "stoa_notifications_failed_total",
    type: "counter",
    help: "those that no way took for good, by way",
    label: "way",
    read: (s) => counts(s.edge.notified.failed),
  },
  {
    name: "stoa_notifications_skipped_total",
    type: "counter",
    help: "events that somebody was not told of, by why: online, read, muted, quiet_hours …",
    label: "reason",
    read: (s) => counts(s.edge.notified.skipped),
  },
  {
    name: "stoa_webhook_deliveries_total",
    type: "counter",
    help: "deliveries to webhooks: taken, failed (they come again), dead (given up, and kept as dead letters)",
    label: "outcome",
    read: (s) => {
      const { deliveries = 0, failures = 0, deadLetters = 0 } = s.webhooks() ?? {};
      return counts({ taken: deliveries, failed: failures, dead: deadLetters });
    },
  },
  {
    name: "stoa_webhook_events_total",
    type: "counter",
    help: "events that receivers of webhooks took",
    read: (s) => s.webhooks()?.events ?? 0,
  },
  {
    name: "stoa_webhooks_disabled_total",
    type: "counter",
    help: "webhooks that this node gave up",
    read: (s) => s.webhooks()?.disabled ?? 0,
  },
  {
    name: "stoa_webhooks",
    type: "gauge",
    help: "webhooks that this node delivers to: all, and those with something that was not taken yet",
    label: "state",
    read: (s) => counts({ all: s.webhooks()?.running, behind: s.webhooks()?.behind }),
  },
  {
    name: "stoa_webhook_lag_seconds",
    type: "gauge",
    help: "for how long the oldest event has been waiting that a webhook's receiver did not take",
    read: (s) => (s.webhooks()?.lagMs ?? 0) / 1_000,
  },
  {
    name: "stoa_assistant_runs_total",
    type: "counter",
    help: "questions to the assistant that ended, by how: complete, stopped, or why there was no answer",
    label: "end",
    read: (s) => counts(s.shards.assistant.runs),
  },
  {
    name: "stoa_assistant_requests_total",
    type: "counter",
    help: "requests to a provider",
    label: "provider",
    read: (s) => counts(s.shards.assistant.requests),
  },
  {
    name: "stoa_assistant_failures_total",
    type: "counter",
    help: "of those the ones that failed: the next provider was asked",
    label: "provider",
    read: (s) => counts(s.shards.assistant.failures),
  },
  {
    name: "stoa_assistant_input_tokens_total",
    type: "counter",
    help: "tokens that a provider was given",
    label: "provider",
    read: (s) => counts(s.shards.assistant.inputTokens),
  },
  {
    name: "stoa_assistant_output_tokens_total",
    type: "counter",
    help: "tokens that a provider wrote",
    label: "provider",
    read: (s) => counts(s.shards.assistant.outputTokens),
  },
  {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "CPU time of all threads",
    read: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "memory of the process",
    read: () => process.memoryUsage.rss(),
  },
  { name: "process_open_fds", type: "gauge", help: "open files and sockets", read: openFiles },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "when it started, since 1970",
    read: () => Math.round(Date.now() / 1_000 - process.uptime()),
  },
];

/** A registry of prom-client writes the text: it knows how values and labels are spelled. */
export class Metrics {
  readonly #source: MetricsSource;
  #registry: Promise<Registry> | undefined;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  async read(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#registry ??= this.#open();
    const registry = await this.#registry;
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  /** Loaded with the first question: the start does not wait for it. */
  async #open(): Promise<Registry> {
    const { Registry } = await import("prom-client");
    const registry = new Registry();
    registry.setDefaultLabels({ instance_id: this.#source.instance });
    for (const entry of METRICS) registry.registerMetric(sampled(entry, this.#source));
    return registry;
  }
}

/** prom-client's own metrics keep numbers of their own; ours are elsewhere and only read. This is all that a registry asks for. */
function sampled(entry: MetricEntry, source: MetricsSource): Metric {
  const { name, help, type, label = "" } = entry;
  const get = () => {
    const read = entry.read(source);
    if (type === "histogram") return { name, help, type, values: histogramOf(name, read as Labelled, source) };
    const values =
      typeof read === "number"
        ? [{ labels: {}, value: read }]
        : read.map(([text, value]) => ({ labels: { [label]: text }, value }));
    return { name, help, type, values };
  };
  return { name, get } as unknown as Metric;
}

function histogramOf(name: string, buckets: Labelled, { shards }: MetricsSource) {
  let count = 0;
  const values = buckets.map(([le, value]) => {
    count += value;
    return { metricName: `${name}_bucket`, labels: { le }, value: count };
  });
  const sum = shards.totals.commitMs / 1_000;
  return [
    ...values,
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}

function bucketName(place: number): string {
  const ms = COMMIT_BUCKETS_MS[place];
  return ms === undefined ? "+Inf" : String(ms / 1_000);
}

/**
 * 0 where the system does not say. Linux says it as the folder's size from 6.2 on; before, the size is 0, and each open file has to be listed,
 * which with 10,000 sockets takes milliseconds.
 */
function openFiles(): number {
  try {
    return statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}
