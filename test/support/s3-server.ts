/**
 * A server that speaks like S3, on this machine: `s3rver`, in Node. It keeps objects in a folder and checks no signatures.
 * Invariant: it is ended by its own id, at the latest when this process ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./temporary-folder.ts";

export const BUCKET = "stoa-test-files";

export interface S3Server {
  readonly endpoint: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const folder = temporaryFolder();
  const script = fileURLToPath(new URL("s3-process.mjs", import.meta.url));
  const child = spawn("node", [script, folder.path, BUCKET], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`s3rver ended with ${code}`)));
    child.stdout?.once("data", (line: Buffer) => resolve(Number(line.toString().trim())));
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop: async () => {
      await ended(child);
      folder.remove();
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

export function settingsOf({ endpoint }: S3Server) {
  return {
    bucket: BUCKET,
    region: "us-east-1",
    endpoint,
    keys: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  };
}
