/** The part of the configuration that names services of the operator's own which the engine asks: of messages, of people. */
import { type HookConfig, readHookTerms } from "./assistant.ts";
import type { EnvReader } from "./env-reader.ts";

export interface ProfileServiceConfig {
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
  /** For how long an answer counts. */
  readonly ttlMs: number;
}

/** Whoever knows the secret can pretend to be this installation. */
const SECRET_LENGTH_MIN = 16;
const WEEK_MS = 7 * 24 * 3_600_000;

export function readModerationHook(reader: EnvReader): HookConfig | undefined {
  const terms = readHookTerms(reader);
  const service = readService(reader, "STOA_MODERATION_HOOK", "the hook");
  return service && { ...service, ...terms };
}

export function readProfileService(reader: EnvReader): ProfileServiceConfig | undefined {
  // Somebody's REST request may wait for it, within the five seconds that clients are promised.
  const time = { min: 50, max: 4_000, fallback: 1_000, unit: "ms" };
  const timeoutMs = reader.whole("STOA_PROFILE_SERVICE_TIMEOUT_MS", time);
  const ttlMs = reader.whole("STOA_PROFILE_SERVICE_TTL_MS", {
    min: 100,
    max: WEEK_MS,
    fallback: 3_600_000,
    unit: "ms",
  });
  const service = readService(reader, "STOA_PROFILE_SERVICE", "the service");
  return service && { ...service, timeoutMs, ttlMs };
}

/** `what`: how a complaint calls it. */
function readService(
  reader: EnvReader,
  name: string,
  what: string,
): { readonly url: string; readonly secret: string } | undefined {
  const url = reader.url(`${name}_URL`, ["https", "http"]);
  const secret = reader.text(`${name}_SECRET`);
  if (url === undefined) return undefined;
  if (secret === undefined || secret.length < SECRET_LENGTH_MIN) {
    const why = `it signs what ${what} is sent`;
    reader.complain(`${name}_SECRET`, `at least ${SECRET_LENGTH_MIN} characters (${why})`, true);
    return undefined;
  }
  return { url, secret };
}
