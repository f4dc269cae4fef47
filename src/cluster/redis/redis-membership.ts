/**
 * The registry of nodes in Redis: one script per beat, by the server's own time.
 *
 * Keys (`P` is the prefix; one hash tag, so that a cluster keeps them together):
 * - `{P:nodes}:until`: sorted set, node → when its registration expires (milliseconds, Redis `TIME`)
 * - `{P:nodes}:info`: hash, node → its `NodeInfo` as JSON
 * - `{P:nodes}:beats`: hash, node → the number of its newest beat
 * - `{P:nodes}:generation`: a random text that is set when there is none: an emptied registry has another one. A node that finds
 *   a beat missing that was answered sets another one, too: the registry was set back
 *
 * Invariant: who expired is taken out in the beat that notices it, with its info.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Beat, Membership, NodeId, NodeInfo } from "../membership.ts";
import { RedisCalls } from "./redis-calls.ts";
import type { RedisSettings } from "./redis-options.ts";

const UNAVAILABLE: Beat = { ok: false, error: "unavailable" };
const LEAVE_MS_MAX = 1_000;

/**
 * KEYS: until, info, beats, generation. ARGV: id, info, ttlMs, a generation to use if one is needed, this beat's number, and
 * the newest answered one with its generation. What nobody renews for a day is no installation any more.
 */
const BEAT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
  if id ~= ARGV[1] then redis.call('HDEL', KEYS[3], id) end
end
redis.call('SET', KEYS[4], ARGV[4], 'NX')
local beats = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or 0)
if beats < tonumber(ARGV[6]) and redis.call('GET', KEYS[4]) == ARGV[7] then redis.call('SET', KEYS[4], ARGV[4]) end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[5])
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 86400000) end
local reply = { redis.call('GET', KEYS[4]) }
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local info = redis.call('HGET', KEYS[2], id)
  if info then reply[#reply + 1] = info end
end
return reply`;

const LEAVE = `
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])`;

/** The newest answered beat of a node. */
interface Answered {
  readonly number: number;
  readonly generation: string;
  /** Until then, by this process's clock, the registration can't have expired. */
  readonly untilMs: number;
}

export class RedisMembership implements Membership {
  readonly #calls: RedisCalls;
  readonly #clock: Clock;
  readonly #keys: readonly string[];
  /** By node: one, but for tests. */
  readonly #answered = new Map<NodeId, Answered>();
  #beats = 0;

  constructor(settings: RedisSettings, clock: Clock) {
    this.#calls = new RedisCalls(settings, clock);
    this.#clock = clock;
    const tag = `{${settings.prefix}:nodes}`;
    this.#keys = [`${tag}:until`, `${tag}:info`, `${tag}:beats`, `${tag}:generation`];
  }

  beat(
    self: NodeInfo,
    { ttlMs, timeoutMs }: { readonly ttlMs: number; readonly timeoutMs: number },
    done: (beat: Beat) => void,
  ): void {
    const now = this.#clock.monotonicMs();
    const before = this.#answered.get(self.id);
    // A registration that may have expired proves nothing by being away.
    const newest = before !== undefined && before.untilMs > now + timeoutMs ? before : { number: 0, generation: "" };
    this.#beats += 1;
    const number = this.#beats;
    const fresh = randomBytes(12).toString("hex");
    const args = [self.id, JSON.stringify(self), Math.ceil(ttlMs), fresh, number, newest.number, newest.generation];
    void this.#calls.script(timeoutMs, BEAT, this.#keys, args).then((reply) => {
      const beat = reply.ok ? readingOf(reply.value) : UNAVAILABLE;
      if (beat.ok) this.#answered.set(self.id, { number, generation: beat.reading.generation, untilMs: now + ttlMs });
      done(beat);
    });
  }

  leave(self: NodeInfo, done: () => void): void {
    this.#answered.delete(self.id);
    void this.#calls.script(LEAVE_MS_MAX, LEAVE, this.#keys.slice(0, 3), [self.id]).then(() => done());
  }

  close(): void {
    this.#calls.close();
  }
}

function readingOf(reply: unknown): Beat {
  if (!Array.isArray(reply) || typeof reply[0] !== "string") return UNAVAILABLE;
  const nodes = reply.slice(1).flatMap((text) => nodeInfoOf(text) ?? []);
  return { ok: true, reading: { generation: reply[0], nodes } };
}

/** `undefined` for what another version, or another program, wrote. */
function nodeInfoOf(text: unknown): NodeInfo | undefined {
  if (typeof text !== "string") return undefined;
  let info: Partial<Record<keyof NodeInfo, unknown>>;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    info = parsed;
  } catch {
    return undefined;
  }
  const { id, instance, shards, address, startedAt, leaving } = info;
  if (typeof id !== "string" || typeof instance !== "string" || typeof address !== "string") return undefined;
  if (typeof shards !== "number" || typeof startedAt !== "number") return undefined;
  return { id: id as NodeId, instance, shards, address, startedAt, leaving: leaving === true };
}
