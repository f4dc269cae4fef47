/**
 * One life of the bus's two connections: one writes, one waits for entries of the own stream. It proves all the time that both
 * work, by probes that it writes to its own stream and must read there.
 * Invariant: `ended` is called once and is the last call; a session that ended is not used again. What a hung server, a
 * failover or a rollback does to a connection shows here as one thing: the probes don't come back.
 */
import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "../../base/clock.ts";
import { BUS_READ_ENTRIES_MAX, BUS_STREAM_ENTRIES_MAX } from "../../base/limits.ts";
import { createRedisClient, type RedisArgument, type RedisClient, type RedisSettings } from "./redis-options.ts";

export interface SessionEvents {
  /** The first probe came back: messages pass. */
  up(): void;
  /** One entry of another node, or of this one. */
  entry(from: string, bytes: Buffer): void;
  ended(why: string): void;
}

const PROBE_INTERVAL_MS = 400;
/** Nothing written, or nothing read, for so long: the session is over. */
const SILENCE_MS_MAX = 1_200;
/** From the first connection attempt to the first probe that came back. */
const OPEN_MS_MAX = 3_000;
const LEAVE_MS_MAX = 1_000;
const BLOCK_MS = 1_000;
/** A stream lives on for so long without its node. */
const STREAM_TTL_MS = 60_000;
/** The field of a probe; no node is called so. */
const PROBE_FIELD = "?";
const ID_FIRST = "0-0";

/**
 * ARGV: field, probe, entries, time to live, the last id that was read. Only this makes a stream: what others write to one
 * that is not there is dropped, so a dead node's stream does not come back. What was read goes; that has to work also when
 * Redis is out of memory and takes no probe.
 */
const PROBE = `
local written = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', ARGV[1], ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('XTRIM', KEYS[1], 'MINID', '~', ARGV[5])
end
return written`;

export class BusSession {
  readonly #clock: Clock;
  readonly #stream: string;
  readonly #events: SessionEvents;
  readonly #writer: RedisClient;
  readonly #reader: RedisClient;
  /** Tells this session's probes from those of one before, which may still lie in the stream. */
  readonly #probe = randomBytes(12).toString("hex");
  readonly #startedMs: number;
  #lastId: string | undefined;
  #timer: Timer | undefined;
  #isUp = false;
  #isOver = false;
  #isProbing = false;
  #tickedMs: number;
  #wroteMs: number;
  #readMs: number;

  /** Goes on after `lastId`, when there is one and the stream has not been set back since. */
  constructor(
    settings: RedisSettings,
    clock: Clock,
    stream: string,
    lastId: string | undefined,
    events: SessionEvents,
  ) {
    this.#clock = clock;
    this.#stream = stream;
    this.#events = events;
    this.#lastId = lastId;
    const now = clock.monotonicMs();
    this.#startedMs = now;
    this.#tickedMs = now;
    this.#wroteMs = now;
    this.#readMs = now;
    this.#writer = createRedisClient(settings);
    this.#reader = createRedisClient(settings);
    this.#writer.onEnd((why) => this.end(why));
    this.#reader.onEnd((why) => this.end(why));
    this.#timer = clock.after(PROBE_INTERVAL_MS, () => this.#tick());
    void this.#open();
  }

  /** The last id that was read; where the next session goes on. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Rejects as the client does. */
  write(command: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#writer.call(command, ...args);
  }

  /** Removes the stream and ends; what the stream still holds is not read any more. Resolves also when that fails. */
  async leave(): Promise<void> {
    this.#timer?.cancel();
    const late = this.#clock.after(LEAVE_MS_MAX, () => this.end("left"));
    await this.write("DEL", this.#stream).catch(() => undefined);
    late.cancel();
    this.end("left");
  }

  end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#writer.disconnect();
    this.#reader.disconnect();
    this.#events.ended(why);
  }

