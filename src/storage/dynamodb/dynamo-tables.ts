/**
 * The two tables: made when they are missing, looked at when they are there. Billed by request, so that there is no
 * capacity to plan; no attribute is ever declared a time to live, which would remove segments in any order.
 */
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import { err, ok, type Result } from "../../base/result.ts";

export type TableState = "created" | "present";

/** Pause between two looks, milliseconds: first, and at most. */
const LOOK_MS_MIN = 10;
const LOOK_MS_MAX = 1_000;
const ACTIVE_MS_MAX = 120_000;

/** Returns when the table is there and takes requests; a sentence for the operator otherwise. */
export async function ensureTable(
  client: Pick<DynamoDBClient, "send">,
  table: string,
): Promise<Result<TableState, string>> {
  let waitedMs = 0;
  let state: TableState = "present";
  let lookMs = LOOK_MS_MIN;
  for (;;) {
    const found = await describe(client, table);
    if (!found.ok) return found;
    if (found.value === undefined) {
      const created = await create(client, table);
      if (!created.ok) return created;
      state = created.value ? "created" : state;
    } else if (found.value.TableStatus === "ACTIVE") {
      const wrong = schemaFault(found.value);
      return wrong === undefined ? ok(state) : err(`${table} has another layout: ${wrong}. Name another table`);
    }
    if (waitedMs > ACTIVE_MS_MAX) return err(`${table} is not active after ${ACTIVE_MS_MAX / 1_000} s`);
    // The process lives as long as this waits: the clock's timers would let it end.
    await new Promise<void>((resolve) => setTimeout(resolve, lookMs));
    waitedMs += lookMs;
    lookMs = Math.min(LOOK_MS_MAX, lookMs * 2);
  }
}

async function describe(
  client: Pick<DynamoDBClient, "send">,
  table: string,
): Promise<Result<TableDescription | undefined, string>> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    return ok(Table);
  } catch (error) {
    return nameOf(error) === "ResourceNotFoundException" ? ok(undefined) : err(sentence(table, error));
  }
}

/** false: somebody else was faster. */
async function create(client: Pick<DynamoDBClient, "send">, table: string): Promise<Result<boolean, string>> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "sk", AttributeType: "S" },
        ],
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
      }),
    );
    return ok(true);
  } catch (error) {
    return nameOf(error) === "ResourceInUseException" ? ok(false) : err(sentence(table, error));
  }
}

function schemaFault({ KeySchema, AttributeDefinitions }: TableDescription): string | undefined {
  const keys = (KeySchema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join(", ");
  if (keys !== "pk HASH, sk RANGE") return `its key is "${keys}", not "pk HASH, sk RANGE"`;
  const types = new Map((AttributeDefinitions ?? []).map((one) => [one.AttributeName, one.AttributeType]));
  const wrong = ["pk", "sk"].find((name) => types.get(name) !== "S");
  return wrong === undefined ? undefined : `${wrong} is no text`;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

function sentence(table: string, error: unknown): string {
  return `${table}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
}
