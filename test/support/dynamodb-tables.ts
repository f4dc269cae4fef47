/** Empty tables on a test server, and what a test needs to reach them. */
import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { clusterTableOf } from "../../src/cluster/dynamodb/cluster-table.ts";
import { ensureTable } from "../../src/storage/dynamodb/dynamo-tables.ts";
import { type DynamoLocation, dynamoClient } from "../../src/storage/dynamodb/open-dynamo.ts";
import type { DynamoServer } from "./dynamodb-servers.ts";
import { SECRET } from "./tokens.ts";

export interface TestTables {
  readonly location: DynamoLocation;
  /** What a server is started with that keeps its rooms there. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

let made = 0;

export async function makeTestTables(server: DynamoServer): Promise<TestTables> {
  made += 1;
  const location: DynamoLocation = {
    messagesTable: `messages-${process.pid}-${made}`,
    roomsTable: `rooms-${process.pid}-${made}`,
    endpoint: server.endpoint,
    region: "local",
    anyCredentials: true,
  };
  const client = dynamoClient(location);
  const tables = [location.messagesTable, location.roomsTable, clusterTableOf(location.roomsTable)];
  for (const table of tables) {
    const state = await ensureTable(client, table);
    if (!state.ok) throw new Error(state.error);
  }
  const remove = async (): Promise<void> => {
    for (const table of tables) await client.send(new DeleteTableCommand({ TableName: table }));
    client.destroy();
  };
  const env = {
    // All nodes above these tables let in the same people, and nobody else's.
    JWT_SECRET_KEY: `${SECRET} ${made}`,
    DYNAMODB_ENDPOINT: server.endpoint,
    DYNAMODB_TABLE_MESSAGES: location.messagesTable,
    DYNAMODB_TABLE_ROOMS: location.roomsTable,
  };
  return { location, env, remove };
}
