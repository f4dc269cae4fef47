/** A copy of a database that may be written to meanwhile, made by a thread of its own so that somebody can watch it grow. */
import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { CopyMessage, CopySettings } from "./copy-thread.ts";

const LOOK_MS = 100;

/** Resolves when the copy is whole and was looked through; how many bytes it has. It is not yet forced to the disk. */
export async function copyDatabase(
  settings: CopySettings & { readonly onProgress: (bytes: number, bytesTotal: number) => void },
): Promise<number> {
  const { onProgress, ...copy } = settings;
  const worker = new Worker(new URL("./copy-thread.ts", import.meta.url), { workerData: copy });
  let total = 0;
  // Not all of it before it was looked through.
  const look = setInterval(() => {
    if (total > 0) onProgress(Math.min(sizeOf(copy.to), total - 1), total);
  }, LOOK_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (message: CopyMessage) => {
        if (message.kind === "size") total = message.bytes;
        else resolve();
      });
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("the copy ended before it was whole")));
    });
  } finally {
    clearInterval(look);
    await worker.terminate();
  }
  const bytes = sizeOf(copy.to);
  onProgress(bytes, bytes);
  return bytes;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
