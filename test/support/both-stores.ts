/** The same tests through a real server on SQLite and on DynamoDB. */
import { afterAll, beforeAll, describe } from "bun:test";
import { type DynamoServer, startDynalite } from "./dynamodb-servers.ts";
import { makeTestTables } from "./dynamodb-tables.ts";
import { TestServer } from "./server.ts";

const START_MS_MAX = 90_000;

/** `use` is given the server before the first of the tests runs. */
export function onBothStores(
  env: Readonly<Record<string, string>>,
  use: (server: TestServer) => void,
  tests: () => void,
): void {
  for (const store of ["SQLite", "DynamoDB"] as const) {
    describe(`on ${store}`, () => {
      let dynamo: DynamoServer | undefined;
      let server: TestServer | undefined;
      beforeAll(async () => {
        dynamo = store === "DynamoDB" ? await startDynalite() : undefined;
        const tables = dynamo && (await makeTestTables(dynamo));
        server = await TestServer.start({ env: { ...env, ...tables?.env } });
        use(server);
      }, START_MS_MAX);
      afterAll(async () => {
        await server?.dispose();
        await dynamo?.stop();
      });
      tests();
    });
  }
}
