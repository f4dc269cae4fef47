/**
 * The process's log: one JSON line per event on standard output.
 * Invariant: no token, secret or message text is ever written, whoever calls and whatever object they pass.
 */
import { type DestinationStream, pino } from "pino";

/** What the engine needs of a log. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Names under which something private may stand, at the top or one or two levels down. */
const PRIVATE_FIELDS = [
  "token",
  "secret",
  "password",
  "authorization",
  "cookie",
  "content",
  "body",
  "apiKey",
  "JWT_SECRET_KEY",
  "REDIS_PASSWORD",
  "AWS_SECRET_ACCESS_KEY",
  "GEMINI_API_KEY",
  "OPENAI_API_KEY",
] as const;

export interface LogOptions {
  readonly level: string;
  readonly instanceId: string;
  /** Standard output when left out. */
  readonly destination?: DestinationStream;
}

export function createLog({ level, instanceId, destination }: LogOptions): Log {
  const options = {
    level,
    base: { instance: instanceId },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: PRIVATE_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: "[removed]",
    },
    serializers: {
      err: pino.stdSerializers.err,
      error: pino.stdSerializers.err,
      url: (url: unknown) => (typeof url === "string" ? withoutToken(url) : url),
    },
  };
  // No transport: that would be a worker thread, and lines lost when the process dies.
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** The address with the value of every `token` parameter cut out. */
export function withoutToken(url: string): string {
  return url
    .replace(/([?&;](?:access_)?token=)[^&#;\s]*/gi, "$1[removed]")
    .replace(/(\/(?:invites|uploads|files)\/)[^/?#]+/g, "$1[removed]");
}
