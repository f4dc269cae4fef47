/** Any server frame that is written is read back equal, in both subprotocols; the dialects say each event once. */
import { describe, expect, test } from "bun:test";
import { decode, encode } from "@msgpack/msgpack";
import fc, { type Arbitrary } from "fast-check";
import { messageIdOf, type MessageId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import { createCodecs } from "../../../src/protocol/codecs.ts";
import { type ErrorCode, ERRORS } from "../../../src/protocol/errors.ts";
import {
  MESSAGE_TYPES,
  MODERATION_LEVELS,
  PRESENCE_STATUSES,
  ROLES,
  ROOM_TYPES,
  type EventsFrame,
  type RoomEvent,
  type ServerFrame,
} from "../../../src/protocol/frames.ts";
import { readServerFrame } from "../../../src/protocol/json-frames.ts";
import { decodeServerFrame } from "../../../src/protocol/msgpack-codec.ts";
import { readServerFrame as readMsgpack } from "../../../src/protocol/msgpack-server-reader.ts";

const [msgpack, json, camel, snake] = createCodecs();

/** All fields of `required`, and any of `optional`. */
function record<R extends object, O extends object>(
  required: Fields<R>,
  optional: Fields<O>,
): Arbitrary<R & Partial<O>> {
  return fc.record({ ...required, ...optional }, {
    requiredKeys: Object.keys(required),
    noNullPrototype: true,
  } as never) as unknown as Arbitrary<R & Partial<O>>;
}
type Fields<T> = { [K in keyof T]: Arbitrary<T[K]> };

const text = fc.string({ unit: "grapheme", maxLength: 60 });
const uint = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.nat());
const time = fc.integer({ min: 0, max: 4_102_444_800_000 });
const flag = fc.boolean();
const id = fc.stringMatching(/^[A-Za-z0-9_.:@|+=,~$!*-]{1,40}$/);
const user = id as Arbitrary<UserId>;
const room = id as Arbitrary<RoomId>;
const messageId: Arbitrary<MessageId> = uint.map((seq) => messageIdOf(seq + 1));
const ref = fc.oneof(fc.maxSafeInteger(), text);
const role = fc.constantFrom(...ROLES);
const errorCode = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));
const users = fc.array(user, { maxLength: 4 });
const userRef = record({ userId: user }, { name: text, avatar: text });
const attachment = record(
  { id, type: text, url: text, fileName: text, fileSize: uint, mimeType: text },
  { thumbnailUrl: text },
);
const message = record(
  { messageId, messageNo: uint, authorId: user, content: text, messageType: fc.constantFrom(...MESSAGE_TYPES) },
  {
    authorName: text,
    authorAvatar: text,
    clientId: text,
    replyTo: messageId,
    mentions: users,
    attachments: fc.array(attachment, { maxLength: 2 }),
    editedAt: time,
    deletedAt: time,
    reactions: fc.dictionary(text, record({ count: uint, users }, { mine: fc.constant(true as const) }), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    isAnonymous: fc.constant(true as const),
    poll: record(
      {
        question: text,
        options: fc.array(fc.record({ text, votes: uint }, { noNullPrototype: true }), { maxLength: 3 }),
        choicesMax: uint,
        isAnonymous: flag,
        isClosed: flag,
        voters: uint,
      },
      { closesAt: time, mine: fc.array(uint, { maxLength: 2 }) },
    ),
  },
);
const change = fc.oneof(
  record({ kind: fc.constant("content" as const), content: text }, {}),
  record({ kind: fc.constant("reaction" as const), emoji: text, added: flag, count: uint }, {}),
  record(
    {
      kind: fc.constant("poll" as const),
      poll: fc.record(
        { votes: fc.array(uint, { maxLength: 3 }), voters: uint, isClosed: flag },
        { noNullPrototype: true },
      ),
    },
    {},
  ),
);
const roomView = record(
  {
    roomId: room,
    type: fc.constantFrom(...ROOM_TYPES),
    name: text,
    createdBy: user,
    createdAt: time,
    memberCount: uint,
    maxMembers: uint,
    allowInvites: flag,
    lastActivity: time,
  },
  {
    description: text,
    avatar: text,
    tags: fc.array(text, { maxLength: 2 }),
    banner: text,
    requireApproval: flag,
    allowFileUploads: flag,
    maxFileSize: uint,
    allowedFileTypes: fc.array(text, { maxLength: 2 }),
    messageRetention: uint,
    enableAI: flag,
    moderationLevel: fc.constantFrom(...MODERATION_LEVELS),
    slowModeSeconds: uint,
    allowAnonymous: flag,
    isArchived: flag,
  },
);
const position = record(
  { roomId: room, head: uint, typing: users, present: users },
  {
    role,
    unread: uint,
    readSeq: uint,
    missing: record({ from: uint, to: uint }, {}),
    error: errorCode,
    presentCount: uint,
    memberCount: uint,
    mentions: uint,
    muted: record({}, { until: time }),
  },
);
const countsByRoom = fc.dictionary(room, uint, { maxKeys: 4, noNullPrototype: true });
const durable = { seq: uint, timestamp: time };
const type = <T extends string>(name: T): Arbitrary<T> => fc.constant(name);
const reason = fc.constantFrom("left" as const, "removed" as const, "banned" as const);

const otherEvent: Arbitrary<RoomEvent> = fc.oneof(
  record({ type: type("message_updated"), ...durable, messageId, by: user, change }, {}),
  record({ type: type("message_deleted"), ...durable, messageId, by: user }, {}),
  record({ type: type("user_joined"), ...durable, user: userRef, role, by: user }, {}),
  record({ type: type("user_left"), ...durable, user: userRef, by: user, reason }, {}),
  record({ type: type("member_updated"), ...durable, user: userRef, role, by: user }, {}),
  record({ type: type("room_updated"), ...durable, room: roomView, by: user }, {}),
  record({ type: type("room_deleted"), ...durable, by: user }, {}),
  record({ type: type("member_muted"), ...durable, user: userRef, by: user }, { until: time }),
  record({ type: type("member_unmuted"), ...durable, user: userRef, by: user }, {}),
);
/** A message's room, sequence and time are those of the event around it. */
const newMessage = (roomId: RoomId): Arbitrary<RoomEvent> =>
  fc
    .tuple(record(durable, {}), message)
    .map(([place, body]) => ({ type: "new_message", ...place, message: { ...body, roomId, ...place } }));

const events: Arbitrary<EventsFrame> = room.chain((roomId) =>
  fc.record(
    {
      type: type("events"),
      roomId: fc.constant(roomId),
      after: uint,
      head: uint,
      events: fc.array(fc.oneof(newMessage(roomId), otherEvent), { maxLength: 6 }),
    },
    { noNullPrototype: true },
  ),
);

const serverFrame: Arbitrary<ServerFrame> = fc.oneof(
  { arbitrary: events, weight: 4 },
  record(
    {
      type: type("connection"),
      status: fc.constant("connected" as const),
      connectionId: id as Arbitrary<never>,
      userId: user,
      heartbeatMs: uint,
      limits: record({ frameBytes: uint, messageLength: uint }, {}),
      unread: record(
        { total: uint, rooms: countsByRoom },
        {
          mentions: uint,
          mentionRooms: countsByRoom,
          threads: fc.array(record({ roomId: room, threadId: messageId, unread: uint }, {}), { maxLength: 3 }),
        },
      ),
    },
    { invites: uint },
  ),
  record(
    { type: type("ack"), ref },
    {
      roomId: room,
      messageId,
      seq: uint,
      timestamp: time,
      duplicate: flag,
      position,
      state: type("pending"),
      invite: text,
    },
  ),
  record(
    { type: type("error"), code: errorCode, message: text, temporary: flag },
    { ref, roomId: room, field: text, retryAfterMs: uint },
  ),
  record({ type: type("typing_indicator"), roomId: room, user: userRef, isTyping: flag, expiresInMs: uint }, {}),
  record(
    { type: type("presence_update"), user: userRef, status: fc.constantFrom(...PRESENCE_STATUSES), lastSeen: time },
    { roomId: room, customStatus: text },
  ),
  record(
    {
      type: type("receipts"),
      roomId: room,
      receipts: fc.array(record({ userId: user, readSeq: uint, deliveredSeq: uint }, {}), { maxLength: 4 }),
    },
    {
      seen: fc.array(record({ seq: uint, readBy: uint, deliveredTo: uint, members: uint }, {}), { maxLength: 4 }),
    },
  ),
  record(
    {
      type: type("notification"),
      kind: fc.constantFrom(
        "mention" as const,
        "invite" as const,
        "invite_ended" as const,
        "unread" as const,
        "announcement" as const,
        "join_request" as const,
        "request_approved" as const,
        "request_denied" as const,
        "banned" as const,
      ),
      roomId: room,
    },
    { by: user, messageId, unread: uint, mentions: uint, readSeq: uint },
  ),
  record({ type: type("member_count"), roomId: room, memberCount: uint }, {}),
  record({ type: type("resumed"), rooms: fc.array(position, { maxLength: 3 }) }, { ref }),
  record({ type: type("reconnect"), delayMs: uint }, {}),
  record({ type: type("pong") }, { ref }),
);

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A room or a reaction may be called so, like anything else. */
const hasProtoKey = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProtoKey));

