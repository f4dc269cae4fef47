/** The DynamoDB adapters on a test server: each harness has tables of its own. */
import { openDynamo } from "../../src/storage/dynamodb/open-dynamo.ts";
import type { DynamoServer } from "../support/dynamodb-servers.ts";
import { makeTestTables, type TestTables } from "../support/dynamodb-tables.ts";
import type { Harness } from "./harness.ts";

/** Nothing in these tests is expected to go wrong on the way. */
function failOnTrouble(event: string, details: Readonly<Record<string, unknown>>): never {
  throw new Error(`${event}: ${JSON.stringify(details)}`);
}

export async function openDynamoHarness(server: DynamoServer): Promise<Harness> {
  return harnessOn(await makeTestTables(server));
}

function harnessOn(tables: TestTables): Harness {
  const { journal, projections, close } = openDynamo({
    ...tables.location,
    requestMsMax: 20_000,
    report: failOnTrouble,
  });
  return {
    journal,
    projections,
    logsAtOnce: 300,
    answersInOrder: false,
    reopen: async () => {
      await close();
      return harnessOn(tables);
    },
    close: async () => {
      await close();
      await tables.remove();
    },
  };
}
