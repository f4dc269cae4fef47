/**
 * Who is asking: tokens are checked here and nowhere else, and principals are built from nothing but their claims.
 * Invariant: only HS256 with our secret, with `sub` and `exp`, passes; a token can't make anyone `system`.
 */
import { jwt } from "@elysiajs/jwt";
import type { Clock } from "../base/clock.ts";
import { SystemClock } from "../base/clock.ts";
import { NO_TENANT, parseId, type TenantId, type UserId } from "../base/ids.ts";
import { TOKEN_ID_LENGTH_MAX, TOKEN_LENGTH_MAX, URL_LENGTH_MAX, USER_NAME_LENGTH_MAX } from "../base/limits.ts";
import { type Random, SystemRandom } from "../base/prng.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ASSISTANT } from "../domain/assistant/runs.ts";
import { ENGINE_USER, type Principal } from "../domain/principal.ts";
import type { Rejection } from "../protocol/errors.ts";

/** Characters of the name that a minted token gets. */
const TOKEN_ID_LENGTH = 16;
const TENANT_DEFAULT = "default";
/** Nobody speaks as the assistant or the engine, whoever signs the token. */
export const RESERVED_USER_IDS: ReadonlySet<string> = new Set([ASSISTANT, ENGINE_USER]);

export interface Verified {
  readonly principal: Principal;
  /** Wall clock, milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** When it was issued, by its claim `iat`, and its name `jti`: for what administrators revoke. */
  readonly issuedAtMs?: number;
  readonly tokenId?: string;
}

export interface TokenClaims {
  readonly user: string;
  readonly tenant?: string;
  readonly name?: string;
  readonly avatar?: string;
  readonly role?: "user" | "admin";
  readonly ttlSeconds: number;
}

export interface Auth {
  verifyToken(token: string): Promise<Result<Verified, Rejection>>;
  /** For the command line, the first start and tests. The claims are taken as they are. */
  mintToken(claims: TokenClaims): Promise<string>;
}

export interface AuthOptions {
  readonly secret: string;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly clock?: Clock;
}

export function createAuth({ secret, issuer, audience, clock = new SystemClock() }: AuthOptions): Auth {
  const random: Random = new SystemRandom();
  const signer = jwt({ secret, alg: "HS256" }).decorator.jwt;
  const checks = () => ({
    algorithms: ["HS256"],
    requiredClaims: ["exp", "sub"],
    currentDate: new Date(clock.wallMs()),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  });

  return {
    async verifyToken(token) {
      if (token.length === 0 || token.length > TOKEN_LENGTH_MAX) return err({ code: "unauthorized" });
      const claims = await signer.verify(token, checks());
      if (claims !== false) return verifiedFrom(claims);
      // The plugin does not say why. What passes once time plays no part was good before; a forged token never gets here.
      const timeless = await signer.verify(token, { ...checks(), clockTolerance: Number.MAX_SAFE_INTEGER });
      const expired = timeless !== false && Number(timeless.exp) * 1000 <= clock.wallMs();
      return err({ code: expired ? "token_expired" : "unauthorized" });
    },

    mintToken({ user, tenant, name, avatar, role, ttlSeconds }) {
      const claims = {
        sub: user,
        tenant,
        name,
        avatar,
        role,
        jti: random.token(TOKEN_ID_LENGTH),
        ...(issuer && { iss: issuer }),
        ...(audience && { aud: audience }),
      };
      return signer.sign({ ...claims, exp: Math.floor(clock.wallMs() / 1000) + ttlSeconds });
    },
  };
}

/** The token of an `Authorization: Bearer …` header. */
export function bearerToken(header: string | null | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(header ?? "")?.[1];
}

function verifiedFrom(claims: Readonly<Record<string, unknown>>): Result<Verified, Rejection> {
  const userId = parseId<UserId>(claims["sub"]);
  if (userId === undefined) return err(unusable("sub", "is no valid user id"));
  if (RESERVED_USER_IDS.has(userId)) return err(unusable("sub", "is a name of the engine's own"));
  const tenant = parseId<TenantId>(claims["tenant"] ?? claims["tenant_id"] ?? TENANT_DEFAULT);
  if (tenant === undefined || tenant === NO_TENANT) return err(unusable("tenant", "is no valid tenant id"));
  const expires = claims["exp"];
  if (typeof expires !== "number" || !Number.isFinite(expires)) return err(unusable("exp", "is no time"));
  const name = nameFrom(claims["name"]);
  const avatar = avatarFrom(claims["avatar"] ?? claims["picture"]);
  return ok({
    principal: {
      tenant,
      userId,
      ...(name === undefined ? {} : { name }),
      ...(avatar === undefined ? {} : { avatar }),
      role: isAdmin(claims) ? "admin" : "user",
    },
    expiresAtMs: expires * 1000,
    ...issueOf(claims),
  });
}

function issueOf({ iat, jti }: { readonly iat?: unknown; readonly jti?: unknown }): Partial<Verified> {
  return {
    ...(typeof iat === "number" && Number.isFinite(iat) && { issuedAtMs: iat * 1000 }),
    ...(typeof jti === "string" && jti.length <= TOKEN_ID_LENGTH_MAX && { tokenId: jti }),
  };
}

function unusable(claim: string, why: string): Rejection {
  return { code: "unauthorized", message: `The token's claim "${claim}" ${why}.`, field: claim };
}

function isAdmin(claims: Readonly<Record<string, unknown>>): boolean {
  const roles = claims["roles"];
  return claims["role"] === "admin" || roles === "admin" || (Array.isArray(roles) && roles.includes("admin"));
}

/** Decoration, not identity: what can't be shown is left out rather than refused. */
export function nameFrom(claim: unknown): string | undefined {
  if (typeof claim !== "string") return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const name = claim.replace(/[\u0000-\u001f\u007f]/g, " ").trim();
  return name === "" ? undefined : [...name].slice(0, USER_NAME_LENGTH_MAX).join("");
}

/** `undefined`: no address that a browser shows as a picture of somebody. */
export function avatarFrom(claim: unknown): string | undefined {
  if (typeof claim !== "string" || claim.length > URL_LENGTH_MAX || !URL.canParse(claim)) return undefined;
  const { protocol } = new URL(claim);
  return protocol === "https:" || protocol === "http:" ? claim : undefined;
}
