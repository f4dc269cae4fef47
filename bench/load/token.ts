/** Tokens for the users of the load, made without the engine's own code. */
import { createHmac } from "node:crypto";

const TOKEN_SECONDS = 3_600;

export interface Claims {
  readonly sub: string;
  readonly name: string;
  readonly role?: "admin";
}

export function tokenFor(claims: Claims, secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const unsigned = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ...claims, iat: now, exp: now + TOKEN_SECONDS })}`;
  return `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
}
