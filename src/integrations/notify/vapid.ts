/**
 * The keys by which push services know this installation: made at the first start and kept in the data folder. A browser that
 * has subscribed with one key is not reached with another.
 */
import { createECDH } from "node:crypto";
import { join } from "node:path";
import { keptOrMade } from "../../made-once.ts";

/** As base64url: an uncompressed point of P-256, and its scalar. */
export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

const FILE_NAME = "vapid.json";
const SCALAR_BYTES = 32;

/** Of the environment, or those of the data folder. Throws for keys that do not belong together. */
export function vapidOf(keys: VapidKeys | undefined, dataDir: string): VapidKeys {
  if (keys === undefined) return loadOrCreateVapid(dataDir);
  if (!isPair(keys)) throw new Error("STOA_VAPID_PUBLIC_KEY and STOA_VAPID_PRIVATE_KEY do not belong together");
  return keys;
}

/** Throws when the folder can't be read or written, or the file holds no pair: nothing can start then. */
export function loadOrCreateVapid(dir: string): VapidKeys {
  const path = join(dir, FILE_NAME);
  return keptOrMade(
    path,
    () => JSON.stringify(makeVapid()),
    (text) => {
      const keys = keysIn(text);
      if (keys !== undefined) return keys;
      throw new Error(`${path} holds no pair of keys; remove it and start again`);
    },
  );
}

export function makeVapid(): VapidKeys {
  const curve = createECDH("prime256v1");
  curve.generateKeys();
  // A scalar with leading zeros is written shorter.
  const scalar = curve.getPrivateKey();
  const padded = Buffer.concat([Buffer.alloc(SCALAR_BYTES - scalar.length), scalar]);
  return { publicKey: curve.getPublicKey().toString("base64url"), privateKey: padded.toString("base64url") };
}

/** The private key is the public one's. */
export function isPair({ publicKey, privateKey }: VapidKeys): boolean {
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(Buffer.from(privateKey, "base64url"));
  return curve.getPublicKey().toString("base64url") === publicKey;
}

function keysIn(text: string): VapidKeys | undefined {
  try {
    const { publicKey, privateKey } = JSON.parse(text) as Partial<VapidKeys>;
    if (typeof publicKey !== "string" || typeof privateKey !== "string") return undefined;
    return isPair({ publicKey, privateKey }) ? { publicKey, privateKey } : undefined;
  } catch {
    // Neither JSON nor keys: no pair, as anything else.
    return undefined;
  }
}
