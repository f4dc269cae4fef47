/** What only the binary codec can be sent: bytes that are not MessagePack, or are more of it than a frame may be. */
import { describe, expect, test } from "bun:test";
import { encode, ExtensionCodec } from "@msgpack/msgpack";
import fc from "fast-check";
import { FRAME_BYTES_MAX, FRAME_CONTAINERS_MAX, FRAME_DEPTH_MAX } from "../../../src/base/limits.ts";
import { createCodecs } from "../../../src/protocol/codecs.ts";
import { MsgpackReader } from "../../../src/protocol/msgpack-reader.ts";
import { MsgpackWriter } from "../../../src/protocol/msgpack-writer.ts";

const [codec] = createCodecs();
const hex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""));
/** `[2, 7, nil, …]`: a ping with ref 7 and one more field. */
const pingWith = (field: string): Uint8Array => hex(`94 02 07 c0 ${field}`);

function expectInvalidFrame(data: Uint8Array | string, ref?: number): void {
  const result = codec.decode(data);
  expect(result).toMatchObject({ ok: false, error: { code: "invalid_frame", ...(ref === undefined ? {} : { ref }) } });
}

test("a field that this version does not know is passed over", () => {
  expect(codec.decode(encode([2, 7, null, { a: [1, 2.5, "x"] }, new Uint8Array(3), -5]))).toStrictEqual({
    ok: true,
    value: { type: "ping", ref: 7 },
  });
});

test("extension types are refused, timestamps and other libraries' own ones alike", () => {
  for (const bytes of [
    "c7 01 72 00",
    "c8 0001 65 00",
    "c9 00000001 65 00",
    "d4 72 40",
    "d5 01 0000",
    "d6 ff 00000000",
  ]) {
    expectInvalidFrame(pingWith(bytes), 7);
  }
  expectInvalidFrame(pingWith("d7 ff 0000000000000000"), 7);
  expectInvalidFrame(pingWith(`d8 01 ${"00".repeat(16)}`), 7);
  expectInvalidFrame(encode([2, 7, null, new Date(0)], { extensionCodec: ExtensionCodec.defaultCodec }), 7);
});

test("the byte that MessagePack never uses is refused", () => {
  expectInvalidFrame(pingWith("c1"), 7);
  expectInvalidFrame(hex("c1"));
});

test("bytes after the frame are refused", () => {
  expectInvalidFrame(hex("91 02 00"));
});

test("a frame that is no array, or an empty one, is refused", () => {
  for (const bytes of ["", "80", "02", "a4 70696e67", "90", "c0", "91 a1 78", "91 c0"]) expectInvalidFrame(hex(bytes));
});

test("a text frame is refused", () => {
  expectInvalidFrame('{"type":"ping"}');
  expect(codec.peek("x")).toMatchObject({ error: { code: "invalid_frame" } });
});

test("an unknown operation is named, with the ref", () => {
  for (const op of [0, 9, 64, 127, 128, 70_000, -1, 2.5]) {
    for (const result of [codec.decode(encode([op, 9])), codec.peek(encode([op, 9]))]) {
      expect(result).toMatchObject({ error: { code: "unknown_type", ref: 9, field: "type" } });
      expect(result.ok ? "" : result.error.message).toContain(String(op));
    }
  }
});

test("a declared length beyond the end is refused before anything is built", () => {
  for (const bytes of ["dd ffffffff", "df ffffffff", "db ffffffff", "c6 ffffffff", "dc ffff", "de ffff", "da ffff"]) {
    expectInvalidFrame(pingWith(bytes), 7);
  }
  expectInvalidFrame(hex("dd ffffffff 02"));
  expectInvalidFrame(hex("93 14 c0 d9 ff 61"));
});

