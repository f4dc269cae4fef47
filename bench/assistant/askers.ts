/**
 * Those who ask, in a process of their own, so that what they are sent is not in the way of those whose deliveries are timed. For the
 * control they take the provider's streams themselves and throw them away: all of the load but the server's part of it.
 */
import type { Socket } from "bun";
import { yieldToOthers } from "../../src/node/thread-priority.ts";
import { Asker } from "./sockets.ts";

export interface AskersStart {
  readonly serverPort: number;
  readonly providerPort: number;
  readonly secret: string;
  readonly runs: number;
}
/** `answers` and `streams` go on until `nothing`, which is answered when all has ended. */
export type Load = "answers" | "streams" | "nothing";
export interface AskersNews {
  readonly kind: "ready" | "begun" | "ended";
  /** How long first pieces were under way since the last `ended`, milliseconds. */
  readonly firstPieces: readonly number[];
}

const ASKERS = 8;
/** They begin one after another. */
const BEGIN_MS = 2_000;
const LOOK_MS = 20;
const REQUEST = "POST /v1/chat/completions HTTP/1.1\r\nhost: provider\r\ncontent-length: 2\r\n\r\n{}";

// With slices, too: whoever wakes at the server goes first.
yieldToOthers(console.error);
const { serverPort, providerPort, secret, runs } = JSON.parse(process.argv[2] ?? "{}") as AskersStart;
let firstPieces: number[] = [];
const askers: Asker[] = [];
let drained: Socket[] = [];
let load: Load = "nothing";

const tell = (kind: AskersNews["kind"]): void => {
  process.send?.({ kind, firstPieces } satisfies AskersNews);
  firstPieces = [];
};

async function spread(begin: (run: number) => void): Promise<void> {
  const beganMs = performance.now();
  for (let run = 0; run < runs && load !== "nothing"; run += 1) {
    begin(run);
    await Bun.sleep(Math.max(0, beganMs + ((run + 1) * BEGIN_MS) / runs - performance.now()));
  }
  tell("begun");
}

function drain(): Promise<void> {
  const socket = {
    open: (one: Socket) => void one.write(REQUEST),
    data: (one: Socket, data: Buffer) => {
      // The end of an answer; the next one follows it.
      if (load === "streams" && data.subarray(-5).toString("latin1") === "0\r\n\r\n") one.write(REQUEST);
    },
  };
  return spread(() => {
    void Bun.connect({ hostname: "127.0.0.1", port: providerPort, socket }).then((one) => drained.push(one));
  });
}

function ask(): Promise<void> {
  for (const asker of askers) asker.isAsking = true;
  return spread((run) => askers[run % ASKERS]?.question(`ask-${run}`));
}

async function stop(): Promise<void> {
  for (const asker of askers) asker.stopAll();
  for (const one of drained) one.end();
  drained = [];
  while (askers.some(({ isWaiting }) => isWaiting)) await Bun.sleep(LOOK_MS);
  tell("ended");
}

process.on("message", (next: Load) => {
  load = next;
  if (next === "nothing") void stop();
  else void (next === "answers" ? ask() : drain());
});

for (let i = 0; i < ASKERS; i += 1) {
  const asker = new Asker(serverPort, `asker-${i}`, secret, (ms) => firstPieces.push(ms));
  await asker.opened();
  askers.push(asker);
}
for (let run = 0; run < runs; run += 1) {
  const room = { type: "create_room", roomId: `ask-${run}`, name: "ask", roomType: "group", enableAI: true };
  await askers[run % ASKERS]?.ask(room);
}
tell("ready");
