import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BUS_ENTRY_BYTES_MAX } from "../../../src/base/limits.ts";
import { EntryPacker, EntryUnpacker } from "../../../src/cluster/bus-entries.ts";

const HEADERS_BYTES = 8;

function messageOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (seed * 31 + index * 7) & 0xff;
  return bytes;
}

/** What comes out of these entries, in order. */
function unpacked(entries: readonly Buffer[], unpacker = new EntryUnpacker(), from = "ada"): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const entry of entries) unpacker.unpack(from, entry, 0, (message) => messages.push(message));
  return messages;
}

const plain = (messages: readonly Uint8Array[]) => messages.map((message) => Buffer.from(message).toString("base64"));

describe("entries", () => {
  test("many small messages go into one entry", () => {
    const messages = Array.from({ length: 100 }, (_, index) => messageOf(index, 100));
    const entries = new EntryPacker(BUS_ENTRY_BYTES_MAX).pack(messages);
    expect(entries).toHaveLength(1);
    expect(plain(unpacked(entries))).toEqual(plain(messages));
  });

  test.each([-1, 0, 1])("a message of an entry's size and %d goes over as few entries as it needs", (more) => {
    const message = messageOf(1, BUS_ENTRY_BYTES_MAX - HEADERS_BYTES + more);
    const entries = new EntryPacker(BUS_ENTRY_BYTES_MAX).pack([message]);
    expect(entries).toHaveLength(more > 0 ? 2 : 1);
    expect(plain(unpacked(entries))).toEqual(plain([message]));
  });

  test("no entry is larger than its bound, and whatever goes in comes out", () => {
    const sizes = fc.array(
      fc.oneof(
        fc.nat(50),
        fc.nat(BUS_ENTRY_BYTES_MAX * 3),
        fc.integer({ min: -12, max: 4 }).map((d) => BUS_ENTRY_BYTES_MAX + d),
      ),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), (batches) => {
        const [packer, unpacker] = [new EntryPacker(BUS_ENTRY_BYTES_MAX), new EntryUnpacker()];
        for (const batch of batches) {
          const messages = batch.map((size, index) => messageOf(index, size));
          const entries = packer.pack(messages);
          expect(entries.every((entry) => entry.length <= BUS_ENTRY_BYTES_MAX)).toBe(true);
          expect(plain(unpacked(entries, unpacker))).toEqual(plain(messages));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("of entries of which some are lost, repeated or damaged comes only what was sent, in order", () => {
    const fates = fc.array(fc.constantFrom("arrives", "arrives", "lost", "twice", "damaged"), { maxLength: 40 });
    fc.assert(
      fc.property(fates, (plan) => {
        const packer = new EntryPacker(BUS_ENTRY_BYTES_MAX);
        const sent = Array.from({ length: 25 }, (_, index) =>
          messageOf(index, (index * 7919) % (BUS_ENTRY_BYTES_MAX * 2)),
        );
        const entries = sent.flatMap((message) => packer.pack([message]));
        const arriving = entries.flatMap((entry, index) => {
          const fate = plan[index] ?? "arrives";
          if (fate === "lost") return [];
          if (fate === "twice") return [entry, entry];
          return [fate === "damaged" ? entry.subarray(0, Math.floor(entry.length / 2)) : entry];
        });
        const received = plain(unpacked(arriving));
        const wanted = plain(sent);
        let at = -1;
        for (const message of received) {
          at = wanted.indexOf(message, at + 1);
          expect(at).toBeGreaterThanOrEqual(0);
        }
        if (plan.every((fate) => fate === "arrives" || fate === "twice")) expect(received).toEqual(wanted);
      }),
      { numRuns: 60 },
    );
  });

  test("senders do not mix, also when their large messages do", () => {
    const large = [messageOf(1, BUS_ENTRY_BYTES_MAX * 2), messageOf(2, BUS_ENTRY_BYTES_MAX * 2)] as const;
    const [ada, bob] = large.map((message) => new EntryPacker(BUS_ENTRY_BYTES_MAX).pack([message]));
    const unpacker = new EntryUnpacker();
    const heard: string[] = [];
    for (const [index, entry] of (ada ?? []).entries()) {
      unpacker.unpack("ada", entry, 0, (message) => heard.push(`ada ${Buffer.compare(message, large[0])}`));
      const other = bob?.[index] ?? Buffer.alloc(0);
      unpacker.unpack("bob", other, 0, (message) => heard.push(`bob ${Buffer.compare(message, large[1])}`));
    }
    expect(heard).toEqual(["ada 0", "bob 0"]);
  });

  test("what comes out has memory of its own", () => {
    const entries = new EntryPacker(BUS_ENTRY_BYTES_MAX).pack([messageOf(1, 10), messageOf(2, 10)]);
    const [first, second] = unpacked(entries);
    first?.fill(0);
    expect(plain(second === undefined ? [] : [second])).toEqual(plain([messageOf(2, 10)]));
    expect(first?.buffer).not.toBe(second?.buffer as ArrayBuffer);
  });

  test("a sender that said nothing for long is forgotten, with the part of a message that it left", () => {
    const entries = new EntryPacker(BUS_ENTRY_BYTES_MAX).pack([messageOf(1, BUS_ENTRY_BYTES_MAX + 100)]);
    const unpacker = new EntryUnpacker();
    const [first, second] = entries;
    expect(unpacked(first === undefined ? [] : [first], unpacker)).toEqual([]);
    unpacker.forgetBefore(1);
    expect(unpacked(second === undefined ? [] : [second], unpacker)).toEqual([]);
  });
});
