/** All suites of the cluster's ports on one kind of DynamoDB. Each harness has a table of its own. */
import { DeleteTableCommand, type DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { SystemClock } from "../../src/base/clock.ts";
import { SystemRandom } from "../../src/base/prng.ts";
import { CLUSTER_REQUEST_MS_MAX, type ClusterTable, clusterTableOf } from "../../src/cluster/dynamodb/cluster-table.ts";
import { DynamoBus } from "../../src/cluster/dynamodb/dynamo-bus.ts";
import { DynamoDirectory } from "../../src/cluster/dynamodb/dynamo-directory.ts";
import { DynamoMembership } from "../../src/cluster/dynamodb/dynamo-membership.ts";
import { DynamoApi } from "../../src/storage/dynamodb/dynamo-api.ts";
import { ensureTable } from "../../src/storage/dynamodb/dynamo-tables.ts";
import { dynamoClient } from "../../src/storage/dynamodb/open-dynamo.ts";
import type { DynamoServer } from "../support/dynamodb-servers.ts";
import { busConformance } from "./bus-suite.ts";
import type { ClusterHarness } from "./cluster-harness.ts";
import { directoryConformance } from "./directory-suite.ts";
import { membershipConformance } from "./membership-suite.ts";

const clock = new SystemClock();
const random = new SystemRandom();
let made = 0;

export interface OpenTable extends ClusterTable {
  readonly client: DynamoDBClient;
  readonly calls: DynamoApi;
}

export async function openClusterTable(
  server: DynamoServer,
  requestMsMax = CLUSTER_REQUEST_MS_MAX,
): Promise<OpenTable> {
  made += 1;
  const client = dynamoClient({ endpoint: server.endpoint, region: "local", anyCredentials: true });
  const name = clusterTableOf(`rooms-${process.pid}-${made}`);
  const state = await ensureTable(client, name);
  if (!state.ok) throw new Error(state.error);
  const calls = new DynamoApi({
    client,
    clock,
    random,
    requestMsMax,
    report: () => undefined,
  });
  return { client, calls, name };
}

async function empty({ client, calls, name }: OpenTable): Promise<void> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: name, ConsistentRead: true }));
  const removals = Items.map(({ pk, sk }) => ({
    DeleteRequest: { Key: { pk: pk ?? { S: "" }, sk: sk ?? { S: "" } } },
  }));
  await calls.writeAll(name, removals, "background");
}

interface HarnessOptions<Port> {
  readonly end?: (port: Port) => Promise<void>;
  readonly requestMsMax?: number;
}

export function dynamoClusterConformance(name: string, server: () => DynamoServer): void {
  const on =
    <Port>(
      make: (table: ClusterTable) => Port,
      { end = async () => undefined, requestMsMax }: HarnessOptions<Port> = {},
    ) =>
    async (): Promise<ClusterHarness<Port>> => {
      const table = await openClusterTable(server(), requestMsMax);
      const { pid } = server();
      const ports: Port[] = [];
      return {
        open: async () => {
          const port = make(table);
          ports.push(port);
          return port;
        },
        flush: () => empty(table),
        silence: async (isSilent) => {
          process.kill(pid, isSilent ? "SIGSTOP" : "SIGCONT");
        },
        close: async () => {
          process.kill(pid, "SIGCONT");
          await Promise.all(ports.map(end));
          await table.client.send(new DeleteTableCommand({ TableName: table.name }));
          table.client.destroy();
        },
      };
    };
  busConformance(
    name,
    on((table) => new DynamoBus({ table, clock }), { end: (bus) => bus.stop() }),
  );
  membershipConformance(
    name,
    on(
      (table) => new DynamoMembership(table, clock),
      // A hundred nodes at once are more than a test server answers in a second; beats have a time limit of their own.
      { requestMsMax: 20_000 },
    ),
  );
  directoryConformance(
    name,
    on((table) => new DynamoDirectory(table, clock)),
  );
}