test("every cut of a valid frame is refused", () => {
  const frame = encode([20, "ref", "room", "client", 70_000, "content ü", "text", "msg_1", ["u1"], [["a", "b", "/c"]]]);
  for (let length = 0; length < frame.length; length += 1) {
    expectInvalidFrame(frame.subarray(0, length));
    const peeked = codec.peek(frame.subarray(0, length));
    if (!peeked.ok) expect(peeked.error.code).toBe("invalid_frame");
  }
});

test("nesting is accepted up to its bound and refused one level deeper", () => {
  const nested = (depth: number): Uint8Array => pingWith(`${"91".repeat(depth - 1)}c0`);
  const nestedMaps = (depth: number): Uint8Array => pingWith(`${"8100".repeat(depth - 1)}c0`);
  for (const frame of [nested, nestedMaps]) {
    expect(codec.decode(frame(FRAME_DEPTH_MAX))).toMatchObject({ ok: true });
    expectInvalidFrame(frame(FRAME_DEPTH_MAX + 1), 7);
  }
});

test("arrays and maps are accepted up to their bound and refused one past it", () => {
  expect(codec.decode(encode([2, 7, null, ...new Array(FRAME_CONTAINERS_MAX).fill([])]))).toMatchObject({ ok: true });
  expectInvalidFrame(encode([2, 7, null, ...new Array(FRAME_CONTAINERS_MAX + 1).fill({})]), 7);
});

test("strings must be UTF-8, short and long ones", () => {
  for (const bytes of ["a1 ff", "a2 c328", "a3 eda080", "a2 c080", `bf ${"61".repeat(30)} ff`]) {
    expectInvalidFrame(pingWith(bytes), 7);
  }
  const replacement = encode([4, null, null, "busy", "a\ufffdb, as the client wrote it"]);
  expect(codec.decode(replacement)).toMatchObject({ value: { customStatus: "a\ufffdb, as the client wrote it" } });
});

test("a room id is read the same the first time, from memory, and after another took its place", () => {
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 10_000; i += 1) {
      const roomId = `room_${i}`;
      const peeked = codec.peek(hex(`93 1e c0 ${(0xa0 + roomId.length).toString(16)} ${Buffer.from(roomId).toHex()}`));
      if (!peeked.ok || peeked.value.roomId !== (roomId as string)) throw new Error(`read ${JSON.stringify(peeked)}`);
    }
  }
});

test("numbers are read from every form that MessagePack has for them", () => {
  const forms = ["05", "cc 05", "cd 0005", "ce 00000005", "cf 0000000000000005", "d0 05", "d1 0005", "d2 00000005"];
  for (const bytes of [...forms, "d3 0000000000000005", "ca 40a00000", "cb 4014000000000000"]) {
    expect(codec.decode(hex(`94 21 07 a1 72 ${bytes}`))).toStrictEqual({
      ok: true,
      value: { type: "confirm_delivered", ref: 7, roomId: "r", seq: 5 },
    } as never);
  }
});

