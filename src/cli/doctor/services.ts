/** What this node needs beside itself: Redis, DynamoDB, a bucket, the services that judge messages and name people; and whether their clocks agree with this one's. */
import { DescribeTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { clusterTableOf } from "../../cluster/dynamodb/cluster-table.ts";
import { createRedisClient, type RedisClient } from "../../cluster/redis/redis-options.ts";
import type { Config } from "../../config/config.ts";
import type { DynamoConfig } from "../../config/dynamodb.ts";
import type { RedisConfig } from "../../config/redis.ts";
import type { HookConfig } from "../../config/assistant.ts";
import type { S3Config } from "../../config/attachments.ts";
import { dynamoClient } from "../../storage/dynamodb/open-dynamo.ts";
import { machineKeys } from "../../storage/s3/machine-keys.ts";
import { s3Client } from "../../storage/s3/s3-blobs.ts";
import { examineCollector } from "./collector.ts";
import { bad, doubtful, examined, type Finding, fine } from "./finding.ts";
import { examineNotify } from "./notify.ts";

/** Streams are cut and written here as they can be since then. */
const REDIS_VERSION_MIN = { major: 6, minor: 2 } as const;
/** Tokens and times of messages are judged by each node's own clock. */
const SKEW_MS_MAX = 2_000;
const SLOW_MS = 20;

export function examineServices(config: Config): Promise<readonly (readonly Finding[])[]> {
  const { redis, dynamodb, attachments, moderationHook, profileService } = config;
  const looks: Promise<readonly Finding[]>[] = [];
  if (redis !== undefined) {
    const remedy = "see that it runs, and that REDIS_… names it, with its password and TLS";
    looks.push(examined("Redis", remedy, () => examineRedis(redis)));
  }
  if (dynamodb !== undefined) {
    const remedy = "see that its address, region and keys are right, and that the keys may describe tables";
    looks.push(examined("DynamoDB", remedy, () => examineDynamo(dynamodb, redis !== undefined)));
  }
  if (typeof attachments.store === "object") {
    const { store } = attachments;
    const remedy = `see that the bucket ${store.bucket} is there, and that the keys may read, write, delete and list in it`;
    looks.push(examined("S3", remedy, () => examineBucket(store)));
  }
  if (moderationHook !== undefined) {
    const variable = "STOA_MODERATION_HOOK_TIMEOUT_MS for each message";
    looks.push(
      examined("moderation hook", "see that it runs", () =>
        examineService("moderation hook", moderationHook, variable),
      ),
    );
  }
  if (profileService !== undefined) {
    const variable = "STOA_PROFILE_SERVICE_TIMEOUT_MS for each person";
    looks.push(
      examined("profile service", "see that it runs", () =>
        examineService("profile service", profileService, variable),
      ),
    );
  }
  if (config.tracing !== undefined) looks.push(examineCollector(config.tracing));
  looks.push(...examineNotify(config.notify, examineService));
  return Promise.all(looks);
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > REDIS_VERSION_MIN.major || (major === REDIS_VERSION_MIN.major && minor >= REDIS_VERSION_MIN.minor);
}

/** What to do about the words of Redis, or of the connection to it. */
const REDIS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/WRONGPASS|NOAUTH|invalid password|NOPERM/, "give REDIS_URL the user and password that it has, with rights to all"],
  [/OOM/, "give it more maxmemory: nodes need some MiB, and 128 MiB for one that stands still"],
  [/MISCONF|READONLY/, "it takes no writes: see its log and disk, and that REDIS_… names the first one, no replica"],
  [/ENOTFOUND|EAI_AGAIN/, "the name is not known here: mend REDIS_…, or the resolver"],
  [/ECONNREFUSED/, "start it, and see that REDIS_… has its address and port"],
];

async function examineRedis(redis: RedisConfig): Promise<readonly Finding[]> {
  const client = createRedisClient(redis);
  // Whoever waits for the connection is only told that it is closed.
  let ended: string | undefined;
  client.onEnd((why) => {
    ended ??= why;
  });
  try {
    return await lookAt(client, redis);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const seen = said.startsWith("Connection is closed") && ended !== undefined ? ended : said;
    const [, remedy] = REDIS_REMEDIES.find(([words]) => words.test(seen)) ?? [];
    if (remedy === undefined) throw new Error(seen, { cause: error });
    return [bad("Redis", seen, remedy)];
  } finally {
    client.disconnect();
  }
}

