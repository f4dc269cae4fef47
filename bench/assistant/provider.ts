/**
 * A provider for the benchmark, in a process of its own: OpenAI's streaming chat completions, as cheap as they can be written, so that
 * what is measured beside it is the server. The first piece of each answer is the time at which it was written, so that whoever
 * reads it knows how long it was under way. Those who ask all at once get answers of different lengths first, so that from then on answers
 * begin and end one after another. Prints its port.
 */
import type { Socket } from "bun";
import { yieldToOthers } from "../../src/node/thread-priority.ts";
import { epochMs } from "./sockets.ts";

// With slices, too: whoever wakes at the server goes first.
yieldToOthers(console.error);
const rate = Number(process.argv[2] ?? 25);
const seconds = Number(process.argv[3] ?? 10);
const runs = Number(process.argv[4] ?? 200);

const FIRST_MS = 300;
const TICK_MS = 1;
/** Nobody asked for so long: whoever asks now is the first of many. */
const SILENCE_MS = 1_000;
const PIECES = Math.round(rate * seconds);
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/** One chunk of HTTP. */
function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

function piece(content: string | undefined, end: string | null = null): string {
  const delta = content === undefined ? {} : { content };
  const choices = [{ index: 0, delta, finish_reason: end }];
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices })}\n\n`;
}

const PIECE = new TextEncoder().encode(chunk(piece(" word")));
const END = new TextEncoder().encode(`${chunk(`${piece(undefined, "stop")}data: [DONE]\n\n`)}0\r\n\r\n`);

/** One connection, and the answer that it is given at the time. */
class Stream {
  received = "";
  /** Pieces that were written; `undefined`: nothing is asked. */
  written: number | undefined;
  /** So many there will be. */
  pieces = PIECES;
  beganMs = 0;
  dueMs = 0;
}

const streams = new Map<Socket<Stream>, Stream>();
/** Since all was silent. */
let asked = 0;
let askedMs = Number.NEGATIVE_INFINITY;

/** The first ones of many, so that each of them ends at a time of its own. */
function piecesOfNext(nowMs: number): number {
  if (nowMs - askedMs > SILENCE_MS) asked = 0;
  askedMs = nowMs;
  asked += 1;
  return asked > runs ? PIECES : Math.ceil((PIECES * asked) / runs);
}

/** A request is there as soon as its body is: how long that is, its head says. */
function take(stream: Stream, data: Buffer): void {
  stream.received += data.toString("latin1");
  const head = stream.received.indexOf("\r\n\r\n");
  if (head < 0) return;
  const length = Number(/content-length: (\d+)/i.exec(stream.received)?.[1] ?? 0);
  if (stream.received.length < head + 4 + length) return;
  stream.received = "";
  stream.written = 0;
  const nowMs = performance.now();
  stream.pieces = piecesOfNext(nowMs);
  stream.dueMs = nowMs + FIRST_MS;
}

function tick(): void {
  const nowMs = performance.now();
  for (const [socket, stream] of streams) {
    if (stream.written === undefined || stream.dueMs > nowMs) continue;
    if (stream.written === 0) {
      socket.write(`${HEAD}${chunk(piece(String(epochMs())))}`);
      stream.beganMs = nowMs;
    } else if (stream.written <= stream.pieces) socket.write(PIECE);
    else socket.write(END);
    stream.written = stream.written > stream.pieces ? undefined : stream.written + 1;
    stream.dueMs = stream.beganMs + ((stream.written ?? 0) * 1_000) / rate;
  }
}

const server = Bun.listen<Stream>({
  port: 0,
  hostname: "127.0.0.1",
  socket: {
    open(socket) {
      socket.data = new Stream();
      socket.setNoDelay(true);
      streams.set(socket, socket.data);
    },
    data: (socket, data) => take(socket.data, data),
    close: (socket) => void streams.delete(socket),
    error: (socket) => void streams.delete(socket),
  },
});
setInterval(tick, TICK_MS);
console.log(server.port);
