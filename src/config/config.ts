/**
 * Environment to one validated, typed, frozen `Config`: the only place that reads the environment.
 * Invariant: either every variable is acceptable, or all complaints are returned at once and nothing starts.
 */
import { randomBytes } from "node:crypto";
import { availableParallelism, hostname } from "node:os";
import { type AssistantConfig, type HookConfig, readAssistant } from "./assistant.ts";
import { type AttachmentsConfig, readAttachments } from "./attachments.ts";
import { type DynamoConfig, readDynamo } from "./dynamodb.ts";
import { type RatesConfig, readRates } from "./rates.ts";
import { noticesOfRedis, type RedisConfig, readRedis } from "./redis.ts";
import { readTracing, type TracingConfig } from "./tracing.ts";
import { type EventBridgeConfig, type FeedConfig, readEventBridge, readFeed } from "./feed.ts";
import { type OutwardConfig, readOutward } from "./outward.ts";
import { type NotifyConfig, readNotify } from "./notify.ts";
import { type ProfileServiceConfig, readModerationHook, readProfileService } from "./services.ts";
import { FRAME_BYTES_MAX, MESSAGE_LENGTH_DEFAULT } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Environment, EnvReader } from "./env-reader.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** HS256 is only as strong as its key: RFC 7518 asks for as many bytes as the hash has. */
export const SECRET_LENGTH_MIN = 32;
const SHARDS_MAX = 32;
/** Bun's own bound of a socket's idle time, in seconds. */
const IDLE_SECONDS_MAX = 960;

export interface Config extends RatesConfig {
  readonly environment: "production" | "development" | "test";
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataDir: string;
  readonly shards: number;
  /** Unlike any other running instance's, and unlike this one's after a restart unless it was set. */
  readonly instanceId: string;
  readonly logLevel: LogLevel;
  readonly jwt: {
    /** `undefined` outside production: the secret kept in the data folder is used. */
    readonly secret: string | undefined;
    readonly issuer: string | undefined;
    readonly audience: string | undefined;
  };
  /** `"*"`: any web page may connect. Otherwise these, the server's own address and, in development, this machine. */
  readonly allowedOrigins: "*" | readonly string[];
  /** May a socket bring its token in the address? */
  readonly queryToken: boolean;
  /** How often tenants' figures are written, milliseconds; 0: nothing is counted. */
  readonly figuresMs: number;
  /** How administrators are shown clients' addresses. */
  readonly shownAddresses: "short" | "whole" | "none";
  /** The last address of `x-forwarded-for` is the client's: only behind a proxy that writes it. */
  readonly trustProxy: boolean;
  /** The address that clients are told, `ws://` or `wss://`; `undefined`: the one that they used. */
  readonly publicAddress: string | undefined;
  /** Code points. */
  readonly messageLengthMax: number;
  readonly fileBytesMax: number;
  readonly typingTimeoutMs: number;
  readonly presenceGraceMs: number;
  /** Messages of type `system` tell what happened to a room. */
  readonly systemMessages: boolean;
  readonly presenceTtlSeconds: number;
  readonly socketIdleSeconds: number;
  /** How long an event stream lasts before its client is asked to come back. */
  readonly streamSeconds: number;
  /** Where rooms and messages are kept; `undefined`: in SQLite in the data folder. */
  readonly dynamodb: DynamoConfig | undefined;
  /** Days; `undefined`: messages are kept for ever. */
  readonly messageRetentionDays: number | undefined;
  /** How often all rooms are looked through for what is older than they keep it. */
  readonly retentionSweepSeconds: number;
  /** The assistant; without providers there is none. */
  readonly assistant: AssistantConfig;
  /** `undefined`: there is none. */
  readonly redis: RedisConfig | undefined;
  /** How often a node says that it is there, and after how long without it the others take its rooms. */
  readonly heartbeat: { readonly everyMs: number; readonly ttlMs: number };
  /** Messages are indexed by their words and can be searched. */
  readonly search: boolean;
  /** The pages are served. */
  readonly web: boolean;
  /** Who may sign in by a mere name: nobody, whoever sits at this machine, everybody. Never in production. */
  readonly devSignIn: "off" | "local" | "on";
  /** Tenants may have an event feed, and webhooks; `undefined`: none has. */
  readonly feed: FeedConfig | undefined;
  /** Where events of all tenants are sent; `undefined`: nowhere. */
  readonly eventBridge: EventBridgeConfig | undefined;
  /** Where messages are judged before they are published, in tenants that want it; `undefined`: nowhere. */
  readonly moderationHook: HookConfig | undefined;
  /** What says how people are called and shown; `undefined`: they and their tokens alone. */
  readonly profileService: ProfileServiceConfig | undefined;
  readonly attachments: AttachmentsConfig;
  /** Addresses within one's own network that users and tenants may have the engine ask. */
  readonly outward: OutwardConfig;
  /** Where people are told of what happens while they are away. */
  readonly notify: NotifyConfig;
  /** `undefined`: nothing is counted. */
  readonly metrics: { readonly token: string | undefined } | undefined;
  /** `undefined`: nothing is traced. */
  readonly tracing: TracingConfig | undefined;
  /** Sentences for the operator, to be printed once at start. */
  readonly notices: readonly string[];
}

