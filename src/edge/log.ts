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

const REMOVED = "[removed]";

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
      censor: REMOVED,
    },
    serializers: {
      err: errorLine,
      error: errorLine,
      url: (url: unknown) => (typeof url === "string" ? withoutSecrets(url) : url),
    },
  };
  // No transport: that would be a worker thread, and lines lost when the process dies.
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Where a page of a list begins and how long it is: all that is kept of what an address asks for. */
const PLAIN_PARAMETER = /^(?:limit|offset|page|before|after|since|until|order|direction)=[\w.:-]{0,64}$/;

/** The address without tickets, invites, tokens, and words that somebody looks for: of its query only the names, and plain values. */
export function withoutSecrets(url: string): string {
  const [path = "", ...query] = url.replace(/#.*$/s, "").split("?");
  const known = path.replace(/(\/(?:invites|uploads|files)\/)[^/]+/g, "$1[removed]");
  if (query.length === 0) return known;
  const parameters = query.join("?").split("&");
  return `${known}?${parameters.map((one) => (PLAIN_PARAMETER.test(one) ? one : onlyName(one))).join("&")}`;
}

/** What has no `=` may be a value itself. */
function onlyName(parameter: string): string {
  const at = parameter.indexOf("=");
  return at < 0 || !/^\w{1,40}$/.test(parameter.slice(0, at)) ? REMOVED : `${parameter.slice(0, at)}=${REMOVED}`;
}

/** Of an error only what it is and where it came from: what it was made of (`input`, `cause`) may be anything. */
function errorLine(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  const code = "code" in error ? { code: String(error.code) } : {};
  return { type: name, message, stack, ...code };
}
