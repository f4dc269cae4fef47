/**
 * Those who ask, in a process of their own, so that what they are sent is not in the way of those whose deliveries are timed. For the
 * control they take the provider's streams themselves and throw them away: all of the load but the server's part of it.
 */
import type { Socket } from "bun";
import { Asker } from "./sockets.ts";

export interface AskersStart {
  readonly serverPort: number;
  readonly providerPort: number;
  readonly secret: string;
  readonly runs: number;
  /** They begin one after another, so that they end one after another. */
  readonly answerMs: number;
  /** The same of the control. */
  readonly drainMs: number;
}
/** `ask` and `drain` go on until `stop`, which is answered when all has ended. */
export type AskersOrder = "ask" | "drain" | "stop";
export interface AskersNews {
  readonly kind: "ready" | "ended";
  /** How long first pieces were under way since the last `ended`, milliseconds. */
  readonly firstPieces: readonly number[];
}

const ASKERS = 8;
const REQUEST = "POST /v1/chat/completions HTTP/1.1\r\nhost: provider\r\ncontent-length: 2\r\n\r\n{}";

const { serverPort, providerPort, secret, runs, answerMs, drainMs } = JSON.parse(
  process.argv[2] ?? "{}",
) as AskersStart;
let firstPieces: number[] = [];
const askers: Asker[] = [];
let drained: Socket[] = [];
let asked = 0;
let order: AskersOrder = "stop";

const tell = (kind: AskersNews["kind"]): void => {
  process.send?.({ kind, firstPieces } satisfies AskersNews);
  firstPieces = [];
};
const ended = (): number => askers.reduce((sum, asker) => sum + asker.ended, 0);

async function spread(forMs: number, begin: (run: number) => void): Promise<void> {
  const beganMs = performance.now();
  for (let run = 0; run < runs && order !== "stop"; run += 1) {
    begin(run);
    await Bun.sleep(Math.max(0, beganMs + ((run + 1) * forMs) / runs - performance.now()));
  }
}

async function drain(): Promise<void> {
  const socket = {
    open: (one: Socket) => void one.write(REQUEST),
    data: (one: Socket, data: Buffer) => {
      // The end of an answer; the next one follows it.
      if (order === "drain" && data.subarray(-5).toString("latin1") === "0\r\n\r\n") one.write(REQUEST);
    },
  };
  await spread(drainMs, () => {
    void Bun.connect({ hostname: "127.0.0.1", port: providerPort, socket }).then((one) => drained.push(one));
  });
}

async function stop(): Promise<void> {
  for (const asker of askers) asker.isAsking = false;
  for (const one of drained) one.end();
  drained = [];
  while (ended() < asked + askers.reduce((sum, asker) => sum + asker.askedAgain, 0)) await Bun.sleep(50);
  tell("ended");
}

function ask(): Promise<void> {
  for (const asker of askers) asker.isAsking = true;
  return spread(answerMs, (run) => {
    asked += 1;
    askers[run % ASKERS]?.question(`ask-${run}`);
  });
}

process.on("message", (next: AskersOrder) => {
  order = next;
  if (next === "stop") void stop();
  else void (next === "ask" ? ask() : drain());
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
