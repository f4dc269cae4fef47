/**
 * The tables of variables in docs/OPERATIONS.md: names, accepted values and defaults come from `src/config`, only the
 * words stand here. To write them anew: `bun test/unit/house/variables-table.ts`.
 */
import { type Config, readConfig } from "../../../src/config/config.ts";
import { METRICS } from "../../../src/edge/figures/metrics.ts";
import { DocumentTables } from "../../support/document-tables.ts";

/** No variable accepts it, but for those that take any text. */
const NONSENSE = " \u0000 ";

interface Meaning {
  readonly says: string;
  /** The default, as the configuration has it; absent where there is none to name. */
  readonly value?: (config: Config) => string | number | boolean;
}

const WHAT: Readonly<Record<string, Meaning>> = {
  NODE_ENV: { says: "`production` refuses to start without a secret and prints no token", value: (c) => c.environment },
  HOST: { says: "the address to listen on", value: (c) => c.host },
  PORT: { says: "the port; 0: any free one", value: (c) => c.port },
  STOA_DATA_DIR: {
    says: "the folder with everything that is kept; without DynamoDB one server at a time has it, and a second one does not start",
    value: (c) => c.dataDir,
  },
  STOA_STORE: {
    says: "where rooms and messages are kept; default: `dynamodb` when its tables are named, else `sqlite`",
  },
  DYNAMODB_TABLE_MESSAGES: { says: "the table of logs; see [DynamoDB](#dynamodb)" },
  DYNAMODB_TABLE_ROOMS: { says: "the table of members, room lists, marks and people" },
  DYNAMODB_ENDPOINT: { says: "a DynamoDB server of one's own, or an interface endpoint; default: the region's" },
  CHAT_MANAGEMENT_ENDPOINT: { says: "another name of `DYNAMODB_ENDPOINT`, which goes before it" },
  AWS_REGION: { says: "needed with DynamoDB unless an endpoint is named" },
  AWS_ACCESS_KEY_ID: {
    says: "read by the AWS SDK; without it, it looks where AWS keeps keys (profile, container, instance)",
  },
  AWS_SECRET_ACCESS_KEY: { says: "the same" },
  STOA_SHARDS: { says: "threads that run rooms; default: one core less than there are. May be changed at any start" },
  INSTANCE_ID: {
    says: "this node's name in logs, for other nodes and in the segments that it writes; default: host name and a random part",
  },
  LOG_LEVEL: { says: "`debug` logs each request", value: (c) => c.logLevel },
  JWT_SECRET_KEY: {
    says: "the HS256 key of all tokens, the same on all nodes; outside production one is made and kept in the data folder",
  },
  JWT_ISSUER: { says: "when set, tokens must have it as `iss`" },
  JWT_AUDIENCE: { says: "when set, tokens must have it as `aud`" },
  ALLOWED_ORIGINS: {
    says: "web pages that may connect, besides the server's own address (and this machine, outside production)",
  },
  STOA_QUERY_TOKEN: { says: "may a socket bring its token as `?token=`?", value: (c) => c.queryToken },
  STOA_TRUST_PROXY: {
    says: "take the last address of `x-forwarded-for` for the client's: only behind a proxy that writes it",
    value: (c) => c.trustProxy,
  },
  WEBSOCKET_API_ENDPOINT: { says: "the public address, if it is another: pages of that host may connect" },
  MAX_MESSAGE_LENGTH: { says: "longest message, in code points", value: (c) => c.messageLengthMax },
  MAX_FILE_SIZE: {
    says: "largest file that may be uploaded, where a room does not say less",
    value: (c) => c.fileBytesMax,
  },
  STOA_ATTACHMENTS: {
    says: "where files are kept: in the data folder, in S3, or nowhere; default: `s3` with a bucket, else `folder` with SQLite and `off` with DynamoDB. See [Attachments](#attachments)",
  },
  S3_BUCKET_ATTACHMENTS: { says: "the bucket; its region and keys are those of `AWS_…`" },
  S3_ENDPOINT: { says: "a server of one's own that speaks like S3; default: the region's" },
  AWS_SESSION_TOKEN: { says: "with temporary keys, read by the AWS SDK and for S3" },
  STOA_FEED: {
    says: "tenants may have an event feed, named consumers and webhooks; `off`: none has",
    value: (c) => c.feed !== undefined,
  },
  STOA_FEED_DAYS: {
    says: "days for which places in a feed are kept: a consumer further behind is told",
    value: (c) => c.feed?.days ?? 0,
  },
  STOA_WEBHOOK_TIMEOUT_MS: {
    says: "how long a receiver may take to answer",
    value: (c) => c.feed?.webhooks.timeoutMs ?? 0,
  },
  STOA_WEBHOOK_RETRY_SECONDS_MAX: {
    says: "the longest pause between two attempts",
    value: (c) => (c.feed?.webhooks.retryMsMax ?? 0) / 1_000,
  },
  STOA_WEBHOOK_ATTEMPTS: {
    says: "attempts after which what a receiver refuses is kept as a dead letter, and the next is posted",
    value: (c) => c.feed?.webhooks.attemptsMax ?? 0,
  },
  STOA_WEBHOOK_DISABLE_HOURS: {
    says: "a webhook of which nothing was taken for so long is disabled",
    value: (c) => (c.feed?.webhooks.disableMs ?? 0) / 3_600_000,
  },
  EVENTBRIDGE_BUS_NAME: { says: "a bus of EventBridge that is sent the events of all tenants, from then on" },
  EVENTBRIDGE_ENDPOINT: { says: "a server of one's own that speaks like EventBridge; default: the region's" },
  EVENTBRIDGE_TYPES: {
    says: "types of events that are sent there",
  },
  STOA_OUTWARD_ALLOW: {
    says: "addresses within one's own network that webhooks and push endpoints may name nevertheless, comma-separated: `10.1.2.3, 10.2.0.0/16, hooks.internal`",
  },
  STOA_THUMBNAILS: { says: "make small pictures of large ones", value: (c) => c.attachments.thumbnails },
  STOA_UPLOAD_BYTES_PER_DAY: {
    says: "what one person may upload in a day (UTC)",
    value: (c) => c.attachments.bytesPerDayMax,
  },
  STOA_TENANT_FILE_BYTES: { says: "what all files of one tenant may take; 0: no bound", value: () => 0 },
  TYPING_TIMEOUT: { says: "how long somebody types without saying so again", value: (c) => c.typingTimeoutMs },
  STOA_SYSTEM_MESSAGES: {
    says: "do messages of type `system` tell of a room's new name, of people removed or banned, of what is pinned? Each counts as unread",
    value: (c) => c.systemMessages,
  },
  STOA_WEB: { says: "serve the [web page](WEB.md) at `/`", value: (c) => c.web },
  STOA_DEV_SIGN_IN: {
    says: "who may sign in at the page by any name: nobody, whoever sits at this machine, everybody. Default: `local` in development, else `off`; `off` is all that production takes",
  },
  STOA_SEARCH: {
    says: "are messages indexed by their words, so that they can be searched? On DynamoDB that costs writes",
    value: (c) => c.search,
  },
  STOA_PRESENCE_GRACE_MS: {
    says: "how long a lost connection may be away before others see it",
    value: (c) => c.presenceGraceMs,
  },
  STOA_STREAM_SECONDS: {
    says: "an event stream (Server-Sent Events) ends after so long, and its client comes back without a gap",
    value: (c) => c.streamSeconds,
  },
  WEBSOCKET_IDLE_TIMEOUT: {
    says: "a socket that says nothing for so long, pongs included, is closed",
    value: (c) => c.socketIdleSeconds,
  },
  REDIS_URL: { says: "where Redis is, `redis://user:password@host:port/db`; `rediss://` with TLS. One of these three" },
  REDIS_HOST: { says: "where Redis is, with the next four variables" },
  ELASTICACHE_CLUSTER: {
    says: "a Redis Cluster: its configuration endpoint, or some of its nodes; password and TLS as below",
  },
  REDIS_PORT: { says: "the port of `REDIS_HOST`, and of cluster nodes without one; default: 6379" },
  REDIS_PASSWORD: { says: "the password, where the address has none" },
  REDIS_SSL: { says: "connect with TLS; default: off, or as the address says" },
  REDIS_DB: { says: "the database, where the address has none; a cluster has only 0" },
  STOA_HEARTBEAT_MS: {
    says: "how often a node tells the others that it is there",
    value: (c) => c.heartbeat.everyMs,
  },
  STOA_NODE_TTL_MS: {
    says: "after so long without a word from a node the others take its rooms; default: six heartbeats",
    value: (c) => c.heartbeat.ttlMs,
  },
  STOA_REDIS_PREFIX: {
    says: "begins every key: installations that share a Redis need different ones; default: `stoa`",
  },
  PRESENCE_TTL: {
    says: "how long an entry of the directory in Redis stays that no node renews",
    value: (c) => c.presenceTtlSeconds,
  },
  STOA_MODERATION_HOOK_URL: {
    says: "a service that judges messages before they are published, in tenants that want it; see [MODERATION](MODERATION.md#the-hook)",
  },
  STOA_MODERATION_HOOK_SECRET: { says: "signs what the service is sent" },
  STOA_MODERATION_HOOK_TIMEOUT_MS: { says: "how long it may take", value: () => 1_000 },
  STOA_MODERATION_HOOK_FAILURE: { says: "what becomes of a message that it did not judge in time; default: `publish`" },
  STOA_PROFILE_SERVICE_URL: {
    says: "a service that says how people are called and shown; see [A profile service](#a-profile-service)",
  },
  STOA_PROFILE_SERVICE_SECRET: { says: "signs what it is sent" },
  STOA_PROFILE_SERVICE_TIMEOUT_MS: { says: "how long it may take", value: () => 1_000 },
  STOA_PROFILE_SERVICE_TTL_MS: { says: "how long its answer counts", value: () => 3_600_000 },
  STOA_FIGURES_SECONDS: {
    says: "how often tenants' figures are written: messages by hour and room, and who was there",
    value: (c) => c.figuresMs / 1_000,
  },
  STOA_SHOWN_ADDRESSES: {
    says: "clients' addresses as administrators see them: without the last byte (48 bits of IPv6), whole, or not at all",
    value: (c) => c.shownAddresses,
  },
  GEMINI_API_KEY: { says: "Gemini answers in rooms with `enableAI`; see [ASSISTANT](ASSISTANT.md)" },
  OPENAI_API_KEY: { says: "OpenAI does, or whatever speaks its protocol at `OPENAI_BASE_URL`" },
  GEMINI_MODEL: { says: "the model", value: () => "gemini-2.5-flash" },
  OPENAI_MODEL: { says: "the model", value: () => "gpt-4o-mini" },
  GEMINI_BASE_URL: { says: "where Gemini is; default: Google's own address" },
  OPENAI_BASE_URL: {
    says: "where OpenAI is, or a server of one's own (`http://127.0.0.1:11434/v1`), which needs no key",
  },
  STOA_AI_PROVIDERS: { says: "who is asked, the first one first", value: () => "gemini,openai" },
  AI_RESPONSE_TIMEOUT: {
    says: "a provider that says nothing for so long has failed, and the next one is asked",
    value: (c) => c.assistant.silenceMs,
  },
  STOA_AI_RUN_MS: { says: "how long one answer may take in all", value: (c) => c.assistant.runMs },
  STOA_AI_INPUT_TOKENS: {
    says: "of the room that a question is given, estimated",
    value: (c) => c.assistant.inputTokensMax,
  },
  STOA_AI_OUTPUT_TOKENS: { says: "of one answer", value: (c) => c.assistant.outputTokensMax },
  STOA_AI_USER_TOKENS: { says: "what one person may spend", value: (c) => c.assistant.budgets.user },
  STOA_AI_ROOM_TOKENS: { says: "what may be spent in one room", value: (c) => c.assistant.budgets.room },
  STOA_AI_TENANT_TOKENS: { says: "what a tenant may spend", value: (c) => c.assistant.budgets.tenant },
  STOA_AI_CONTEXT_TTL: { says: "how long a conversation with the assistant is remembered", value: () => 3_600 },
  STOA_AI_RUNS: {
    says: "answers at a time on this node, at least one for each of `STOA_SHARDS`; others wait",
    value: (c) => c.assistant.runsMax,
  },
  STOA_AI_MODERATION: {
    says: "the assistant judges messages before they are published, in tenants that want it: the hook's time and failure policy hold",
    value: () => false,
  },
  STOA_AI_MODERATION_TOKENS: {
    says: "what judging a tenant's messages may take",
    value: (c) => c.assistant.budgets.moderation,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    says: "a collector of OpenTelemetry: traces go to `/v1/traces` there; see [Traces](#traces). Without it nothing is traced",
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: { says: "the whole address for traces, in place of the one above" },
  OTEL_EXPORTER_OTLP_HEADERS: { says: "headers for the collector, such as its key" },
  OTEL_EXPORTER_OTLP_PROTOCOL: { says: "the encoding that is spoken", value: () => "http/json" },
  OTEL_TRACES_EXPORTER: { says: "`none` traces nothing", value: () => "otlp" },
  OTEL_SDK_DISABLED: { says: "`true` traces nothing", value: () => false },
  OTEL_SERVICE_NAME: { says: "the service's name in traces; default: `stoa`" },
  OTEL_RESOURCE_ATTRIBUTES: { says: "what else traces say of this service" },
  OTEL_TRACES_SAMPLER: {
    says: "which traces are written; `parentbased_`: whoever asks with a trace decides",
    value: () => "parentbased_always_on",
  },
  OTEL_TRACES_SAMPLER_ARG: { says: "the share that `traceidratio` writes; default: 1" },
  STOA_TRACED_MESSAGES_PER_SECOND: {
    says: "at most so many messages on sockets are followed; 0: none",
    value: (c) => c.tracing?.messagesPerSecond ?? 5,
  },
  STOA_METRICS: { says: "count what happens and answer at `/metrics`; see [Metrics](#metrics)", value: () => true },
  STOA_METRICS_TOKEN: {
    says: "whoever asks for `/metrics` has to send it as a bearer token; without it only this machine is answered, and nobody through a proxy",
  },
  MESSAGE_RETENTION_DAYS: {
    says: "how long messages are kept in rooms that say nothing themselves; see [retention](#retention). Default: for ever",
  },
  MESSAGE_RETENTION_SWEEP_SECONDS: {
    says: "how often all rooms are looked through for what is older",
    value: (c) => c.retentionSweepSeconds,
  },
  SQS_QUEUE_URL: {
    says: "a queue that notifications of people who are away are sent to; see [NOTIFICATIONS](NOTIFICATIONS.md)",
  },
  SNS_TOPIC_ARN: { says: "a topic for them, where there is no queue" },
  SNS_ENDPOINT: { says: "an SNS server of one's own; default: the region's" },
  STOA_NOTIFY_WEBHOOK_URL: { says: "a service of one's own for them, where there is neither queue nor topic" },
  STOA_NOTIFY_WEBHOOK_SECRET: { says: "signs what the service is sent" },
  STOA_NOTIFY_WINDOW_MS: {
    says: "how long what happens in a room is gathered before anybody is told",
    value: (c) => c.notify.windowMs,
  },
  STOA_NOTIFY_TEXT: { says: "may notifications say what was written?", value: (c) => c.notify.withText },
  STOA_WEB_PUSH_CONTACT: {
    says: "browsers get notifications, too; push services write there when something is wrong with them",
  },
  STOA_VAPID_PUBLIC_KEY: {
    says: "by which push services know this installation; without a pair, SQLite makes one and keeps it in the data folder",
  },
  STOA_VAPID_PRIVATE_KEY: { says: "its other half: `npm run vapid` prints a pair" },
  STOA_RATE_PER_SECOND: {
    says: "requests per second of one connection; see [rate limits](#rate-limits)",
    value: (c) => c.rate.perSecond,
  },
  STOA_RATE_BURST: { says: "requests at once, after a pause", value: (c) => c.rate.burst },
  STOA_RATE_USER_PER_SECOND: {
    says: "the same of one user, over all connections and REST; default: twice as much",
    value: (c) => c.limits.user?.perSecond ?? 0,
  },
  STOA_RATE_USER_BURST: { says: "requests of a user at once", value: (c) => c.limits.user?.burst ?? 0 },
  STOA_RATE_TENANT_PER_SECOND: { says: "requests per second of one tenant's users together", value: () => 0 },
  STOA_RATE_TENANT_BURST: { says: "requests of a tenant at once; default: those of 4 s" },
  STOA_RATE_ROOM_PER_SECOND: { says: "what people write in one room, per second", value: () => 0 },
  STOA_RATE_ROOM_BURST: { says: "what they write at once; default: that of 4 s" },
  STOA_CONNECTS_USER_PER_MINUTE: {
    says: "attempts to connect of one user",
    value: (c) => (c.limits.connectsOfUser?.perSecond ?? 0) * 60,
  },
  STOA_CONNECTS_USER_BURST: { says: "attempts at once", value: (c) => c.limits.connectsOfUser?.burst ?? 0 },
  STOA_CONNECTS_ADDRESS_PER_MINUTE: {
    says: "attempts to connect from one address, or one IPv6 network",
    value: (c) => (c.limits.connectsOfAddress?.perSecond ?? 0) * 60,
  },
  STOA_CONNECTS_ADDRESS_BURST: { says: "attempts at once", value: (c) => c.limits.connectsOfAddress?.burst ?? 0 },
};

/** Every variable that a start looks at. */
export function variablesRead(): ReadonlySet<string> {
  const names = new Set<string>();
  const note = (name: string | symbol): undefined => {
    if (typeof name === "string") names.add(name);
    return undefined;
  };
  readConfig(new Proxy({}, { get: (_, name) => note(name) }));
  return names;
}

/** What each accepts, by what `readConfig` says about nonsense. */
function acceptedValues(names: Iterable<string>): ReadonlyMap<string, string> {
  const wrong = Object.fromEntries([...names].map((name) => [name, NONSENSE]));
  const complaints = [
    complaintsAbout(wrong),
    complaintsAbout({ NODE_ENV: "production" }),
    complaintsAbout({ ...wrong, NODE_ENV: "production" }),
  ].flat();
  const accepted = new Map<string, string>();
  for (const line of complaints) {
    const [, name = "", text = ""] = /^([A-Z0-9_]+): got .*?; accepted: (.*)$/s.exec(line) ?? [];
    if (name !== "" && !accepted.has(name)) accepted.set(name, text.replace(/ \(whoever .*\)$/, " in production"));
  }
  return accepted;
}

function complaintsAbout(env: Readonly<Record<string, string>>): readonly string[] {
  const config = readConfig(env);
  return config.ok ? [] : config.error;
}

function shown(value: string | number | boolean): string {
  return `\`${typeof value === "boolean" ? (value ? "on" : "off") : value}\``;
}

export function variableTables(): ReadonlyMap<string, string> {
  const names = variablesRead();
  const accepted = acceptedValues(names);
  const config = readConfig({});
  if (!config.ok) throw new Error(config.error.join("\n"));
  const rowOf = (name: string, rest: readonly string[]): string => {
    return `| \`${name}\` | ${[accepted.get(name) ?? "any text", ...rest].join(" | ")} |`;
  };
  const used = Object.entries(WHAT).map(([name, { says, value }]) => {
    return rowOf(name, [value === undefined ? "" : shown(value(config.value)), says]);
  });
  return new Map([
    [
      "variables",
      ["| variable | accepted | default | what it does |", "| --- | --- | --- | --- |", ...used].join("\n"),
    ],
    ["metrics", metricsTable()],
  ]);
}

function metricsTable(): string {
  const rows = METRICS.map(({ name, type, label, help }) => {
    return `| \`${name}\` | ${type} | ${label === undefined ? "" : `\`${label}\``} | ${help} |`;
  });
  return ["| name | type | label | what it says |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** Each name once, whichever table it stands in. */
export function variablesDocumented(): readonly string[] {
  return Object.keys(WHAT);
}

export const OPERATIONS = new DocumentTables("docs/OPERATIONS.md");

if (import.meta.main) await OPERATIONS.write(variableTables());
