/** Composition root: environment → configuration → a running node, until a signal ends it. */
import { readConfig } from "./config/config.ts";
import { secretOf } from "./edge/jwt-secret.ts";
import { createLog } from "./edge/log.ts";
import { type RunningServer, startServer } from "./server.ts";
import { welcome } from "./node/welcome.ts";

const config = readConfig(process.env);
if (!config.ok) {
  process.stderr.write(`Stoa cannot start:\n${config.error.map((line) => `  ${line}\n`).join("")}`);
  process.exit(1);
}
const log = createLog({ level: config.value.logLevel, instanceId: config.value.instanceId });
for (const notice of config.value.notices) process.stderr.write(`${notice}\n`);

const started = await startServer({
  config: config.value,
  secret: secretOf(config.value),
  log,
  onFatal: (message) => {
    // After a failed fsync nobody knows what is on the disk. The log is read again by the next process.
    log.error({ reason: message }, "the store failed; this process ends");
    process.exit(1);
  },
});
if (!started.ok) {
  process.stderr.write(`Stoa cannot start:\n  ${started.error}\n`);
  process.exit(1);
}
stopOnSignals(started.value);
await welcome(config.value, started.value);

function stopOnSignals(server: RunningServer): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    server.stop().then(
      () => process.exit(0),
      (error) => {
        log.error({ reason: String(error) }, "could not stop in good order");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
