/**
 * What the codecs' hot paths cost, in microseconds a call: the best of several rounds, since the machine's other work only
 * ever adds. Run it alone: `bun bench/micro/codec.ts`.
 */
import type { MessageId, RoomId, UserId } from "../../src/base/ids.ts";
import { messageIdOf } from "../../src/base/ids.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import type { AckFrame, EventsFrame, SendMessageFrame, ServerFrame } from "../../src/protocol/frames.ts";
import { decodeServerFrame } from "../../src/protocol/msgpack-codec.ts";

const ROUNDS = 7;
const ROUND_MS = 60;

/** Keeps results reachable, so that the compiler can't drop the work. */
let sink: unknown;

function measure(name: string, run: () => unknown, unitsPerCall = 1): void {
  let calls = 1_000;
  for (let i = 0; i < 20_000; i += 1) sink = run();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    for (let i = 0; i < calls; i += 1) sink = run();
    const elapsedMs = performance.now() - start;
    best = Math.min(best, elapsedMs / calls);
    calls = Math.max(1_000, Math.ceil((calls * ROUND_MS) / Math.max(elapsedMs, 1)));
  }
  console.log(`${name.padEnd(52)} ${((best * 1_000) / unitsPerCall).toFixed(3)} µs`);
}

const room = "room_general_123" as RoomId;
const author = "usr_123456789" as UserId;
const content = "Just deployed the new feature, please have a look when you find the time for it!";

const sendMessage: SendMessageFrame = {
  type: "send_message",
  ref: 4711,
  roomId: room,
  clientId: "c1f3a9e0-77aa-4d0c-9c66-0a1b2c3d4e5f",
  content,
  messageType: "text",
};
const ack: AckFrame = {
  type: "ack",
  ref: 4711,
  roomId: room,
  messageId: messageIdOf(123_456),
  seq: 123_456,
  timestamp: 1_759_141_500_123,
};
const error: ServerFrame = {
  type: "error",
  ref: 4711,
  roomId: room,
  code: "invalid_field",
  message: "mentions must be a list.",
  temporary: false,
  field: "mentions",
};

function events(count: number): EventsFrame {
  return {
    type: "events",
    roomId: room,
    after: 1_000,
    head: 1_000 + count,
    events: Array.from({ length: count }, (_, i) => {
      const seq = 1_001 + i;
      const timestamp = 1_759_141_500_000 + i;
      const messageId: MessageId = messageIdOf(seq);
      return {
        type: "new_message" as const,
        seq,
        timestamp,
        message: {
          messageId,
          roomId: room,
          seq,
          messageNo: seq - 3,
          authorId: author,
          authorName: "John Doe",
          content,
          messageType: "text" as const,
          timestamp,
          clientId: "c1f3a9e0-77aa-4d0c-9c66-0a1b2c3d4e5f",
        },
      };
    }),
  };
}

const [msgpack, json, camel, snake] = createCodecs();
const sendBytes = msgpack.encodeClientFrame(sendMessage);
const sendText = JSON.stringify(sendMessage);
const one = events(1);
const many = events(64);
const manyBytes = msgpack.encode(many)[0];

measure("calibration: JSON.parse of the send_message text", () => JSON.parse(sendText));
measure("msgpack peek send_message", () => msgpack.peek(sendBytes));
measure("msgpack decode send_message", () => msgpack.decode(sendBytes));
measure("msgpack encode events, 1 message", () => msgpack.encode(one));
measure("msgpack encode events, 64 messages, each", () => msgpack.encode(many), 64);
measure("msgpack encode ack", () => msgpack.encode(ack));
measure("msgpack encode error", () => msgpack.encode(error));
measure("msgpack decode events (client), 64 messages, each", () => decodeServerFrame(manyBytes), 64);
measure("msgpack encode send_message (client)", () => msgpack.encodeClientFrame(sendMessage));
measure("json peek send_message", () => json.peek(sendText));
measure("json decode send_message", () => json.decode(sendText));
measure("json encode events, 64 messages, each", () => json.encode(many), 64);
measure("camel encode events, 64 messages, each", () => camel.encode(many), 64);
measure("snake encode events, 64 messages, each", () => snake.encode(many), 64);
measure("json encode ack", () => json.encode(ack));
console.log(typeof sink);
