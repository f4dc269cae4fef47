/** From configuration to the adapters of storage and cluster: the one place that chooses among them. */
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import type { DynamoConfig } from "../config/dynamodb.ts";
import type { OtlpSpans } from "../integrations/tracing/otlp-spans.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { FollowerStorage } from "../storage/follow-store.ts";
import type { Journal } from "../storage/journal.ts";
import type { Projections } from "../storage/projections.ts";
import type { SearchIndex } from "../storage/search-index.ts";
import { openSqliteFollower } from "../storage/sqlite/open-sqlite-follower.ts";
import { SqliteSearchIndex } from "../storage/sqlite/sqlite-search-index.ts";
import { FolderBlobs } from "../storage/folder/folder-blobs.ts";
import { openSqlite } from "../storage/sqlite/open-sqlite.ts";
import type { ClusterParts } from "./cluster-parts.ts";

/** How often it is said that traces are dropped, milliseconds. */
const SAID_AGAIN_MS = 60_000;

/**
 * `undefined`: this node is alone, since nobody shares its store. Without Redis the nodes meet in a table.
 * Libraries of what is not configured are not loaded, here and below: each thread would have them, and wait for them at the start.
 */
export async function openCluster(
  config: Config,
  clock: Clock,
  onTrouble: (part: string, what: string) => void,
): Promise<ClusterParts | undefined> {
  if (config.dynamodb === undefined) return undefined;
  if (config.redis === undefined) {
    const { openTableCluster } = await import("./table-cluster.ts");
    return openTableCluster(config.dynamodb, clock, onTrouble);
  }
  const { openRedisCluster } = await import("./redis-cluster.ts");
  return openRedisCluster(config.redis, { clock, ttlMs: config.presenceTtlSeconds * 1_000, onTrouble });
}

/** Which of a node's tables DynamoDB refuses for good, in a sentence; `undefined`: none, as far as it answers. */
export async function refusedTables(dynamodb: DynamoConfig): Promise<string | undefined> {
  const { dynamoClient } = await import("../storage/dynamodb/open-dynamo.ts");
  const { refusedTable } = await import("../storage/dynamodb/refused-tables.ts");
  const client = dynamoClient(dynamodb);
  try {
    return await refusedTable(client, [dynamodb.messagesTable, dynamodb.roomsTable]);
  } finally {
    client.destroy();
  }
}

/** The index of messages by their words. */
export async function openSearchIndex(
  { dataDir, dynamodb }: StorageLocation,
  report: (event: string, details: Readonly<Record<string, string | number>>) => void,
): Promise<{ readonly index: SearchIndex; close(): void }> {
  if (dynamodb !== undefined) {
    const { openDynamo } = await import("../storage/dynamodb/open-dynamo.ts");
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
export async function openBlobs({ dataDir, attachments }: BlobLocation): Promise<BlobStore | undefined> {
  const { store } = attachments;
  if (store === "off") return undefined;
  if (store === "folder") return new FolderBlobs(join(dataDir, "attachments"));
  const { S3Blobs } = await import("../storage/s3/s3-blobs.ts");
  return new S3Blobs(store);
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
export async function openStorage(
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
): Promise<ShardStorage> {
  if (dynamodb === undefined) {
    return openSqlite({
      dir: dataDir,
      ...(parts.port !== undefined && { port: parts.port }),
      onFatal: parts.onFatal,
    });
  }
  const { openDynamo } = await import("../storage/dynamodb/open-dynamo.ts");
  return openDynamo({
    ...dynamodb,
    isFollowed: parts.isFollowed,
    report: parts.report,
    away: parts.onAway,
  });
}

/** The logs and the positions of those who follow them, in a thread or process that writes no log. */
export async function openFollowerStorage(
  { dataDir, dynamodb }: StorageLocation,
  report: (event: string, details: Readonly<Record<string, string | number>>) => void,
): Promise<FollowerStorage> {
  if (dynamodb === undefined) return openSqliteFollower(dataDir);
  const { openDynamo } = await import("../storage/dynamodb/open-dynamo.ts");
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
