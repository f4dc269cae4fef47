/**
 * The directory's keys in Redis and the scripts that touch them. `P` is the prefix.
 *
 * Leases, under one hash tag, by that server's `TIME`:
 * - `{P:leases}:until`: sorted set, node → when its lease is over (milliseconds)
 * - `{P:leases}:term`: hash, node → its term, a random name of an unbroken series of leases
 * - `{P:leases}:of:{term}` (the second braces are no tag): set of the tenants that the term has entries of
 *
 * Entries, under one hash tag per tenant, as `P:here:{tenant}:TERM:…`:
 * - `c`: sorted set, all scores 0, `user NUL connection`: a range of it is a user's connections
 * - `u`: sorted set, all scores 0, the users among them: a range of it is a page
 * - `i`: hash, connection → its record as JSON; and `#` → how often the term's entries of this tenant were written
 * - `s`: hash, user → `microseconds:status` (that server's `TIME`): of several nodes the latest counts
 *
 * Invariant: entries belong to a term, and only terms with a live lease are looked at. So a node's entries end with its lease,
 * at once and however many they are; what is left of them is removed by whoever notices, or expires. A node that comes back
 * has a new term, which no late removal of the old one can hit.
 */
import type { TenantId } from "../../base/ids.ts";

export interface LeaseKeys {
  readonly until: string;
  readonly term: string;
  tenantsOf(term: string): string;
}

export function leaseKeys(prefix: string): LeaseKeys {
  const tag = `{${prefix}:leases}`;
  return { until: `${tag}:until`, term: `${tag}:term`, tenantsOf: (term) => `${tag}:of:${term}` };
}

export interface EntryKeys {
  readonly connections: string;
  readonly users: string;
  readonly infos: string;
  readonly statuses: string;
}

export function entryKeys(prefix: string, tenant: TenantId, term: string): EntryKeys {
  const start = `${prefix}:here:{${tenant}}:${term}:`;
  return { connections: `${start}c`, users: `${start}u`, infos: `${start}i`, statuses: `${start}s` };
}

const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/**
 * Renews a lease or begins a term. KEYS: until, term, tenants of the term that the writer knows, tenants of the new term.
 * ARGV: node, lease, known term, new term, time to live, tenants. Returns whether the known term goes on, and the one replaced.
 */
export const RENEW = `${NOW}
local stored = redis.call('HGET', KEYS[2], ARGV[1])
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
local known = stored and stored == ARGV[3] and ends and tonumber(ends) > now
local tenants = KEYS[3]
if not known then
  tenants = KEYS[4]
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
for i = 6, #ARGV do redis.call('SADD', tenants, ARGV[i]) end
redis.call('PEXPIRE', tenants, ARGV[5])
if known then return { 1, '' } end
return { 0, stored or '' }`;

/** Ends a lease. KEYS: until, term. ARGV: node, '1' to leave a live one alone. Returns the term, or nothing. */
export const END_LEASE = `${NOW}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[2] == '1' and ends and tonumber(ends) > now then return false end
local stored = redis.call('HGET', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return stored`;

/** KEYS: until, term. ARGV: how many nodes with an ended lease to name. Returns live terms, and those nodes. */
export const LEASES = `${NOW}
local terms = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
  local term = redis.call('HGET', KEYS[2], node)
  if term then terms[#terms + 1] = term end
end
return { terms, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1]) }`;

/**
 * Writes one tenant's part of a change. KEYS: connections, users, infos, statuses. ARGV: time to live; how many opened, and
 * for each user, connection, record; how many closed, and for each user, connection; how many statuses, and for each user,
 * status. Returns the count of writes and of connections. With the last connection everything goes.
 */
export const CHANGE = `
local t = redis.call('TIME')
local stamp = string.format('%d%06d', t[1], t[2])
local at = 2
local function arg() at = at + 1 return ARGV[at - 1] end
for _ = 1, tonumber(arg()) do
  local user, connection, info = arg(), arg(), arg()
  redis.call('ZADD', KEYS[1], 0, user .. '\\0' .. connection)
  redis.call('ZADD', KEYS[2], 0, user)
  redis.call('HSET', KEYS[3], connection, info)
end
for _ = 1, tonumber(arg()) do
  local user, connection = arg(), arg()
  redis.call('ZREM', KEYS[1], user .. '\\0' .. connection)
  redis.call('HDEL', KEYS[3], connection)
  if redis.call('ZLEXCOUNT', KEYS[1], '[' .. user .. '\\0', '(' .. user .. '\\1') == 0 then
    redis.call('ZREM', KEYS[2], user)
    redis.call('HDEL', KEYS[4], user)
  end
end
for _ = 1, tonumber(arg()) do
  local user, status = arg(), arg()
  if redis.call('ZSCORE', KEYS[2], user) then redis.call('HSET', KEYS[4], user, stamp .. ':' .. status) end
end
local writes = redis.call('HINCRBY', KEYS[3], '#', 1)
local connections = redis.call('ZCARD', KEYS[1])
if connections == 0 then
  redis.call('DEL', unpack(KEYS))
  return { writes, 0 }
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end
return { writes, connections }`;

/** Renews one tenant's keys. KEYS: as of `CHANGE`. ARGV: time to live. Returns the count of writes, 0 when all is gone. */
export const TOUCH = `
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end
return tonumber(redis.call('HGET', KEYS[3], '#') or 0)`;

/** KEYS: connections and infos of each term. ARGV: user. Returns records. */
export const CONNECTIONS_OF = `
local found = {}
for k = 1, #KEYS, 2 do
  for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[k], '[' .. ARGV[1] .. '\\0', '(' .. ARGV[1] .. '\\1')) do
    local info = redis.call('HGET', KEYS[k + 1], string.sub(member, #ARGV[1] + 2))
    if info then found[#found + 1] = info end
  end
end
return found`;

/**
 * KEYS: users, connections and statuses of each term. ARGV: where to begin, how many. Returns user, devices, status of the
 * first of each term; they are put together elsewhere, since Lua compares texts by the server's locale.
 */
export const PAGE = `
local found = {}
for k = 1, #KEYS, 3 do
  for _, user in ipairs(redis.call('ZRANGEBYLEX', KEYS[k], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
    found[#found + 1] = user
    found[#found + 1] = redis.call('ZLEXCOUNT', KEYS[k + 1], '[' .. user .. '\\0', '(' .. user .. '\\1')
    found[#found + 1] = redis.call('HGET', KEYS[k + 2], user) or ''
  end
end
return found`;

/** KEYS: connections and users of each term. Returns how many of both, of each term. */
export const COUNT = `
local found = {}
for k = 1, #KEYS do found[k] = redis.call('ZCARD', KEYS[k]) end
return found`;

/** KEYS: users of each term. ARGV: where to begin, how many. Returns the first users of each term. */
export const USERS = `
local found = {}
for k = 1, #KEYS do found[k] = redis.call('ZRANGEBYLEX', KEYS[k], ARGV[1], '+', 'LIMIT', 0, ARGV[2]) end
return found`;
