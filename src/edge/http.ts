/**
 * The HTTP face of the engine: one Elysia app out of one plugin per subject. The caller listens.
 * Invariant: whatever is asked, the answer is in the envelope of `envelope.ts` (health, pages and OpenAPI excepted).
 */
import { type AnyElysia, Elysia } from "elysia";
import { BACKPRESSURE_BYTES_MAX, FRAME_BYTES_MAX } from "../base/limits.ts";
import type { PresenceDirectory } from "../cluster/presence-directory.ts";
import type { Config } from "../config/config.ts";
import { accessPlugin } from "./plugins/access-plugin.ts";
import { adminPlugin } from "./plugins/admin-plugin.ts";
import { announcementsPlugin } from "./plugins/announcements-plugin.ts";
import { activityPlugin } from "./plugins/activity-plugin.ts";
import type { Attachments } from "./files/attachments.ts";
import { attachmentsPlugin } from "./plugins/attachments-plugin.ts";
import type { Auth } from "./auth.ts";
import type { RestOptions } from "./rest/authenticated.ts";
import { auditPlugin } from "./plugins/audit-plugin.ts";
import { assistantPlugin } from "./plugins/assistant-plugin.ts";
import { backtestPlugin } from "./plugins/backtest-plugin.ts";
import { blocksPlugin } from "./plugins/blocks-plugin.ts";
import { eventsPlugin } from "./plugins/events-plugin.ts";
import { feedPlugin } from "./plugins/feed-plugin.ts";
import type { TenantFeed } from "../feed/tenant-feed.ts";
import { webhooksPlugin, type WebhooksRestOptions } from "./plugins/webhooks-plugin.ts";
import { docsPlugin } from "./plugins/docs-plugin.ts";
import type { EdgeCircle } from "./circle/edge-circle.ts";
import { EdgeCounters } from "./figures/edge-counters.ts";
import { answerError } from "./rest/envelope.ts";
import { streamsPlugin, type StreamOptions } from "./streams/streams-plugin.ts";
import { type Health, healthPlugin } from "./plugins/health-plugin.ts";
import { exportPlugin } from "./plugins/export-plugin.ts";
import { historyPlugin } from "./plugins/history-plugin.ts";
import { homePlugin } from "./plugins/home-plugin.ts";
import { devTokenPlugin } from "./pages/dev-token-plugin.ts";
import type { PageBundle } from "./pages/page-bundle.ts";
import { pagesPlugin } from "./pages/pages-plugin.ts";
import { BODY_BYTES_MAX } from "./rest/json-body.ts";
import { type Log, withoutSecrets } from "./log.ts";
import { type MetricsOptions, metricsPlugin } from "./plugins/metrics-plugin.ts";
import { membersPlugin } from "./plugins/members-plugin.ts";
import { moderationPlugin } from "./plugins/moderation-plugin.ts";
import { messagesPlugin } from "./plugins/messages-plugin.ts";
import { corsHeaders, PREFLIGHT_HEADERS } from "./origins.ts";
import { oversightPlugin } from "./plugins/oversight-plugin.ts";
import { overviewPlugin } from "./plugins/overview-plugin.ts";
import { notificationsPlugin } from "./plugins/notifications-plugin.ts";
import { type PushOptions, pushPlugin } from "./plugins/push-plugin.ts";
import { peoplePlugin } from "./plugins/people-plugin.ts";
import { pinsPlugin } from "./plugins/pins-plugin.ts";
import type { Engine } from "./ports.ts";
import { ProfiledEngine } from "./rest/profiled-engine.ts";
import { pollsPlugin } from "./plugins/polls-plugin.ts";
import { pseudonymsPlugin } from "./plugins/pseudonyms-plugin.ts";
import { reactionsPlugin } from "./plugins/reactions-plugin.ts";
import { receiptsPlugin } from "./plugins/receipts-plugin.ts";
import type { Searcher } from "./rest/search.ts";
import { searchPlugin } from "./plugins/search-plugin.ts";
import { REQUEST_ID_HEADER, RequestIds } from "./rest/request-id.ts";
import type { Keeper } from "./keeping/keeper.ts";
import type { Erasures } from "./keeping/erasures.ts";
import { erasuresPlugin } from "./plugins/erasures-plugin.ts";
import type { Receipts } from "./keeping/receipt.ts";
import type { Retention } from "./keeping/retention.ts";
import { retentionPlugin } from "./plugins/retention-plugin.ts";
import { roomsPlugin } from "./plugins/rooms-plugin.ts";
import { statsPlugin } from "./plugins/stats-plugin.ts";
import { standingPlugin } from "./plugins/standing-plugin.ts";
import { type SocketOptions, socketPlugin } from "./sockets/socket-plugin.ts";
import { threadsPlugin } from "./plugins/threads-plugin.ts";
import type { RequestSpans } from "./tracing/request-spans.ts";
import { tracePlugin } from "./plugins/trace-plugin.ts";

