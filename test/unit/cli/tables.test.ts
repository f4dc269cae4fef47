/** `bun run tables` as operators run it, against a server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { dynamoClient } from "../../../src/storage/dynamodb/open-dynamo.ts";
import { type DynamoServer, startDynalite } from "../../support/dynamodb-servers.ts";

const ROOT = join(import.meta.dir, "../../..");

async function tables(env: Readonly<Record<string, string>>): Promise<{ out: string; errors: string; code: number }> {
  const { PATH, HOME } = process.env;
  const child = Bun.spawn([process.execPath, "src/cli/tables.ts"], {
    cwd: ROOT,
    env: { PATH, HOME, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, errors, code };
}

describe("bun run tables", () => {
  let server: DynamoServer;
  const env = (messages: string, rooms: string): Record<string, string> => ({
    DYNAMODB_ENDPOINT: server.endpoint,
    DYNAMODB_TABLE_MESSAGES: messages,
    DYNAMODB_TABLE_ROOMS: rooms,
  });

  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());

  test("makes the tables, and finds them there the next time", async () => {
    const names = ["cli-messages", "cli-rooms", "cli-rooms_cluster"];
    const first = await tables(env("cli-messages", "cli-rooms"));
    expect(first).toEqual({ out: names.map((name) => `${name}: created\n`).join(""), errors: "", code: 0 });
    const second = await tables(env("cli-messages", "cli-rooms"));
    expect(second.out).toBe(names.map((name) => `${name}: is there, nothing to do\n`).join(""));
    expect(second.code).toBe(0);
  });

  test("makes no table for what Redis does", async () => {
    const { out } = await tables({ ...env("cli-redis-m", "cli-redis-r"), REDIS_HOST: "127.0.0.1" });
    expect(out).toBe("cli-redis-m: created\ncli-redis-r: created\n");
  });

  test("may be run by two at once", async () => {
    const both = await Promise.all([tables(env("cli-both-m", "cli-both-r")), tables(env("cli-both-m", "cli-both-r"))]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
  });

  test("leaves a table of another layout alone and says what is wrong with it", async () => {
    const client = dynamoClient({ endpoint: server.endpoint, region: "local", anyCredentials: true });
    await client.send(
      new CreateTableCommand({
        TableName: "cli-foreign",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      }),
    );
    client.destroy();
    const { errors, code } = await tables(env("cli-foreign", "cli-rooms-2"));
    expect(errors).toBe(
      'cli-foreign has another layout: its key is "id HASH", not "pk HASH, sk RANGE". Name another table\n',
    );
    expect(code).toBe(1);
  });

  test("says what to set when nothing is configured, and which address does not answer", async () => {
    const none = await tables({});
    expect(none.code).toBe(2);
    expect(none.errors).toContain("DYNAMODB_TABLE_MESSAGES");
    // Nobody listens on port 1.
    const dead = await tables({ ...env("cli-m", "cli-r"), DYNAMODB_ENDPOINT: "http://127.0.0.1:1" });
    expect(dead.code).toBe(1);
    expect(dead.errors).toContain("cli-m");
  });
});
