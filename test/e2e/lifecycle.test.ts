/** Starting and stopping: what is refused at start, what is promised at the end. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { killRounds } from "../chaos/kill-rounds.ts";
import { TestClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { keepsTo } from "../support/in-time.ts";
import { runServerToExit, TestServer } from "../support/server.ts";

const GRACEFUL_MS_MAX = 25_000;

test("production without a secret does not start and says why", async () => {
  const { code, output } = await runServerToExit({ NODE_ENV: "production", JWT_SECRET_KEY: undefined });
  expect(code).not.toBe(0);
  expect(output).toContain("JWT_SECRET_KEY");
});

test("all mistakes of a configuration are listed at once, each with its variable", async () => {
  const { code, output } = await runServerToExit({
    PORT: "eighty",
    LOG_LEVEL: "loud",
    MAX_MESSAGE_LENGTH: "-1",
    STOA_SHARD: "2",
    DATABASE_URL: "postgres://localhost/chat",
  });
  expect(code).not.toBe(0);
  for (const name of ["PORT", "LOG_LEVEL", "MAX_MESSAGE_LENGTH", "STOA_SHARD", "STOA_SHARDS", "DATABASE_URL"]) {
    expect(output).toContain(name);
  }
});

test("a port that is taken is said in one line, and the first server goes on", async () => {
  const server = await TestServer.start();
  try {
    const { code, output } = await runServerToExit({ PORT: String(server.port) });
    expect(code).not.toBe(0);
    expect(output).toContain(String(server.port));
    expect((await server.rest("GET", "/readyz")).status).toBe(200);
    // A terminal that is closed ends it in good order, too.
    expect((await server.stop("SIGHUP")).code).toBe(0);
  } finally {
    await server.dispose();
  }
});

test("a second server on the same data folder is refused, the first goes on, and the next one has it at once", async () => {
  const server = await TestServer.start();
  try {
    const { code, output } = await runServerToExit({ STOA_DATA_DIR: server.dataDir });
    expect(code).toBe(1);
    expect(output).toContain(`Another server has the data in ${server.dataDir}`);
    expect((await server.rest("GET", "/readyz")).status).toBe(200);
    await server.kill();
    await server.restart();
    expect((await server.rest("GET", "/readyz")).status).toBe(200);
  } finally {
    await server.dispose();
  }
});

test("without a secret in development the server keeps one, and `bun run token` makes tokens that it takes", async () => {
  const server = await TestServer.start({ env: { JWT_SECRET_KEY: undefined, NODE_ENV: undefined } });
  try {
    const mint = Bun.spawn([process.execPath, "src/cli/token.ts", "--user", "usr_1", "--name", "One", "--ttl", "1h"], {
      cwd: join(import.meta.dir, "../.."),
      env: { PATH: process.env["PATH"], STOA_DATA_DIR: server.dataDir },
      stdout: "pipe",
      stderr: "inherit",
    });
    const token = (await new Response(mint.stdout).text()).trim();
    expect(await mint.exited).toBe(0);
    const client = await TestClient.connect(server, { token, wire: "json" });
    expect(client.frames[0]).toMatchObject({ type: "connection", status: "connected", userId: "usr_1" });
    // The line that people copy from the terminal holds a token that works.
    const printed = await eventually(async () => {
      const found = /eyJ[\w-]+\.[\w-]+\.[\w-]+(?=\s)/.exec(server.output)?.[0];
      if (found === undefined) throw new Error("no token was printed");
      return found;
    });
    const second = await TestClient.connect(server, { token: printed, via: "query", wire: "camel" });
    await Promise.all([client.close(), second.close()]);
  } finally {
    await server.dispose();
  }
});

test("SIGTERM: clients are told to reconnect, and the process ends by itself in time", async () => {
  const server = await TestServer.start();
  try {
    const client = await TestClient.connect(server, { token: server.token({ user: "usr_1" }), wire: "json" });
    const told = client.waitFor((frame) => frame.type === "reconnect", "the reconnect frame", {
      msMax: GRACEFUL_MS_MAX,
    });
    const [exit, frame, closed] = await Promise.all([server.stop(), told, client.closed]);
    expect(frame["delayMs"]).toBeGreaterThanOrEqual(0);
    expect([1001, 4000]).toContain(closed.code);
    expect(exit.code).toBe(0);
    expect(exit.ms).toBeLessThan(GRACEFUL_MS_MAX);
  } finally {
    await server.dispose();
  }
}, 60_000);

test("SIGTERM under load, twice: everything that was acked is there, nothing is there twice", async () => {
  const summary = await killRounds({ rounds: 2, rate: 1_000, seed: 7, signal: "SIGTERM", print: () => undefined });
  expect(summary.failures).toEqual([]);
  expect(summary).toMatchObject({ lost: 0, duplicates: 0, gaps: 0, resets: 0 });
  expect(summary.acked).toBeGreaterThan(100);
  expect(summary.slowestStopMs).toBeLessThan(GRACEFUL_MS_MAX);
}, 120_000);

test("kill -9 under load, five times: nothing acked is lost, nothing is there twice, no resume has a gap", async () => {
  await keepsTo(5_000, async (attempt) => {
    const options = { rounds: 5, rate: 1_000, seed: 5 + attempt, signal: "SIGKILL", print: () => undefined } as const;
    const summary = await killRounds(options);
    expect(summary.failures).toEqual([]);
    expect(summary).toMatchObject({ lost: 0, duplicates: 0, gaps: 0, resets: 0 });
    expect(summary.acked).toBeGreaterThan(500);
    return summary.slowestReadyMs;
  });
}, 240_000);
