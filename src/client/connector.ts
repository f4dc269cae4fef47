/**
 * Keeps one connection open: with which transport, with which token, and when to try again after a loss.
 * Invariant: at most one link is alive; after a code that says not to come back nobody does.
 */
import type { ClientFrame, ConnectionFrame, ServerFrame } from "../protocol/frames.ts";
import { type Link, LOST, SILENT, type Target, type Transport } from "./link.ts";
import { openPoll } from "./poll-link.ts";
import { addressOf } from "./rest.ts";
import { openStream } from "./stream-link.ts";
import { endOf, type Tokens } from "./tokens.ts";
import type { ClientOptions, Status, TransportName } from "./types.ts";
import { openWebSocket } from "./websocket-link.ts";

export interface ConnectorOwner {
  status(status: Status): void;
  /** Behind the `connection` frame: what was missed is asked for, what waits is sent. */
  opened(frame: ConnectionFrame, isResumed: boolean): void;
  frame(frame: ServerFrame): void;
  lost(): void;
}

const TRANSPORTS: Readonly<Record<TransportName, Transport>> = {
  websocket: openWebSocket,
  sse: openStream,
  poll: openPoll,
};
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 30_000;
/** Without the `connection` frame for so long a transport has failed; so often, and the next one is tried. */
const OPENING_MS = 6_000;
const FAILURES_MAX = 2;
/** From here on a close code says that nobody should come back as they are. */
const TERMINAL_CODE = 4400;
const TOKEN_CODES: ReadonlySet<number> = new Set([4401, 4410]);
/** Asked for so long before the token's end. */
const RENEW_MS = 30_000;
const TIMER_MS_MAX = 2_000_000_000;
const PONG_MS = 10_000;

export class Connector {
  readonly #options: ClientOptions;
  readonly #tokens: Tokens;
  readonly #owner: ConnectorOwner;
  readonly #names: readonly TransportName[];
  #link: Link | undefined;
  #isOpen = false;
  #isWanted = false;
  #transport = 0;
  /** Attempts in a row that came to nothing, in all and with this transport. */
  #failures = 0;
  #transportFailures = 0;
  /** More failed than the transports before this one: it was the network, and the first one may do again. */
  #isDetour = false;
  #tokenFailures = 0;
  #delayMs: number | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #opening: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setTimeout> | undefined;
  #heartbeatMs = 30_000;
  #round = 0;

  constructor(options: ClientOptions, tokens: Tokens, owner: ConnectorOwner) {
    this.#options = options;
    this.#tokens = tokens;
    this.#owner = owner;
    this.#names = options.transports ?? ["websocket", "sse", "poll"];
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#listenToPlatform(true);
    void this.#open();
  }

