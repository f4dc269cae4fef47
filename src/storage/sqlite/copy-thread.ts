/**
 * Entry of a thread that copies a database beside whoever writes to it: as it was at one moment, with its free pages left out, and
 * looked through at the end. It takes no lock that a writer waits for; the write-ahead log grows until it is done.
 */
import { Database } from "bun:sqlite";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";

export interface CopySettings {
  readonly from: string;
  /** Must not be there. */
  readonly to: string;
}

export type CopyMessage = { readonly kind: "size"; readonly bytes: number } | { readonly kind: "copied" };

function run(host: MessagePort, { from, to }: CopySettings): void {
  const send = (message: CopyMessage): void => host.postMessage(message);
  const source = new Database(from, { readonly: true, strict: true });
  send({ kind: "size", bytes: bytesOf(source) });
  source.run("VACUUM INTO ?", [to]);
  source.close();
  const copy = new Database(to, { readonly: true, strict: true });
  const verdict = copy.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
  copy.close();
  if (verdict !== "ok")
    throw new Error(`the copy is damaged: ${verdict}. Look at the disk, and at the database itself`);
  send({ kind: "copied" });
}

/** Of the pages that are in use. */
function bytesOf(database: Database): number {
  const figure = (name: string): number => Number(database.query(`PRAGMA ${name}`).values()[0]?.[0]);
  return (figure("page_count") - figure("freelist_count")) * figure("page_size");
}

if (parentPort !== null) run(parentPort, workerData as CopySettings);
