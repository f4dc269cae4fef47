/** What only the text codecs can be sent: broken text, odd objects, other names, and the frames of the two dialects. */
import { describe, expect, test } from "bun:test";
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX } from "../../../src/base/limits.ts";
import { createCodecs } from "../../../src/protocol/codecs.ts";

const [, json, camel, snake] = createCodecs();
const send = { type: "send_message", roomId: "room", content: "hi" };

for (const codec of [json, camel, snake]) {
  describe(`codec ${codec.id}`, () => {
    test("text that is not one JSON object is an invalid frame, and the message says what is wrong", () => {
      for (const text of ["", "{", "hello", '{"type":"ping"} x', "{'type':'ping'}", "[]", "1", "null", '"ping"']) {
        for (const result of [codec.peek(text), codec.decode(text)]) {
          expect(result).toMatchObject({ ok: false, error: { code: "invalid_frame" } });
          expect(result.ok ? "" : result.error.message).toMatch(/JSON/);
        }
      }
    });

    test("bytes are read as UTF-8 text, and refused when they are none", () => {
      expect(codec.decode(new TextEncoder().encode('{"type":"ping"}'))).toStrictEqual({
        ok: true,
        value: { type: "ping" },
      });
      expect(codec.decode(new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject({ error: { code: "invalid_frame" } });
    });

    test("an unknown or missing type is told apart, with the ref", () => {
      expect(codec.peek('{"type":"shout","ref":4}')).toMatchObject({
        error: { code: "unknown_type", field: "type", ref: 4, message: expect.stringContaining('"shout"') },
      });
      expect(codec.peek('{"ref":4}')).toMatchObject({ error: { code: "missing_field", field: "type", ref: 4 } });
      for (const type of ["constructor", "__proto__", "toString", 7, ["ping"]]) {
        expect(codec.decode(JSON.stringify({ type }))).toMatchObject({ error: { code: "unknown_type" } });
      }
    });

    test("nesting is accepted up to its bound, and refused one level deeper before it is parsed", () => {
      const nested = (depth: number): string =>
        `{"type":"ping","x":${"[".repeat(depth - 1)}"]]]]]]]]]]]]\\""${"]".repeat(depth - 1)}}`;
      expect(codec.decode(nested(FRAME_DEPTH_MAX))).toMatchObject({ ok: true });
      for (const result of [codec.decode(nested(FRAME_DEPTH_MAX + 1)), codec.peek(nested(FRAME_DEPTH_MAX + 1))]) {
        expect(result).toMatchObject({
          error: { code: "invalid_frame", message: expect.stringContaining("8 levels") },
        });
      }
      const half = FRAME_BYTES_MAX / 2;
      expect(codec.decode("[".repeat(half) + "]".repeat(half))).toMatchObject({ error: { code: "invalid_frame" } });
    });

    test("brackets within strings are no nesting", () => {
      expect(codec.decode(`{"type":"ping","x":"${"[".repeat(100)}\\"${"{".repeat(100)}"}`)).toMatchObject({ ok: true });
    });

    test("fields that the frame does not have are without effect", () => {
      const body = '{"type":"ping","userId":"usr_9","tenant":"t","__proto__":{"ref":1},"by":{"role":"admin"}}';
      expect(codec.decode(body)).toStrictEqual({ ok: true, value: { type: "ping" } });
    });

    test("half of a surrogate pair becomes the replacement character, as it would in UTF-8", () => {
      const text = '{"type":"set_presence","status":"busy","custom_status":"a\\ud800b","customStatus":"a\\ud800b"}';
      expect(codec.decode(text)).toMatchObject({ value: { customStatus: "a\ufffdb" } });
    });
  });
}

test("a reaction may be called reaction or emoji", () => {
  const frame = { type: "message_reaction", roomId: "room", messageId: "msg_1", emoji: "👍" };
  const alias = { type: "message_reaction", roomId: "room", messageId: "msg_1", reaction: "👍" };
  expect(camel.decode(JSON.stringify(alias))).toStrictEqual({ ok: true, value: frame } as never);
  expect(
    snake.decode('{"type":"message_reaction","room_id":"room","message_id":"msg_1","reaction":"👍"}'),
  ).toStrictEqual({ ok: true, value: frame } as never);
});

test("a message and a poll may say `isAnonymous`, as what is shown does", () => {
  const poll = { question: "?", options: [{ text: "a" }, { text: "b" }] };
  for (const codec of [json, camel]) {
    const said = codec.decode(JSON.stringify({ ...send, isAnonymous: true, poll: { ...poll, isAnonymous: true } }));
    expect(said).toMatchObject({ value: { anonymous: true, poll: { anonymous: true } } });
  }
  const said = snake.decode(
    JSON.stringify({
      type: "send_message",
      room_id: "room",
      content: "x",
      is_anonymous: true,
      poll: { ...poll, is_anonymous: true },
    }),
  );
  expect(said).toMatchObject({ value: { anonymous: true, poll: { anonymous: true } } });
});

test("a room called like a part of every object is a room like any other", () => {
  const result = json.decode('{"type":"resume","rooms":{"__proto__":5,"constructor":6}}');
  const rooms = result.ok && result.value.type === "resume" ? result.value.rooms : {};
  expect(Object.entries(rooms)).toEqual([
    ["__proto__", 5],
    ["constructor", 6],
  ]);
});

test("the frames that the camelCase dialect's documentation shows are understood", () => {
  expect(camel.decode('{"type":"join_room","roomId":"room_general_123"}')).toMatchObject({ ok: true });
  expect(camel.decode(JSON.stringify({ ...send, messageType: "text" }))).toStrictEqual({
    ok: true,
    value: { ...send, messageType: "text" },
  } as never);
});

test("the frames that the snake_case dialect's documentation shows are understood", () => {
  const room_id = "3f0c7c3e-6d0a-4a6e-9c8e-1f2d3c4b5a69";
  const decoded = (frame: object): unknown => {
    const result = snake.decode(JSON.stringify(frame));
    return result.ok ? result.value : result.error;
  };
  expect(decoded({ type: "join_room", room_id })).toEqual({ type: "join_room", roomId: room_id });
  expect(
    decoded({
      type: "send_message",
      room_id,
      content: "Hello, world!",
      message_type: "text",
      attachments: [],
      mentions: ["user-id"],
    }),
  ).toEqual({
    type: "send_message",
    roomId: room_id,
    content: "Hello, world!",
    messageType: "text",
    attachments: [],
    mentions: ["user-id"],
  });
  expect(decoded({ type: "typing_start", room_id })).toEqual({ type: "typing_start", roomId: room_id });
  expect(decoded({ type: "mark_read", room_id, message_ids: ["msg-id-1", "msg-id-2"] })).toEqual({
    type: "mark_read",
    roomId: room_id,
    messageIds: ["msg-id-1", "msg-id-2"],
  });
  expect(
    decoded({
      type: "create_room",
      name: "Project Discussion",
      room_type: "group",
      participants: ["user-id-1", "user-id-2"],
      description: "Discussion about the project",
      is_private: false,
    }),
  ).toEqual({
    type: "create_room",
    name: "Project Discussion",
    roomType: "group",
    participants: ["user-id-1", "user-id-2"],
    description: "Discussion about the project",
    isPrivate: false,
  });
});