async function lookAt(client: RedisClient, redis: RedisConfig): Promise<readonly Finding[]> {
  await client.connect();
  const startMs = performance.now();
  await client.call("PING");
  const roundMs = performance.now() - startMs;
  const info = String(await client.call("INFO", "server"));
  const version = /redis_version:(\S+)/.exec(info)?.[1] ?? "unknown";
  const memory = String(await client.call("INFO", "memory"));
  const [seconds, micros] = (await client.call("TIME")) as [string, string];
  const probe = `${redis.prefix}:doctor:${process.pid}`;
  await client.call("XADD", probe, "MAXLEN", "1", "*", "a", "b");
  await client.call("DEL", probe);
  return [
    isNewEnough(version)
      ? fine("Redis", `version ${version}, ${roundMs.toFixed(1)} ms away, takes writes`)
      : bad("Redis", `version ${version}`, "install 6.2 or newer: nodes cannot use its streams"),
    ...(roundMs > SLOW_MS ? [doubtful("Redis", `${roundMs.toFixed(0)} ms away`, "put it near the nodes")] : []),
    evictionOf(/maxmemory_policy:(\S+)/.exec(memory)?.[1], /maxmemory:(\d+)/.exec(memory)?.[1]),
    skewOf("Redis", Number(seconds) * 1_000 + Number(micros) / 1_000),
  ];
}

/** What is in Redis can be lost; but entries that go one by one are noticed late. */
function evictionOf(policy: string | undefined, most: string | undefined): Finding {
  const seen = `maxmemory-policy ${policy ?? "not told"}`;
  if (policy === "noeviction" || most === "0") return fine("Redis memory", seen);
  return doubtful(
    "Redis memory",
    seen,
    "set noeviction: evicted entries of streams make links between nodes begin anew",
  );
}

function skewOf(what: string, theirMs: number): Finding {
  const skewMs = Math.round(Date.now() - theirMs);
  const seen = `${Math.abs(skewMs)} ms ${skewMs < 0 ? "behind" : "ahead of"} that of ${what}`;
  return Math.abs(skewMs) <= SKEW_MS_MAX
    ? fine("clock", seen)
    : doubtful("clock", seen, "run chrony or systemd-timesyncd");
}

async function examineDynamo(dynamodb: DynamoConfig, hasRedis: boolean): Promise<readonly Finding[]> {
  const client = dynamoClient(dynamodb);
  const names = [dynamodb.messagesTable, dynamodb.roomsTable];
  if (!hasRedis) names.push(clusterTableOf(dynamodb.roomsTable));
  try {
    const found: Finding[] = [];
    for (const name of names) found.push(await examineTable(client, name));
    return found;
  } finally {
    client.destroy();
  }
}

async function examineTable(client: DynamoDBClient, name: string): Promise<Finding> {
  const about = `table ${name}`;
  try {
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: name }));
    const keys = table?.KeySchema?.map(({ KeyType: kind }) => kind).join(" and ") ?? "no key";
    if (keys !== "HASH and RANGE") return bad(about, `has ${keys}`, "it is another program's: choose another name");
    if (table?.TableStatus === "ACTIVE") return fine(about, "is there");
    return doubtful(about, `is ${table?.TableStatus}`, "wait until it is ACTIVE");
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException") {
      return bad(about, "is not there", "npm run tables");
    }
    throw error;
  }
}

/** One small object, written, read and removed. */
async function examineBucket(settings: S3Config): Promise<readonly Finding[]> {
  const { bucket } = settings;
  const client = s3Client(settings, settings.keys ?? (await machineKeys(settings.region)()));
  const name = `doctor/${process.pid}-${Date.now()}`;
  await client.write(name, "stoa");
  try {
    const read = await fetch(client.presign(name, { expiresIn: 60 }));
    await client.list({ prefix: "doctor/", maxKeys: 1 });
    const text = await read.text();
    if (text === "stoa")
      return [fine("S3", `the bucket ${bucket} can be written, read by signed addresses, and listed`)];
    return [bad("S3", `a signed address was answered ${read.status}`, "see the keys' rights, and S3_ENDPOINT")];
  } finally {
    await client.delete(name);
  }
}

/** Any answer will do: what it makes of a question without a signature is its own business. */
async function examineService(
  what: string,
  { url, timeoutMs }: Pick<HookConfig, "url" | "timeoutMs">,
  bound: string,
): Promise<readonly Finding[]> {
  const startMs = performance.now();
  const { status } = await fetch(url, { method: "HEAD" });
  const ms = performance.now() - startMs;
  const seen = `answers (${status}) after ${ms.toFixed(0)} ms`;
  if (ms <= timeoutMs / 2) return [fine(what, seen)];
  return [doubtful(what, seen, `it has ${bound}: see why it is slow`)];
}
