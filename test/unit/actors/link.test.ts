/** The records of the shard-link: what is written on one side is what the other side is told, in order. */
import { expect, test } from "bun:test";
import { addressHash, roomAddress, userAddress } from "../../../src/actors/address.ts";
import {
  type Attachment,
  type ConnectionInfo,
  type LinkCall,
  readToEdge,
  readToShard,
  type ToEdgeHandler,
  ToEdgeWriter,
  type ToShardHandler,
  ToShardWriter,
} from "../../../src/actors/link.ts";
import type { ActorMessage } from "../../../src/actors/messages.ts";
import type { ConnectionId, RoomId, Seq, TenantId, UserId } from "../../../src/base/ids.ts";
import { err, ok } from "../../../src/base/result.ts";
import type { Principal } from "../../../src/domain/principal.ts";
import { CLOSE_CODES, type CloseReason } from "../../../src/protocol/errors.ts";

const TENANT = "acme" as TenantId;
const ROOM = "room" as RoomId;
const ANN: Principal = { tenant: TENANT, userId: "ann" as UserId, name: "Ann Ünïcødé", role: "user" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Notes every call; bytes as text, since they are views of the block. */
function toShardNotes(notes: unknown[]): ToShardHandler {
  return {
    frame: (record, connection, frameNo, room, data) =>
      notes.push(["frame", record, connection, frameNo, room, textOf(data)]),
    open: (record, connection, info) => notes.push(["open", record, connection, info]),
    close: (record, connection, clean) => notes.push(["close", record, connection, clean]),
    call: (record, callNo, by, call) => notes.push(["call", record, callNo, by, call]),
    actor: (record, to, message) => notes.push(["actor", record, to, message]),
    attach: (record, attachment) => notes.push(["attach", record, attachment]),
  };
}

function toEdgeNotes(notes: unknown[]): ToEdgeHandler {
  return {
    progress: (record) => notes.push(["progress", record]),
    send: (connection, text, data) => notes.push(["send", connection, text, textOf(data)]),
    publish: (topic, codec, text, head, data) => notes.push(["publish", topic, codec, text, head, textOf(data)]),
    subscribe: (connection, topic) => notes.push(["subscribe", connection, topic]),
    unsubscribe: (connection, topic) => notes.push(["unsubscribe", connection, topic]),
    close: (connection, reason) => notes.push(["close", connection, reason]),
    reply: (callNo, result) => notes.push(["reply", callNo, result]),
    person: (connection, profile) => notes.push(["person", connection, profile]),
    actor: (hash, packed) => notes.push(["actor", hash, packed.slice()]),
    heads: (block) => notes.push(["heads", block.slice()]),
    openTopic: (topic, key, head) => notes.push(["openTopic", topic, key, head]),
    closeTopic: (topic) => notes.push(["closeTopic", topic]),
    trace: (topic, untilMs) => notes.push(["trace", topic, untilMs]),
    done: (record) => notes.push(["done", record]),
    relay: (connection, post, data) => notes.push(["relay", connection, post, textOf(data)]),
  };
}

test("every kind of record reaches the shard as it was written, numbered over all blocks", () => {
  const info: ConnectionInfo = {
    connectionId: "abc:7" as ConnectionId,
    principal: ANN,
    codec: 1,
    home: true,
    greeted: true,
    rooms: [ROOM],
  };
  const resume: LinkCall = {
    to: "connection",
    kind: "resume",
    connection: 7,
    rooms: [
      ["__proto__" as RoomId, 3],
      [ROOM, 2 ** 40],
    ],
    replayBytesMax: 1_000,
  };
  const history: LinkCall = { to: "room", room: ROOM, kind: "history", before: 9, limit: 50 };
  const attachment: Attachment = {
    tenant: TENANT,
    room: ROOM,
    lastSeq: 2 ** 45,
    connections: [1, 4_294_967_295],
    departed: [{ user: { userId: "ben" as UserId }, clean: false, agoMs: 12 }],
  };
  const writer = new ToShardWriter();
  expect(writer.isEmpty).toBe(true);
  writer.open(7, info);
  writer.frame(7, 1, undefined, '{"type":"ping","text":"Ünïcødé 🙂"}');
  writer.frame(7, 2, ROOM, bytes("bytes"));
  const first = writer.take();
  expect([writer.isEmpty, writer.lastRecord]).toEqual([true, 3]);
  writer.call(1, ANN, resume);
  writer.call(2, ANN, history);
  writer.call(3, ANN, { to: "shard", kind: "drain" });
  writer.attach(attachment);
  writer.close(7, true);
  writer.close(8, false);
  const second = writer.take();

  const notes: unknown[] = [];
  const next = readToShard(first, 1, toShardNotes(notes));
  expect(next).toBe(4);
  expect(readToShard(second, next, toShardNotes(notes))).toBe(10);
  expect(notes).toEqual([
    ["open", 1, 7, info],
    ["frame", 2, 7, 1, undefined, '{"type":"ping","text":"Ünïcødé 🙂"}'],
    ["frame", 3, 7, 2, ROOM, "bytes"],
    ["call", 4, 1, ANN, resume],
    ["call", 5, 2, ANN, history],
    ["call", 6, 3, ANN, { to: "shard", kind: "drain" }],
    ["attach", 7, attachment],
    ["close", 8, 7, true],
    ["close", 9, 8, false],
  ]);
});

test("every kind of record reaches the edge as it was written, behind the block's progress", () => {
  const writer = new ToEdgeWriter();
  expect(writer.isEmpty).toBe(true);
  writer.progress(41);
  writer.openTopic(3, "acme/room", 2 ** 40);
  writer.send(7, true, bytes("text"));
  writer.send(7, false, bytes("binary"));
  writer.subscribe(7, 3);
  writer.publish(3, 2, true, 12 as Seq, bytes("event"));
  writer.unsubscribe(7, 3);
  writer.trace(3, 2 ** 41);
  writer.closeTopic(3);
  writer.reply(1, ok({ rooms: [] }));
  writer.reply(2, err({ code: "forbidden", field: "x" }));
  writer.done(2 ** 35);
  writer.relay(7, "post/0", '{"type":"ping"}');
  // The progress of the block is the one at its end.
  writer.progress(42);
  const notes: unknown[] = [];
  readToEdge(writer.take(), toEdgeNotes(notes));
  expect(notes).toEqual([
    ["progress", 42],
    ["openTopic", 3, "acme/room", 2 ** 40],
    ["send", 7, true, "text"],
    ["send", 7, false, "binary"],
    ["subscribe", 7, 3],
    ["publish", 3, 2, true, 12, "event"],
    ["unsubscribe", 7, 3],
    ["trace", 3, 2 ** 41],
    ["closeTopic", 3],
    ["reply", 1, ok({ rooms: [] })],
    ["reply", 2, err({ code: "forbidden", field: "x" })],
    ["done", 2 ** 35],
    ["relay", 7, "post/0", '{"type":"ping"}'],
  ]);
  expect(writer.isEmpty).toBe(true);
  writer.progress(43);
  expect(writer.isEmpty).toBe(false);
});

test("every close reason has its place", () => {
  const writer = new ToEdgeWriter();
  const reasons = Object.keys(CLOSE_CODES) as CloseReason[];
  for (const reason of reasons) writer.close(1, reason);
  const notes: unknown[] = [];
  readToEdge(writer.take(), toEdgeNotes(notes));
  expect(notes.slice(1)).toEqual(reasons.map((reason) => ["close", 1, reason]));
});

test("what one actor tells another passes the edge unread", () => {
  const messages: readonly ActorMessage[] = [
    { kind: "subscribed", room: ROOM, connectionId: "abc:1" as ConnectionId },
    { kind: "notify", reason: "mention", room: ROOM, by: ANN.userId },
    { kind: "presence", presence: { user: { userId: ANN.userId }, status: "away", lastSeen: 5 } },
  ];
  const toEdge = new ToEdgeWriter();
  for (const message of messages) toEdge.actor(userAddress(TENANT, ANN.userId), message);
  toEdge.actor(roomAddress(TENANT, ROOM), messages[2] as ActorMessage);
  const toShard = new ToShardWriter();
  const hashes: number[] = [];
  readToEdge(toEdge.take(), {
    ...toEdgeNotes([]),
    actor: (hash, packed) => {
      hashes.push(hash);
      toShard.actor(packed);
    },
  });
  const person = addressHash(userAddress(TENANT, ANN.userId));
  expect(hashes).toEqual([person, person, person, addressHash(roomAddress(TENANT, ROOM))]);
  const notes: unknown[] = [];
  readToShard(toShard.take(), 1, toShardNotes(notes));
  expect(notes).toEqual([
    ...messages.map((message, i) => ["actor", i + 1, userAddress(TENANT, ANN.userId), message]),
    ["actor", 4, roomAddress(TENANT, ROOM), messages[2]],
  ]);
});

test("a record of an unknown kind is an error, not a guess", () => {
  expect(() => readToShard(Uint8Array.of(99), 1, toShardNotes([]))).toThrow("unknown record kind 99");
  const block = new Uint8Array(9);
  block[8] = 99;
  expect(() => readToEdge(block, toEdgeNotes([]))).toThrow("unknown record kind 99");
});

test("a block that was taken is not written to again, also after a large one", () => {
  const writer = new ToShardWriter();
  writer.frame(1, 1, undefined, "x".repeat(100_000));
  const block = writer.take();
  const copy = block.slice();
  for (let i = 0; i < 100; i += 1) writer.frame(1, i, undefined, "y".repeat(5_000));
  writer.take();
  expect(block).toEqual(copy);
});
