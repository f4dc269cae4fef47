/** The part of the configuration that says where rooms and messages are kept, where that is DynamoDB. */
import type { EnvReader } from "./env-reader.ts";

export interface DynamoConfig {
  readonly messagesTable: string;
  readonly roomsTable: string;
  /** `undefined`: the region's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** A server of one's own and no key in the environment: such servers look at none. */
  readonly anyCredentials: boolean;
}

/** The SDK reads the keys themselves: from the environment, or wherever the machine has them. */
export function readDynamo(reader: EnvReader): DynamoConfig | undefined {
  const name = /^[A-Za-z0-9_.-]{3,255}$/;
  const word = /^[^\s]+$/;
  const errorsBefore = reader.errors.length;
  const tableName = "a table name of 3 to 255 letters, digits, _ . -";
  const messagesTable = reader.matching("DYNAMODB_TABLE_MESSAGES", name, tableName, undefined);
  const roomsTable = reader.matching("DYNAMODB_TABLE_ROOMS", name, tableName, undefined);
  const isNamed = messagesTable !== undefined || roomsTable !== undefined;
  const store = reader.oneOf("STOA_STORE", ["sqlite", "dynamodb"], isNamed ? "dynamodb" : "sqlite");
  const alias = reader.url("CHAT_MANAGEMENT_ENDPOINT", ["https", "http"]);
  const endpoint = reader.url("DYNAMODB_ENDPOINT", ["https", "http"]) ?? alias;
  const region = reader.matching("AWS_REGION", /^[a-z0-9-]{2,32}$/, "a region like eu-central-1", undefined);
  const keyId = reader.matching("AWS_ACCESS_KEY_ID", word, "a key id without spaces", undefined, true);
  reader.matching("AWS_SECRET_ACCESS_KEY", word, "a key without spaces", undefined, true);
  if (store === "sqlite" || reader.errors.length > errorsBefore) return undefined;
  if (messagesTable === undefined) reader.complain("DYNAMODB_TABLE_MESSAGES", tableName);
  if (roomsTable === undefined) reader.complain("DYNAMODB_TABLE_ROOMS", tableName);
  if (region === undefined && endpoint === undefined) reader.complain("AWS_REGION", "a region like eu-central-1");
  if (messagesTable === undefined || roomsTable === undefined) return undefined;
  const isOwnServer = endpoint !== undefined && !new URL(endpoint).hostname.endsWith(".amazonaws.com");
  return {
    messagesTable,
    roomsTable,
    endpoint,
    region: region ?? "local",
    anyCredentials: isOwnServer && keyId === undefined,
  };
}
