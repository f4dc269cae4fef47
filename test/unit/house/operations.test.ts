/** docs/OPERATIONS.md names every variable that the server reads, as the server understands it. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
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

/** What the server says of itself, by the names that are written where they are reported. */
const REPORTED = /(?:report\(\s*|log\.(?:warn|error)\(\{[^)]*\}, )"([a-z]+_[a-z_]+)"/g;

test("each line of trouble that the server may log is documented with what to do", () => {
  const root = join(import.meta.dir, "../../..");
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const texts = files.map((name) => readFileSync(join(root, "src", name), "utf8"));
  const said = new Set(texts.flatMap((text) => [...text.matchAll(REPORTED)].map(([, name = ""]) => name)));
  expect(said.size).toBeGreaterThan(20);
  const documents = readFileSync(join(root, "docs/OPERATIONS.md"), "utf8");
  expect([...said].filter((name) => !documents.includes(`\`${name}\``))).toEqual([]);
});
