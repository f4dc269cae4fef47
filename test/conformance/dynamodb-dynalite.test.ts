import { afterAll, beforeAll } from "bun:test";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { openDynamoHarness } from "./dynamodb-harness.ts";
import { journalConformance } from "./journal-suite.ts";
import { projectionsConformance } from "./projections-suite.ts";

let server: DynamoServer;
beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

journalConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
projectionsConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
