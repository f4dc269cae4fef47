/** docs/OPERATIONS.md names every variable that the server reads, as the server understands it. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  BACKPRESSURE_BYTES_MAX,
  FRAME_BYTES_MAX,
  GROUP_MEMBERS_MAX,
  PEER_QUEUE_BYTES_MAX,
  ROOM_MEMBERS_MAX,
  ROOM_QUEUE_BYTES_MAX,
  ROOM_QUEUE_EVENTS_MAX,
  ROOMS_PER_CONNECTION_MAX,
  SPANS_WAITING_MAX,
  STREAMS_MAX,
  STREAMS_PER_USER_MAX,
  WORKER_QUEUE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { OPERATIONS, variablesDocumented, variablesRead, variableTables } from "./variables-table.ts";

/** Refused with a sentence of its own. */
const REFUSED = ["DATABASE_URL"];

test("each variable that a start reads is documented once, and no other is", () => {
  expect([...variablesDocumented(), ...REFUSED].sort()).toEqual([...variablesRead()].sort());
});

test("the tables are those of the code", async () => {
  expect(Object.fromEntries(await OPERATIONS.read())).toEqual(Object.fromEntries(variableTables()));
});

const count = (number: number): string => number.toLocaleString("en-US");
const mib = (bytes: number): string => `${bytes / 1024 ** 2} MiB`;

const LIMITS: readonly (readonly [string, readonly string[]])[] = [
  [
    "events that wait for the store",
    [mib(WORKER_QUEUE_BYTES_MAX), count(ROOM_QUEUE_EVENTS_MAX), mib(ROOM_QUEUE_BYTES_MAX)],
  ],
  ["what waits for a client", [mib(BACKPRESSURE_BYTES_MAX)]],
  ["rooms of one connection", [count(ROOMS_PER_CONNECTION_MAX)]],
  ["members of a room", [count(ROOM_MEMBERS_MAX), count(GROUP_MEMBERS_MAX)]],
  ["streams and polling sessions", [count(STREAMS_PER_USER_MAX), count(STREAMS_MAX)]],
  ["messages to another node", [mib(PEER_QUEUE_BYTES_MAX)]],
  ["a frame", [`${FRAME_BYTES_MAX / 1024} KiB`]],
];

test.each(LIMITS)("the limit of %s is that of the code", (what, bounds) => {
  const text = readFileSync(join(import.meta.dir, "../../../docs/OPERATIONS.md"), "utf8");
  const row = text.split("\n").find((line) => line.startsWith(`| ${what}`)) ?? "";
  for (const bound of bounds) expect(row).toContain(bound);
});

test("how many spans wait is what the document says", () => {
  const text = readFileSync(join(import.meta.dir, "../../../docs/OPERATIONS.md"), "utf8");
  expect(text).toContain(`Up to ${count(SPANS_WAITING_MAX)} spans wait`);
});
