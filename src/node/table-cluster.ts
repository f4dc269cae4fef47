/** Nodes that meet in a table of DynamoDB, without Redis. */
import type { Clock } from "../base/clock.ts";
import { SystemRandom } from "../base/prng.ts";
import { CLUSTER_REQUEST_MS_MAX, clusterTableOf } from "../cluster/dynamodb/cluster-table.ts";
import { DynamoBus } from "../cluster/dynamodb/dynamo-bus.ts";
import { DynamoDirectory } from "../cluster/dynamodb/dynamo-directory.ts";
import { DynamoMembership } from "../cluster/dynamodb/dynamo-membership.ts";
import type { DynamoConfig } from "../config/dynamodb.ts";
import { DynamoApi } from "../storage/dynamodb/dynamo-api.ts";
import { dynamoClient } from "../storage/dynamodb/open-dynamo.ts";
import type { ClusterParts } from "./cluster-parts.ts";

export function openTableCluster(
  dynamodb: DynamoConfig,
  clock: Clock,
  onTrouble: (part: string, what: string) => void,
): ClusterParts {
  const client = dynamoClient(dynamodb);
  const calls = new DynamoApi({
    client,
    clock,
    random: new SystemRandom(),
    requestMsMax: CLUSTER_REQUEST_MS_MAX,
    report: (event, details) => onTrouble("table", `${event} ${JSON.stringify(details)}`),
  });
  const table = { calls, name: clusterTableOf(dynamodb.roomsTable) };
  return {
    bus: new DynamoBus({ table, clock, onTrouble: (what) => onTrouble("bus", what) }),
    membership: new DynamoMembership(table, clock),
    directory: new DynamoDirectory(table, clock),
    close: () => client.destroy(),
  };
}
