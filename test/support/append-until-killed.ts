/** Child process: appends to four rooms, prints `room seq` for each acknowledged one, until it is killed. */
import { writeSync } from "node:fs";
import { openSqlite } from "../../src/storage/sqlite/open-sqlite.ts";
import { startSqliteWriter } from "../../src/storage/sqlite/writer-host.ts";
import { logOf, segment } from "../conformance/harness.ts";
import { failOnFatal } from "./temporary-folder.ts";

const [, , dir = "", mode] = process.argv;
const unsettledBytesMax = 10_000;
const host = mode === "remote" ? await startSqliteWriter({ dir, unsettledBytesMax, onFatal: failOnFatal }) : undefined;
const port = host?.connect();
const { journal } = openSqlite({
  dir,
  unsettledBytesMax,
  onFatal: failOnFatal,
  ...(port === undefined ? {} : { port }),
});

function appendNext(room: string, seq: number): void {
  journal.append(logOf(room), segment(seq), [], (outcome) => {
    if (outcome !== "written") throw new Error(outcome);
    writeSync(1, `${room} ${seq}\n`);
    appendNext(room, seq + 1);
  });
}
for (let room = 0; room < 4; room += 1) appendNext(`room-${room}`, 1);