  stop(): void {
    this.#isWanted = false;
    this.#listenToPlatform(false);
    clearTimeout(this.#retry);
    this.#round += 1;
    this.#dropped();
    this.#link?.close();
    this.#link = undefined;
    this.#owner.status({ state: "closed" });
  }

  /** false: there is no connection now. */
  send(frame: ClientFrame): boolean {
    if (!this.#isOpen) return false;
    this.#link?.send(frame);
    return true;
  }

  get #name(): TransportName {
    return this.#names[this.#transport % this.#names.length] ?? "websocket";
  }

  async #open(): Promise<void> {
    this.#round += 1;
    const round = this.#round;
    this.#owner.status({ state: "connecting", transport: this.#name });
    const token = await this.#tokens.fresh().catch(() => undefined);
    if (round !== this.#round || !this.#isWanted) return;
    if (token === undefined) return this.#lost(LOST);
    // Where there is no TextDecoder, texts in bytes can't be read.
    const {
      url,
      encoding = globalThis.TextDecoder === undefined ? "json" : "msgpack",
      fetch = globalThis.fetch.bind(globalThis),
    } = this.#options;
    const WebSocket = this.#options.WebSocket ?? (globalThis.WebSocket as unknown as Target["WebSocket"]);
    let isFirst = true;
    this.#opening = setTimeout(() => round === this.#round && this.#drop(), OPENING_MS);
    this.#link = TRANSPORTS[this.#name](
      { url: addressOf(url), token, encoding, fetch, WebSocket },
      {
        frame: (frame) => {
          if (round !== this.#round) return;
          this.#heard();
          if (frame.type === "connection") {
            this.#connected(frame, token, !isFirst);
            isFirst = false;
          } else this.#frame(frame);
        },
        closed: (code, delayMs) => {
          if (round !== this.#round) return;
          this.#delayMs = delayMs ?? this.#delayMs;
          this.#lost(code);
        },
      },
    );
  }

  #connected(frame: ConnectionFrame, token: string, isResumed: boolean): void {
    clearTimeout(this.#opening);
    this.#isOpen = true;
    this.#isDetour = this.#failures > this.#transport * FAILURES_MAX;
    this.#failures = 0;
    this.#transportFailures = 0;
    this.#tokenFailures = 0;
    this.#delayMs = undefined;
    this.#heartbeatMs = frame.heartbeatMs;
    this.#heard();
    this.#renewBefore(endOf(token));
    this.#owner.status({ state: "open", transport: this.#name });
    this.#owner.opened(frame, isResumed);
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === "reconnect") this.#delayMs = frame.delayMs;
    this.#owner.frame(frame);
  }

  #lost(code: number): void {
    const [wasOpen, wasTried] = [this.#isOpen, this.#link !== undefined];
    this.#round += 1;
    this.#dropped();
    this.#link = undefined;
    if (wasOpen && this.#isDetour) this.#transport = 0;
    if (wasOpen) this.#owner.lost();
    if (!this.#isWanted) return;
    const isOfToken = TOKEN_CODES.has(code) && this.#tokens.canRenew && this.#tokenFailures < 1;
    if (isOfToken) this.#tokenFailures += 1;
    if (code >= TERMINAL_CODE && !isOfToken) {
      this.#isWanted = false;
      this.#listenToPlatform(false);
      return this.#owner.status({ state: "closed", code });
    }
    this.#failures += 1;
    if (!wasOpen && wasTried) this.#transportFailures += code === SILENT ? FAILURES_MAX : 1;
    if (this.#transportFailures >= FAILURES_MAX) {
      this.#transport += 1;
      this.#transportFailures = 0;
    }
    const most = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (this.#failures - 1));
    const retryInMs = Math.round(this.#delayMs ?? Math.random() * most);
    this.#delayMs = undefined;
    this.#owner.status({ state: "waiting", retryInMs, code: code === SILENT ? LOST : code });
    this.#retry = setTimeout(() => void this.#open(), retryInMs);
  }

  /** The link is dead, although nobody said so. */
  #drop(): void {
    // What it says of its own end is not listened to.
    this.#round += 1;
    this.#link?.close();
    this.#lost(LOST);
  }

  #dropped(): void {
    this.#isOpen = false;
    clearTimeout(this.#opening);
    clearTimeout(this.#renewal);
    clearTimeout(this.#beat);
  }

  // ---------------------------------------------------------------------------------------------- signs of life

  /** After a heartbeat of silence the server is asked whether it is there. */
  #heard(): void {
    clearTimeout(this.#beat);
    this.#beat = setTimeout(() => this.#ask(), this.#heartbeatMs);
  }

  #ask(): void {
    clearTimeout(this.#beat);
    if (!this.send({ type: "ping" })) return;
    this.#beat = setTimeout(() => this.#drop(), PONG_MS);
  }

  #renewBefore(endMs: number): void {
    clearTimeout(this.#renewal);
    if (!Number.isFinite(endMs) || !this.#tokens.canRenew) return;
    const round = this.#round;
    const waitMs = Math.min(TIMER_MS_MAX, Math.max(1_000, endMs - Date.now() - RENEW_MS));
    this.#renewal = setTimeout(async () => {
      const token = await this.#tokens.fresh().catch(() => undefined);
      if (round !== this.#round) return;
      if (token === undefined) return this.#renewBefore(endMs);
      this.send({ type: "auth", token });
      this.#renewBefore(endOf(token));
    }, waitMs);
  }

  // ---------------------------------------------------------------------------------------------- the platform

  readonly #online = (): void => {
    if (!this.#isWanted) return;
    if (this.#isOpen) return this.#ask();
    if (this.#link !== undefined) return;
    clearTimeout(this.#retry);
    this.#failures = 0;
    void this.#open();
  };

  /** The platform may be wrong: the server is asked. */
  readonly #offline = (): void => {
    if (this.#isOpen) this.#ask();
  };

  readonly #visible = (): void => {
    const { document } = globalThis as unknown as { document?: { visibilityState: string } };
    if (document?.visibilityState === "visible") this.#online();
  };

  #listenToPlatform(listens: boolean): void {
    const target = globalThis as unknown as Platform;
    const method = listens ? "addEventListener" : "removeEventListener";
    target[method]?.("online", this.#online);
    target[method]?.("offline", this.#offline);
    target.document?.[method]?.("visibilitychange", this.#visible);
  }
}

interface Listens {
  readonly addEventListener?: (name: string, listener: () => void) => void;
  readonly removeEventListener?: (name: string, listener: () => void) => void;
}
type Platform = Listens & { readonly document?: Listens };
