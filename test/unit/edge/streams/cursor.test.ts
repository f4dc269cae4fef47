/** The opaque text that carries a client's positions. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ConnectionId, RoomId, Seq } from "../../../../src/base/ids.ts";
import { ID_LENGTH_MAX, STREAM_CURSOR_BYTES_MAX } from "../../../../src/base/limits.ts";
import { type Cursor, readCursor, roomBytes, writeCursor } from "../../../../src/edge/streams/cursor.ts";

const id = fc.stringMatching(/^[A-Za-z0-9_.:@|+=,~$!*-]{1,40}$/);
const seq = fc.option(fc.maxSafeNat(), { nil: undefined });
const cursor = fc.record({ session: fc.option(id), taken: fc.maxSafeNat(), rooms: fc.array(fc.tuple(id, seq)) });

test("whatever is written is read again, and passes through addresses and headers as it is", () => {
  fc.assert(
    fc.property(cursor, ({ session, taken, rooms }) => {
      const value: Cursor = {
        ...(session !== null && { session: session as ConnectionId }),
        taken,
        rooms: new Map(rooms as [RoomId, Seq | undefined][]),
      };
      const text = writeCursor(value);
      expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
      expect(readCursor(text, 100_000)).toEqual(value);
    }),
  );
});

test("what is no cursor is none, whatever it is", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      const read = readCursor(text, 1_000);
      if (read !== undefined) expect(read.taken).toBeGreaterThanOrEqual(0);
    }),
  );
  const texts = ["", "1", "2//0/room;1", "1//-1", "1//0/room;zz.", "1//0/ro om;1", "1/a b/0", "1//0/;1", "1//1.5"];
  for (const text of texts) expect(readCursor(Buffer.from(text).toString("base64url"), 1_000)).toBeUndefined();
});

test("rooms whose bytes are within the bound make a cursor that is read, and one room more does not", () => {
  const rooms = new Map<RoomId, Seq>();
  let bytes = 0;
  for (let i = 0; ; i += 1) {
    const room = `${i}-`.padEnd(ID_LENGTH_MAX, "r") as RoomId;
    if (bytes + roomBytes(room) > STREAM_CURSOR_BYTES_MAX) break;
    bytes += roomBytes(room);
    rooms.set(room, Number.MAX_SAFE_INTEGER as Seq);
  }
  const text = writeCursor({ taken: 0, rooms });
  expect(text.length).toBeLessThan(8_000);
  expect(readCursor(text, STREAM_CURSOR_BYTES_MAX + 10)?.rooms.size).toBe(rooms.size);
  rooms.set("one".padEnd(ID_LENGTH_MAX, "r") as RoomId, 1 as Seq);
  expect(readCursor(writeCursor({ taken: 0, rooms }), STREAM_CURSOR_BYTES_MAX)).toBeUndefined();
});
