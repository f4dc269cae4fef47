/** `npm run doctor` as operators run it: it finds what is wrong and says what to do, and finds nothing where all is well. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { openWriterDatabase, SCHEMA_VERSION } from "../../src/storage/sqlite/schema.ts";
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import { makeVapid } from "../../src/integrations/notify/vapid.ts";
import { appendNow, segment } from "../conformance/harness.ts";
import { eventually } from "../support/eventually.ts";
import { at } from "../support/json.ts";
import { type DynamoServer, startDynalite } from "../support/dynamodb-servers.ts";
import { makeTestTables } from "../support/dynamodb-tables.ts";
import { isThere } from "../support/programs.ts";
import { AwsReceiver, WebhookReceiver } from "../support/notify-receivers.ts";
import { RedisServer } from "../support/redis-servers.ts";
import { BUCKET, type S3Server, startS3 } from "../support/s3-server.ts";
import { TraceCollector } from "../support/trace-collector.ts";
import { TestServer } from "../support/server.ts";
import { failOnFatal, temporaryFolder } from "../support/temporary-folder.ts";
import { SECRET } from "../support/tokens.ts";

const root = join(import.meta.dir, "../..");
const folder = temporaryFolder();
const hasRedis = await isThere("redis-server");
afterAll(() => folder.remove());

interface Diagnosis {
  readonly code: number;
  readonly text: string;
  /** Lines of what is to be looked at or failed. */
  readonly complaints: readonly string[];
}

