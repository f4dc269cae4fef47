/** All items of a table, put into another one: what a restore of a table that nobody writes to gives. */
import { type AttributeValue, BatchWriteItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { dynamoClient, type DynamoLocation } from "../../src/storage/dynamodb/open-dynamo.ts";

type Item = Record<string, AttributeValue>;
const BATCH_ITEMS = 25;

export async function readTable(location: DynamoLocation, table: string): Promise<readonly Item[]> {
  const client = dynamoClient(location);
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const asked = { TableName: table, ConsistentRead: true, ...(from && { ExclusiveStartKey: from }) };
    const page = await client.send(new ScanCommand(asked));
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  client.destroy();
  return items;
}

export async function writeTable(location: DynamoLocation, table: string, items: readonly Item[]): Promise<void> {
  const client = dynamoClient(location);
  for (let i = 0; i < items.length; i += BATCH_ITEMS) {
    const puts = items.slice(i, i + BATCH_ITEMS).map((Item) => ({ PutRequest: { Item } }));
    const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: puts } }));
    if (Object.keys(UnprocessedItems ?? {}).length > 0) throw new Error(`${table} did not take everything`);
  }
  client.destroy();
}
