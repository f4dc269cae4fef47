/** Composition root: environment → configuration → a running node, until a signal ends it. */
import { takesNothing } from "./cli/arguments.ts";
import { folderAdvice } from "./cli/folder-advice.ts";
import { readConfig } from "./config/config.ts";
import { openSecret } from "./edge/jwt-secret.ts";
import { createLog } from "./edge/log.ts";
import { type RunningServer, startServer } from "./server.ts";
import { welcome } from "./node/welcome.ts";

const USAGE = `usage: npm start (or stoa, in the single executable)
  The server takes no arguments: all that can be set is a variable of the environment, with its default in docs/OPERATIONS.md.
  npm run doctor looks at the configuration and at all that it names, before the first start.`;

const code = takesNothing(USAGE);
if (code !== undefined) process.exit(code);
const config = readConfig(process.env);
if (!config.ok) refuse(config.error);
const log = createLog({ level: config.value.logLevel, instanceId: config.value.instanceId });
for (const notice of config.value.notices) process.stderr.write(`${notice}\n`);

const secret = openSecret(config.value);
if (!secret.ok) refuse([secret.error]);

const started = await startServer({
  config: config.value,
  secret: secret.value,
  log,
  onFatal: (message) => {
    // After a failed fsync nobody knows what is on the disk. The log is read again by the next process.
    log.error({ reason: message }, "the store failed; this process ends");
    process.exit(1);
  },
});
if (!started.ok) refuse([started.error]);
stopOnSignals(started.value);
await welcome(config.value, started.value);

function refuse(why: readonly string[]): never {
  const lines = why.map((line) => `  ${[line, folderAdvice(line)].filter(Boolean).join("\n    → ")}\n`);
  process.stderr.write(`Stoa cannot start:\n${lines.join("")}`);
  process.exit(1);
}

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
  // A terminal that is closed, and whoever expects the configuration to be read again: it is read at a start only.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);
}
