/**
 * Receipts of erasures: the report as a signed text (JWS, HS256), with a key that is derived from the server's secret and used
 * for nothing else. Whoever has the secret, or asks the server, can tell whether one is genuine.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

const PURPOSE = "stoa erasure receipt 1";
const HEADER = Buffer.from(JSON.stringify({ alg: "HS256", typ: "stoa-erasure+jws" })).toString("base64url");

export class Receipts {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update(PURPOSE).digest();
  }

  sign(report: object): string {
    const body = `${HEADER}.${Buffer.from(JSON.stringify(report)).toString("base64url")}`;
    return `${body}.${this.#signatureOf(body).toString("base64url")}`;
  }

  /** The report; `undefined`: it was not signed here, or changed since. */
  verify(receipt: string): object | undefined {
    const [header, payload, signature, ...more] = receipt.split(".");
    if (header !== HEADER || payload === undefined || signature === undefined || more.length > 0) return undefined;
    const given = Buffer.from(signature, "base64url");
    const expected = this.#signatureOf(`${header}.${payload}`);
    // What decodes to the same bytes is written in one way only.
    if (given.length !== expected.length || given.toString("base64url") !== signature) return undefined;
    if (!timingSafeEqual(given, expected)) return undefined;
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as object;
  }

  #signatureOf(body: string): Buffer {
    return createHmac("sha256", this.#key).update(body).digest();
  }
}
