import { describe, expect, test } from "bun:test";
import { OUTWARD_ALLOWED_MAX } from "../../../src/base/limits.ts";
import { type Config, readConfig } from "../../../src/config/config.ts";
import { isNotifying } from "../../../src/config/notify.ts";
import { makeVapid } from "../../../src/integrations/notify/vapid.ts";

const STRONG = "x".repeat(32);

function configOf(env: Record<string, string>): Config {
  const config = readConfig(env);
  if (!config.ok) throw new Error(config.error.join("\n"));
  return config.value;
}

function complaintsOf(env: Record<string, string>): readonly string[] {
  const config = readConfig(env);
  if (config.ok) throw new Error("the configuration was accepted");
  return config.error;
}

describe("readConfig", () => {
  test("an empty environment gives the documented defaults", () => {
    const config = configOf({});
    expect(config).toMatchObject({
      environment: "development",
      host: "0.0.0.0",
      port: 8080,
      dataDir: "./data",
      logLevel: "info",
      allowedOrigins: [],
      queryToken: true,
      messageLengthMax: 5000,
      fileBytesMax: 10_485_760,
      typingTimeoutMs: 3000,
      presenceTtlSeconds: 300,
      socketIdleSeconds: 600,
      assistant: { silenceMs: 10_000, runMs: 60_000, runsMax: 240, contextTtlMs: 3_600_000 },
      messageRetentionDays: undefined,
      notices: [],
    });
    expect(config.shards).toBeGreaterThanOrEqual(1);
    expect(config.shards).toBeLessThanOrEqual(32);
  });

  test("the configuration is frozen to its leaves", () => {
    const config = configOf({ ALLOWED_ORIGINS: "https://a.example" });
    for (const part of [config, config.jwt, config.rate, config.allowedOrigins, config.notices]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test("two starts get two instance ids unless one is set", () => {
    expect(configOf({}).instanceId).not.toBe(configOf({}).instanceId);
    expect(configOf({ INSTANCE_ID: "node-7" }).instanceId).toBe("node-7");
  });

  test("an empty variable counts as not set", () => {
    expect(configOf({ PORT: "", JWT_SECRET_KEY: "" })).toMatchObject({ port: 8080, jwt: { secret: undefined } });
  });

  test.each([
    ["PORT", "0"],
    ["PORT", "65535"],
    ["STOA_SHARDS", "32"],
    ["LOG_LEVEL", "DEBUG"],
    ["STOA_QUERY_TOKEN", "off"],
    ["ALLOWED_ORIGINS", "https://a.example, http://localhost:5173/"],
    ["ALLOWED_ORIGINS", "*"],
    ["WEBSOCKET_API_ENDPOINT", "wss://ws.example.org"],
    ["REDIS_DB", "0"],
  ])("%s=%s is accepted", (name, value) => {
    expect(readConfig({ [name]: value }).ok).toBe(true);
  });

  test.each([
    ["NODE_ENV", "prod", "production, development, test"],
    ["HOST", "not a host", "a host name or an IP address"],
    ["PORT", "65536", "a whole number from 0 to 65535"],
    ["PORT", "80a", "a whole number from 0 to 65535"],
    ["PORT", "-1", "a whole number from 0 to 65535"],
    ["PORT", "1e3", "a whole number from 0 to 65535"],
    ["STOA_SHARDS", "0", "a whole number from 1 to 32"],
    ["STOA_SHARDS", "33", "a whole number from 1 to 32"],
    ["STOA_QUERY_TOKEN", "maybe", "on, off"],
    ["STOA_TRUST_PROXY", "2", "on, off"],
    ["STOA_PRESENCE_GRACE_MS", "-5", "a whole number from 0"],
    ["STOA_RATE_PER_SECOND", "0", "a whole number from 1"],
    ["STOA_RATE_BURST", "0", "a whole number from 1"],
    ["STOA_RATE_USER_PER_SECOND", "-1", "a whole number from 0"],
    ["STOA_RATE_USER_BURST", "0", "a whole number from 1"],
    ["STOA_RATE_TENANT_PER_SECOND", "1000001", "to 1000000"],
    ["STOA_RATE_TENANT_BURST", "many", "a whole number from 1"],
    ["STOA_RATE_ROOM_PER_SECOND", "x", "a whole number from 0"],
    ["STOA_RATE_ROOM_BURST", "0", "a whole number from 1"],
    ["STOA_CONNECTS_USER_PER_MINUTE", "-1", "a whole number from 0"],
    ["STOA_CONNECTS_USER_BURST", "0", "a whole number from 1"],
    ["STOA_CONNECTS_ADDRESS_PER_MINUTE", "-1", "a whole number from 0"],
    ["STOA_CONNECTS_ADDRESS_BURST", "0", "a whole number from 1"],
    ["STOA_FIGURES_SECONDS", "3601", "a whole number from 0 to 3600"],
    ["STOA_SHOWN_ADDRESSES", "some", "short, whole, none"],
    ["INSTANCE_ID", "a b", "letters, digits"],
    ["LOG_LEVEL", "loud", "fatal, error, warn"],
    ["ALLOWED_ORIGINS", "example.org", "origins like https://"],
    ["ALLOWED_ORIGINS", "https://a.example/path", "origins like https://"],
    ["WEBSOCKET_API_ENDPOINT", "ftp://x", "wss://"],
    ["MAX_MESSAGE_LENGTH", "0", "a whole number from 1"],
    ["MAX_MESSAGE_LENGTH", "1000000", "a whole number from 1"],
    ["MAX_FILE_SIZE", "10MB", "bytes"],
    ["TYPING_TIMEOUT", "3s", "ms"],
    ["PRESENCE_TTL", "1", "a whole number from 10"],
    ["WEBSOCKET_IDLE_TIMEOUT", "961", "a whole number from 10 to 960"],
    ["MESSAGE_RETENTION_DAYS", "year", "days"],
    ["AI_RESPONSE_TIMEOUT", "1", "a whole number from 100"],
    ["REDIS_URL", "http://localhost", "redis://"],
    ["REDIS_HOST", "a b", "a host name"],
    ["REDIS_PORT", "0", "a whole number from 1"],
    ["REDIS_SSL", "perhaps", "on, off"],
    ["REDIS_DB", "x", "a whole number from 0"],
    ["ELASTICACHE_CLUSTER", "a b", "without spaces"],
    ["ELASTICACHE_CLUSTER", "a.example:6379,", "separated by commas"],
    ["STOA_REDIS_PREFIX", "{x}", "up to 64 letters"],
    ["STOA_STORE", "postgres", "sqlite, dynamodb"],
    ["CHAT_MANAGEMENT_ENDPOINT", "localhost:8000", "https://"],
    ["DYNAMODB_ENDPOINT", "localhost:8000", "https://"],
    ["DYNAMODB_TABLE_MESSAGES", "a", "a table name"],
    ["DYNAMODB_TABLE_ROOMS", "a/b", "a table name"],
    ["S3_BUCKET_ATTACHMENTS", "Upper", "a bucket name"],
    ["STOA_METRICS_TOKEN", "short", "16 characters"],
    ["S3_ENDPOINT", "localhost", "https://"],
    ["STOA_OUTWARD_ALLOW", "10.0.0.1/8", "ranges (10.1.0.0/16)"],
    ["STOA_OUTWARD_ALLOW", "hooks.internal, 1.2.3", "ranges (10.1.0.0/16)"],
    ["STOA_OUTWARD_ALLOW", Array.from({ length: OUTWARD_ALLOWED_MAX + 1 }, () => "::1").join(","), "at most 100"],
    ["STOA_ATTACHMENTS", "disk", "folder, s3, off"],
    ["STOA_UPLOAD_BYTES_PER_DAY", "0", "a whole number from 1"],
    ["STOA_TENANT_FILE_BYTES", "-1", "a whole number from 0"],
    ["AWS_REGION", "EU central", "a region"],
    ["AWS_ACCESS_KEY_ID", "a b", "without spaces"],
    ["AWS_SECRET_ACCESS_KEY", "a b", "without spaces"],
    ["GEMINI_API_KEY", "a b", "without spaces"],
    ["OPENAI_API_KEY", "a b", "without spaces"],
  ])("%s=%s is refused with what is accepted", (name, value, accepted) => {
    const complaints = complaintsOf({ [name]: value });
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toStartWith(`${name}: got `);
    expect(complaints[0]).toContain(accepted);
  });

  test("a user may do twice what a connection may, unless it is said; 0 is no bound", () => {
    const limitsOf = (env: Record<string, string>) => {
      const config = readConfig({ NODE_ENV: "test", ...env });
      if (!config.ok) throw new Error(config.error.join());
      return config.value.limits;
    };
    expect(limitsOf({ STOA_RATE_PER_SECOND: "7", STOA_RATE_BURST: "11" })).toEqual({
      user: { perSecond: 14, burst: 22 },
      tenant: undefined,
      room: undefined,
      connectsOfUser: { perSecond: 1, burst: 120 },
      connectsOfAddress: { perSecond: 100, burst: 3_000 },
    });
    expect(limitsOf({ STOA_RATE_BURST: "1000000" }).user?.burst).toBe(1_000_000);
    const some = { STOA_RATE_USER_PER_SECOND: "0", STOA_RATE_ROOM_PER_SECOND: "5", STOA_CONNECTS_USER_PER_MINUTE: "0" };
    expect(limitsOf(some)).toMatchObject({
      user: undefined,
      room: { perSecond: 5, burst: 20 },
      connectsOfUser: undefined,
    });
  });

  test("files are kept in the data folder, with a bucket there, and with DynamoDB and none nowhere", () => {
    const tables = { DYNAMODB_TABLE_MESSAGES: "messages", DYNAMODB_TABLE_ROOMS: "rooms", AWS_REGION: "eu-central-1" };
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" };
    expect(configOf({}).attachments.store).toBe("folder");
    expect(configOf(tables).attachments.store).toBe("off");
    const bucket = { S3_BUCKET_ATTACHMENTS: "my-files", AWS_REGION: "eu-central-1", ...keys };
    expect(configOf({ ...tables, ...bucket }).attachments.store).toMatchObject({
      bucket: "my-files",
      keys: { accessKeyId: "id" },
    });
    const ofMachine = { S3_BUCKET_ATTACHMENTS: "my-files", AWS_REGION: "eu-central-1" };
    expect(configOf(ofMachine).attachments.store).toMatchObject({ bucket: "my-files", keys: undefined });
    expect(configOf({ ...bucket, STOA_ATTACHMENTS: "folder" }).attachments.store).toBe("folder");
    expect(complaintsOf({ ...tables, STOA_ATTACHMENTS: "folder" })[0]).toContain("s3 or off with DynamoDB");
    const names = complaintsOf({ STOA_ATTACHMENTS: "s3" }).map((complaint) => complaint.split(":")[0]);
    expect(names.sort()).toEqual(["AWS_REGION", "S3_BUCKET_ATTACHMENTS"]);
  });

  test("all complaints come at once", () => {
    const complaints = complaintsOf({
      PORT: "x",
      LOG_LEVEL: "x",
      STOA_SHARD: "2",
      NODE_ENV: "production",
      DATABASE_URL: "x",
    });
    const names = complaints.map((complaint) => complaint.split(":")[0]);
    expect(names.sort()).toEqual(["DATABASE_URL", "JWT_SECRET_KEY", "LOG_LEVEL", "PORT", "STOA_SHARD"]);
  });

  test("production does not start without a secret of 32 characters, and says why", () => {
    expect(complaintsOf({ NODE_ENV: "production" })[0]).toContain("JWT_SECRET_KEY: got nothing");
    expect(complaintsOf({ NODE_ENV: "production", JWT_SECRET_KEY: STRONG.slice(1) })[0]).toContain(
      "whoever guesses it",
    );
    expect(configOf({ NODE_ENV: "production", JWT_SECRET_KEY: STRONG }).jwt.secret).toBe(STRONG);
    expect(configOf({ JWT_SECRET_KEY: "short" }).jwt.secret).toBe("short");
  });

  test("no complaint shows a secret or an address that may carry a password", () => {
    const env = {
      NODE_ENV: "production",
      JWT_SECRET_KEY: "hunter2",
      REDIS_URL: "http://u:hunter2@host",
      AWS_SECRET_ACCESS_KEY: "hunter2 x",
      GEMINI_API_KEY: "hunter2 x",
      DATABASE_URL: "postgresql://u:hunter2@host/db",
    };
    const complaints = complaintsOf(env);
    expect(complaints).toHaveLength(5);
    expect(complaints.join("\n")).not.toContain("hunter2");
  });

  test("DATABASE_URL is refused with what is used instead", () => {
    expect(complaintsOf({ DATABASE_URL: "postgresql://localhost/x" })[0]).toContain("SQLite files in STOA_DATA_DIR");
  });

  test("the store is SQLite until tables of DynamoDB are named, or it is asked for", () => {
    const tables = { DYNAMODB_TABLE_MESSAGES: "chat-messages", DYNAMODB_TABLE_ROOMS: "chat-rooms" };
    const named = { messagesTable: "chat-messages", roomsTable: "chat-rooms" };
    expect(configOf({}).dynamodb).toBeUndefined();
    expect(configOf({ ...tables, STOA_STORE: "sqlite" }).dynamodb).toBeUndefined();
    expect(configOf({ ...tables, AWS_REGION: "eu-central-1" }).dynamodb).toEqual({
      ...named,
      endpoint: undefined,
      region: "eu-central-1",
      anyCredentials: false,
    });
  });

  test("DynamoDB without both tables and a place to find them is refused", () => {
    const names = (env: Record<string, string>) => complaintsOf(env).map((complaint) => complaint.split(":")[0]);
    expect(names({ STOA_STORE: "dynamodb" })).toEqual([
      "DYNAMODB_TABLE_MESSAGES",
      "DYNAMODB_TABLE_ROOMS",
      "AWS_REGION",
    ]);
    expect(names({ DYNAMODB_TABLE_ROOMS: "chat-rooms", AWS_REGION: "eu-central-1" })).toEqual([
      "DYNAMODB_TABLE_MESSAGES",
    ]);
  });

  test("a DynamoDB of one's own needs neither region nor keys, and has two names for its address", () => {
    const tables = { DYNAMODB_TABLE_MESSAGES: "chat-messages", DYNAMODB_TABLE_ROOMS: "chat-rooms" };
    const own = configOf({ ...tables, CHAT_MANAGEMENT_ENDPOINT: "http://localhost:8000" }).dynamodb;
    expect(own).toMatchObject({ endpoint: "http://localhost:8000", region: "local", anyCredentials: true });
    const both = { DYNAMODB_ENDPOINT: "http://localhost:1", CHAT_MANAGEMENT_ENDPOINT: "http://localhost:2" };
    expect(configOf({ ...tables, ...both }).dynamodb?.endpoint).toBe("http://localhost:1");
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" };
    expect(configOf({ ...tables, ...both, ...keys }).dynamodb?.anyCredentials).toBe(false);
    const amazon = { DYNAMODB_ENDPOINT: "https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com" };
    expect(configOf({ ...tables, ...amazon }).dynamodb?.anyCredentials).toBe(false);
  });

  test("an unknown STOA_ variable is refused with the nearest name, or none when none is near", () => {
    expect(complaintsOf({ STOA_DATADIR: "x" })).toEqual([
      "STOA_DATADIR: no such variable; did you mean STOA_DATA_DIR?",
    ]);
    expect(complaintsOf({ STOA_COMPLETELY_DIFFERENT_THING: "x" })).toEqual([
      "STOA_COMPLETELY_DIFFERENT_THING: no such variable",
    ]);
  });

  test("days and pace of retention, where 0 days are for ever", () => {
    expect(configOf({}).messageRetentionDays).toBeUndefined();
    expect(configOf({ MESSAGE_RETENTION_DAYS: "0" }).messageRetentionDays).toBeUndefined();
    const { messageRetentionDays, retentionSweepSeconds } = configOf({
      MESSAGE_RETENTION_DAYS: "365",
      MESSAGE_RETENTION_SWEEP_SECONDS: "60",
    });
    expect([messageRetentionDays, retentionSweepSeconds]).toEqual([365, 60]);
  });
});

describe("where Redis is", () => {
  const redisOf = (env: Record<string, string>) => configOf(env).redis;
  const one = { kind: "single", username: undefined, password: undefined, tls: false, db: 0, prefix: "stoa" };

  test("nowhere, when nothing says so; settings without a place are announced", () => {
    expect(redisOf({})).toBeUndefined();
    const config = configOf({ REDIS_PORT: "6380", REDIS_PASSWORD: "hunter2" });
    expect(config.redis).toBeUndefined();
    expect(config.notices).toEqual([
      "REDIS_PORT is set without REDIS_HOST and has no effect",
      "REDIS_PASSWORD is set without REDIS_HOST and has no effect",
    ]);
  });

  test("a host with the variables of its own", () => {
    const nodes = [{ host: "cache", port: 6379 }];
    expect(redisOf({ REDIS_HOST: "cache" })).toEqual({ ...one, kind: "single", nodes });
    const env = {
      REDIS_PORT: "7000",
      REDIS_PASSWORD: "p w",
      REDIS_SSL: "on",
      REDIS_DB: "3",
      STOA_REDIS_PREFIX: "test",
    };
    expect(redisOf({ REDIS_HOST: "::1", ...env })).toEqual({
      kind: "single",
      nodes: [{ host: "::1", port: 7000 }],
      username: undefined,
      password: "p w",
      tls: true,
      db: 3,
      prefix: "test",
    });
  });

  test.each([
    ["redis://cache", { nodes: [{ host: "cache", port: 6379 }] }],
    ["redis://cache:7000/2", { nodes: [{ host: "cache", port: 7000 }], db: 2 }],
    ["rediss://:p%40ss@[::1]:7000/", { nodes: [{ host: "::1", port: 7000 }], password: "p@ss", tls: true }],
    ["redis://ada:x@10.0.0.1", { nodes: [{ host: "10.0.0.1", port: 6379 }], username: "ada", password: "x" }],
  ])("REDIS_URL=%s", (url, changes) => {
    expect(redisOf({ REDIS_URL: url })).toEqual({ ...one, kind: "single", ...changes });
  });

  test("what the address does not say, the other variables do", () => {
    expect(redisOf({ REDIS_URL: "redis://cache", REDIS_PASSWORD: "x", REDIS_SSL: "on", REDIS_DB: "2" })).toMatchObject({
      password: "x",
      tls: true,
      db: 2,
    });
  });

  test.each(["redis://", "redis://cache/one", "redis://:%zz@cache", "redis://cache:99999"])("%s is refused", (url) => {
    const complaints = complaintsOf({ REDIS_URL: url });
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toStartWith("REDIS_URL: got ");
  });

  test("a cluster by its configuration endpoint or by its nodes", () => {
    const env = { REDIS_PORT: "7000", REDIS_PASSWORD: "x", REDIS_SSL: "on" };
    expect(redisOf({ ELASTICACHE_CLUSTER: "a.example,b.example:7001", ...env })).toEqual({
      kind: "cluster",
      nodes: [
        { host: "a.example", port: 7000 },
        { host: "b.example", port: 7001 },
      ],
      username: undefined,
      password: "x",
      tls: true,
      db: 0,
      prefix: "stoa",
    });
    expect(complaintsOf({ ELASTICACHE_CLUSTER: "a.example", REDIS_DB: "1" })[0]).toStartWith("REDIS_DB: got ");
    expect(configOf({ ELASTICACHE_CLUSTER: "chat-presence" }).notices).toHaveLength(1);
  });

  test("two places are one too many, and the complaint shows no password", () => {
    const complaints = complaintsOf({ REDIS_URL: "redis://:hunter2@a", ELASTICACHE_CLUSTER: "b.example" });
    expect(complaints).toEqual([
      "REDIS_URL: got 18 characters; accepted: nothing while ELASTICACHE_CLUSTER is set: both say where Redis is",
    ]);
    expect(complaintsOf({ REDIS_URL: "redis://a", REDIS_HOST: "a" })[0]).toStartWith("REDIS_HOST: got ");
  });
});

test("the feed, webhooks and EventBridge: what is not said has a default, and what is wrong is named", () => {
  const plain = readConfig({});
  if (!plain.ok) throw new Error(plain.error.join());
  expect(plain.value.feed).toEqual({
    days: 30,
    webhooks: { timeoutMs: 10_000, retryMsMax: 300_000, attemptsMax: 10, disableMs: 72 * 3_600_000 },
  });
  expect(plain.value.eventBridge).toBeUndefined();
  const off = readConfig({ STOA_FEED: "off", EVENTBRIDGE_BUS_NAME: "chat", AWS_REGION: "eu-central-1" });
  if (!off.ok) throw new Error(off.error.join());
  expect(off.value.feed).toBeUndefined();
  expect(off.value.eventBridge).toMatchObject({ bus: "chat", region: "eu-central-1", anyCredentials: false });
  expect(off.value.eventBridge?.types).toEqual(["new_message", "message_updated", "message_deleted"]);
  const here = readConfig({
    EVENTBRIDGE_BUS_NAME: "chat",
    EVENTBRIDGE_ENDPOINT: "http://127.0.0.1:1",
    EVENTBRIDGE_TYPES: "new_message, user_joined",
  });
  if (!here.ok) throw new Error(here.error.join());
  expect(here.value.eventBridge).toMatchObject({ anyCredentials: true, types: ["new_message", "user_joined"] });
  for (const [env, named] of [
    [{ EVENTBRIDGE_BUS_NAME: "chat" }, "AWS_REGION"],
    [{ EVENTBRIDGE_BUS_NAME: "no bus", AWS_REGION: "eu-central-1" }, "EVENTBRIDGE_BUS_NAME"],
    [{ EVENTBRIDGE_TYPES: "a;b" }, "EVENTBRIDGE_TYPES"],
    [{ STOA_WEBHOOK_TIMEOUT_MS: "99" }, "STOA_WEBHOOK_TIMEOUT_MS"],
    [{ STOA_WEBHOOK_RETRY_SECONDS_MAX: "3601" }, "STOA_WEBHOOK_RETRY_SECONDS_MAX"],
    [{ STOA_WEBHOOK_ATTEMPTS: "0" }, "STOA_WEBHOOK_ATTEMPTS"],
    [{ STOA_WEBHOOK_DISABLE_HOURS: "0" }, "STOA_WEBHOOK_DISABLE_HOURS"],
    [{ STOA_FEED_DAYS: "0" }, "STOA_FEED_DAYS"],
  ] as const) {
    const config = readConfig(env);
    expect(config.ok ? [] : config.error.map((line) => line.split(":")[0] ?? "")).toEqual([named]);
  }
});

test("addresses that the engine may ask within one's own network are ranges and names", () => {
  const config = readConfig({ STOA_OUTWARD_ALLOW: " 127.0.0.1, 10.2.0.0/16,Hooks.Internal ,fd00::/8," });
  if (!config.ok) throw new Error(config.error.join());
  const { ranges, hosts } = config.value.outward;
  expect(ranges.map(({ version, length }) => [version, length])).toEqual([
    [4, 32],
    [4, 16],
    [6, 8],
  ]);
  expect(hosts).toEqual(["hooks.internal"]);
  const most = readConfig({ STOA_OUTWARD_ALLOW: Array.from({ length: OUTWARD_ALLOWED_MAX }, () => "::1").join(",") });
  expect(most.ok).toBe(true);
});

describe("the moderation hook", () => {
  const url = { STOA_MODERATION_HOOK_URL: "https://hook.example.org/judge" };

  test("is nowhere unless it is named, and asked in time and for the failure policy that are the defaults", () => {
    expect(configOf({}).moderationHook).toBeUndefined();
    const secret = "s".repeat(16);
    expect(configOf({ ...url, STOA_MODERATION_HOOK_SECRET: secret }).moderationHook).toEqual({
      url: url.STOA_MODERATION_HOOK_URL,
      secret,
      timeoutMs: 1_000,
      onFailure: "publish",
    });
  });

  test("is not asked without a secret, and the secret is never shown", () => {
    for (const secret of [{}, { STOA_MODERATION_HOOK_SECRET: "short-one" }]) {
      const complaints = complaintsOf({ ...url, ...secret }).join();
      expect(complaints).toContain("STOA_MODERATION_HOOK_SECRET");
      expect(complaints).not.toContain("short-one");
    }
  });

  test("answers before clients give up", () => {
    const env = { ...url, STOA_MODERATION_HOOK_SECRET: "s".repeat(16), STOA_MODERATION_HOOK_TIMEOUT_MS: "4001" };
    expect(complaintsOf(env)[0]).toStartWith("STOA_MODERATION_HOOK_TIMEOUT_MS: got ");
  });
});

describe("notifications of people who are away", () => {
  const QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/away";
  const TOPIC = "arn:aws:sns:eu-west-3:123456789012:away";
  const WEBHOOK = { STOA_NOTIFY_WEBHOOK_URL: "https://x.example/notify", STOA_NOTIFY_WEBHOOK_SECRET: "s".repeat(16) };
  const CONTACT = { STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org" };
  const keys = makeVapid();
  const PAIR = { STOA_VAPID_PUBLIC_KEY: keys.publicKey, STOA_VAPID_PRIVATE_KEY: keys.privateKey };

  test("nobody is told unless somebody says how", () => {
    const { notify } = configOf({});
    expect(notify).toEqual({ windowMs: 10_000, withText: true, out: undefined, push: undefined });
    expect(isNotifying(notify)).toBe(false);
    expect(isNotifying(configOf({ SQS_QUEUE_URL: QUEUE }).notify)).toBe(true);
    expect(isNotifying(configOf(CONTACT).notify)).toBe(true);
  });

  test("a queue goes before a topic, and that before a service of one's own", () => {
    const all = { SQS_QUEUE_URL: QUEUE, SNS_TOPIC_ARN: TOPIC, ...WEBHOOK };
    const out = (env: Readonly<Record<string, string>>) => configOf(env).notify.out;
    expect(out(all)).toEqual({ kind: "sqs", queueUrl: QUEUE, region: "eu-central-1", anyCredentials: false });
    expect(out({ ...all, SQS_QUEUE_URL: "" })).toMatchObject({ kind: "sns", topicArn: TOPIC, region: "eu-west-3" });
    expect(out(WEBHOOK)).toMatchObject({ kind: "webhook", url: "https://x.example/notify" });
    const own = { SQS_QUEUE_URL: "http://queue.internal:9324/q", AWS_REGION: "eu-north-1" };
    expect(out(own)).toMatchObject({ region: "eu-north-1", anyCredentials: true });
    expect(out({ ...own, AWS_ACCESS_KEY_ID: "key" })).toMatchObject({ anyCredentials: false });
  });

  test("what is wrong is named, and no secret is shown", () => {
    expect(complaintsOf({ SNS_TOPIC_ARN: "arn:aws:sqs:x:1:y" })[0]).toStartWith("SNS_TOPIC_ARN: got ");
    const short = { STOA_NOTIFY_WEBHOOK_URL: WEBHOOK.STOA_NOTIFY_WEBHOOK_URL, STOA_NOTIFY_WEBHOOK_SECRET: "hunter2" };
    expect(complaintsOf(short).join()).toContain("STOA_NOTIFY_WEBHOOK_SECRET");
    expect(complaintsOf(short).join()).not.toContain("hunter2");
    expect(complaintsOf({ STOA_WEB_PUSH_CONTACT: "ops@example.org" })[0]).toStartWith("STOA_WEB_PUSH_CONTACT: got ");
    expect(complaintsOf({ ...CONTACT, ...PAIR, STOA_VAPID_PRIVATE_KEY: "no" })[0]).toStartWith(
      "STOA_VAPID_PRIVATE_KEY",
    );
    expect(configOf({ STOA_NOTIFY_WINDOW_MS: "600000" }).notify.windowMs).toBe(600_000);
    expect(complaintsOf({ STOA_NOTIFY_WINDOW_MS: "600001" })[0]).toStartWith("STOA_NOTIFY_WINDOW_MS: got ");
  });

  test("one node makes keys of its own, several are given a pair, and half a pair is none", () => {
    expect(configOf(CONTACT).notify.push).toEqual({ contact: "mailto:ops@example.org", keys: undefined });
    expect(configOf({ ...CONTACT, ...PAIR }).notify.push?.keys).toEqual(keys);
    const dynamo = { DYNAMODB_TABLE_MESSAGES: "messages", DYNAMODB_TABLE_ROOMS: "rooms", AWS_REGION: "eu-central-1" };
    expect(complaintsOf({ ...CONTACT, ...dynamo })[0]).toStartWith("STOA_VAPID_PUBLIC_KEY: got nothing");
    expect(configOf({ ...CONTACT, ...PAIR, ...dynamo }).notify.push?.keys).toEqual(keys);
    const half = { ...CONTACT, STOA_VAPID_PUBLIC_KEY: keys.publicKey };
    expect(complaintsOf(half)[0]).toStartWith("STOA_VAPID_PRIVATE_KEY: got nothing");
  });
});

describe("the profile service", () => {
  const named = {
    STOA_PROFILE_SERVICE_URL: "https://people.example.org/",
    STOA_PROFILE_SERVICE_SECRET: "s".repeat(16),
  };

  test("is nowhere unless it is named, and has a second, and its answer an hour, unless told otherwise", () => {
    expect(configOf({}).profileService).toBeUndefined();
    expect(configOf(named).profileService).toEqual({
      url: named.STOA_PROFILE_SERVICE_URL,
      secret: named.STOA_PROFILE_SERVICE_SECRET,
      timeoutMs: 1_000,
      ttlMs: 3_600_000,
    });
  });

  test("is not asked without a secret, and its times have bounds", () => {
    const complaintOf = (env: object): string => complaintsOf({ ...named, ...env })[0] ?? "none";
    expect(complaintOf({ STOA_PROFILE_SERVICE_SECRET: "s".repeat(15) })).toContain("STOA_PROFILE_SERVICE_SECRET");
    expect(complaintOf({ STOA_PROFILE_SERVICE_TIMEOUT_MS: "4001" })).toStartWith("STOA_PROFILE_SERVICE_TIMEOUT_MS: ");
    expect(complaintOf({ STOA_PROFILE_SERVICE_TTL_MS: "99" })).toStartWith("STOA_PROFILE_SERVICE_TTL_MS: ");
  });
});

describe("the assistant", () => {
  test("there is none without a key", () => {
    expect(configOf({}).assistant.providers).toEqual([]);
  });

  test("Gemini is asked first, then OpenAI; another order is said", () => {
    const keys = { GEMINI_API_KEY: "g", OPENAI_API_KEY: "o" };
    const names = (env: Record<string, string>) => configOf(env).assistant.providers.map(({ name }) => name);
    expect(names(keys)).toEqual(["gemini", "openai"]);
    expect(names({ ...keys, STOA_AI_PROVIDERS: "openai,gemini" })).toEqual(["openai", "gemini"]);
    expect(names({ ...keys, STOA_AI_PROVIDERS: "gemini" })).toEqual(["gemini"]);
    expect(names({ OPENAI_API_KEY: "o" })).toEqual(["openai"]);
    expect(complaintsOf({ STOA_AI_PROVIDERS: "claude" })[0]).toContain("STOA_AI_PROVIDERS");
  });

  test("a server of one's own that speaks OpenAI's protocol needs no key", () => {
    const { providers } = configOf({
      OPENAI_BASE_URL: "http://127.0.0.1:11434/v1",
      OPENAI_MODEL: "llama3.2",
    }).assistant;
    expect(providers).toEqual([
      { name: "openai", apiKey: "none", model: "llama3.2", baseUrl: "http://127.0.0.1:11434/v1" },
    ]);
  });

  test("one of two judges messages, the hook or the assistant", () => {
    expect(configOf({}).assistant.moderation).toBeUndefined();
    expect(configOf({ STOA_AI_MODERATION: "on", OPENAI_API_KEY: "o" }).assistant.moderation).toEqual({
      timeoutMs: 1_000,
      onFailure: "publish",
    });
    const both = { STOA_MODERATION_HOOK_URL: "http://h", STOA_MODERATION_HOOK_SECRET: "s".repeat(16) };
    expect(complaintsOf({ ...both, STOA_AI_MODERATION: "on", OPENAI_API_KEY: "o" })).toEqual([
      'STOA_AI_MODERATION: got "on"; accepted: off while STOA_MODERATION_HOOK_URL is set: one of the two judges',
    ]);
  });

  test("judging messages needs somebody who does", () => {
    for (const env of [{}, { GEMINI_API_KEY: "g", STOA_AI_PROVIDERS: "openai" }]) {
      expect(complaintsOf({ ...env, STOA_AI_MODERATION: "on" })).toEqual([
        'STOA_AI_MODERATION: got "on"; accepted: off while no provider is configured: nobody would judge',
      ]);
    }
  });
});

test("signing in by name: on this machine in development, nowhere by default otherwise, never in production", () => {
  expect(configOf({}).devSignIn).toBe("local");
  expect(configOf({ STOA_DEV_SIGN_IN: "on" }).devSignIn).toBe("on");
  expect(configOf({ NODE_ENV: "test" }).devSignIn).toBe("off");
  const production = { NODE_ENV: "production", JWT_SECRET_KEY: STRONG };
  expect(configOf(production).devSignIn).toBe("off");
  expect(configOf({ ...production, STOA_DEV_SIGN_IN: "off" }).devSignIn).toBe("off");
  for (const value of ["local", "on"]) {
    expect(complaintsOf({ ...production, STOA_DEV_SIGN_IN: value })).toEqual([
      expect.stringContaining("STOA_DEV_SIGN_IN"),
    ]);
  }
  expect([configOf({}).web, configOf({ STOA_WEB: "off" }).web]).toEqual([true, false]);
});
