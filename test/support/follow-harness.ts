/** The followers' side of each store for its conformance suite. */
import { MemoryFollowStore } from "../../src/storage/memory/memory-follow-store.ts";
import { MemoryJournal } from "../../src/storage/memory/memory-journal.ts";
import { MemoryStore } from "../../src/storage/memory/memory-store.ts";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { dynamoClient, openDynamo } from "../../src/storage/dynamodb/open-dynamo.ts";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { openSqliteFollower } from "../../src/storage/sqlite/open-sqlite-follower.ts";
import type { FollowHarness } from "../conformance/follow-suite.ts";
import type { SearchHarness } from "../conformance/search-suite.ts";
import type { DynamoServer } from "./dynamodb-servers.ts";
import { makeTestTables } from "./dynamodb-tables.ts";
import { failOnFatal, temporaryFolder } from "./temporary-folder.ts";

export async function openMemoryFollow(): Promise<FollowHarness> {
  const store = new MemoryStore();
  return {
    journal: new MemoryJournal(store),
    store: new MemoryFollowStore(store),
    reopen: async () => new MemoryFollowStore(store),
    close: async () => undefined,
  };
}

export async function openSqliteFollow(): Promise<FollowHarness> {
  const folder = temporaryFolder();
  const storage = openSqlite({ dir: folder.path, onFatal: failOnFatal });
  let follower = openSqliteFollower(folder.path);
  return {
    journal: storage.journal,
    store: follower.store,
    reopen: async () => {
      follower.close();
      follower = openSqliteFollower(folder.path);
      return follower.store;
    },
    close: async () => {
      follower.close();
      await storage.close();
      folder.remove();
    },
  };
}

export async function openDynamoFollow(server: DynamoServer): Promise<FollowHarness> {
  const tables = await makeTestTables(server);
  const report = (event: string, details: object): never => {
    throw new Error(`${event}: ${JSON.stringify(details)}`);
  };
  const options = { ...tables.location, requestMsMax: 20_000, report };
  const writer = openDynamo({ ...options, isFollowed: true });
  let follower = openDynamo(options);
  return {
    journal: writer.journal,
    store: follower.follow,
    reopen: async () => {
      await follower.close();
      follower = openDynamo(options);
      return follower.follow;
    },
    close: async () => {
      await follower.close();
      await writer.close();
      await tables.remove();
    },
  };
}

export async function openDynamoSearch(server: DynamoServer): Promise<SearchHarness> {
  const tables = await makeTestTables(server);
  const report = (event: string, details: object): never => {
    throw new Error(`${event}: ${JSON.stringify(details)}`);
  };
  const open = () => openDynamo({ ...tables.location, requestMsMax: 20_000, report });
  let storage = open();
  return {
    index: storage.search,
    reopen: async () => {
      await storage.close();
      storage = open();
      return storage.search;
    },
    bytes: async () => {
      const client = dynamoClient(tables.location);
      const parts: string[] = [];
      let next: Record<string, never> | undefined;
      do {
        const page = await client.send(
          new ScanCommand({ TableName: tables.location.roomsTable, ...(next && { ExclusiveStartKey: next }) }),
        );
        for (const item of page.Items ?? []) {
          for (const value of Object.values(item)) parts.push(value.S ?? "", Buffer.from(value.B ?? []).toString());
        }
        next = page.LastEvaluatedKey as typeof next;
      } while (next !== undefined);
      client.destroy();
      return Buffer.from(parts.join("\n"));
    },
    close: async () => {
      await storage.close();
      await tables.remove();
    },
  };
}
