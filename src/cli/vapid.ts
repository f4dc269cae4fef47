/** `npm run vapid`: a pair of keys for Web Push, as lines for the environment of all nodes. */
import { makeVapid } from "../integrations/notify/vapid.ts";

if (import.meta.main) {
  const { publicKey, privateKey } = makeVapid();
  process.stdout.write(`STOA_VAPID_PUBLIC_KEY=${publicKey}\nSTOA_VAPID_PRIVATE_KEY=${privateKey}\n`);
}
