/**
 * `GET /metrics`, for Prometheus and what reads its format.
 * Invariant: without a token of its own only this machine is answered, and nobody who came through a proxy.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { Elysia } from "elysia";
import { bearerToken } from "../auth.ts";
import { refuse } from "../rest/envelope.ts";

export interface MetricsOptions {
  /** `undefined`: for this machine only. */
  readonly token: string | undefined;
  readonly metrics: { read(): Promise<{ readonly contentType: string; readonly text: string }> };
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
/** What proxies add: then the other end of the connection says nothing about who asks. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

export function metricsPlugin({ token, metrics }: MetricsOptions) {
  return new Elysia().get(
    "/metrics",
    async ({ request, server, set }) => {
      if (!isAllowed(request, server?.requestIP(request)?.address, token)) {
        return refuse(set, { code: "unauthorized", message: "Metrics need their own token, or this machine." });
      }
      const { contentType, text } = await metrics.read();
      set.headers["content-type"] = contentType;
      set.headers["cache-control"] = "no-store";
      return text;
    },
    { detail: { hide: true } },
  );
}

/** Whether whoever asks runs this server: by the token that they gave, or where there is none, by being on this machine. */
export function isAllowed(
  request: Request,
  remote: string | undefined,
  token: string | undefined,
  given: string | undefined = bearerToken(request.headers.get("authorization")),
): boolean {
  if (token !== undefined) {
    return given !== undefined && timingSafeEqual(digest(given), digest(token));
  }
  if (FORWARDED.some((name) => request.headers.has(name))) return false;
  return remote !== undefined && LOOPBACK.test(remote);
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
