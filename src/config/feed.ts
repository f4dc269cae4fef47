/** The part of the configuration that says how tenants' events leave the engine: the feed, webhooks, EventBridge. */
import { HOUR_MS } from "../base/days.ts";
import type { EnvReader } from "./env-reader.ts";

export interface WebhookConfig {
  /** For one delivery: connecting, and the answer. */
  readonly timeoutMs: number;
  /** The longest pause between two attempts, milliseconds. */
  readonly retryMsMax: number;
  /** Attempts after which what was refused is kept as a dead letter. */
  readonly attemptsMax: number;
  /** After so long without anything taken a webhook is disabled, milliseconds. */
  readonly disableMs: number;
}
export interface FeedConfig {
  /** For which places in a feed are kept. */
  readonly days: number;
  readonly webhooks: WebhookConfig;
}

/** A bus of EventBridge that gets the events of all tenants. */
export interface EventBridgeConfig {
  readonly bus: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  /** A server of one's own and no key in the environment: such servers look at none. */
  readonly anyCredentials: boolean;
  readonly types: readonly string[];
}

/** What people think of as message events. */
const TYPES_DEFAULT = "new_message,message_updated,message_deleted";
const BUS = /^[A-Za-z0-9._/:-]{1,1600}$/;

/** `undefined`: no tenant has a feed. */
export function readFeed(reader: EnvReader): FeedConfig | undefined {
  const days = reader.whole("STOA_FEED_DAYS", { min: 1, max: 3_650, fallback: 30, unit: "days" });
  const webhooks = {
    timeoutMs: reader.whole("STOA_WEBHOOK_TIMEOUT_MS", { min: 100, max: 60_000, fallback: 10_000, unit: "ms" }),
    retryMsMax:
      1_000 * reader.whole("STOA_WEBHOOK_RETRY_SECONDS_MAX", { min: 1, max: 3_600, fallback: 300, unit: "s" }),
    attemptsMax: reader.whole("STOA_WEBHOOK_ATTEMPTS", { min: 1, max: 100, fallback: 10 }),
    disableMs:
      HOUR_MS * reader.whole("STOA_WEBHOOK_DISABLE_HOURS", { min: 1, max: 8_760, fallback: 72, unit: "hours" }),
  };
  return reader.flag("STOA_FEED", true) ? { days, webhooks } : undefined;
}

/** `undefined`: there is none. */
export function readEventBridge(reader: EnvReader): EventBridgeConfig | undefined {
  const bus = reader.matching("EVENTBRIDGE_BUS_NAME", BUS, "the name or ARN of an event bus", undefined);
  const endpoint = reader.url("EVENTBRIDGE_ENDPOINT", ["https", "http"]);
  const accepted = "types of events, comma-separated: new_message, message_updated …";
  const types = reader.matching("EVENTBRIDGE_TYPES", /^[a-z_]+(?:, ?[a-z_]+)*$/, accepted, TYPES_DEFAULT);
  if (bus === undefined) return undefined;
  const region = reader.raw("AWS_REGION");
  if (region === undefined && endpoint === undefined) reader.complain("AWS_REGION", "a region like eu-central-1");
  return {
    ...{ bus, endpoint, region: region ?? "us-east-1" },
    anyCredentials: endpoint !== undefined && reader.raw("AWS_ACCESS_KEY_ID") === undefined,
    types: types.split(",").map((type) => type.trim()),
  };
}
