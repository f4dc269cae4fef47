/** The part of the configuration that says where Redis is. */
import type { EnvReader } from "./env-reader.ts";

/** Where Redis is; `kind: "cluster"`: some nodes of one, from which the others are learned. */
export interface RedisConfig {
  readonly kind: "single" | "cluster";
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
  readonly db: number;
  /** Begins every key. */
  readonly prefix: string;
}

const REDIS_PLACES = ["REDIS_HOST", "REDIS_URL", "ELASTICACHE_CLUSTER"] as const;
const REDIS_PORT = { min: 1, max: 65_535, fallback: 6379 };
const REDIS_DB_MAX = 1_000_000;

export function readRedis(reader: EnvReader): RedisConfig | undefined {
  const common = {
    username: undefined,
    password: reader.text("REDIS_PASSWORD"),
    tls: reader.flag("REDIS_SSL", false),
    db: reader.whole("REDIS_DB", { min: 0, max: REDIS_DB_MAX, fallback: 0 }),
    prefix: reader.matching(
      "STOA_REDIS_PREFIX",
      /^[A-Za-z0-9._:-]{1,64}$/,
      "up to 64 letters, digits, dots, colons, dashes and underscores",
      "stoa",
    ),
  };
  const port = reader.whole("REDIS_PORT", REDIS_PORT);
  const host = reader.matching("REDIS_HOST", /^[A-Za-z0-9.:_-]+$/, "a host name or an IP address", undefined);
  const url = reader.url("REDIS_URL", ["redis", "rediss"]);
  const cluster = readRedisCluster(reader, port);
  const [first, second] = REDIS_PLACES.filter((name) => reader.raw(name) !== undefined);
  if (first !== undefined && second !== undefined) {
    reader.complain(first, `nothing while ${second} is set: both say where Redis is`, true);
    return undefined;
  }
  if (cluster !== undefined) {
    if (common.db !== 0) reader.complain("REDIS_DB", "0 with ELASTICACHE_CLUSTER, since a cluster has one database");
    return { ...common, kind: "cluster", nodes: cluster };
  }
  if (host !== undefined) return { ...common, kind: "single", nodes: [{ host, port }] };
  return url === undefined ? undefined : redisOfUrl(reader, url, common);
}

function readRedisCluster(reader: EnvReader, port: number): RedisConfig["nodes"] | undefined {
  const accepted = "addresses like host or host:6379, separated by commas, without spaces";
  const list = reader.matching(
    "ELASTICACHE_CLUSTER",
    /^[A-Za-z0-9._-]+(:\d{1,5})?(,[A-Za-z0-9._-]+(:\d{1,5})?)*$/,
    accepted,
    undefined,
  );
  return list?.split(",").map((address) => {
    const [host = "", own] = address.split(":");
    return { host, port: own === undefined ? port : Number(own) };
  });
}

/** What the address does not say, the other variables do. */
function redisOfUrl(
  reader: EnvReader,
  text: string,
  common: Omit<RedisConfig, "kind" | "nodes">,
): RedisConfig | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const path = /^\/?(\d{1,7})?$/.exec(url.pathname);
  const parts = [url.username, url.password].map((part) => decoded(part));
  if (url.hostname === "" || path === null || parts.includes(undefined)) {
    reader.complain("REDIS_URL", "an address like redis://user:password@host:6379/0", true);
    return undefined;
  }
  const [username, password] = parts;
  return {
    ...common,
    kind: "single",
    nodes: [{ host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) || REDIS_PORT.fallback }],
    username: username || undefined,
    password: password || common.password,
    tls: common.tls || url.protocol === "rediss:",
    db: path[1] === undefined ? common.db : Number(path[1]),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Variables of Redis that have no effect, or may not say what was meant. */
export function noticesOfRedis(reader: EnvReader): readonly string[] {
  const cluster = reader.raw("ELASTICACHE_CLUSTER");
  if (cluster !== undefined && !/[.:,]/.test(cluster)) {
    const instead = "an ElastiCache cluster's configuration endpoint has dots";
    return [`ELASTICACHE_CLUSTER is taken for a host name; ${instead}`];
  }
  if (REDIS_PLACES.some((name) => reader.raw(name) !== undefined)) return [];
  return ["REDIS_PORT", "REDIS_PASSWORD", "REDIS_SSL", "REDIS_DB"]
    .filter((name) => reader.raw(name) !== undefined)
    .map((name) => `${name} is set without REDIS_HOST and has no effect`);
}
