/**
 * The one way by which the engine asks an address that a user or a tenant chose: webhooks, push endpoints. Whoever chooses an
 * address must not reach what only this machine can reach, so:
 * Invariants: the name is resolved once, every address it has is checked, and the connection goes to the one that was checked;
 * no redirect is followed; a request ends within its time, and of its answer no more is read than was asked for.
 */
import { lookup } from "node:dns/promises";
import type { Clock } from "../base/clock.ts";
import { type IpRange, isIn, isPublic, parseIp } from "../base/ip-ranges.ts";
import { OUTWARD_ADDRESSES_MAX, URL_LENGTH_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";

/** Receivers within one's own network that an operator allows nevertheless. */
export interface OutwardAllowed {
  readonly ranges: readonly IpRange[];
  /** Names of hosts, in small letters: whatever addresses they have. */
  readonly hosts: readonly string[];
}

export interface OutwardRequest {
  readonly url: string;
  readonly method: "POST" | "GET";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** For all of it: resolving, connecting, answer. */
  readonly timeoutMs: number;
  /** Of the answer's body; the rest is not read. */
  readonly answerBytesMax: number;
}

export interface OutwardAnswer {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/**
 * - `invalid_url`: not http or https, with a user name or password, too long, or no address at all.
 * - `forbidden_address`: one of its addresses is not for everybody, and the operator did not allow it.
 * - `no_address`: the name is not known.
 * - `redirect`: the answer names another address; nobody went there.
 * - `timeout`, `refused` (no connection), `tls` (a certificate that is not this name's), `broken`.
 */
export type OutwardFailure =
  | "invalid_url"
  | "forbidden_address"
  | "no_address"
  | "redirect"
  | "timeout"
  | "refused"
  | "tls"
  | "broken";

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const REDIRECTS = { from: 300, to: 399 } as const;

export interface OutwardParts {
  readonly clock: Clock;
  readonly allowed: OutwardAllowed;
  /** The machine's own unless a test gives another. */
  readonly resolve?: Resolve;
  /** Certificates to be trusted beside the usual ones, for tests. */
  readonly ca?: string;
}

export class OutwardHttp {
  readonly #parts: OutwardParts;

  constructor(parts: OutwardParts) {
    this.#parts = parts;
  }

  async request(request: OutwardRequest): Promise<Result<OutwardAnswer, OutwardFailure>> {
    const url = refuseUrl(request.url, this.#parts.allowed);
    if (!url.ok) return url;
    const abort = new AbortController();
    const timer = this.#parts.clock.after(request.timeoutMs, () => abort.abort());
    try {
      const pinned = await until(abort.signal, this.#pin(url.value));
      if (!pinned.ok) return pinned;
      return await this.#ask(request, url.value, pinned.value, abort.signal);
    } catch (error) {
      return err(abort.signal.aborted ? "timeout" : failureOf(error));
    } finally {
      timer.cancel();
    }
  }

  /** The address to connect to: one that was looked at. */
  async #pin(url: URL): Promise<Result<string, OutwardFailure>> {
    const host = hostOf(url);
    const { allowed, resolve = resolveByMachine } = this.#parts;
    if (parseIp(host) !== undefined) return ok(host);
    let addresses: readonly string[];
    try {
      addresses = await resolve(host);
    } catch {
      // Whatever the resolver says: there is nowhere to go.
      return err("no_address");
    }
    const first = addresses.find((address) => !address.includes(":")) ?? addresses[0];
    const isKnown = first !== undefined && addresses.every((address) => parseIp(address) !== undefined);
    if (!isKnown || addresses.length > OUTWARD_ADDRESSES_MAX) return err("no_address");
    // One that is not for everybody among others that are is a trick.
    const isAllowed = allowed.hosts.includes(host) || addresses.every((address) => mayReach(address, allowed));
    return isAllowed ? ok(first) : err("forbidden_address");
  }

  async #ask(
    { method, headers, body, answerBytesMax }: OutwardRequest,
    url: URL,
    address: string,
    signal: AbortSignal,
  ): Promise<Result<OutwardAnswer, OutwardFailure>> {
    const to = new URL(url);
    to.hostname = address.includes(":") ? `[${address}]` : address;
    // Else the name would be resolved once more, by somebody who checks nothing.
    if (parseIp(hostOf(to)) === undefined) return err("invalid_url");
    const { ca } = this.#parts;
    const name = hostOf(url);
    const response = await fetch(to, {
      method,
      headers: { ...headers, host: url.host, "accept-encoding": "identity" },
      ...(body !== undefined && { body }),
      redirect: "manual",
      // What was packed small may be large.
      decompress: false,
      signal,
      tls: { ...(parseIp(name) === undefined && { serverName: name }), ...(ca !== undefined && { ca }) },
    });
    const answer = await readUpTo(response, answerBytesMax, signal);
    if (response.status >= REDIRECTS.from && response.status <= REDIRECTS.to) return err("redirect");
    return ok({ status: response.status, headers: response.headers, body: answer });
  }
}

/** Passed over, or read as something else, by those who parse addresses: what is shown would be another one than what is asked. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const UNPLAIN = /[\u0000-\u0020\u007f\\]/;

/** What can be said of an address before anybody resolves its name: for whoever stores it. */
export function refuseUrl(text: string, allowed: OutwardAllowed): Result<URL, OutwardFailure> {
  if (text.length > URL_LENGTH_MAX || UNPLAIN.test(text) || !URL.canParse(text)) return err("invalid_url");
  const url = new URL(text);
  const isHttp = url.protocol === "https:" || url.protocol === "http:";
  if (!isHttp || url.username !== "" || url.password !== "" || url.hostname === "") return err("invalid_url");
  const host = hostOf(url);
  const isName = parseIp(host) === undefined;
  // A name for one's own machine, whatever it resolves to.
  const isOwn = host === "localhost" || host.endsWith(".localhost");
  const isForbidden = isName ? isOwn && !isAllowedName(allowed) : !mayReach(host, allowed);
  if (isForbidden && !allowed.hosts.includes(host)) return err("forbidden_address");
  return ok(url);
}

/** Whoever may reach the loopback may say so by its name. */
function isAllowedName(allowed: OutwardAllowed): boolean {
  return mayReach("127.0.0.1", allowed) || mayReach("::1", allowed);
}

function mayReach(address: string, { ranges }: OutwardAllowed): boolean {
  const ip = parseIp(address);
  return ip !== undefined && (isPublic(ip) || ranges.some((range) => isIn(ip, range)));
}

/** Without brackets, and without the dot at the end that means the same name. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

async function resolveByMachine(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** Rejects when the time is up; what is still under way then is let go. */
function until<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    promise.then(resolve, reject);
  });
}

async function readUpTo(response: Response, bytesMax: number, signal: AbortSignal): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size <= bytesMax) {
    const { done, value } = await until(signal, reader.read());
    if (done) return Buffer.concat(chunks).subarray(0, bytesMax);
    chunks.push(value);
    size += value.length;
  }
  // The connection goes with what was not read.
  await reader.cancel();
  return Buffer.concat(chunks).subarray(0, bytesMax);
}

const REFUSED: ReadonlySet<string> = new Set([
  "ConnectionRefused",
  "ECONNREFUSED",
  "FailedToOpenSocket",
  "ENETUNREACH",
  "EHOSTUNREACH",
]);

function failureOf(error: unknown): OutwardFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (REFUSED.has(code)) return "refused";
  return /CERT|TLS|SSL|ALTNAME|ISSUER|HANDSHAKE/i.test(code) ? "tls" : "broken";
}
