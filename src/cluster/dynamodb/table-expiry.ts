/** Switches the time to live of the cluster's table on. Without it messages to nodes that died stay there, which only costs. */
import { type DynamoDBClient, UpdateTimeToLiveCommand } from "@aws-sdk/client-dynamodb";
import { err, ok, type Result } from "../../base/result.ts";
import { EXPIRES } from "./cluster-table.ts";

/** `unsupported`: servers for tests have no such thing. */
export type ExpiryState = "switched on" | "is on" | "unsupported";

export async function ensureExpiry(
  client: Pick<DynamoDBClient, "send">,
  table: string,
): Promise<Result<ExpiryState, string>> {
  const TimeToLiveSpecification = { Enabled: true, AttributeName: EXPIRES };
  try {
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
    return ok("switched on");
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    if (name === "UnknownOperationException") return ok("unsupported");
    if (name === "ValidationException" && /already enabled/i.test(message)) return ok("is on");
    return err(`${table}: its time to live could not be switched on (${name}: ${message})`);
  }
}
