import { expect, test } from "bun:test";
import fc from "fast-check";
import { type MessageId, messageIdOf, seqOfMessageId } from "../../../src/base/ids.ts";

function plain(seq: number): MessageId {
  return `msg_${seq.toString(36)}` as MessageId;
}

test("a message's id is its sequence to base 36, whatever its length", () => {
  const powers = [1, 2, 3, 4, 5].flatMap((digits) => [36 ** digits - 1, 36 ** digits]);
  const edges = [0, 1, ...powers, 2 ** 31 - 1, 2 ** 31];
  expect(edges.map(messageIdOf)).toEqual(edges.map(plain));
  fc.assert(fc.property(fc.maxSafeNat(), (seq) => messageIdOf(seq) === plain(seq)));
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seq) => messageIdOf(seq) === plain(seq)));
});

test("the sequence is found again in the id", () => {
  fc.assert(fc.property(fc.nat(), (seq) => seqOfMessageId(messageIdOf(seq)) === seq));
});
