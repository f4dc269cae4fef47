/** Two real nodes of one cluster: Redis between them, DynamoDB's test server below. For what holds for all nodes together. */
import { type DynamoServer, startDynalite } from "./dynamodb-servers.ts";
import { makeTestTables } from "./dynamodb-tables.ts";
import { RedisServer } from "./redis-servers.ts";
import { TestServer } from "./server.ts";

export class TwoNodes {
  readonly one: TestServer;
  readonly two: TestServer;
  readonly #redis: RedisServer;
  readonly #dynamo: DynamoServer;

  private constructor(redis: RedisServer, dynamo: DynamoServer, one: TestServer, two: TestServer) {
    this.#redis = redis;
    this.#dynamo = dynamo;
    this.one = one;
    this.two = two;
  }

  /** Both are ready and know each other: a node is ready when those that it sees know it, too. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<TwoNodes> {
    const [redis, dynamo] = await Promise.all([RedisServer.start(), startDynalite()]);
    const tables = await makeTestTables(dynamo);
    const shared = {
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(redis.port),
      ...tables.env,
      ...env,
    };
    const [one, two] = await Promise.all(
      ["one", "two"].map((INSTANCE_ID) => TestServer.start({ env: { ...shared, INSTANCE_ID } })),
    );
    if (one === undefined || two === undefined) throw new Error("no nodes");
    return new TwoNodes(redis, dynamo, one, two);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.one.dispose(), this.two.dispose()]);
    await Promise.all([this.#redis.dispose(), this.#dynamo.stop()]);
  }
}
