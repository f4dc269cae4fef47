/** Makes the tables in a DynamoDB on this machine, by the command that operators use. */
import { join } from "node:path";
import { LOCAL_AWS, TABLES } from "./node-environment.ts";

const root = join(import.meta.dir, "../..");
const MS_MAX = 30_000;

export async function makeTables(endpoint: string): Promise<void> {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = Bun.spawn([process.execPath, "src/cli/tables.ts"], {
    cwd: root,
    env: {
      PATH,
      HOME,
      TMPDIR,
      ...LOCAL_AWS,
      STOA_STORE: "dynamodb",
      DYNAMODB_ENDPOINT: endpoint,
      DYNAMODB_TABLE_MESSAGES: TABLES.messages,
      DYNAMODB_TABLE_ROOMS: TABLES.rooms,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const late = setTimeout(() => child.kill("SIGKILL"), MS_MAX);
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(late);
  if (code !== 0) throw new Error(`the tables could not be made (${code}):\n${out}${errors}`);
}
