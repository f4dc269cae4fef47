/** Looks now and then how far the search index of a server is behind, as its health page says. */
import type { Server } from "./processes.ts";

const LOOK_MS = 250;

interface HealthPage {
  readonly followers?: Readonly<Record<string, { readonly ms: number }>>;
}

export class IndexLooks {
  readonly #server: Server;
  readonly #timer: Timer;
  #maxMs = Number.NaN;

  constructor(server: Server) {
    this.#server = server;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** The longest that was seen; NaN when nothing was. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#maxMs;
  }

  async #look(): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#server.port}/api/health`);
    const { followers = {} } = (await response.json()) as HealthPage;
    for (const { ms } of Object.values(followers))
      this.#maxMs = Math.max(Number.isNaN(this.#maxMs) ? 0 : this.#maxMs, ms);
  }
}