/** `env` is the process's own unless a test gives another. */
export function readConfig(env: Environment = process.env): Result<Config, readonly string[]> {
  const reader = new EnvReader(env);
  const environment = reader.oneOf("NODE_ENV", ["production", "development", "test"], "development");
  const dynamodb = readDynamo(reader);
  const config: Config = {
    environment,
    host: reader.matching("HOST", /^[A-Za-z0-9.:_-]+$/, "a host name or an IP address", "0.0.0.0"),
    port: reader.whole("PORT", { min: 0, max: 65_535, fallback: 8080 }),
    dataDir: reader.text("STOA_DATA_DIR", "./data"),
    shards: reader.whole("STOA_SHARDS", { min: 1, max: SHARDS_MAX, fallback: shardsDefault() }),
    instanceId: readInstanceId(reader),
    logLevel: reader.oneOf("LOG_LEVEL", LOG_LEVELS, "info"),
    jwt: {
      secret: readSecret(reader, environment),
      issuer: reader.text("JWT_ISSUER"),
      audience: reader.text("JWT_AUDIENCE"),
    },
    allowedOrigins: readOrigins(reader),
    queryToken: reader.flag("STOA_QUERY_TOKEN", true),
    trustProxy: reader.flag("STOA_TRUST_PROXY", false),
    figuresMs:
      1_000 *
      reader.whole("STOA_FIGURES_SECONDS", { min: 0, max: 3_600, fallback: 30, unit: "s; 0: nothing is counted" }),
    shownAddresses: reader.oneOf("STOA_SHOWN_ADDRESSES", ["short", "whole", "none"], "short"),
    publicAddress: reader.url("WEBSOCKET_API_ENDPOINT", ["wss", "ws", "https", "http"]),
    // A code point takes up to four bytes, and the frame has other fields too.
    messageLengthMax: reader.whole("MAX_MESSAGE_LENGTH", {
      min: 1,
      max: FRAME_BYTES_MAX / 4 - 1024,
      fallback: MESSAGE_LENGTH_DEFAULT,
      unit: "characters",
    }),
    fileBytesMax: reader.whole("MAX_FILE_SIZE", {
      min: 1,
      max: 5 * 1024 ** 3,
      fallback: 10 * 1024 ** 2,
      unit: "bytes",
    }),
    typingTimeoutMs: reader.whole("TYPING_TIMEOUT", { min: 500, max: 60_000, fallback: 3_000, unit: "ms" }),
    systemMessages: reader.flag("STOA_SYSTEM_MESSAGES", false),
    presenceGraceMs: reader.whole("STOA_PRESENCE_GRACE_MS", { min: 0, max: 300_000, fallback: 10_000, unit: "ms" }),
    presenceTtlSeconds: reader.whole("PRESENCE_TTL", { min: 10, max: 86_400, fallback: 300, unit: "s" }),
    socketIdleSeconds: reader.whole("WEBSOCKET_IDLE_TIMEOUT", {
      min: 10,
      max: IDLE_SECONDS_MAX,
      fallback: 600,
      unit: "s",
    }),
    streamSeconds: reader.whole("STOA_STREAM_SECONDS", { min: 5, max: 86_400, fallback: 300, unit: "s" }),
    ...readRates(reader),
    dynamodb,
    messageRetentionDays:
      reader.whole("MESSAGE_RETENTION_DAYS", { min: 0, max: 36_500, fallback: 0, unit: "days, 0 for ever" }) ||
      undefined,
    retentionSweepSeconds: reader.whole("MESSAGE_RETENTION_SWEEP_SECONDS", {
      min: 1,
      max: 86_400,
      fallback: 3_600,
      unit: "s",
    }),
    assistant: readAssistant(reader),
    redis: readRedis(reader),
    heartbeat: readHeartbeat(reader),
    search: reader.flag("STOA_SEARCH", true),
    feed: readFeed(reader),
    eventBridge: readEventBridge(reader),
    web: reader.flag("STOA_WEB", true),
    devSignIn: readDevSignIn(reader, environment),
    moderationHook: readModerationHook(reader),
    profileService: readProfileService(reader),
    metrics: readMetrics(reader),
    attachments: readAttachments(reader, dynamodb === undefined),
    outward: readOutward(reader),
    tracing: readTracing(reader),
    notify: readNotify(reader, dynamodb === undefined),
    notices: noticesOfRedis(reader),
  };
  refuseDatabaseUrl(reader);
  reader.complainAboutUnknown("STOA_");
  return reader.errors.length > 0 ? err(reader.errors) : ok(deepFreeze(config));
}

