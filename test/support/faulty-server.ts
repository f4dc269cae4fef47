/** The real server with threads that can be made to fail: `src/main.ts` but for the threads' entry. */
import { readConfig } from "../../src/config/config.ts";
import { secretOf } from "../../src/edge/jwt-secret.ts";
import { createLog } from "../../src/edge/log.ts";
import { startServer } from "../../src/server.ts";

const config = readConfig(process.env);
if (!config.ok) throw new Error(config.error.join("\n"));
const started = await startServer({
  config: config.value,
  secret: secretOf(config.value),
  log: createLog({ level: config.value.logLevel, instanceId: config.value.instanceId }),
  workerEntry: new URL("./faulty-worker.ts", import.meta.url),
  onFatal: (message) => {
    process.stderr.write(`${message}\n`);
    process.exit(1);
  },
});
if (!started.ok) throw new Error(started.error);
