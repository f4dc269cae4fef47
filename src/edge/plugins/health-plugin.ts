/** Health for probes and people: no token needed, so nothing but states and counts. */
import { Elysia } from "elysia";

/** What the composition root knows about its parts. */
export interface Health {
  /** Takes new connections: everything has started and nothing is stopping. */
  ready(): boolean;
  activeConnections(): number;
  /** By name ("journal", "shards", …). A part that is `down` makes the whole `degraded`, not dead. */
  dependencies(): Readonly<Record<string, "healthy" | "degraded" | "down">>;
  /** This version runs without Redis: `undefined` shows as not connected. */
  redisConnected?(): boolean;
  /** How far those who follow the logs are behind, by name. */
  followers?(): Readonly<Record<string, { readonly logs: number; readonly events: number; readonly ms: number }>>;
}

const SUMMARY_PATHS = ["/v1/chat/health", "/api/v1/chat/health"] as const;

export function healthPlugin(health: Health) {
  const app = new Elysia({ detail: { tags: ["health"], security: [] } })
    .get("/healthz", () => ({ status: "ok" }), { detail: { summary: "The process lives" } })
    .get(
      "/readyz",
      ({ set }) => {
        const ready = health.ready();
        if (!ready) set.status = 503;
        return { status: ready ? "ready" : "not ready" };
      },
      { detail: { summary: "New connections are welcome (200) or not (503)" } },
    )
    .get(
      "/api/health",
      () => ({ ...summary(health), dependencies: health.dependencies(), followers: health.followers?.() ?? {} }),
      {
        detail: { summary: "State of each part" },
      },
    );
  for (const path of SUMMARY_PATHS) app.get(path, () => summary(health), { detail: { summary: "Health in short" } });
  return app;
}

function summary(health: Health) {
  return {
    status: statusOf(health),
    active_connections: health.activeConnections(),
    redis_connected: health.redisConnected?.() ?? false,
  };
}

function statusOf(health: Health): "healthy" | "degraded" | "unavailable" {
  if (!health.ready()) return "unavailable";
  return Object.values(health.dependencies()).every((state) => state === "healthy") ? "healthy" : "degraded";
}
