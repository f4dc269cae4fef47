/** The real server in this process: `src/main.ts` but for the entry of its threads. */
import { readConfig } from "../../src/config/config.ts";
import { secretOf } from "../../src/edge/jwt-secret.ts";
import { createLog } from "../../src/edge/log.ts";
import { type RunningServer, startServer } from "../../src/server.ts";

/** Of the process's environment; throws when it cannot start. */
export async function startedHere(workerEntry: URL): Promise<RunningServer> {
  const config = readConfig(process.env);
  if (!config.ok) throw new Error(config.error.join("\n"));
  const started = await startServer({
    config: config.value,
    secret: secretOf(config.value),
    log: createLog({ level: config.value.logLevel, instanceId: config.value.instanceId }),
    workerEntry,
    onFatal: (message) => {
      process.stderr.write(`${message}\n`);
      process.exit(1);
    },
  });
  if (!started.ok) throw new Error(started.error);
  return started.value;
}