  async #open(): Promise<void> {
    try {
      const first = String(await this.#writeProbe());
      // Nothing is read twice, and after a failover to a server whose clock is behind nothing is waited for in vain.
      if (this.#lastId === undefined || !isBefore(this.#lastId, first)) this.#lastId = first;
      void this.#readLoop();
      await this.#sendProbe();
    } catch (error) {
      this.end(reasonOf(error));
    }
  }

  /** A late tick is this process's own doing, and no sign of Redis: then it gets the time that was missed. */
  #tick(): void {
    const now = this.#clock.monotonicMs();
    const lateMs = Math.max(0, now - this.#tickedMs - PROBE_INTERVAL_MS);
    this.#tickedMs = now;
    this.#wroteMs += lateMs;
    this.#readMs += lateMs;
    if (!this.#isUp && now - this.#startedMs > OPEN_MS_MAX) return this.end("Redis does not answer");
    if (this.#isUp && now - this.#wroteMs > SILENCE_MS_MAX) return this.end("Redis takes nothing");
    if (this.#isUp && now - this.#readMs > SILENCE_MS_MAX) return this.end("nothing can be read from Redis");
    this.#timer = this.#clock.after(PROBE_INTERVAL_MS, () => this.#tick());
    if (this.#isUp) void this.#sendProbe();
  }

  /** One at a time: probes to a server that hangs don't pile up. */
  async #sendProbe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await this.#writeProbe();
      this.#wroteMs = this.#clock.monotonicMs();
    } catch (error) {
      if (isWrongRole(error)) this.end(reasonOf(error));
    } finally {
      this.#isProbing = false;
    }
  }

  #writeProbe(): Promise<unknown> {
    const args = [PROBE_FIELD, this.#probe, BUS_STREAM_ENTRIES_MAX, STREAM_TTL_MS, this.#lastId ?? ID_FIRST];
    return this.write("EVAL", PROBE, 1, this.#stream, ...args);
  }

  async #readLoop(): Promise<void> {
    while (!this.#isOver) {
      const entries = await this.#readEntries();
      for (const entry of entries) this.#take(entry);
      if (entries.length > 0) this.#readMs = this.#clock.monotonicMs();
    }
  }

  async #readEntries(): Promise<readonly unknown[]> {
    const args = ["COUNT", BUS_READ_ENTRIES_MAX, "BLOCK", BLOCK_MS, "STREAMS", this.#stream, this.#lastId ?? "$"];
    try {
      const reply = await this.#reader.callBuffer("XREAD", ...args);
      // One stream: [[name, [[id, [field, value, …]], …]]]; nothing came in time: null.
      const entries: unknown = listOf(listOf(reply)[0])[1];
      return listOf(entries);
    } catch (error) {
      this.end(reasonOf(error));
      return [];
    }
  }

  #take(entry: unknown): void {
    if (this.#isOver) return;
    const [id, fields] = listOf(entry);
    if (!Buffer.isBuffer(id)) return;
    this.#lastId = id.toString("latin1");
    const [field, value] = listOf(fields);
    if (!Buffer.isBuffer(field) || !Buffer.isBuffer(value)) return;
    const from = field.toString("latin1");
    if (from !== PROBE_FIELD) return this.#events.entry(from, value);
    if (this.#isUp || value.toString("latin1") !== this.#probe) return;
    this.#isUp = true;
    const now = this.#clock.monotonicMs();
    this.#wroteMs = now;
    this.#readMs = now;
    this.#events.up();
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Ids are `milliseconds-number`. */
function isBefore(a: string, b: string): boolean {
  const [aMs = 0, aNumber = 0] = a.split("-").map(Number);
  const [bMs = 0, bNumber = 0] = b.split("-").map(Number);
  return aMs < bMs || (aMs === bMs && aNumber < bNumber);
}

/** A server that became a replica, or is not yet what it was: a new connection may lead to the right one. */
export function isWrongRole(error: unknown): boolean {
  return /^(?:READONLY|LOADING|MASTERDOWN)\b/.test(reasonOf(error));
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
