import { describe, expect, test } from "bun:test";
import { type Config, readConfig } from "../../src/config.ts";

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
      aiResponseTimeoutMs: 10_000,
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
    ["CHAT_MANAGEMENT_ENDPOINT", "localhost:8000", "https://"],
    ["DYNAMODB_TABLE_MESSAGES", "a", "a table name"],
    ["DYNAMODB_TABLE_ROOMS", "a/b", "a table name"],
    ["S3_BUCKET_ATTACHMENTS", "Upper", "a bucket name"],
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

  test("an unknown STOA_ variable is refused with the nearest name, or none when none is near", () => {
    expect(complaintsOf({ STOA_DATADIR: "x" })).toEqual([
      "STOA_DATADIR: no such variable; did you mean STOA_DATA_DIR?",
    ]);
    expect(complaintsOf({ STOA_COMPLETELY_DIFFERENT_THING: "x" })).toEqual([
      "STOA_COMPLETELY_DIFFERENT_THING: no such variable",
    ]);
  });

  test("variables of later versions are accepted, and those that would change something are announced as ignored", () => {
    const { notices } = configOf({
      REDIS_URL: "redis://localhost:6379",
      AWS_REGION: "eu-central-1",
      DYNAMODB_TABLE_ROOMS: "chat-rooms-dev",
      GEMINI_API_KEY: "key",
      MESSAGE_RETENTION_DAYS: "365",
    });
    expect(notices).toContain("REDIS_URL is set; this version runs as a single node and ignores it");
    expect(notices.map((notice) => notice.split(" ")[0])).toEqual([
      "REDIS_URL",
      "DYNAMODB_TABLE_ROOMS",
      "GEMINI_API_KEY",
      "MESSAGE_RETENTION_DAYS",
    ]);
    expect(notices.join("\n")).not.toContain("key ");
  });
});
