/** Builds the DynamoDB adapters of one shard. Any number of shards and nodes may be open on the same two tables. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { type Clock, SystemClock, type Timer } from "../../base/clock.ts";
import { DYNAMO_ROWS_PENDING_BYTES_MAX } from "../../base/limits.ts";
import { type Random, SystemRandom } from "../../base/prng.ts";
import type { Journal } from "../journal.ts";
import type { FollowStore } from "../follow-store.ts";
import type { Projections } from "../projections.ts";
import type { SearchIndex } from "../search-index.ts";
import { DocumentStore } from "./document-store.ts";
import { DynamoApi } from "./dynamo-api.ts";
import { DynamoJournal } from "./dynamo-journal.ts";
import { DynamoFollowStore } from "./dynamo-follow-store.ts";
import { DynamoProjections } from "./dynamo-projections.ts";
import { DynamoSearchIndex } from "./dynamo-search-index.ts";
import { Incarnations } from "./incarnations.ts";
import { ItemLists } from "./item-lists.ts";
import { ItemStore } from "./item-store.ts";
import type { ItemKey } from "./items.ts";
import { LargeValues } from "./large-values.ts";
import { LogKeeper } from "./log-keeper.ts";
import { LogStore } from "./log-store.ts";
import { OpenLogs } from "./open-logs.ts";
import { PendingRows } from "./pending-rows.ts";
import { PersonalReader } from "./personal-reader.ts";
import { RequestSigner, type SignableRequest } from "./request-signer.ts";
import { RoomListReader } from "./room-list-reader.ts";
import { RowFlusher } from "./row-flusher.ts";
import { RowStore } from "./row-store.ts";
import { SearchBlocks } from "./search-blocks.ts";
import { VersionedValues } from "./versioned-values.ts";

export interface DynamoStorage {
  readonly journal: Journal;
  readonly projections: Projections;
  readonly follow: FollowStore;
  readonly search: SearchIndex;
  /** Answers what is under way, writes the rows that wait (5 s at most) and lets go of the connections. */
  close(): Promise<void>;
}

/** Where DynamoDB is; data, so that it can be given to a thread. */
export interface DynamoLocation {
  readonly messagesTable: string;
  readonly roomsTable: string;
  /** `undefined`: the region's own. */
  readonly endpoint?: string | undefined;
  /** `undefined`: as the SDK finds it in the environment. */
  readonly region?: string | undefined;
  /** A server on this machine that looks at no credentials: any will do. */
  readonly anyCredentials?: boolean;
}

export interface DynamoOptions extends DynamoLocation {
  /** Instead of one of its own. */
  readonly client?: Pick<DynamoDBClient, "send" | "destroy">;
  readonly requestMsMax?: number;
  readonly rowsPendingBytesMax?: number;
  /** Somebody follows the logs: what is written to is noted where they look. */
  readonly isFollowed?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  /** For the operator's log: what DynamoDB refuses, throttles or does not answer. */
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
  /** For health: the store answers nothing useful (true), or does so again (false). */
  readonly away?: (isAway: boolean) => void;
}

/** While the store is away it is asked so often whether it is back, also when nobody else asks it anything, milliseconds. */
const LOOK_MS = 2_000;
const NOWHERE: ItemKey = { pk: "nowhere", sk: "nowhere" };

export function openDynamo(options: DynamoOptions): DynamoStorage {
  const { messagesTable, roomsTable, requestMsMax, report } = options;
  const clock = options.clock ?? new SystemClock();
  const random = options.random ?? new SystemRandom();
  const client = options.client ?? dynamoClient(options);
  let look: Timer | undefined;
  const lookLater = (): void => {
    look = clock.after(LOOK_MS, () => void api.get(roomsTable, NOWHERE).then((got) => got.ok || lookLater()));
  };
  const away = (isAway: boolean): void => {
    look?.cancel();
    if (isAway) lookLater();
    options.away?.(isAway);
  };
  const api: DynamoApi = new DynamoApi({
    ...{ client, clock, random, report, away },
    ...(requestMsMax !== undefined && { requestMsMax }),
  });
  const values = new LargeValues(api, messagesTable);
  const logs = new LogStore(api, messagesTable, values, random);
  const versioned = new VersionedValues(api, roomsTable, values);
  const items = new ItemStore(api, roomsTable, versioned);
  const rows = new RowStore(api, roomsTable, versioned, items);
  const pending = new PendingRows();
  const failed = (error: unknown): void => report("dynamodb_failed", { error: String(error) });
  const flusher = new RowFlusher({ api, clock, pending, logs, rows, failed });
  const incarnations = new Incarnations(rows);
  const documents = new DocumentStore(api, roomsTable);
  const lists = new RoomListReader(rows, pending);
  const personal = new PersonalReader(rows, items, documents, pending);
  const itemLists = new ItemLists(items, pending);
  const rowsPendingBytesMax = options.rowsPendingBytesMax ?? DYNAMO_ROWS_PENDING_BYTES_MAX;
  const openLogs = new OpenLogs(api, roomsTable, clock);
  const keeper = new LogKeeper({ api, messagesTable, roomsTable, rows, values, random });
  const stores = { logs, rows, itemLists, values, pending, flusher, incarnations, keeper };
  const parts = { ...stores, clock, failed, rowsPendingBytesMax };
  const journal = new DynamoJournal({ ...parts, ...(options.isFollowed === true && { openLogs }) });
  const reading = { documents, lists, personal, incarnations, keeper };
  return {
    journal,
    projections: new DynamoProjections({ api, roomsTable, rows, ...reading, failed }),
    follow: new DynamoFollowStore(api, roomsTable, openLogs, failed),
    search: new DynamoSearchIndex(new SearchBlocks(api, roomsTable), failed),
    close: async () => {
      await journal.close();
      look?.cancel();
      client.destroy();
    },
  };
}

/** One attempt per request: what to do about a failure is decided where it is known what the request was. */
export function dynamoClient({
  endpoint,
  region,
  anyCredentials,
}: Omit<DynamoLocation, "messagesTable" | "roomsTable">): DynamoDBClient {
  const client: DynamoDBClient = new DynamoDBClient({
    maxAttempts: 1,
    requestHandler: new FetchHttpHandler({ keepAlive: true }),
    signer: { sign: (request, context) => signer.sign(request as SignableRequest & typeof request, context) },
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(anyCredentials === true && { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
  });
  const signer = new RequestSigner(() => client.config.credentials(), region ?? "us-east-1");
  return client;
}
