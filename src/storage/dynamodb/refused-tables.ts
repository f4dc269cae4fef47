/** A node whose tables are not there, or closed to its keys, is seen at its start: it would take clients and serve none of them. */
import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

/** Long enough for an answer; without one the node starts, and goes on when there is one. */
const ANSWER_MS_MAX = 2_000;
const NOWHERE = { pk: { S: "nowhere" }, sk: { S: "nowhere" } };
/** What does not pass by itself. */
const REFUSALS: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ValidationException",
]);

/** The first table that is refused for good, in a sentence for the operator; `undefined`: none is, as far as anybody answered. */
export async function refusedTable(
  client: Pick<DynamoDBClient, "send">,
  tables: readonly string[],
): Promise<string | undefined> {
  const said = await Promise.all(tables.map((table) => refusalOf(client, table)));
  return said.find((why) => why !== undefined);
}

async function refusalOf(client: Pick<DynamoDBClient, "send">, table: string): Promise<string | undefined> {
  try {
    const abortSignal = AbortSignal.timeout(ANSWER_MS_MAX);
    await client.send(new GetItemCommand({ TableName: table, Key: NOWHERE }), { abortSignal });
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) return undefined;
    if (error.name === "ResourceNotFoundException")
      return `The table ${table} is not there: make it with npm run tables, or mend DYNAMODB_TABLE_… and the region`;
    return REFUSALS.has(error.name)
      ? `The table ${table} is refused by DynamoDB (${error.name}: ${error.message}): see keys, rights and the table's own keys with npm run doctor`
      : undefined;
  }
}