function readMetrics(reader: EnvReader): Config["metrics"] {
  const accepted = "16 characters or more, without spaces";
  const token = reader.matching("STOA_METRICS_TOKEN", /^[\x21-\x7e]{16,}$/, accepted, undefined, true);
  return reader.flag("STOA_METRICS", true) ? { token } : undefined;
}

/** One core is left for the edge. */
function shardsDefault(): number {
  return Math.min(SHARDS_MAX, Math.max(1, availableParallelism() - 1));
}

function readInstanceId(reader: EnvReader): string {
  const accepted = "up to 64 letters, digits, dots, dashes and underscores";
  const host = hostname()
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .slice(0, 48);
  return reader.matching(
    "INSTANCE_ID",
    /^[A-Za-z0-9._-]{1,64}$/,
    accepted,
    `${host}-${randomBytes(4).toString("hex")}`,
  );
}

function readSecret(reader: EnvReader, environment: Config["environment"]): string | undefined {
  const secret = reader.raw("JWT_SECRET_KEY");
  if (environment === "production" && (secret === undefined || secret.length < SECRET_LENGTH_MIN)) {
    const why = "whoever guesses it can speak as any user, so production does not start without a strong one";
    reader.complain("JWT_SECRET_KEY", `at least ${SECRET_LENGTH_MIN} characters (${why})`, true);
  }
  return secret;
}

function readDevSignIn(reader: EnvReader, environment: Config["environment"]): Config["devSignIn"] {
  const fallback = environment === "development" ? "local" : "off";
  const value = reader.oneOf("STOA_DEV_SIGN_IN", ["off", "local", "on"], fallback);
  if (environment !== "production" || value === "off") return value;
  reader.complain("STOA_DEV_SIGN_IN", "off in production: it gives anybody any name");
  return "off";
}

function readOrigins(reader: EnvReader): "*" | readonly string[] {
  const value = reader.raw("ALLOWED_ORIGINS");
  if (value === undefined) return [];
  if (value.trim() === "*") return "*";
  const origins = value.split(",").map((part) => part.trim().replace(/\/$/, ""));
  if (origins.some((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin.toLowerCase())) {
    reader.complain("ALLOWED_ORIGINS", "* or origins like https://chat.example.org, separated by commas");
  }
  return origins.map((origin) => origin.toLowerCase());
}

/** A node must have several tries before it is given up. */
const BEATS_PER_TTL_MIN = 3;

function readHeartbeat(reader: EnvReader): Config["heartbeat"] {
  const everyMs = reader.whole("STOA_HEARTBEAT_MS", { min: 100, max: 30_000, fallback: 1_000, unit: "ms" });
  const ttlMs = reader.whole("STOA_NODE_TTL_MS", { min: 500, max: 300_000, fallback: 6 * everyMs, unit: "ms" });
  if (ttlMs < BEATS_PER_TTL_MIN * everyMs) {
    reader.complain("STOA_NODE_TTL_MS", `at least ${BEATS_PER_TTL_MIN} times STOA_HEARTBEAT_MS`);
  }
  return { everyMs, ttlMs };
}

function refuseDatabaseUrl(reader: EnvReader): void {
  if (reader.raw("DATABASE_URL") === undefined) return;
  reader.errors.push(
    "DATABASE_URL: no SQL server is used; messages are kept in embedded SQLite files in STOA_DATA_DIR, or in DynamoDB. Unset it",
  );
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
