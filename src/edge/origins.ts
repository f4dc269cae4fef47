/**
 * Which web pages may talk to this server. A browser says where a page comes from; other clients say nothing and may.
 * Invariant: without a list, only pages of the server's own address pass (and this machine's, outside production).
 */
import type { Config } from "../config/config.ts";

export type OriginRules = Pick<Config, "allowedOrigins" | "environment" | "publicAddress">;

/** `host` is the request's `Host` header. */
export function isOriginAllowed(origin: string | null, host: string | null, rules: OriginRules): boolean {
  if (origin === null || rules.allowedOrigins === "*") return true;
  if (rules.allowedOrigins.includes(origin.toLowerCase())) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.host === host?.toLowerCase()) return true;
  if (rules.publicAddress !== undefined && page.host === new URL(rules.publicAddress).host) return true;
  return rules.environment !== "production" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(page.hostname);
}

/** Headers that let a page of another, allowed origin read the answer; `undefined` when there is nothing to allow. */
export function corsHeaders(request: Request, rules: OriginRules): Record<string, string> | undefined {
  const origin = request.headers.get("origin");
  if (origin === null || !isOriginAllowed(origin, request.headers.get("host"), rules)) return undefined;
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers":
      "retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit-policy, upload-offset, upload-length, x-request-id",
    vary: "origin",
  };
}

export const PREFLIGHT_HEADERS = {
  "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
  "access-control-allow-headers":
    "authorization, content-type, idempotency-key, last-event-id, range, upload-offset, x-request-id",
  "access-control-max-age": "600",
} as const;
