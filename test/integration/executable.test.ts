/** The single executable, away from the project and without Bun: it serves, survives `kill -9`, and has the commands. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isPair } from "../../src/integrations/notify/vapid.ts";
import { TestClient } from "../support/client.ts";
import { listAt, textAt } from "../support/json.ts";
import { eventually } from "../support/eventually.ts";
import { AwsReceiver, PushReceiver } from "../support/notify-receivers.ts";
import { LOCAL_CERTIFICATE } from "../support/self-signed.ts";
import { TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { SECRET } from "../support/tokens.ts";

const root = join(import.meta.dir, "../..");
const folder = temporaryFolder();
const program = join(folder.path, "stoa");
const BUILD_MS_MAX = 60_000;

beforeAll(() => {
  const built = Bun.spawnSync([process.execPath, "scripts/executable.ts", program], { cwd: root, stderr: "inherit" });
  expect([built.exitCode, built.stdout.toString()]).toEqual([0, expect.stringContaining(program)]);
}, BUILD_MS_MAX);
afterAll(() => folder.remove());

function run(...args: readonly string[]) {
  return runOn(join(folder.path, "elsewhere", "data"), ...args);
}

function runOn(dataDir: string, ...args: readonly string[]) {
  const cwd = join(folder.path, "elsewhere");
  mkdirSync(cwd, { recursive: true });
  const env = { JWT_SECRET_KEY: SECRET, NODE_ENV: "production", PORT: "0", STOA_DATA_DIR: dataDir };
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...args], { cwd, env });
  expect(readdirSync(cwd)).toEqual([]);
  return { code: exitCode, out: stdout.toString(), errors: stderr.toString() };
}

test("it serves with several threads, finds messages by their words, and has them after kill -9", async () => {
  const env = { PATH: "", HOME: folder.path, STOA_SHARDS: "2" };
  const server = await TestServer.start({ executable: program, env });
  const token = server.token({ user: "ann", tenant: "acme" });
  const ann = await TestClient.connect(server, { token, wire: "msgpack" });
  await ann.ack({ type: "create_room", roomId: "general", name: "General", roomType: "public", clientId: "c" });
  const sent = await ann.say("general", "hello from one file");
  await server.kill();
  await server.restart();
  const history = await server.rest("GET", "/v1/chat/rooms/general/messages", { token });
  expect(listAt(history.body.data, "messages").map((message) => textAt(message, "messageId"))).toEqual([
    textAt(sent, "messageId"),
  ]);
  // The copy is made by a thread of its own, which is in the file as well.
  const copy = runOn(server.dataDir, "backup", "--out", join(folder.path, "copy"));
  expect([copy.code, copy.out]).toEqual([0, expect.stringContaining("copy: a database of ")]);
  const page = await server.rest("GET", "/");
  const script = /src="([^"]+\.js)"/.exec(page.text)?.[1] ?? "";
  expect((await server.rest("GET", script)).status).toBe(200);
  const health = await server.rest("GET", "/api/health");
  expect(health.body).toMatchObject({ status: "healthy" });
  expect((await server.stop()).code).toBe(0);
  await server.dispose();
}, 30_000);

test("it tells people who are away, with what it loads for that alone", async () => {
  const [aws, push] = [new AwsReceiver(), new PushReceiver()];
  const ca = join(folder.path, "ca.pem");
  writeFileSync(ca, LOCAL_CERTIFICATE);
  const ways = { SQS_QUEUE_URL: aws.queueUrl, STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org" };
  const reach = { STOA_OUTWARD_ALLOW: "127.0.0.0/8,::1", NODE_EXTRA_CA_CERTS: ca };
  const env = { PATH: "", HOME: folder.path, STOA_NOTIFY_WINDOW_MS: "100", ...ways, ...reach };
  const server = await TestServer.start({ executable: program, env });
  const [ann, ben] = ["ann", "ben"].map((user) => server.token({ user }));
  const browser = push.browser("ben");
  const rest = (token = "", method: string, path: string, body: unknown) => server.rest(method, path, { token, body });
  await rest(ben, "PUT", "/v1/chat/me/push-subscriptions", browser.subscription);
  await rest(ann, "POST", "/v1/chat/rooms", { roomId: "den", name: "Den", type: "group", participants: ["ben"] });
  await rest(ann, "POST", "/v1/chat/rooms/den/messages", { content: "@ben hello" });
  await eventually(async () => {
    expect([aws.took.length, browser.took.length]).toEqual([1, 1]);
  }, 15_000);
  await server.dispose();
  await Promise.all([aws.stop(), push.stop()]);
}, 30_000);

test("it has the commands, each with its own arguments and exit code", () => {
  const doctor = run("doctor");
  expect([doctor.code, doctor.out]).toEqual([0, expect.stringContaining("The server can start.")]);
  const token = run("token", "--user", "usr_1");
  expect([token.code, token.out.trim().split(".").length]).toEqual([0, 3]);
  expect(run("token").code).not.toBe(0);
  const vapid = /^STOA_VAPID_PUBLIC_KEY=(\S+)\nSTOA_VAPID_PRIVATE_KEY=(\S+)\n$/.exec(run("vapid").out);
  expect(isPair({ publicKey: vapid?.[1] ?? "", privateKey: vapid?.[2] ?? "" })).toBe(true);
  const tables = run("tables");
  expect([tables.code, tables.errors]).toEqual([2, expect.stringContaining("DynamoDB is not configured")]);
});

test("every command of the project is in it", () => {
  const known = run("--help").out;
  const files = readdirSync(join(root, "src/cli")).filter((name) => name.endsWith(".ts"));
  const commands = files.filter((name) =>
    readFileSync(join(root, "src/cli", name), "utf8").includes("import.meta.main"),
  );
  expect(commands.length).toBeGreaterThan(7);
  for (const name of commands) expect(known).toMatch(new RegExp(`\\b${name.replace(".ts", "")}\\b`));
});

test("what is no command is answered with those that there are", () => {
  const wrong = run("serve");
  expect([wrong.code, wrong.errors]).toEqual([2, expect.stringContaining("commands: token, ")]);
  expect(run("--help").code).toBe(0);
});
