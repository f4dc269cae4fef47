/** `npm run vapid`: a pair of keys for Web Push, as lines for the environment of all nodes. */
import { makeVapid } from "../integrations/notify/vapid.ts";
import { takesNothing } from "./arguments.ts";

const USAGE = "usage: bun run vapid";

function main(): number {
  const code = takesNothing(USAGE);
  if (code !== undefined) return code;
  const { publicKey, privateKey } = makeVapid();
  process.stdout.write(`STOA_VAPID_PUBLIC_KEY=${publicKey}\nSTOA_VAPID_PRIVATE_KEY=${privateKey}\n`);
  return 0;
}

if (import.meta.main) process.exitCode = main();
