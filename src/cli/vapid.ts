/** `npm run vapid`: a pair of keys for Web Push, as lines for the environment of all nodes. */
import { makeVapid } from "../integrations/notify/vapid.ts";

const { publicKey, privateKey } = makeVapid();
console.log(`STOA_VAPID_PUBLIC_KEY=${publicKey}\nSTOA_VAPID_PRIVATE_KEY=${privateKey}`);