export interface AppOptions {
  readonly engine: Engine;
  readonly auth: Pick<Auth, "verifyToken">;
  /** Gives tokens to whoever says a name, where that is allowed. */
  readonly minter?: Pick<Auth, "mintToken"> | undefined;
  readonly config: Config;
  readonly log: Log;
  readonly health: Health;
  readonly sockets: SocketOptions;
  readonly streams: StreamOptions;
  readonly directory: PresenceDirectory;
  /** Absent: messages are not indexed. */
  readonly searcher?: Searcher | undefined;
  /** Rate limits, and what administrators say to all nodes. */
  readonly circle: Pick<
    EdgeCircle,
    | "rates"
    | "pulse"
    | "accessChanged"
    | "limitsChanged"
    | "announce"
    | "desk"
    | "dismissals"
    | "profiles"
    | "tenantChanged"
  >;
  readonly counters?: EdgeCounters;
  /** `undefined`: a line at `/` that says what this is. */
  readonly pages?: PageBundle | undefined;
  /** `undefined`: nobody may ask. */
  readonly metrics?: MetricsOptions | undefined;
  /** `undefined`: this server keeps no files. */
  readonly attachments?: Attachments | undefined;
  /** `undefined`: no browser is told anything. */
  readonly push?: PushOptions | undefined;
  /** `undefined`: this server keeps no event feed. */
  readonly feed?: TenantFeed | undefined;
  readonly webhooks?: WebhooksRestOptions["webhooks"];
  readonly keeper: Keeper;
  readonly retention: Retention;
  readonly erasures: Erasures;
  readonly receipts: Receipts;
  /** `undefined`: no request is traced. */
  readonly spans?: RequestSpans | undefined;
}

/** The second one is there for clients that were written for it. */
const PREFIXES = ["/v1/chat", "/api/v1/chat"] as const;
/** Of every answer: it is what it says that it is, and whoever is in between keeps nothing of it. */
const UNKEPT = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;
/** Time for a request's head and body to arrive. */
const HTTP_IDLE_SECONDS = 30;

