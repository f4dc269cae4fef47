/** Starts the writer's thread and hands out connections to it. Lives in the thread that starts the shards. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { HostMessage, ThreadMessage, WriterSettings } from "./writer-thread.ts";

export interface SqliteWriterHost {
  /** A new connection for one shard; the port is to be transferred to its thread. */
  connect(): MessagePort;
  /** Ends after everything that had arrived is committed and the file is closed. */
  stop(): Promise<void>;
}

/**
 * Resolves when the file is open and migrated. `onFatal` is called at most once: for an error after which the disk's state
 * is in doubt, and when the thread ends without having been asked to. The process has to end then.
 */
export async function startSqliteWriter(
  options: WriterSettings & { readonly onFatal: (error: Error) => void },
): Promise<SqliteWriterHost> {
  const { onFatal, ...settings } = options;
  const worker = new Worker(new URL("./writer-thread.ts", import.meta.url), { workerData: settings });
  let isStopping = false;
  let isLost = false;
  const lose = (error: Error): void => {
    if (isStopping || isLost) return;
    isLost = true;
    onFatal(error);
  };
  await new Promise<void>((resolve, reject) => {
    worker.on("message", (message: ThreadMessage) => {
      if (message.kind === "ready") resolve();
      if (message.kind === "fatal") lose(new Error(message.message));
    });
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the storage writer ended before it was ready")));
  });
  worker.on("error", lose);
  worker.on("exit", (code) => lose(new Error(`the storage writer ended with code ${code}`)));
  const send = (message: HostMessage, transfer: MessagePort[] = []): void => worker.postMessage(message, transfer);
  return {
    connect: () => {
      const { port1, port2 } = new MessageChannel();
      send({ kind: "connect", port: port1 }, [port1]);
      return port2;
    },
    stop: async () => {
      isStopping = true;
      const ended = new Promise<void>((resolve) => {
        worker.on("message", (message: ThreadMessage) => {
          if (message.kind === "stopped") resolve();
        });
        worker.once("exit", () => resolve());
      });
      send({ kind: "stop" });
      await ended;
      await worker.terminate();
    },
  };
}
