/**
 * An Elysia app of one's own with the chat's history in it: the engine runs inside the app's process, the app adds a page, and
 * the history stands under a path of the app's choice.
 *
 *   JWT_SECRET_KEY=only-to-play-with-it APP_PORT=3000 node scripts/bun.mjs examples/history-app.ts
 *   export TOKEN=$(JWT_SECRET_KEY=only-to-play-with-it npm run --silent token -- --user ann)
 *   curl -H "Authorization: Bearer $TOKEN" localhost:3000/support/rooms/general/messages
 *
 * Clients chat on the engine's own port (PORT, 8080); the history plugin asks the same engine.
 */
import { Elysia } from "elysia";
import { readConfig } from "../src/config/config.ts";
import { historyPlugin } from "../src/edge/plugins/history-plugin.ts";
import { secretOf } from "../src/edge/jwt-secret.ts";
import { createLog } from "../src/edge/log.ts";
import { startServer } from "../src/server.ts";

const config = readConfig();
if (!config.ok) throw new Error(config.error.join("\n"));
const log = createLog({ level: config.value.logLevel, instanceId: config.value.instanceId });
const started = await startServer({
  config: config.value,
  secret: secretOf(config.value),
  log,
  onFatal: (message) => {
    log.error({ reason: message }, "the store failed");
    process.exit(1);
  },
});
if (!started.ok) throw new Error(started.error);
const chat = started.value;

const app = new Elysia()
  .get("/", () => "The support desk. Its history is under /support/rooms/:roomId/messages.")
  // It brings its own authentication (the chat's tokens) and error answers; the app's other routes are left alone.
  .use(historyPlugin({ engine: chat.gateway, auth: chat.auth, prefix: "/support" }))
  .listen({ port: Number(process.env["APP_PORT"] ?? 3_000), hostname: config.value.host });

process.stdout.write(`the app is on port ${app.server?.port}, the chat on port ${chat.port}\n`);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    void app.stop();
    await chat.stop();
    process.exit(0);
  });
}
