/** Makes the tables in a DynamoDB on this machine. */
import { clusterTableOf } from "../../src/cluster/dynamodb/cluster-table.ts";
import { ensureTable } from "../../src/storage/dynamodb/dynamo-tables.ts";
import { dynamoClient } from "../../src/storage/dynamodb/open-dynamo.ts";
import { LOCAL_AWS, TABLES } from "./node-environment.ts";

export async function makeTables(endpoint: string): Promise<void> {
  const client = dynamoClient({ endpoint, region: LOCAL_AWS.AWS_REGION, anyCredentials: true });
  try {
    for (const table of [...Object.values(TABLES), clusterTableOf(TABLES.rooms)]) {
      const made = await ensureTable(client, table);
      if (!made.ok) throw new Error(made.error);
    }
  } finally {
    client.destroy();
  }
}
