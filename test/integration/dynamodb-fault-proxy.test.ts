/** The proxy between a real client and a real server of DynamoDB's API. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { DynamoFaultProxy } from "../chaos/dynamodb-fault-proxy.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { eventually } from "../support/eventually.ts";
import { inTime } from "../support/in-time.ts";

const TableName = "things";
const SEED = 7;
const HANG_MS = 600;
let server: DynamoServer;
let proxy: DynamoFaultProxy;
let direct: DynamoDBClient;
let client: DynamoDBClient;

beforeAll(async () => {
  server = await startDynalite();
  proxy = await DynamoFaultProxy.start(server.endpoint, SEED, HANG_MS);
  direct = clientOf(server.endpoint);
  client = clientOf(proxy.endpoint);
  await direct.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
});
afterEach(() => proxy.heal());
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});

test("without faults requests and answers pass unchanged", async () => {
  await put("plain");
  expect(await isThere(client, "plain")).toBe(true);
  expect(proxy.counts.passed).toBeGreaterThanOrEqual(2);
});

test("an error of the server leaves nothing written", async () => {
  proxy.set({ error500: 1 });
  await expect(put("failed")).rejects.toMatchObject({
    name: "InternalServerError",
    $metadata: { httpStatusCode: 500 },
  });
  expect(await isThere(direct, "failed")).toBe(false);
});

test("throttling is told as DynamoDB tells it", async () => {
  proxy.set({ throttle: 1 });
  await expect(put("throttled")).rejects.toMatchObject({ name: "ProvisionedThroughputExceededException" });
  expect(await isThere(direct, "throttled")).toBe(false);
});

test("a dropped reply is an error to the client, and the item is written", async () => {
  proxy.set({ dropReply: 1 });
  await expect(put("dropped")).rejects.toThrow();
  expect(await isThere(direct, "dropped")).toBe(true);
  expect(proxy.counts.dropReply).toBe(1);
});

test("a write that hangs lands after its client gave it up", async () => {
  proxy.set({ hang: 1 });
  const named = async (attempt: number): Promise<string> => `late-${attempt}`;
  const late = await inTime(HANG_MS, named, async (id) => {
    await expect(put(id, AbortSignal.timeout(200))).rejects.toThrow();
    return { id, isThere: await isThere(direct, id) };
  });
  expect(late.isThere).toBe(false);
  await eventually(async () => expect(await isThere(direct, late.id)).toBe(true));
});

test("a partial batch names exactly what it did not write", async () => {
  proxy.set({ partialBatch: 1 });
  const ids = Array.from({ length: 10 }, (_, i) => `batch-${i}`);
  const { UnprocessedItems } = await client.send(
    new BatchWriteItemCommand({ RequestItems: { [TableName]: ids.map(writeOf) } }),
  );
  const left = (UnprocessedItems?.[TableName] ?? []).map((request) => request.PutRequest?.Item?.["id"]?.S ?? "");
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(10);
  for (const id of ids) expect(await isThere(direct, id)).toBe(!left.includes(id));
});

test("a proxy that is cut closes connections, and serves again when it is healed", async () => {
  proxy.cut();
  // The first finds its connection closed; the second opens one.
  await expect(put("cut")).rejects.toThrow();
  await expect(put("cut")).rejects.toThrow();
  expect(await isThere(direct, "cut")).toBe(false);
  expect(proxy.counts.cut).toBeGreaterThan(0);
  proxy.heal();
  await put("healed");
  expect(await isThere(direct, "healed")).toBe(true);
});

test("the same seed draws the same faults", async () => {
  const draw = async (): Promise<readonly boolean[]> => {
    const other = await DynamoFaultProxy.start(server.endpoint, SEED);
    const theClient = clientOf(other.endpoint);
    other.set({ error500: 0.5 });
    const failed: boolean[] = [];
    for (let i = 0; i < 20; i += 1) {
      failed.push(
        await put("drawn", undefined, theClient).then(
          () => false,
          () => true,
        ),
      );
    }
    await other.stop();
    return failed;
  };
  const first = await draw();
  expect(new Set(first).size).toBe(2);
  expect(await draw()).toEqual(first);
});

function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  return new DynamoDBClient({ endpoint, region: "local", credentials, maxAttempts: 1 });
}

async function put(id: string, abortSignal?: AbortSignal, through = client): Promise<void> {
  await through.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }), {
    ...(abortSignal && { abortSignal }),
  });
}

function writeOf(id: string) {
  return { PutRequest: { Item: { id: { S: id } } } };
}

async function isThere(through: DynamoDBClient, id: string): Promise<boolean> {
  const found = await through.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }));
  return found.Item !== undefined;
}
