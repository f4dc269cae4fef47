/** What can be said of the configuration alone: it is acceptable, and yet not what somebody in production wants. */
import { type Config, SECRET_LENGTH_MIN } from "../../config/config.ts";
import { doubtful, type Finding, fine } from "./finding.ts";

export function examineSettings(config: Config): readonly Finding[] {
  const { environment, jwt, allowedOrigins, attachments, dynamodb, redis, metrics, trustProxy } = config;
  const found: Finding[] = [fine("configuration", `${environment}, messages in ${dynamodb ? "DynamoDB" : "SQLite"}`)];
  for (const notice of config.notices)
    found.push(doubtful("configuration", notice, "set it aside if that is not meant"));
  if (environment !== "production") {
    found.push(doubtful("NODE_ENV", environment, "set NODE_ENV=production where people use it"));
  } else if (jwt.secret !== undefined && new Set(jwt.secret).size < SECRET_LENGTH_MIN / 4) {
    found.push(doubtful("JWT_SECRET_KEY", "has few different characters", "make one: openssl rand -hex 32"));
  }
  if (environment === "production" && allowedOrigins === "*") {
    found.push(doubtful("ALLOWED_ORIGINS", "any web page may connect", "name those that may"));
  }
  if (redis !== undefined && dynamodb === undefined) {
    found.push(
      doubtful("Redis", "without DynamoDB it has no effect", "one node needs none; several need DynamoDB, too"),
    );
  }
  if (dynamodb !== undefined && attachments.store === "off") {
    found.push(doubtful("attachments", "none are taken", "set S3_BUCKET_ATTACHMENTS if people are to send files"));
  }
  if (trustProxy && metrics !== undefined && metrics.token === undefined) {
    found.push(
      doubtful("metrics", "only this machine gets them", "set STOA_METRICS_TOKEN, or scrape beside the proxy"),
    );
  }
  const widest = config.outward.ranges.find(({ version, length }) => length < (version === 4 ? WIDE_V4 : WIDE_V6));
  if (widest !== undefined) {
    const why = "whole networks may be asked by whoever makes a webhook, with what answers there without a password";
    found.push(doubtful("STOA_OUTWARD_ALLOW", why, "name the receivers alone"));
  }
  return found;
}

/** Shorter prefixes than these are no handful of receivers. */
const WIDE_V4 = 16;
const WIDE_V6 = 48;
