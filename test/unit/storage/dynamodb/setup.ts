/** Tables on one dynalite, and any number of adapters on them, each with a client that a test can meddle with. */
import { afterAll, afterEach, beforeAll, beforeEach, setDefaultTimeout } from "bun:test";
import { type DynamoOptions, type DynamoStorage, openDynamo } from "../../../../src/storage/dynamodb/open-dynamo.ts";
import { MeddlingClient } from "../../../support/dynamodb-client.ts";
import { type DynamoServer, startDynalite } from "../../../support/dynamodb-servers.ts";
import { makeTestTables, type TestTables } from "../../../support/dynamodb-tables.ts";

export interface Node extends DynamoStorage {
  readonly client: MeddlingClient;
  readonly reports: { readonly event: string; readonly details: Readonly<Record<string, string | number>> }[];
}

export interface Setup {
  readonly tables: () => TestTables;
  readonly server: () => DynamoServer;
  readonly node: (options?: Partial<DynamoOptions>) => Node;
}

/** A server in a process of its own, on a machine that may be busy. */
const TEST_MS_MAX = 30_000;

export function dynamoSetup(): Setup {
  setDefaultTimeout(TEST_MS_MAX);
  let server: DynamoServer;
  let tables: TestTables;
  const open: Node[] = [];

  beforeAll(async () => {
    server = await startDynalite();
  });
  beforeEach(async () => {
    tables = await makeTestTables(server);
  });
  afterEach(async () => {
    for (const { client } of open) client.meddling = {};
    await Promise.all(open.splice(0).map((node) => node.close()));
    await tables.remove();
  });
  afterAll(() => server.stop());

  const node = (options: Partial<DynamoOptions> = {}): Node => {
    const location = { ...tables.location, ...options };
    const client = new MeddlingClient(location);
    const reports: Node["reports"] = [];
    const report: DynamoOptions["report"] = (event, details) => reports.push({ event, details });
    const opened: Node = { ...openDynamo({ ...location, client, report }), client, reports };
    open.push(opened);
    return opened;
  };
  return { tables: () => tables, server: () => server, node };
}
