/** The token: asked for when it is needed, and kept while it holds. */
import type { ClientOptions } from "./types.ts";

/** A token that ends within this time is not used for another request. */
const SLACK_MS = 5_000;

export class Tokens {
  readonly #source: ClientOptions["token"];
  #last: string | undefined;

  constructor(source: ClientOptions["token"]) {
    this.#source = source;
  }

  /** There is another one to be had. */
  get canRenew(): boolean {
    return typeof this.#source === "function";
  }

  async fresh(): Promise<string> {
    this.#last = typeof this.#source === "string" ? this.#source : await this.#source();
    return this.#last;
  }

  /** Tenant and user, as one text. */
  account(userId: string): string {
    const { tenant, tenant_id: tenantId } = claimsOf(this.#last ?? "");
    return `${tenant ?? tenantId ?? ""}/${userId}`;
  }

  /** The last one, as long as it holds. */
  async any(): Promise<string> {
    return this.#last !== undefined && endOf(this.#last) - Date.now() > SLACK_MS ? this.#last : this.fresh();
  }
}

interface Claims {
  readonly sub?: string;
  readonly tenant?: string;
  readonly tenant_id?: string;
  /** Seconds since 1970. */
  readonly exp?: number;
}

/** When a token ends, as far as one can read it: milliseconds since 1970. */
export function endOf(token: string): number {
  const { exp = Number.POSITIVE_INFINITY } = claimsOf(token);
  return exp * 1_000;
}

/** What a token says, as far as one can read it. */
function claimsOf(token: string): Claims {
  try {
    const base64 = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(base64)) as Claims;
  } catch {
    return {};
  }
}
