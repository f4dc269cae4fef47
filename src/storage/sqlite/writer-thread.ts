/**
 * Entry of the writer's own thread: commits what arrived from all shards as one group, then answers each of them.
 * It keeps nothing between groups that is not in the database file, so a new thread can take its place.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { STORAGE_GROUP_OPERATIONS_MAX } from "../../base/limits.ts";
import { openWriterDatabase } from "./schema.ts";
import { SqliteWriter } from "./sqlite-writer.ts";
import { packOutcomes, unpackOperations } from "./write-codec.ts";
import type { WriteOperation } from "./write-operation.ts";

/** From the host. `stop`: commit what has arrived, close the file, say so. */
export type HostMessage = { readonly kind: "connect"; readonly port: MessagePort } | { readonly kind: "stop" };
export type ThreadMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "stopped" }
  | { readonly kind: "fatal"; readonly message: string };

interface Arrival {
  readonly port: MessagePort;
  readonly operations: readonly WriteOperation[];
}

/** What the host starts the thread with. */
export interface WriterSettings {
  readonly dir: string;
  readonly unsettledBytesMax?: number;
}

function run(host: MessagePort, settings: WriterSettings): void {
  const send = (message: ThreadMessage): void => host.postMessage(message);
  const ports = new Set<MessagePort>();
  let arrivals: Arrival[] = [];
  let isGroupDue = false;
  const writer = new SqliteWriter(openWriterDatabase(settings.dir), {
    ...settings,
    onFatal: (error) => send({ kind: "fatal", message: error.message }),
  });

  const commitGroup = (): void => {
    let operations: WriteOperation[] = [];
    let group: Arrival[] = [];
    const all = arrivals;
    arrivals = [];
    for (const [index, arrival] of all.entries()) {
      operations = operations.length === 0 ? [...arrival.operations] : operations.concat(arrival.operations);
      group.push(arrival);
      if (operations.length < STORAGE_GROUP_OPERATIONS_MAX && index < all.length - 1) continue;
      const outcomes = writer.commit(operations);
      let at = 0;
      for (const { port, operations: own } of group) {
        port.postMessage(packOutcomes(outcomes.slice(at, at + own.length)));
        at += own.length;
      }
      operations = [];
      group = [];
    }
  };

  const receive = (port: MessagePort, bytes: Uint8Array): void => {
    arrivals.push({ port, operations: unpackOperations(bytes) });
    if (isGroupDue) return;
    isGroupDue = true;
    // Not at once: what other shards have sent by now shares the group's fsync.
    setImmediate(() => {
      isGroupDue = false;
      commitGroup();
      writer.checkpointIfDue();
    });
  };

  host.on("message", (message: HostMessage) => {
    if (message.kind === "connect") {
      const { port } = message;
      ports.add(port);
      port.on("message", (bytes: Uint8Array) => receive(port, bytes));
      port.on("close", () => ports.delete(port));
      return;
    }
    commitGroup();
    writer.close();
    for (const port of ports) port.close();
    send({ kind: "stopped" });
    host.close();
  });
  send({ kind: "ready" });
}

if (parentPort !== null) run(parentPort, workerData as WriterSettings);