test("MessagePack: what was written is read back equal, and is what the other implementation would write", () => {
  fc.assert(
    fc.property(serverFrame, (frame) => {
      const [bytes] = msgpack.encode(frame);
      expect(decodeServerFrame(bytes)).toStrictEqual(frame);
      // The other implementation refuses maps with this key.
      if (!hasProtoKey(frame)) expect(encode(decode(bytes)).toHex()).toBe(bytes.toHex());
    }),
    { numRuns: 1_000 },
  );
});

test("MessagePack: a reaction may be called like the property that objects have of their own", () => {
  const reactions = Object.fromEntries([["__proto__", { count: 1, users: ["usr_1"] }]]);
  const message = { messageId: "msg_1", messageNo: 1, authorId: "usr_1", content: "", messageType: "text", reactions };
  const place = { roomId: "room", seq: 1, timestamp: 1 };
  const event = { type: "new_message", seq: 1, timestamp: 1, message: { ...message, ...place } };
  const frame = { type: "events", roomId: "room", after: 0, head: 1, events: [event] } as unknown as ServerFrame;
  expect(msgpack.encode(frame).map(decodeServerFrame)).toStrictEqual([frame]);
});

test("JSON: what was written is read back equal", () => {
  fc.assert(
    fc.property(serverFrame, (frame) => {
      expect(json.encode(frame).map((bytes) => readServerFrame(textOf(bytes)))).toStrictEqual([frame]);
    }),
    { numRuns: 1_000 },
  );
});

