import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { dynamoClusterConformance } from "./dynamodb-cluster-ports.ts";
import { openDynamoHarness } from "./dynamodb-harness.ts";
import { documentConformance } from "./document-suite.ts";
import { conversationConformance } from "./conversation-suite.ts";
import { itemConformance } from "./item-suite.ts";
import { searchConformance } from "./search-suite.ts";
import { openDynamoFollow, openDynamoSearch } from "../support/follow-harness.ts";
import { followConformance } from "./follow-suite.ts";
import { journalConformance } from "./journal-suite.ts";
import { personalConformance } from "./personal-suite.ts";
import { projectionsConformance } from "./projections-suite.ts";
import { upkeepConformance } from "./upkeep-suite.ts";

setDefaultTimeout(30_000);
let server: DynamoServer;
beforeAll(async () => {
  server = await startDynalite();
});
afterAll(() => server.stop());

journalConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
itemConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
personalConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
conversationConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
projectionsConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
documentConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
searchConformance("DynamoDB on dynalite", () => openDynamoSearch(server));
followConformance("DynamoDB on dynalite", () => openDynamoFollow(server));
upkeepConformance("DynamoDB on dynalite", () => openDynamoHarness(server));
dynamoClusterConformance("DynamoDB on dynalite", () => server);
