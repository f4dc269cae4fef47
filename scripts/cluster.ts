/**
 * `bun run cluster [--nodes 3] [--port 8080] [--dynamodb dynalite|local] [--level info]`: a whole cluster on this machine
 * to play with: redis-server, a DynamoDB server (in memory), several nodes. Ctrl-C stops all of it, nodes first.
 * Invariant: whatever was started here is gone when this process ends, each by its own id.
 */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { createAuth } from "../src/edge/auth.ts";
import { dynamoLocalMissing, startDynalite, startDynamoLocal } from "../test/support/dynamodb-servers.ts";
import { makeTables } from "../test/support/make-tables.ts";
import { nodeEnvironment } from "../test/support/node-environment.ts";
import { ensureRedis, RedisServer } from "../test/support/redis-servers.ts";
import { type Listener, TestServer } from "../test/support/server.ts";

const NODES_MAX = 9;
const TOKEN_SECONDS = 7 * 24 * 3600;
const USAGE = "usage: bun run cluster [--nodes 1-9] [--port FIRST] [--dynamodb dynalite|local] [--level info]";

interface Wishes {
  readonly nodes: number;
  /** Of the first node; the others follow. */
  readonly port: number;
  readonly dynamodb: "dynalite" | "local";
  readonly level: string;
}

const closers: (() => Promise<unknown>)[] = [];
let stopping: Promise<void> | undefined;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function readWishes(): Wishes {
  const option = (fallback: string) => ({ type: "string", default: fallback }) as const;
  const options = { nodes: option("3"), port: option("8080"), dynamodb: option("dynalite"), level: option("info") };
  const { nodes, port, dynamodb, level } = parseArgs({ options }).values;
  const wishes = { nodes: Number(nodes), port: Number(port), level };
  if (!(wishes.nodes >= 1 && wishes.nodes <= NODES_MAX))
    throw new Error(`--nodes: got ${nodes}; accepted: 1 to ${NODES_MAX}`);
  if (!(wishes.port >= 1 && wishes.port <= 65_535 - NODES_MAX))
    throw new Error(`--port: got ${port}; accepted: a port`);
  if (dynamodb !== "dynalite" && dynamodb !== "local")
    throw new Error(`--dynamodb: got ${dynamodb}; accepted: dynalite, local`);
  return { ...wishes, dynamodb };
}

/** A stopped cluster stops in the reverse order: the nodes need their servers to the last. */
function stop(): Promise<void> {
  stopping ??= (async () => {
    for (const close of closers.splice(0).reverse()) await close().catch((error) => say(`stopping: ${error}`));
  })();
  return stopping;
}

async function start({ nodes, port, dynamodb, level }: Wishes): Promise<void> {
  const missing = (await ensureRedis()) ?? (dynamodb === "local" ? await dynamoLocalMissing() : undefined);
  if (missing !== undefined) throw new Error(missing);
  const redis = await RedisServer.start();
  closers.push(() => redis.dispose());
  const dynamo = dynamodb === "local" ? await startDynamoLocal() : await startDynalite();
  closers.push(() => dynamo.stop());
  await makeTables(dynamo.endpoint);
  say(`Redis: port ${redis.port}   DynamoDB (${dynamo.name}): ${dynamo.endpoint}`);
  const secret = process.env.JWT_SECRET_KEY || randomBytes(32).toString("hex");
  const servers = Array.from({ length: nodes }, (_, i) => {
    const name = `node-${i + 1}`;
    return startNode(name, port + i, {
      ...nodeEnvironment(name, { redisPort: redis.port, dynamoEndpoint: dynamo.endpoint }),
      JWT_SECRET_KEY: secret,
      LOG_LEVEL: level,
    });
  });
  // All of them are known before the first failure is told: what was started can then be stopped.
  const started = await Promise.allSettled(servers);
  const failed = started.find((result) => result.status === "rejected");
  if (failed !== undefined) throw new Error(String(failed.reason));
  const token = await createAuth({ secret }).mintToken({ user: "usr_1", name: "One", ttlSeconds: TOKEN_SECONDS });
  for (let i = 0; i < nodes; i += 1) say(`node-${i + 1} is ready on http://localhost:${port + i}`);
  say(`
A token of the user usr_1, good for a week, at any node:
  ${token}

Talk with any WebSocket tool, for example:
  npx wscat -c "ws://localhost:${port}/chat?token=${token}"
and then type:
  {"type":"join_room","roomId":"general"}
  {"type":"send_message","roomId":"general","content":"Hello!"}

Ctrl-C stops everything.`);
}

async function startNode(name: string, port: number, env: Readonly<Record<string, string>>): Promise<void> {
  const server = await TestServer.start({ env, port, onOutput: prefixed(name) });
  closers.push(async () => {
    if (server.isRunning) await server.stop();
    await server.dispose();
  });
}

/** Whole lines with the node's name before them. Of what a node says on its own only the log: the welcome is ours. */
function prefixed(name: string): Listener {
  const rest = { stdout: "", stderr: "" };
  return (chunk, from) => {
    const lines = (rest[from] + chunk).split("\n");
    rest[from] = lines.pop() ?? "";
    for (const line of lines) if (from === "stderr" || line.startsWith("{")) say(`${name} ${line}`);
  };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Asked twice: at once. What runs is ended by its id at this process's exit.
    if (stopping !== undefined) process.exit(130);
    say("stopping the nodes …");
    void stop().then(() => process.exit(0));
  });
}

try {
  await start(readWishes());
} catch (error) {
  if (stopping === undefined) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    await stop();
    process.exit(1);
  }
}