async function doctor(env: Readonly<Record<string, string>> = {}): Promise<Diagnosis> {
  const { PATH, HOME } = process.env;
  const sound = { NODE_ENV: "production", JWT_SECRET_KEY: SECRET, PORT: "0", STOA_SHARDS: "1" };
  const child = Bun.spawn([process.execPath, "src/cli/doctor.ts"], {
    cwd: root,
    env: { PATH, HOME, STOA_DATA_DIR: join(folder.path, "data"), ...sound, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [text, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect(errors).toBe("");
  // How many files a process may open is the machine's, and how busy its disk is: not what is looked at here.
  const complaints = text.split("\n").filter((line) => /^(look|FAILED)(?! +(open files|fsync))/.test(line));
  return { code, text, complaints };
}

test("where all is well it says so, and leaves nothing behind", async () => {
  // A disk is well when others leave it alone.
  await eventually(async () => {
    const { code, text, complaints } = await doctor();
    expect([code, complaints]).toEqual([0, []]);
    for (const about of ["configuration", "disk space", "fsync", "database", "open files", "memory", "cores", "port"]) {
      expect(text).toContain(`ok      ${about}: `);
    }
  });
  expect(existsSync(join(folder.path, "data"))).toBe(false);
});

test("a configuration that no server starts with is named, each variable, and no secret is shown", async () => {
  const { code, text } = await doctor({ STOA_SHARD: "2", PORT: "x", JWT_SECRET_KEY: "hunter2" });
  expect(code).toBe(2);
  for (const name of ["STOA_SHARD", "PORT", "JWT_SECRET_KEY"]) expect(text).toContain(`FAILED  ${name}: `);
  expect(text).not.toContain("hunter2");
});

test("what is acceptable and not meant for production is to be looked at", async () => {
  const wide = { STOA_OUTWARD_ALLOW: "10.1.2.3, 10.0.0.0/8" };
  const odd = { NODE_ENV: "development", REDIS_PORT: "6379", STOA_TRUST_PROXY: "on", ...wide };
  const { code, complaints } = await doctor(odd);
  expect(code).toBe(0);
  expect(complaints.join("\n")).toContain("NODE_ENV: development");
  expect(complaints.join("\n")).toContain("REDIS_PORT is set without REDIS_HOST");
  expect(complaints.join("\n")).toContain("metrics: only this machine");
  expect(complaints.join("\n")).toContain("STOA_OUTWARD_ALLOW: whole networks");
});

test("a data folder that cannot be written fails, and so does a database that is none", async () => {
  const there = temporaryFolder();
  writeFileSync(join(there.path, "stoa.db"), "hello");
  const broken = await doctor({ STOA_DATA_DIR: there.path });
  expect([broken.code, broken.complaints]).toEqual([1, [expect.stringContaining("is no SQLite database")]]);
  expect(readdirSync(there.path)).toEqual(["stoa.db"]);
  // Nobody may make a folder in a file.
  const { code, text } = await doctor({ STOA_DATA_DIR: join(there.path, "stoa.db", "data") });
  expect(code).toBe(1);
  expect(text).toContain("FAILED  data folder: ");
  there.remove();
});

test("a folder into which everybody may look is told, one of its owner's alone is not", async () => {
  const there = temporaryFolder();
  chmodSync(there.path, 0o750);
  expect((await doctor({ STOA_DATA_DIR: there.path })).complaints).toEqual([]);
  chmodSync(there.path, 0o755);
  const { code, complaints } = await doctor({ STOA_DATA_DIR: there.path });
  const seen = expect.stringContaining("permissions: everybody on this machine may look into");
  expect([code, complaints]).toEqual([0, [seen]]);
  there.remove();
});

test("a database of a newer version fails, and it says so before a start is refused", async () => {
  const there = temporaryFolder();
  openWriterDatabase(there.path).close();
  expect((await doctor({ STOA_DATA_DIR: there.path })).complaints).toEqual([]);
  const newer = new Database(join(there.path, "stoa.db"));
  newer.run(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  newer.run("PRAGMA wal_checkpoint(TRUNCATE)");
  newer.close();
  const { code, complaints } = await doctor({ STOA_DATA_DIR: there.path });
  const seen = `has version ${SCHEMA_VERSION + 1}; this program knows ${SCHEMA_VERSION}`;
  expect([code, complaints]).toEqual([1, [expect.stringContaining(seen)]]);
  there.remove();
});

/** A room whose log is no log, as a newer version or a bad disk would leave it. */
async function breakRoom(dir: string): Promise<void> {
  const { journal, close } = openSqlite({ dir, onFatal: failOnFatal });
  const log = { tenant: "default" as TenantId, room: "broken" as RoomId, incarnation: 1 };
  const entries = Uint8Array.of(0x91, 0x7f);
  expect(await appendNow(journal, log, segment(1, 1, { entries }))).toBe("written");
  await close();
}

test("a port that Stoa has already is told from one that another program has", async () => {
  const server = await TestServer.start();
  const taken = await doctor({ PORT: String(server.port), HOST: "127.0.0.1" });
  expect([taken.code, taken.complaints]).toEqual([0, [expect.stringContaining("Stoa runs on")]]);
  expect(taken.text).toContain("ok      rooms: ");
  await server.dispose();
  const other = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: () => undefined, open: (s) => void s.end() },
  });
  const refused = await doctor({ PORT: String(other.port), HOST: "127.0.0.1" });
  expect([refused.code, refused.complaints]).toEqual([1, [expect.stringContaining("cannot be opened")]]);
  other.stop(true);
});

test("rooms that a running server cannot read are to be looked at", async () => {
  const server = await TestServer.start();
  await server.stop();
  await breakRoom(server.dataDir);
  await server.restart();
  const token = server.token({ user: "ann" });
  await eventually(async () => {
    await server.rest("GET", "/v1/chat/rooms/broken", { token });
    const health = await server.rest("GET", "/api/health");
    expect(at(health.body, "followers.search.unreadable")).toBe(1);
  }, 45_000);
  const broken = await doctor({ PORT: String(server.port), HOST: "127.0.0.1" });
  const seen = expect.stringMatching(/^look +rooms: logs of rooms that cannot be read: .*1 by search/);
  expect([broken.code, broken.complaints]).toEqual([0, [expect.stringContaining("Stoa runs on"), seen]]);
  await server.dispose();
}, 90_000);

describe("with everything that a cluster has", () => {
  let dynamo: DynamoServer;
  let s3: S3Server;
  let env: Record<string, string>;

  beforeAll(async () => {
    [dynamo, s3] = await Promise.all([startDynalite(), startS3()]);
    const tables = await makeTestTables(dynamo);
    env = {
      ...tables.env,
      S3_BUCKET_ATTACHMENTS: BUCKET,
      S3_ENDPOINT: s3.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
    };
  });
  afterAll(async () => {
    await Promise.all([dynamo.stop(), s3.stop()]);
  });

  test("tables and bucket are found, and what is missing comes with its remedy", async () => {
    const found = await doctor(env);
    expect(found.text).toContain(`ok      table ${env["DYNAMODB_TABLE_MESSAGES"]}: is there`);
    expect(found.text).toContain("ok      S3: the bucket");
    const missing = await doctor({ ...env, DYNAMODB_TABLE_ROOMS: "not-made", S3_BUCKET_ATTACHMENTS: "no-such-bucket" });
    expect(missing.code).toBe(1);
    expect(missing.text).toContain("FAILED  table not-made: is not there\n         → npm run tables");
    expect(missing.text).toContain("FAILED  S3: ");
    const away = await doctor({ ...env, DYNAMODB_ENDPOINT: "http://127.0.0.1:1" });
    expect([away.code, away.text]).toEqual([1, expect.stringContaining("FAILED  DynamoDB: ")]);
  }, 60_000);

  test.skipIf(!hasRedis)(
    "Redis is asked for its version, its memory and its clock",
    async () => {
      const redis = await RedisServer.start();
      const at = { REDIS_HOST: "127.0.0.1", REDIS_PORT: String(redis.port) };
      const { text } = await doctor({ ...env, ...at });
      expect(text).toMatch(/ok {6}Redis: version \d+\.\d+.*takes writes/);
      expect(text).toContain("ok      clock: ");
      await redis.dispose();
      const away = await doctor({ ...env, ...at });
      expect([away.code, away.text]).toEqual([1, expect.stringContaining("FAILED  Redis: connect ECONNREFUSED")]);
      expect(away.text).toContain("→ start it, and see that REDIS_… has its address and port");
    },
    60_000,
  );
});

describe("the ways by which people who are away are told", () => {
  const SNS_TOPIC_ARN = "arn:aws:sns:eu-central-1:123456789012:away";

  test("queue, topic and service are found", async () => {
    const [aws, service] = [new AwsReceiver(), new WebhookReceiver()];
    const queue = await doctor({ SQS_QUEUE_URL: aws.queueUrl });
    expect([queue.code, queue.complaints]).toEqual([0, []]);
    expect(queue.text).toContain("ok      notifications: the queue is there, with 0 messages");
    const topic = await doctor({ SNS_TOPIC_ARN, SNS_ENDPOINT: aws.endpoint });
    expect(topic.text).toContain("ok      notifications: the topic is there, with 3 subscriptions");
    const secret = { STOA_NOTIFY_WEBHOOK_SECRET: "a secret of the operator" };
    const webhook = await doctor({ STOA_NOTIFY_WEBHOOK_URL: service.url, ...secret });
    expect(webhook.text).toContain("ok      notifications: answers (");
    await Promise.all([aws.stop(), service.stop()]);
  });

  test("a queue that is not there fails, and keys that do not belong together", async () => {
    const aws = new AwsReceiver();
    const { queueUrl } = aws;
    await aws.stop();
    const [one, other] = [makeVapid(), makeVapid()];
    const push = { STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org", STOA_VAPID_PUBLIC_KEY: one.publicKey };
    const { code, text } = await doctor({
      SQS_QUEUE_URL: queueUrl,
      ...push,
      STOA_VAPID_PRIVATE_KEY: other.privateKey,
    });
    expect(code).toBe(1);
    expect(text).toContain("FAILED  notifications: ");
    expect(text).toContain("FAILED  Web Push: ");
    expect(text).not.toContain(other.privateKey);
  });
});

test("a collector of traces is asked, and one that is away or refuses is no reason not to start", async () => {
  const collector = new TraceCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_EXPORTER_OTLP_HEADERS: "x-key=hunter2" };
  const there = await doctor(env);
  expect([there.code, there.text]).toEqual([0, expect.stringContaining("ok      traces: the collector takes them")]);
  expect(collector.headers[0]?.get("x-key")).toBe("hunter2");
  collector.status = 403;
  const refused = await doctor(env);
  expect([refused.code, refused.text]).toEqual([
    0,
    expect.stringContaining("look    traces: the collector answers 403"),
  ]);
  await collector.stop();
  const away = await doctor(env);
  expect([away.code, away.text]).toEqual([0, expect.stringContaining("look    traces: the collector does not answer")]);
  expect(there.text + refused.text + away.text).not.toContain("hunter2");
});