describe("the dialects", () => {
  test("say each event in an object of its own, that follows the one before", () => {
    fc.assert(
      fc.property(events, (frame) => {
        for (const codec of [camel, snake]) {
          const objects = codec.encode(frame).map((bytes) => JSON.parse(textOf(bytes)) as Record<string, unknown>);
          const first = frame.events.length === 0 ? ["room_head"] : [];
          expect(objects.map((object) => object["type"])).toEqual([
            ...first,
            ...frame.events.map((event) => event.type),
          ]);
          let after = frame.after;
          for (const [index, event] of frame.events.entries()) {
            expect(objects[index]).toMatchObject({ seq: event.seq, after });
            after = event.seq;
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test("snake_case has no capital in any key but those that are data", () => {
    const capital = (value: unknown, path: string): string[] => {
      if (typeof value !== "object" || value === null) return [];
      return Object.entries(value).flatMap(([key, inner]) => {
        const isData = /\.(?:reactions|unread\.(?:rooms|mention_rooms))$/.test(path);
        return [...(!isData && /[A-Z]/.test(key) ? [`${path}.${key}`] : []), ...capital(inner, `${path}.${key}`)];
      });
    };
    fc.assert(
      fc.property(serverFrame, (frame) => {
        expect(snake.encode(frame).flatMap((bytes) => capital(JSON.parse(textOf(bytes)), ""))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a client of this version", () => {
  test("passes over fields and events of a newer server", () => {
    const message = ["msg_1", 1, "usr_1", "hi", "text"];
    const newer = encode([
      70,
      null,
      "room",
      0,
      9,
      [
        [1, 5, 1_000, message, "new field"],
        [99, 6, 1_000, "?"],
      ],
      { new: 1 },
    ]);
    expect(decodeServerFrame(newer)).toMatchObject({ head: 9, events: [{ type: "new_message", seq: 5 }] });
    expect(decodeServerFrame(newer)).toHaveProperty("events.length", 1);
  });

  test("tells a frame of a newer server from bytes that are no frame", () => {
    expect(readMsgpack(encode([120, 1]))).toBeUndefined();
    expect(() => decodeServerFrame(encode([120, 1]))).toThrow("another version");
    expect(() => decodeServerFrame(encode([70, null, "room", 0, 9, 5]))).toThrow("array");
    expect(() => decodeServerFrame(new Uint8Array([0xc1]))).toThrow("no MessagePack");
    expect(() => decodeServerFrame(new Uint8Array([0x92, 70]))).toThrow("too early");
    expect(() => decodeServerFrame(new Uint8Array([0x91, 67, 0]))).toThrow("behind");
  });
});
