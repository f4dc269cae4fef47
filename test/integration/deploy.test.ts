/** What stands in deploy/ fits the engine: its variables, its ports and health, its tables, its times. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { CreateTableCommand, type CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import runtime from "../../scripts/runtime.json" with { type: "json" };
import { readConfig } from "../../src/config/config.ts";
import { ensureTable } from "../../src/storage/dynamodb/dynamo-tables.ts";
import { dynamoClient } from "../../src/storage/dynamodb/open-dynamo.ts";
import { startDynalite } from "../support/dynamodb-servers.ts";
import { at } from "../support/json.ts";
import { isThere } from "../support/programs.ts";

const root = new URL("../../", import.meta.url);
const file = (name: string): Promise<string> => Bun.file(new URL(`deploy/${name}`, root)).text();
const yaml = async (name: string): Promise<unknown> => Bun.YAML.parse(await file(name));
const SECRET = "a secret of 32 characters or more";
/** What a node may take from SIGTERM on, seconds. */
const STOP_SECONDS = 45;

type Variables = Record<string, string | number>;

/** As the container runtime gives it to the process. */
function configOf(variables: Variables): ReturnType<typeof readConfig> {
  const env = Object.entries(variables).map(([name, value]) => [name, String(value)]);
  return readConfig({ NODE_ENV: "production", PORT: "8080", STOA_DATA_DIR: "/data", ...Object.fromEntries(env) });
}

describe("compose.yaml", async () => {
  const compose = await yaml("compose.yaml");

  for (const name of ["chat-1", "chat-2"]) {
    test(`${name} is a node of a cluster on the servers beside it`, () => {
      const variables = at(compose, `services.${name}.environment`) as Variables;
      const config = configOf({ ...variables, JWT_SECRET_KEY: SECRET });
      if (!config.ok) throw new Error(config.error.join("\n"));
      const { instanceId, redis, dynamodb, trustProxy } = config.value;
      expect({ instanceId, trustProxy }).toEqual({ instanceId: name, trustProxy: true });
      expect(redis?.nodes).toEqual([{ host: "redis", port: 6379 }]);
      expect(new URL(String(dynamodb?.endpoint)).hostname).toBe("dynamodb");
      expect(at(compose, "services")).toContainKeys(["redis", "dynamodb", "tables", "proxy"]);
      expect(at(compose, `services.${name}.stop_grace_period`)).toBe(`${STOP_SECONDS}s`);
    });
  }

  test("the proxy finds both", () => {
    const { STOA_NODE_1, STOA_NODE_2 } = at(compose, "services.proxy.environment") as Variables;
    expect([STOA_NODE_1, STOA_NODE_2]).toEqual(["chat-1:8080", "chat-2:8080"]);
  });
});

describe("kubernetes.yaml", async () => {
  const parts = (await yaml("kubernetes.yaml")) as readonly { readonly kind: string }[];
  const part = (kind: string): unknown => parts.find((one) => one.kind === kind);
  const pod = at(part("Deployment"), "spec.template.spec");
  const container = at(pod, "containers.0");

  test("a node's variables are accepted", () => {
    const variables = at(part("ConfigMap"), "data") as Variables;
    const secrets = { JWT_SECRET_KEY: SECRET, REDIS_URL: "rediss://:password@redis.internal:6379" };
    const config = configOf({ ...variables, ...secrets, INSTANCE_ID: "stoa-6f7d9-abcde" });
    if (!config.ok) throw new Error(config.error.join("\n"));
    expect(config.value.dynamodb).toBeDefined();
    expect(config.value.redis).toBeDefined();
  });

  test("it has time to stop, and is asked at paths that there are", async () => {
    expect(at(pod, "terminationGracePeriodSeconds")).toBe(STOP_SECONDS);
    expect(at(container, "readinessProbe.httpGet.path")).toBe("/readyz");
    expect(at(container, "livenessProbe.httpGet.path")).toBe("/healthz");
    expect(at(container, "ports.0.containerPort")).toBe(8080);
  });
});

test("cloudformation.yaml makes tables that a node takes", async () => {
  const template = await yaml("cloudformation.yaml");
  const dynamo = await startDynalite();
  const client = dynamoClient({ endpoint: dynamo.endpoint, region: "local", anyCredentials: true });
  try {
    for (const resource of ["MessagesTable", "RoomsTable"]) {
      const properties = at(template, `Resources.${resource}.Properties`) as CreateTableCommandInput;
      const { BillingMode, AttributeDefinitions, KeySchema } = properties;
      await client.send(new CreateTableCommand({ TableName: resource, BillingMode, AttributeDefinitions, KeySchema }));
      expect(await ensureTable(client, resource)).toEqual({ ok: true, value: "present" });
    }
  } finally {
    client.destroy();
    await dynamo.stop();
  }
});

test("the image has what it copies, and its folder's rules let it through", async () => {
  const copied = [...(await file("Dockerfile")).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) =>
    sources.split(" "),
  );
  expect(copied.length).toBeGreaterThan(3);
  const kept = (await Bun.file(new URL(".dockerignore", root)).text()).match(/^!.+$/gm)?.map((line) => line.slice(1));
  for (const source of copied) {
    expect(existsSync(new URL(source, root)), source).toBe(true);
    expect(kept).toContain(source);
  }
});

test("the image starts the runtime as npm start does", async () => {
  const image = await file("Dockerfile");
  const told = Object.entries(runtime);
  expect(told.length).toBeGreaterThan(0);
  for (const [name, value] of told) expect(image).toContain(`ENV ${name}=${value}\n`);
  const print = `process.stdout.write(JSON.stringify(${JSON.stringify(Object.keys(runtime))}.map((name) => process.env[name])))`;
  const started = (env: Record<string, string>): string =>
    Bun.spawnSync(["node", "scripts/bun.mjs", "-e", print], {
      cwd: root.pathname,
      env: { PATH: process.env.PATH, ...env },
    }).stdout.toString();
  expect(JSON.parse(started({}))).toEqual(Object.values(runtime));
  const own = Object.fromEntries(told.map(([name]) => [name, "1"]));
  expect(JSON.parse(started(own))).toEqual(told.map(() => "1"));
});

test.skipIf(!(await isThere("haproxy")))("haproxy.cfg is one that HAProxy takes", () => {
  const check = (env: Record<string, string>): number =>
    Bun.spawnSync(["haproxy", "-c", "-q", "-f", new URL("deploy/haproxy.cfg", root).pathname], {
      env: { PATH: process.env.PATH, ...env },
      stderr: "ignore",
    }).exitCode;
  const nodes = { STOA_NODE_1: "127.0.0.1:8081", STOA_NODE_2: "127.0.0.1:8082" };
  expect(check({ STOA_LISTEN: "127.0.0.1:8080", ...nodes })).toBe(0);
  expect(check({ STOA_LISTEN: "127.0.0.1:8080", ...nodes, STOA_NODE_2: "nowhere" })).toBe(1);
});

test("systemd gives it the time and the descriptors that it needs", async () => {
  const unit = await file("stoa.service");
  expect(unit).toContain(`TimeoutStopSec=${STOP_SECONDS}`);
  expect(Number(/LimitNOFILE=(\d+)/.exec(unit)?.[1])).toBeGreaterThan(10_000);
});
