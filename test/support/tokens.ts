/**
 * Mints tokens for tests without the engine's own code, so that a mistake there can't hide itself, and so that bad
 * tokens can be made too.
 */
import { createHmac, randomBytes } from "node:crypto";

/** Of this run: whoever comes from another one, to a port that was used before, is nobody here. */
export const SECRET = `a secret of the tests ${randomBytes(16).toString("hex")}`;

export interface TestClaims {
  readonly user: string;
  readonly tenant?: string;
  readonly name?: string;
  readonly role?: string;
  /** Seconds from now; negative: expired. */
  readonly ttl?: number;
  readonly secret?: string;
  readonly alg?: "HS256" | "HS512" | "none";
  /** Takes the place of everything else in the payload. */
  readonly payload?: Readonly<Record<string, unknown>>;
}

export function mintTestToken(claims: TestClaims): string {
  const alg = claims.alg ?? "HS256";
  const nowSeconds = Math.floor(Date.now() / 1000);
  const payload = claims.payload ?? {
    sub: claims.user,
    iat: nowSeconds,
    exp: nowSeconds + (claims.ttl ?? 3600),
    ...(claims.tenant === undefined ? {} : { tenant: claims.tenant }),
    ...(claims.name === undefined ? {} : { name: claims.name }),
    ...(claims.role === undefined ? {} : { role: claims.role }),
  };
  const unsigned = `${base64url({ alg, typ: "JWT" })}.${base64url(payload)}`;
  if (alg === "none") return `${unsigned}.`;
  const hash = alg === "HS512" ? "sha512" : "sha256";
  const signature = createHmac(hash, claims.secret ?? SECRET)
    .update(unsigned)
    .digest("base64url");
  return `${unsigned}.${signature}`;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
