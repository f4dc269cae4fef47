/**
 * The keys that AWS gives this machine: of its role, its container or a profile; they change every few hours. The SDK knows all
 * ways to them and asks again in time; it comes with the client of DynamoDB, which is asked for nothing else here.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export function machineKeys(region: string | undefined): () => Promise<S3Keys> {
  const client = new DynamoDBClient(region === undefined ? {} : { region });
  return () => client.config.credentials();
}
