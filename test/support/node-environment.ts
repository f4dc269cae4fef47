/** The environment of one node of a cluster on this machine. Plain data. */

export interface ClusterServers {
  readonly redisPort: number;
  readonly dynamoEndpoint: string;
}

export const TABLES = { messages: "stoa-messages", rooms: "stoa-rooms" } as const;

/** What a client of the local server's API needs besides its address: anything is accepted. */
export const LOCAL_AWS = {
  AWS_REGION: "local",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
} as const;

export function nodeEnvironment(
  instanceId: string,
  { redisPort, dynamoEndpoint }: ClusterServers,
): Readonly<Record<string, string>> {
  return {
    INSTANCE_ID: instanceId,
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: String(redisPort),
    STOA_STORE: "dynamodb",
    DYNAMODB_ENDPOINT: dynamoEndpoint,
    DYNAMODB_TABLE_MESSAGES: TABLES.messages,
    DYNAMODB_TABLE_ROOMS: TABLES.rooms,
    ...LOCAL_AWS,
  };
}
