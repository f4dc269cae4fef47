/**
 * Single questions to Redis: each is answered, refused or given up in time.
 * Invariant: a client that let a question wait for too long, lost its connection or has the wrong role is never asked again;
 * with it goes everything that waited behind that question.
 */
import type { Clock } from "../../base/clock.ts";
import { createRedisClient, type RedisArgument, type RedisClient, type RedisSettings } from "./redis-options.ts";

export type RedisReply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string };

/** Milliseconds between two clients, so that calls to a Redis that is away cost next to nothing. */
const REOPEN_MS = 100;
/** Refusals that say something of the server's state and not of its role: another connection would hear the same. */
const SAME_ELSEWHERE = /^(?:OOM|MISCONF|NOREPLICAS|NOPERM|ERR|WRONGTYPE|BUSY|CROSSSLOT)\b/;

export class RedisCalls {
  readonly #settings: RedisSettings;
  readonly #clock: Clock;
  #client: RedisClient | undefined;
  #openedMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(settings: RedisSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Never rejects. Later than this call, also when it fails at once. */
  async ask(timeoutMs: number, command: string, ...args: readonly RedisArgument[]): Promise<RedisReply> {
    const client = this.#usable();
    if (client === undefined) return { ok: false, why: "Redis is not reachable" };
    let isLate = false;
    const timer = this.#clock.after(timeoutMs, () => {
      isLate = true;
      this.#drop(client);
    });
    try {
      return { ok: true, value: await client.call(command, ...args) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!SAME_ELSEWHERE.test(why)) this.#drop(client);
      return { ok: false, why: isLate ? `no answer in ${timeoutMs} ms` : why };
    } finally {
      timer.cancel();
    }
  }

  /** Runs a script whose keys have one hash tag. */
  script(
    timeoutMs: number,
    source: string,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<RedisReply> {
    return this.ask(timeoutMs, "EVAL", source, keys.length, ...keys, ...args);
  }

  /** Questions under way are given up. */
  close(): void {
    this.#isClosed = true;
    if (this.#client !== undefined) this.#drop(this.#client);
  }

  #usable(): RedisClient | undefined {
    if (this.#client !== undefined || this.#isClosed) return this.#client;
    const now = this.#clock.monotonicMs();
    if (now - this.#openedMs < REOPEN_MS) return undefined;
    this.#openedMs = now;
    const client = createRedisClient(this.#settings);
    client.onEnd(() => this.#drop(client));
    this.#client = client;
    return client;
  }

  #drop(client: RedisClient): void {
    if (this.#client === client) this.#client = undefined;
    client.disconnect();
  }
}
