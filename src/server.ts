import type { Report } from "./actors/shard-env.ts";
import { type Clock, SystemClock } from "./base/clock.ts";
import { SystemRandom } from "./base/prng.ts";
import { err, ok, type Result } from "./base/result.ts";
import type { SpanSink } from "./base/spans.ts";
import { ClusterNode } from "./node/cluster-node.ts";
import type { Config } from "./config/config.ts";
import { openFeed } from "./feed/open-feed.ts";
import { openWebhooks } from "./integrations/webhooks/open-webhooks.ts";
import { type Auth, createAuth } from "./edge/auth.ts";
import { BunBroadcaster } from "./edge/sockets/bun-socket.ts";
import { shortenedAddress, wholeAddress } from "./edge/circle/addresses.ts";
import { Census } from "./edge/circle/census.ts";
import { EdgeCircle } from "./edge/circle/edge-circle.ts";
import type { Connection } from "./edge/sockets/connection.ts";
import { EventStreams } from "./edge/streams/event-streams.ts";
import { Figures } from "./edge/figures/figures.ts";
import { AfterBurst } from "./edge/sockets/after-burst.ts";
import { Gateway } from "./edge/sockets/gateway.ts";
import { OwnDirectory } from "./edge/circle/own-directory.ts";
import { createApp } from "./edge/http.ts";
import { Lateness } from "./edge/sockets/lateness.ts";
import { Metrics } from "./edge/figures/metrics.ts";
import { Pulse } from "./edge/figures/pulse.ts";
import { ShardTally } from "./edge/figures/shard-tally.ts";
import { listen } from "./edge/listen.ts";
import type { Log } from "./edge/log.ts";
import type { Broadcaster } from "./edge/ports.ts";
import { StreamHub } from "./edge/streams/stream-hub.ts";
import { MessageSpans } from "./edge/tracing/message-spans.ts";
import { RequestSpans } from "./edge/tracing/request-spans.ts";
import { openPages } from "./node/open-pages.ts";
import { openCluster, openSpans, refusedTables } from "./node/open-parts.ts";
import { type VapidKeys, vapidOf } from "./integrations/notify/vapid.ts";
import { refuseUrl } from "./integrations/outward-http.ts";
import { startFiles } from "./node/files.ts";
import { planFollowers } from "./node/followers.ts";
import { drain } from "./node/drain.ts";
import { figuresOfNode, healthOf } from "./node/health.ts";
import { hasJoined, isFirstNode, registryOf, selfOf } from "./node/identity.ts";
import { keepRooms } from "./node/keeping.ts";
import { RuntimeThreads } from "./node/runtime-threads.ts";
import { heartbeatMsOf, shardSettingsOf } from "./node/shard-settings.ts";
import { superviseShards } from "./node/shards.ts";
import { createCodecs } from "./protocol/codecs.ts";
import { type FolderLock, lockFolder } from "./storage/sqlite/folder-lock.ts";
import { startSqliteWriter } from "./storage/sqlite/writer-host.ts";

export interface ServerParts {
  readonly config: Config;
  readonly secret: string;
  readonly log: Log;
  /** The file that a shard's thread runs. */
  readonly workerEntry?: URL;
  /** The process has to end at once: the store is in doubt. */
  readonly onFatal: (message: string) => void;
}

export interface RunningServer {
  readonly port: number;
  readonly auth: Auth;
  readonly gateway: Gateway;
  /** Not ready at once; finishes what was asked, tells clients to come back, closes the store. */
  stop(): Promise<void>;
}

/** The first view of the cluster has to come within this time, milliseconds. */
const JOIN_MS_MAX = 20_000;
/** How long the directory of connections believes in a node that it does not hear of, milliseconds. */
const DIRECTORY_LEASE_MS = 35_000;
/** Reports of what is no trouble. */
const QUIET: ReadonlySet<string> = new Set([
  "view_changed",
  "room_fenced",
  "peer_silent",
  "peer_reachable",
  "peer_broken",
  "history_trimmed",
]);
const SHOWN_ADDRESSES = { short: shortenedAddress, whole: wholeAddress, none: () => "" } as const;

/**
 * One function, and long: its parts know one another in a circle, so that most are named here before they are there. What is
 * to be decided about one of them stands in `src/node`.
 */
