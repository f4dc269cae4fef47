/** From configuration to the adapters of storage and cluster: the one place that chooses among them. */
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import type { Clock } from "../base/clock.ts";
import { SystemRandom } from "../base/prng.ts";
import type { Bus } from "../cluster/bus.ts";
import { CLUSTER_REQUEST_MS_MAX, clusterTableOf } from "../cluster/dynamodb/cluster-table.ts";
import { DynamoBus } from "../cluster/dynamodb/dynamo-bus.ts";
import { DynamoDirectory } from "../cluster/dynamodb/dynamo-directory.ts";
import { DynamoMembership } from "../cluster/dynamodb/dynamo-membership.ts";
import type { Membership } from "../cluster/membership.ts";
import type { PresenceDirectory } from "../cluster/presence-directory.ts";
import { RedisBus } from "../cluster/redis/redis-bus.ts";
import { RedisDirectory } from "../cluster/redis/redis-directory.ts";
import { RedisMembership } from "../cluster/redis/redis-membership.ts";
import type { Config } from "../config/config.ts";
import type { DynamoConfig } from "../config/dynamodb.ts";
import type { OtlpSpans } from "../integrations/tracing/otlp-spans.ts";
import type { BlobStore } from "../storage/blobs.ts";
import { DynamoApi } from "../storage/dynamodb/dynamo-api.ts";
import { dynamoClient, openDynamo } from "../storage/dynamodb/open-dynamo.ts";
import { refusedTable } from "../storage/dynamodb/refused-tables.ts";
import type { FollowerStorage } from "../storage/follow-store.ts";
import type { Journal } from "../storage/journal.ts";
import type { Projections } from "../storage/projections.ts";
import type { SearchIndex } from "../storage/search-index.ts";
import { openSqliteFollower } from "../storage/sqlite/open-sqlite-follower.ts";
import { SqliteSearchIndex } from "../storage/sqlite/sqlite-search-index.ts";
import { FolderBlobs } from "../storage/folder/folder-blobs.ts";
import { S3Blobs } from "../storage/s3/s3-blobs.ts";
import { openSqlite } from "../storage/sqlite/open-sqlite.ts";

/** How often it is said that traces are dropped, milliseconds. */
const SAID_AGAIN_MS = 60_000;

/** What joins several nodes. */
export interface ClusterParts {
  readonly bus: Bus;
  readonly membership: Membership;
  readonly directory: PresenceDirectory;
  close(): void;
}

/** `undefined`: this node is alone, since nobody shares its store. Without Redis the nodes meet in a table. */
export function openCluster(
  config: Config,
  clock: Clock,
  onTrouble: (part: string, what: string) => void,
): ClusterParts | undefined {
  if (config.dynamodb === undefined) return undefined;
  if (config.redis === undefined) return openTable(config.dynamodb, clock, onTrouble);
  const settings = config.redis;
  const membership = new RedisMembership(settings, clock);
  const directory = new RedisDirectory({ settings, clock, ttlMs: config.presenceTtlSeconds * 1_000 });
  return {
    bus: new RedisBus({ settings, clock, onTrouble: (what) => onTrouble("bus", what) }),
    membership,
    directory,
    close: () => {
      membership.close();
      directory.close();
    },
  };
}

function openTable(
  dynamodb: DynamoConfig,
  clock: Clock,
  onTrouble: (part: string, what: string) => void,
): ClusterParts {
  const client = dynamoClient(dynamodb);
  const calls = new DynamoApi({
    client,
    clock,
    random: new SystemRandom(),
    requestMsMax: CLUSTER_REQUEST_MS_MAX,
    report: (event, details) => onTrouble("table", `${event} ${JSON.stringify(details)}`),
  });
  const table = { calls, name: clusterTableOf(dynamodb.roomsTable) };
  return {
    bus: new DynamoBus({ table, clock, onTrouble: (what) => onTrouble("bus", what) }),
    membership: new DynamoMembership(table, clock),
    directory: new DynamoDirectory(table, clock),
    close: () => client.destroy(),
  };
}

/** Which of a node's tables DynamoDB refuses for good, in a sentence; `undefined`: none, as far as it answers. */
export async function refusedTables(dynamodb: DynamoConfig): Promise<string | undefined> {
  const client = dynamoClient(dynamodb);
  try {
    return await refusedTable(client, [dynamodb.messagesTable, dynamodb.roomsTable]);
  } finally {
    client.destroy();
  }
}

/** The index of messages by their words. */
export function openSearchIndex(
  { dataDir, dynamodb }: StorageLocation,
  report: (event: string, details: Readonly<Record<string, string | number>>) => void,
): { readonly index: SearchIndex; close(): void } {
  if (dynamodb !== undefined) {
    const { search, close } = openDynamo({
      ...dynamodb,
      report,
    });
    return { index: search, close: () => void close() };
  }
  const index = new SqliteSearchIndex(dataDir, (what) => report("search_trouble", { what }));
  return { index, close: () => index.close() };
}

/** `undefined`: this server keeps no files. */
export function openBlobs({ dataDir, attachments }: BlobLocation): BlobStore | undefined {
  const { store } = attachments;
  if (store === "off") return undefined;
  return store === "folder" ? new FolderBlobs(join(dataDir, "attachments")) : new S3Blobs(store);
}

export type BlobLocation = Pick<Config, "dataDir" | "attachments">;

export interface StorageLocation {
  readonly dataDir: string;
  readonly dynamodb: DynamoConfig | undefined;
}
export interface ShardStorage {
  readonly journal: Journal;
  readonly projections: Projections;
  close(): Promise<void>;
}

/** The store of one shard, in its thread. `port`: to the thread that writes SQLite for all, when there is one. */
export function openStorage(
  { dataDir, dynamodb }: StorageLocation,
  parts: {
    readonly port: MessagePort | undefined;
    /** Somebody follows the logs. */
    readonly isFollowed: boolean;
    readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
    readonly onFatal: (error: Error) => void;
    /** The store answers nothing useful, or does so again. */
    readonly onAway: (isAway: boolean) => void;
  },
): ShardStorage {
  if (dynamodb === undefined) {
    return openSqlite({
      dir: dataDir,
      ...(parts.port !== undefined && { port: parts.port }),
      onFatal: parts.onFatal,
    });
  }
  return openDynamo({
    ...dynamodb,
    isFollowed: parts.isFollowed,
    report: parts.report,
    away: parts.onAway,
  });
}

/** The logs and the positions of those who follow them, in a thread or process that writes no log. */
export function openFollowerStorage(
  { dataDir, dynamodb }: StorageLocation,
  report: (event: string, details: Readonly<Record<string, string | number>>) => void,
): FollowerStorage {
  if (dynamodb === undefined) return openSqliteFollower(dataDir);
  const { journal, follow, close } = openDynamo({
    ...dynamodb,
    report,
  });
  return { journal, store: follow, close: () => void close() };
}

/** What tells traces to a collector; loaded only where there is one. */
export async function openSpans(
  { tracing, instanceId }: Pick<Config, "tracing" | "instanceId">,
  dropped: (error: string) => void,
): Promise<OtlpSpans | undefined> {
  if (tracing === undefined) return undefined;
  const { openOtlpSpans } = await import("../integrations/tracing/otlp-spans.ts");
  return openOtlpSpans({ ...tracing, instanceId, report: seldom(dropped) });
}

/** Once a minute at most: what fails each second fails for one reason. */
function seldom(tell: (error: string) => void): (error: string) => void {
  let nextMs = 0;
  return (error) => {
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + SAID_AGAIN_MS;
    tell(error);
  };
}