describe("whatever the bytes, an answer comes soon and nothing is thrown", () => {
  const check = (bytes: Uint8Array): void => {
    for (const result of [codec.peek(bytes), codec.decode(bytes)]) {
      if (!result.ok) expect(result.error.code).not.toBe("internal");
    }
  };

  /** Of this process alone, the best of some tries: other work on the machine does not count. */
  const cpuMs = (run: () => void): number => {
    const tries = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    return Math.min(...tries);
  };

  test("random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 2_000 });
  });

  test("random fields behind a valid header", () => {
    const field = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 1 }), fc.uint8Array({ maxLength: 12 }));
    const op = fc.constantFrom("01", "03", "04", "0a", "0c", "14", "15", "17", "20", "21");
    fc.assert(
      fc.property(op, fc.array(field, { maxLength: 14 }), (operation, fields) => {
        check(new Uint8Array(Buffer.concat([hex(`9f ${operation} 07 a1 72`), ...fields])));
      }),
      { numRuns: 2_000 },
    );
  });

  test("valid values in the wrong places", () => {
    const value = fc.anything({ maxDepth: 3, withNullPrototype: false, withTypedArray: false });
    fc.assert(
      fc.property(
        fc.constantFrom(1, 3, 4, 10, 12, 20, 21, 23, 32, 33),
        fc.array(value, { maxLength: 14 }),
        (op, values) => {
          try {
            check(encode([op, ...values]));
          } catch (error) {
            // The other implementation has no form for functions and symbols: then there is nothing to check.
            if (!(error instanceof Error && error.message.startsWith("Unrecognized object"))) throw error;
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("the largest frames of the worst kinds are no attack: each is done with far from a second of work", () => {
    // Two or three milliseconds when nothing else runs; what grew with the square of the length would take seconds.
    const CPU_MS_MAX = 250;
    const checkTime = (bytes: Uint8Array): void => expect(cpuMs(() => check(bytes))).toBeLessThan(CPU_MS_MAX);
    for (const byte of [0x90, 0x91, 0x80, 0x81, 0xc0, 0xa0, 0x9f, 0x8f, 0xdd, 0xff, 0x00]) {
      const bytes = new Uint8Array(FRAME_BYTES_MAX).fill(byte);
      checkTime(bytes);
      bytes.set(hex(`94 14 07 a1 72 de ${((FRAME_BYTES_MAX - 8) >> 1).toString(16)}`));
      checkTime(bytes);
      bytes.set(hex(`dd ${(FRAME_BYTES_MAX - 5).toString(16).padStart(8, "0")} 14 07 a1 72`));
      checkTime(bytes);
    }
  });
});

describe("reader and writer agree with the other implementation", () => {
  const scalar = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer(),
    fc.integer({ min: -40, max: 300 }),
    fc.constantFrom(
      -128,
      -129,
      -32_768,
      -32_769,
      -(2 ** 31),
      -(2 ** 31) - 1,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      2 ** 32,
    ),
    fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.constantFrom(..."é x ☕".split(" ").flatMap((unit) => [31, 32, 85, 86, 255, 256].map((n) => unit.repeat(n)))),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie("value"), { maxLength: 20 }),
      fc.dictionary(fc.string({ maxLength: 5 }), tie("value"), { maxKeys: 20, noNullPrototype: true }),
    ),
  }));
  const writer = new MsgpackWriter();
  const reader = new MsgpackReader(32, Number.POSITIVE_INFINITY);
  const asObjects = (read: unknown): unknown => {
    if (Array.isArray(read)) return read.map(asObjects);
    return read instanceof Map ? Object.fromEntries([...read].map(([key, item]) => [key, asObjects(item)])) : read;
  };

  test("written bytes are equal, and read back to the same value", () => {
    fc.assert(
      fc.property(value, (written) => {
        writer.value(written);
        const bytes = writer.finish();
        expect(bytes.toHex()).toBe(encode(written).toHex());
        reader.reset(bytes);
        expect(asObjects(reader.value(1))).toEqual(written);
        expect(reader.atEnd).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("lengths that change the header", () => {
    for (const length of [15, 16, 31, 32, 255, 256, 65_535, 65_536, 100_000]) {
      for (const written of ["a".repeat(length), "ä".repeat(length), "🚀".repeat(length), new Array(length).fill(1)]) {
        writer.value(written);
        const bytes = writer.finish();
        expect(Bun.hash(bytes)).toBe(Bun.hash(encode(written)));
        reader.reset(bytes);
        expect(Bun.deepEquals(reader.value(1), written)).toBe(true);
      }
    }
  });

  test("finished bytes stay as they are when more is written", () => {
    writer.value(["first", 1]);
    const first = writer.finish();
    const before = first.toHex();
    writer.value(["second", 2, "x".repeat(200_000)]);
    writer.finish();
    writer.value(["third", 3]);
    writer.finish();
    expect(first.toHex()).toBe(before);
  });
});
