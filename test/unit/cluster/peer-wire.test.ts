import { describe, expect, test } from "bun:test";
import { PEER_MESSAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import type { NodeId } from "../../../src/cluster/membership.ts";
import { decode, encode, type PeerHeader, pack } from "../../../src/cluster/peer-wire.ts";
import type { PeerMessage } from "../../../src/cluster/peers.ts";

const FROM = "knoten-ä.x1" as NodeId;
const HEADER: PeerHeader = {
  salt: 0xffff_fffe,
  session: 3,
  number: 2 ** 40,
  otherSalt: 17,
  adopted: 0xffff_ffff,
  refused: 2,
};
const block = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);
const EACH_KIND: readonly PeerMessage[] = [
  { kind: "to_shard", shard: 11, generation: 2 ** 33, no: 3, block },
  { kind: "to_edge", shard: 0, generation: 1, no: 3, block: new Uint8Array(0) },
  { kind: "shard_up", shard: 4, generation: 9, fatalRecord: 2 ** 34, explained: true },
  { kind: "shard_up", shard: 4, generation: 9, fatalRecord: 0, explained: false },
  { kind: "heads", block },
  { kind: "edge", block },
  { kind: "roll_call" },
];
const records = EACH_KIND.map((message) => ({ message, isPart: false }));

/** Blocks as plain bytes, so that a view and a copy compare as equal. */
const plain = (message: PeerMessage | undefined) =>
  message !== undefined && "block" in message ? { ...message, block: [...message.block] } : message;

describe("a message between nodes", () => {
  test("reads back as it was written, with every kind of record", () => {
    for (const hears of [true, false]) {
      const read = decode(encode(FROM, HEADER, hears, records));
      expect(read?.from).toBe(FROM);
      expect(read?.header).toEqual(HEADER);
      expect(read?.hears).toBe(hears);
      expect(read?.records.map(({ message }) => plain(message))).toEqual(EACH_KIND.map(plain));
    }
    expect(decode(encode(FROM, HEADER, true, []))?.records).toEqual([]);
  });

  test("of which the end is missing is read as a shorter one or not at all, and never throws", () => {
    const bytes = encode(FROM, HEADER, true, records);
    const ends = new Set<number>();
    for (let length = 0; length < bytes.length; length += 1) {
      const read = decode(bytes.subarray(0, length));
      if (read !== undefined) ends.add(read.records.length);
    }
    expect([...ends]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("of another version, or with a record of an unknown kind, is not read", () => {
    const other = encode(FROM, HEADER, true, records);
    other[0] = (other[0] ?? 0) + 1;
    expect(decode(other)).toBeUndefined();
    const unknown = encode(FROM, HEADER, true, [{ message: { kind: "roll_call" }, isPart: false }]);
    unknown[unknown.length - 1] = 0x3f;
    expect(decode(unknown)).toBeUndefined();
  });
});

describe("packing", () => {
  const sized = (bytes: number): PeerMessage => ({ kind: "heads", block: new Uint8Array(bytes) });

  test("puts what fits into one message", () => {
    expect(pack(Array.from({ length: 100 }, () => sized(1_000)))).toHaveLength(1);
    expect(pack([])).toEqual([]);
  });

  test("begins another message where one would become too large", () => {
    const groups = pack(Array.from({ length: 10 }, () => sized(100_000)));
    expect(groups.map((group) => group.length)).toEqual([2, 2, 2, 2, 2]);
  });

  test("cuts a block that is larger than a message, in order", () => {
    const large = Uint8Array.from({ length: PEER_MESSAGE_BYTES_MAX * 2 + 5 }, (_, index) => (index * 7) & 0xff);
    const groups = pack([sized(10), { kind: "to_edge", shard: 1, generation: 2, no: 3, block: large }, sized(20)]);
    const parts = groups.flat().slice(1, -1);
    expect(parts.map(({ isPart }) => isPart)).toEqual([true, true, false]);
    const whole = Buffer.concat(parts.map(({ message }) => ("block" in message ? message.block : new Uint8Array())));
    expect(Buffer.compare(whole, large)).toBe(0);
    for (const group of groups) {
      expect(encode(FROM, HEADER, true, group).length).toBeLessThan(PEER_MESSAGE_BYTES_MAX + 200);
    }
  });

  test("leaves a block of just the bound whole, and cuts one that is a byte larger", () => {
    expect(pack([sized(PEER_MESSAGE_BYTES_MAX)])).toHaveLength(1);
    expect(pack([sized(PEER_MESSAGE_BYTES_MAX + 1)]).flat()).toHaveLength(2);
  });
});
