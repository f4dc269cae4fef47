/**
 * The keys by which push services know this installation: made at the first start and kept in the data folder. A browser that
 * has subscribed with one key is not reached with another. Invariant: two processes that start at once agree on one pair.
 */
import { createECDH, randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

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

/** Throws when the folder can't be read or written: nothing can start then. */
export function loadOrCreateVapid(dir: string): VapidKeys {
  const path = join(dir, FILE_NAME);
  const kept = readKeys(path);
  if (kept !== undefined) return kept;
  mkdirSync(dir, { recursive: true });
  // Written aside and linked into place: the file appears whole, and only if no other process was faster.
  const aside = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(aside, `${JSON.stringify(makeVapid())}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(aside, path);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  const keys = readKeys(path);
  if (keys === undefined) throw new Error(`${path} holds no keys; remove it and start again`);
  return keys;
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

function readKeys(path: string): VapidKeys | undefined {
  try {
    const { publicKey, privateKey } = JSON.parse(readFileSync(path, "utf8")) as Partial<VapidKeys>;
    if (typeof publicKey !== "string" || typeof privateKey !== "string" || !isPair({ publicKey, privateKey })) {
      throw new Error(`${path} holds no pair of keys; remove it and start again`);
    }
    return { publicKey, privateKey };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
