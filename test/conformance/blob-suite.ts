/** What every keeper of files has to hold, whatever it keeps them in. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import type { BlobEntry, BlobKey, BlobStore } from "../../src/storage/blobs.ts";

export interface BlobHarness {
  readonly blobs: BlobStore;
  /** A keeper of the same, as after a restart. */
  reopen(): BlobStore;
  close(): Promise<void>;
}

export const fileKey = (id: string, room = "room:1", tenant = "acme"): BlobKey => ({
  tenant: tenant as TenantId,
  room: room as RoomId,
  id,
});
const KEY = fileKey("file_a");

export async function* pieces(...texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

async function* breaking(...texts: readonly string[]): AsyncIterable<Uint8Array> {
  yield* pieces(...texts);
  throw new Error("the client is gone");
}

export function blobConformance(name: string, open: () => Promise<BlobHarness>): void {
  describe(name, () => {
    let harness: BlobHarness;
    let blobs: BlobStore;

    beforeEach(async () => {
      harness = await open();
      blobs = harness.blobs;
    });
    afterEach(() => harness.close());

    const textOf = async (key: BlobKey, range?: { start: number; end: number }): Promise<string> => {
      const read = await blobs.read(key, range);
      if (!read.ok) return read.error;
      return await new Response(read.value).text();
    };
    const entries = async (): Promise<readonly BlobEntry[]> => await Array.fromAsync(blobs.walk());

    test("an upload in chunks becomes a blob with the same bytes", async () => {
      expect(await blobs.received(KEY)).toEqual({ ok: true, value: 0 });
      expect(await blobs.receive(KEY, { offset: 0, total: 10 }, pieces("abc", "de"))).toEqual({ ok: true, value: 5 });
      expect(await blobs.received(KEY)).toEqual({ ok: true, value: 5 });
      expect(await blobs.receive(KEY, { offset: 5, total: 10 }, pieces("fghij"))).toEqual({ ok: true, value: 10 });
      expect(await textOf(KEY)).toBe("absent");
      expect(await blobs.keep(KEY, 10)).toEqual({ ok: true, value: true });
      expect(await textOf(KEY)).toBe("abcdefghij");
      expect(await textOf(KEY, { start: 2, end: 5 })).toBe("cde");
    });

    test("a chunk of several megabytes arrives as it was sent", async () => {
      const mebibyte = new Uint8Array(1024 * 1024).map((_, i) => (i * 7) & 255);
      async function* large(): AsyncIterable<Uint8Array> {
        for (let i = 0; i < 12; i += 1) yield mebibyte;
      }
      const total = 12 * mebibyte.length;
      expect(await blobs.receive(KEY, { offset: 0, total }, large())).toEqual({ ok: true, value: total });
      expect(await blobs.keep(KEY, total)).toEqual({ ok: true, value: true });
      const read = await blobs.read(KEY);
      const sum = new Bun.CryptoHasher("sha256");
      for (let i = 0; i < 12; i += 1) sum.update(mebibyte);
      const found = new Bun.CryptoHasher("sha256");
      if (read.ok) found.update(await new Response(read.value).bytes());
      expect(found.digest("hex")).toBe(sum.digest("hex"));
    });

    test("a chunk for another place is refused and changes nothing", async () => {
      await blobs.receive(KEY, { offset: 0, total: 10 }, pieces("abc"));
      for (const offset of [0, 2, 4]) {
        expect(await blobs.receive(KEY, { offset, total: 10 }, pieces("x"))).toEqual({ ok: false, error: "offset" });
      }
      expect(await blobs.received(KEY)).toEqual({ ok: true, value: 3 });
    });

    test("what came before a body broke off is there, also after a restart", async () => {
      await blobs.receive(KEY, { offset: 0, total: 10 }, breaking("abc", "de"));
      blobs = harness.reopen();
      const received = await blobs.received(KEY);
      expect(received).toEqual({ ok: true, value: 5 });
      expect(await blobs.receive(KEY, { offset: 5, total: 10 }, pieces("fghij"))).toEqual({ ok: true, value: 10 });
      await blobs.keep(KEY, 10);
      expect(await textOf(KEY)).toBe("abcdefghij");
    });

    test("bytes up to the size are taken, one more is not", async () => {
      expect(await blobs.receive(KEY, { offset: 0, total: 3 }, pieces("abc"))).toEqual({ ok: true, value: 3 });
      const other = fileKey("file_b");
      expect(await blobs.receive(other, { offset: 0, total: 3 }, pieces("ab", "cd"))).toEqual({
        ok: false,
        error: "size",
      });
      expect(await blobs.received(other)).toEqual({ ok: true, value: 2 });
    });

    test("only an upload of the promised size is kept", async () => {
      await blobs.receive(KEY, { offset: 0, total: 10 }, pieces("abc"));
      expect(await blobs.keep(KEY, 4)).toEqual({ ok: false, error: "size" });
      expect(await blobs.received(KEY)).toEqual({ ok: true, value: 3 });
      expect(await blobs.keep(KEY, 2)).toEqual({ ok: false, error: "size" });
      expect(await blobs.received(KEY)).toEqual({ ok: true, value: 0 });
      expect(await blobs.keep(KEY, 3)).toEqual({ ok: false, error: "absent" });
    });

    test("keeping twice is keeping once", async () => {
      await blobs.receive(KEY, { offset: 0, total: 3 }, pieces("abc"));
      expect(await blobs.keep(KEY, 3)).toEqual({ ok: true, value: true });
      expect(await blobs.keep(KEY, 3)).toEqual({ ok: true, value: true });
      expect(await blobs.keep(KEY, 2)).toEqual({ ok: false, error: "absent" });
      expect(await textOf(KEY)).toBe("abc");
    });

    test("two chunks at once: one is told that the other is there", async () => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      async function* slow(): AsyncIterable<Uint8Array> {
        await held;
        yield* pieces("abc");
      }
      const first = blobs.receive(KEY, { offset: 0, total: 3 }, slow());
      expect(await blobs.receive(KEY, { offset: 0, total: 3 }, pieces("xyz"))).toEqual({ ok: false, error: "busy" });
      release();
      expect(await first).toEqual({ ok: true, value: 3 });
    });

    test("small blobs are put at once and replace one another", async () => {
      await blobs.put(KEY, new TextEncoder().encode("one"));
      await blobs.put(KEY, new TextEncoder().encode("two"));
      expect(await textOf(KEY)).toBe("two");
    });

    test("what is removed is gone, and removing nothing is no trouble", async () => {
      await blobs.put(KEY, new TextEncoder().encode("one"));
      await blobs.receive(fileKey("file_b"), { offset: 0, total: 3 }, pieces("abc"));
      expect(await blobs.remove(KEY)).toEqual({ ok: true, value: true });
      expect(await blobs.remove(fileKey("file_b"))).toEqual({ ok: true, value: true });
      expect(await blobs.remove(KEY)).toEqual({ ok: true, value: true });
      expect(await textOf(KEY)).toBe("absent");
      expect(await entries()).toEqual([]);
    });

    test("tenants, rooms and ids with odd letters are kept apart and named again", async () => {
      const keys = [
        fileKey("file_a", "..", "."),
        fileKey("file_a", "a+b", "acme"),
        fileKey("file_a", "A+B", "acme"),
        fileKey("file_a", "x".repeat(128), "t|:@"),
      ];
      for (const [i, key] of keys.entries()) await blobs.put(key, new TextEncoder().encode(String(i)));
      for (const [i, key] of keys.entries()) expect(await textOf(key)).toBe(String(i));
      const named = (await entries()).map(({ tenant, room, id }) => `${tenant} ${room} ${id}`).sort();
      expect(named).toEqual(keys.map(({ tenant, room, id }) => `${tenant} ${room} ${id}`).sort());
    });

    test("a room's files are removed together, and no other room's", async () => {
      const other = fileKey("file_a", "room:2");
      await blobs.put(KEY, new TextEncoder().encode("one"));
      await blobs.receive(fileKey("file_b"), { offset: 0, total: 3 }, pieces("abc"));
      await blobs.put(other, new TextEncoder().encode("two"));
      await blobs.removeRoom(KEY.tenant, KEY.room);
      expect((await entries()).map(({ room, id }) => `${room} ${id}`)).toEqual(["room:2 file_a"]);
    });

    test("the walk tells uploads from blobs, with their size and time", async () => {
      await blobs.put(KEY, new TextEncoder().encode("one"));
      await blobs.receive(fileKey("file_b"), { offset: 0, total: 9 }, pieces("four"));
      const found = await entries();
      expect(found.map(({ id, bytes, isUpload }) => ({ id, bytes, isUpload }))).toEqual([
        { id: "file_b", bytes: 4, isUpload: true },
        { id: "file_a", bytes: 3, isUpload: false },
      ]);
      for (const { changedAt } of found) expect(Math.abs(Date.now() - changedAt)).toBeLessThan(60_000);
    });

    test.each(["", ".", "..", ".hidden", "a/b", "../a", "a\0b", "a b", "x".repeat(65)])(
      "%j is no name of a file",
      async (id) => {
        expect(() => blobs.received(fileKey(id))).toThrow();
      },
    );
  });
}