export function createApp(options: AppOptions) {
  const { engine, auth, config, log, health, sockets, circle, attachments, pages, minter, metrics, spans } = options;
  const counters = options.counters ?? new EdgeCounters();
  const rest: RestOptions = { engine: new ProfiledEngine(engine, circle.profiles), auth, rates: circle.rates, log };
  const requestIds = new RequestIds();
  const app = new Elysia({
    name: "stoa",
    // Else the path begins at the 12th letter of the address: behind a short name (`http://web/`) a part of it would be passed over.
    handler: { standardHostname: false },
    websocket: {
      maxPayloadLength: FRAME_BYTES_MAX,
      idleTimeout: config.socketIdleSeconds,
      sendPings: true,
      backpressureLimit: BACKPRESSURE_BYTES_MAX,
      closeOnBackpressureLimit: true,
      perMessageDeflate: false,
    },
    serve: {
      // Twice the limit: what is a little too large gets a proper answer, the rest is cut off by Bun itself. Files are as large
      // as they may be; whatever reads another body reads no more than the limit.
      maxRequestBodySize: 2 * BODY_BYTES_MAX + (attachments === undefined ? 0 : config.fileBytesMax),
      idleTimeout: HTTP_IDLE_SECONDS,
      development: false,
      // Elysia's default is true: a second server would then start silently on the same port and take half of the clients.
      reusePort: false,
    },
  })
    .onError((context) => answerError(context, log))
    .onRequest(({ request, set }) => {
      spans?.began(request);
      // Who answers something that may be kept, or shown, says so itself.
      Object.assign(set.headers, UNKEPT, { [REQUEST_ID_HEADER]: requestIds.of(request) });
      const cors = corsHeaders(request, config);
      if (cors !== undefined) Object.assign(set.headers, cors);
      if (request.method !== "OPTIONS" || request.headers.get("access-control-request-method") === null) return;
      return new Response(null, { status: 204, headers: cors === undefined ? {} : { ...cors, ...PREFLIGHT_HEADERS } });
    })
    .onAfterResponse(({ request, route, set, responseValue }) => {
      const status = statusOf(set.status, responseValue);
      counters.responded(status);
      const requestId = requestIds.of(request);
      spans?.ended(request, route, status, requestId);
      log.debug({ requestId, method: request.method, url: withoutSecrets(request.url), status: set.status }, "request");
    })
    .use(healthPlugin(health))
    .use(metrics === undefined ? new Elysia() : metricsPlugin(metrics))
    .use(pages === undefined ? homePlugin() : pagesPlugin(pages, config))
    .use(minter && config.devSignIn !== "off" ? devTokenPlugin(minter, config.devSignIn) : new Elysia())
    .use(socketPlugin(auth, sockets, config, circle.rates));
  for (const prefix of PREFIXES) mountRest(app, prefix, rest, options);
  return app.use(docsPlugin(() => app, config));
}

/** One plugin per subject, under `prefix`. */
function mountRest(app: AnyElysia, prefix: string, rest: RestOptions, options: AppOptions): void {
  const { config, directory, searcher, circle, metrics, push, attachments, feed, webhooks } = options;
  const { keeper, retention, erasures, receipts, streams } = options;
  app
    .use(historyPlugin({ ...rest, prefix }))
    .use(eventsPlugin(prefix, rest))
    .use(roomsPlugin(prefix, rest))
    .use(membersPlugin(prefix, rest))
    .use(standingPlugin(prefix, rest))
    .use(messagesPlugin(prefix, rest))
    .use(reactionsPlugin(prefix, rest))
    .use(pollsPlugin(prefix, rest))
    .use(pseudonymsPlugin(prefix, rest))
    .use(threadsPlugin(prefix, rest))
    .use(pinsPlugin(prefix, rest))
    .use(moderationPlugin(prefix, { ...rest, circle }))
    .use(backtestPlugin(prefix, rest))
    .use(activityPlugin(prefix, rest))
    .use(assistantPlugin(prefix, rest))
    .use(blocksPlugin(prefix, rest))
    .use(peoplePlugin(prefix, { ...rest, directory }))
    .use(receiptsPlugin(prefix, rest))
    .use(notificationsPlugin(prefix, rest))
    .use(pushPlugin(prefix, { ...rest, push }))
    .use(attachmentsPlugin(prefix, { ...rest, attachments }))
    .use(searchPlugin(prefix, { ...rest, searcher }))
    .use(retentionPlugin(prefix, { ...rest, keeper, retention }))
    .use(streamsPlugin(prefix, { ...rest, ...streams, rules: config, connects: circle.rates }))
    .use(erasuresPlugin(prefix, { ...rest, erasures, receipts }))
    .use(adminPlugin(prefix, { ...rest, directory }))
    .use(feedPlugin(prefix, { ...rest, feed }))
    .use(webhooksPlugin(prefix, { ...rest, webhooks }))
    .use(auditPlugin(prefix, rest))
    .use(statsPlugin(prefix, { ...rest, directory }))
    .use(accessPlugin(prefix, { ...rest, circle }))
    .use(announcementsPlugin(prefix, { ...rest, circle }))
    .use(oversightPlugin(prefix, { ...rest, assistant: config.assistant }))
    .use(overviewPlugin(prefix, { ...rest, circle, metrics }))
    .use(exportPlugin(prefix, rest))
    .use(tracePlugin(prefix, { ...rest, circle }));
}

/** Elysia's word for it, or that of a handler's own answer. */
function statusOf(set: number | string | undefined, response: unknown): number {
  if (response instanceof Response) return response.status;
  return typeof set === "number" ? set : 200;
}