export async function startServer(parts: ServerParts): Promise<Result<RunningServer, string>> {
  const { config, secret, log, onFatal } = parts;
  let vapid: VapidKeys | undefined;
  try {
    vapid = config.notify.push && vapidOf(config.notify.push.keys, config.dataDir);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const clock = new SystemClock();
  const random = new SystemRandom();
  const codecs = createCodecs({ messageLengthMax: config.messageLengthMax });
  const auth = createAuth({ secret, issuer: config.jwt.issuer, audience: config.jwt.audience });
  const report: Report = (event, details) => {
    gateway.counters.reported(event);
    if (QUIET.has(event)) log.info(details, event);
    else log.error(details, event);
  };
  const sink = await openSpans(config, (error) => log.warn({ error }, "traces_dropped"));
  const tally = new ShardTally();
  let trouble: string | undefined;
  const shared = await openCluster(config, clock, (part, what) => {
    trouble = what;
    log.warn({ part, what }, "cluster_trouble");
  });
  const self = selfOf(config, random, clock);
  // Who wrote a fence must be told apart from a former run of the same node, where others may have been in between.
  const node = shared === undefined ? config.instanceId : self.id;
  let pulse: Pulse | undefined;
  const circle = new EdgeCircle({
    clock,
    auth,
    limits: config.limits,
    seen: (principal) => figures?.seen(principal),
    gateway: () => gateway,
    node,
    others: () => (cluster?.view?.nodes ?? []).map(({ id }) => id).filter((id) => id !== self.id),
    // Alone, it is who it says it is; in a cluster others know it by its name in the view.
    nodes: () => cluster?.view?.nodes ?? [{ ...self, id: node }],
    pulse: (sinceMs) => pulse?.view(sinceMs),
    ...(shared && { tell: (block) => cluster?.links.tellEdges(block) }),
  });
  const { rates } = circle;
  const cluster =
    shared &&
    new ClusterNode({
      clock,
      random,
      bus: shared.bus,
      membership: shared.membership,
      self,
      settings: { beatMs: config.heartbeat.everyMs, ttlMs: config.heartbeat.ttlMs },
      postToShard: (shard, order) => supervisor.post(shard, order),
      viewed: (view) => followers?.viewed(view),
      report,
      edges: circle,
    });
  const connections = (): Iterable<Connection> => gateway.connections.values();
  const shownAddress = SHOWN_ADDRESSES[config.shownAddresses];
  const own = new OwnDirectory(self.id, shownAddress, connections);
  const census =
    shared &&
    new Census({
      clock,
      directory: shared.directory,
      node: self.id,
      leaseMs: DIRECTORY_LEASE_MS,
      shownAddress,
      connections,
    });
  // Shards run before the port is open; until then nobody can have subscribed to anything.
  const hub = new StreamHub();
  const sockets: { broadcaster: Broadcaster | undefined } = { broadcaster: undefined };
  const gateway = new Gateway({
    clock,
    random,
    codecs,
    auth: circle.access,
    broadcaster: {
      publish: (topic, data, text, head) => {
        sockets.broadcaster?.publish(topic, data, text, head);
        hub.publish(topic, data, head);
      },
    },
    relayed: (connection, post, data) => streams.posted.relayed(connection, post, data),
    shards: config.shards,
    ...(cluster !== undefined && { remote: cluster.links }),
    census: census ?? own,
    rate: config.rate,
    rates,
    trace: circle.trace,
    spans: followMessages(config, clock, sink),
    presenceGraceMs: config.presenceGraceMs,
    defer: queueMicrotask,
  });
  const streams = new EventStreams({
    gateway,
    hub,
    clock,
    random,
    defer: queueMicrotask,
    presenceGraceMs: config.presenceGraceMs,
    heartbeatMs: heartbeatMsOf(config),
    streamMsMax: config.streamSeconds * 1_000,
  });
  const figures =
    config.figuresMs === 0
      ? undefined
      : new Figures({
          clock,
          connections,
          everyMs: config.figuresMs,
          write: (delta) => gateway.addFigures(delta),
        });
  const feed = config.feed && openFeed(gateway, clock, () => followers?.feedsChanged(), report);
  const { host: followers, watched } = planFollowers(
    config,
    { clock, vapid, isClustered: cluster !== undefined },
    {
      report,
      carryOut: (by, call) => gateway.call(by, call),
      streamed: (tenant) => feed?.bell.ring(tenant),
      told: (outcomes, counts) => {
        circle.trace.told(outcomes);
        gateway.counters.notified = counts;
      },
    },
  );
  const settings = shardSettingsOf(config, {
    node,
    isFollowed: followers !== undefined,
    hasFigures: figures !== undefined,
  });
  const refused = config.dynamodb && (await refusedTables(config.dynamodb));
  if (refused !== undefined) return err(refused);
  let folder: FolderLock | undefined;
  if (config.dynamodb === undefined) {
    try {
      const locked = lockFolder(config.dataDir);
      if (!locked.ok) return locked;
      folder = locked.value;
    } catch (error) {
      return err(notOpened(config, error));
    }
  }
  // With one shard its thread writes SQLite itself: there is nobody to share an fsync with.
  const store =
    config.shards > 1 && config.dynamodb === undefined
      ? await startSqliteWriter({ dir: config.dataDir, onFatal: (error) => onFatal(error.message) })
      : undefined;
  /** Shards to which DynamoDB answers nothing useful. */
  const withoutStore = new Set<number>();
  const supervisor = superviseShards(config, {
    ...{ clock, report, settings, gateway, cluster, tally, followers, figures, withoutStore },
    entry: parts.workerEntry ?? new URL("./worker.ts", import.meta.url),
    connectStore: store && (() => store.connect()),
    fatal: onFatal,
  });
  // Meanwhile: both take their time.
  const pages = config.web
    ? openPages({ devSignIn: config.devSignIn !== "off" }, (why) => log.warn({ why }, "no_pages"))
    : undefined;
  try {
    await supervisor.start();
  } catch (error) {
    folder?.release();
    return err(notOpened(config, error));
  }
  // The database is there and of this version from here on.
  followers?.start();
  const lateness = new Lateness(clock);
  const runtime = new RuntimeThreads(clock, (why) => log.debug({ why }, "priority_unchanged"));
  runtime.start();
  const burst = new AfterBurst(clock, gateway.counters, () => {
    Bun.gc(true);
    for (let shard = 0; shard < config.shards; shard += 1) supervisor.post(shard, { kind: "collect" });
  });
  const leave = async (): Promise<void> => {
    lateness.stop();
    runtime.stop();
    burst.stop();
    pulse?.stop();
    streams.stop();
    gateway.stop();
    circle.stop();
    await followers?.stop();
    await figures?.stop();
    await census?.stop();
    await cluster?.leave();
    shared?.close();
    await supervisor.stop();
    await store?.stop();
    folder?.release();
    await sink?.close();
  };
  if (cluster !== undefined && !(await hasJoined(cluster, gateway, JOIN_MS_MAX))) {
    await leave();
    const why = trouble === undefined ? "" : ` (${trouble})`;
    const silent = `No answer from ${registryOf(config)} in ${JOIN_MS_MAX / 1_000} s${why}`;
    return err(`${silent}: this node does not know the others. npm run doctor says what is wrong with it`);
  }
  let ready = true;
  /** Of several nodes, this one does what is to be done once for all of them. */
  const isTurn = (): boolean => isFirstNode(cluster, self.id);
  const files = await startFiles(parts, gateway, isTurn);
  const keeping = keepRooms(parts, { clock, gateway, cluster, followers, blobs: files?.blobs, isMine: isTurn });
  const health = healthOf({ config, gateway, cluster, followers, watched, withoutStore, isReady: () => ready });
  const source = figuresOfNode({ health, config, gateway, cluster, followers, supervisor, tally, lateness });
  const metrics = new Metrics(source);
  if (config.metrics !== undefined) {
    const answerTimes = gateway.timeAnswers();
    const sampled = (): void => circle.pulse.look();
    pulse = new Pulse({ clock, node, source, shards: config.shards, answerTimes, sampled });
  }
  const app = createApp({
    pages: await pages,
    minter: auth,
    ...keeping,
    engine: gateway,
    auth: circle.access,
    config,
    log,
    directory: shared?.directory ?? own,
    searcher: config.search ? followers : undefined,
    feed: feed?.feed,
    webhooks: feed && config.feed && openWebhooks(feed, clock, config.feed.webhooks, config.outward),
    circle,
    attachments: files?.attachments,
    push: vapid && {
      publicKey: vapid.publicKey,
      mayReach: (endpoint) => refuseUrl(endpoint, config.outward).ok,
    },
    health,
    counters: gateway.counters,
    spans: sink && new RequestSpans(clock, sink),
    metrics: config.metrics && { ...config.metrics, metrics },
    streams: { streams, isReady: () => ready },
    sockets: {
      codecs,
      accept: (arrival) => (ready ? ok(gateway.accept(arrival)) : err({ code: "shutting_down", retryAfterMs: 1_000 })),
    },
  });
  const server = listen(app, { host: config.host, port: config.port });
  if (!server.ok) {
    await leave();
    return server;
  }
  sockets.broadcaster = new BunBroadcaster(server.value);
  keeping.retention.start();
  keeping.erasures.start();

  const stop = async (): Promise<void> => {
    ready = false;
    files?.sweep.stop();
    keeping.retention.stop();
    keeping.erasures.stop();
    // Stops listening; sockets that are open stay open.
    void server.value.stop(false);
    await drain(gateway, cluster, self.id);
    await leave();
    await server.value.stop(true);
  };
  return ok({ port: server.value.port ?? config.port, auth, gateway, stop });
}

function notOpened(config: Config, error: unknown): string {
  const where = config.dynamodb === undefined ? `The data in ${config.dataDir}` : "DynamoDB";
  return `${where} could not be opened: ${error instanceof Error ? error.message : error}`;
}

function followMessages({ tracing }: Config, clock: Clock, sink: SpanSink | undefined): MessageSpans | undefined {
  const perSecond = tracing?.messagesPerSecond ?? 0;
  return sink && perSecond > 0 ? new MessageSpans({ clock, sink, perSecond }) : undefined;
}
