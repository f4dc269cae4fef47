import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type DynamoServer, dynamoLocalMissing, startDynamoLocal } from "../support/dynamodb-servers.ts";
import { dynamoClusterConformance } from "./dynamodb-cluster-ports.ts";
import { openDynamoHarness } from "./dynamodb-harness.ts";
import { documentConformance } from "./document-suite.ts";
import { searchConformance } from "./search-suite.ts";
import { openDynamoFollow, openDynamoSearch } from "../support/follow-harness.ts";
import { followConformance } from "./follow-suite.ts";
import { itemConformance } from "./item-suite.ts";
import { journalConformance } from "./journal-suite.ts";
import { personalConformance } from "./personal-suite.ts";
import { projectionsConformance } from "./projections-suite.ts";
import { upkeepConformance } from "./upkeep-suite.ts";

setDefaultTimeout(30_000);
const missing = await dynamoLocalMissing();

if (missing === undefined) {
  let server: DynamoServer;
  // The first start fetches and unpacks it.
  beforeAll(async () => {
    server = await startDynamoLocal();
  }, 120_000);
  afterAll(() => server.stop());

  journalConformance("DynamoDB Local", () => openDynamoHarness(server));
  itemConformance("DynamoDB Local", () => openDynamoHarness(server));
  personalConformance("DynamoDB Local", () => openDynamoHarness(server));
  projectionsConformance("DynamoDB Local", () => openDynamoHarness(server));
  documentConformance("DynamoDB Local", () => openDynamoHarness(server));
  searchConformance("DynamoDB Local", () => openDynamoSearch(server));
  followConformance("DynamoDB Local", () => openDynamoFollow(server));
  upkeepConformance("DynamoDB Local", () => openDynamoHarness(server));
  dynamoClusterConformance("DynamoDB Local", () => server);
} else {
  test("the official DynamoDB Local can be run", () => {
    const isDemanded = process.env["CI"] === "true";
    if (!isDemanded) process.stderr.write(`SKIPPED: the suites against DynamoDB Local, since ${missing}\n`);
    expect(isDemanded ? missing : "skipped").toBe("skipped");
  });
}
