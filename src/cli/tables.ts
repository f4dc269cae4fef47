/**
 * `bun run tables`: makes the two DynamoDB tables of this configuration, and without Redis the third one, by which several
 * nodes reach one another; or checks those that are there. May be run at any time and by several at once; it changes
 * nothing that exists.
 */
import { clusterTableOf } from "../cluster/dynamodb/cluster-table.ts";
import { ensureExpiry } from "../cluster/dynamodb/table-expiry.ts";
import { readConfig } from "../config/config.ts";
import type { DynamoConfig } from "../config/dynamodb.ts";
import { ensureTable } from "../storage/dynamodb/dynamo-tables.ts";
import { dynamoClient } from "../storage/dynamodb/open-dynamo.ts";
import { takesNothing } from "./arguments.ts";

const USAGE = "usage: bun run tables, with the environment of the nodes";
const NOT_CONFIGURED =
  "DynamoDB is not configured: set DYNAMODB_TABLE_MESSAGES and DYNAMODB_TABLE_ROOMS, and AWS_REGION or DYNAMODB_ENDPOINT";

/** 0 when all tables can be used. */
async function ensureTables(dynamodb: DynamoConfig, hasRedis: boolean): Promise<number> {
  const client = dynamoClient(dynamodb);
  const clusterTable = clusterTableOf(dynamodb.roomsTable);
  const tables = [dynamodb.messagesTable, dynamodb.roomsTable, ...(hasRedis ? [] : [clusterTable])];
  const states = await Promise.all(tables.map((table) => ensureTable(client, table)));
  const expiry = !hasRedis && states.at(-1)?.ok === true ? await ensureExpiry(client, clusterTable) : undefined;
  client.destroy();
  let code = 0;
  for (const [index, state] of states.entries()) {
    if (state.ok) {
      process.stdout.write(`${tables[index]}: ${state.value === "created" ? "created" : "is there, nothing to do"}\n`);
    } else {
      code = 1;
      process.stderr.write(`${state.error}\n`);
    }
  }
  if (expiry?.ok === false) {
    code = 1;
    process.stderr.write(`${expiry.error}\n`);
  }
  return code;
}

async function main(): Promise<number> {
  const code = takesNothing(USAGE);
  if (code !== undefined) return code;
  const config = readConfig();
  if (!config.ok || config.value.dynamodb === undefined) {
    process.stderr.write(`${config.ok ? NOT_CONFIGURED : config.error.join("\n")}\n`);
    return 2;
  }
  return ensureTables(config.value.dynamodb, config.value.redis !== undefined);
}

if (import.meta.main) process.exitCode = await main();
