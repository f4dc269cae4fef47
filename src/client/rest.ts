/**
 * Requests over REST with the client's address and token: the envelope taken off, refusals as `ChatError`.
 * Invariant: a token that the server refuses is replaced once, if there is another one to be had.
 */
import { ChatError } from "./chat-error.ts";
import { headersOf } from "./link.ts";
import type { Tokens } from "./tokens.ts";
import type { ClientOptions } from "./types.ts";

interface Envelope {
  readonly data?: unknown;
  readonly error?: {
    readonly code: ChatError["code"];
    readonly message: string;
    readonly details?: { readonly field?: string; readonly temporary?: true };
  };
}

export class Rest {
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #tokens: Tokens;

  constructor({ url, fetch = globalThis.fetch.bind(globalThis) }: ClientOptions, tokens: Tokens) {
    this.#url = addressOf(url);
    this.#fetch = fetch;
    this.#tokens = tokens;
  }

  async call<Data>(method: string, path: string, body?: unknown, isRepeated = false): Promise<Data> {
    const token = await (isRepeated ? this.#tokens.fresh() : this.#tokens.any());
    const response = await this.#fetch(this.#url + path, {
      method,
      headers: { ...headersOf(token), ...(body !== undefined && { "content-type": "application/json" }) },
      body: JSON.stringify(body),
    }).catch(() => {
      throw new ChatError("closed", "There is no connection.");
    });
    if (response.status === 401 && !isRepeated && this.#tokens.canRenew) return this.call(method, path, body, true);
    const { data, error } = ((await response.json().catch(() => undefined)) ?? {}) as Envelope;
    if (response.ok) return data as Data;
    const { code = "unavailable", message = `The answer was ${response.status}.`, details } = error ?? {};
    throw new ChatError(code, message, details?.field, error === undefined || details?.temporary === true);
  }
}

/** Without a slash at the end. */
export function addressOf(url: string): string {
  return url.replace(/^ws/, "http").replace(/\/+$/, "");
}
