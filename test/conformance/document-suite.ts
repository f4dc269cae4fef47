/** What every adapter of the projections port must do with documents: a tenant's rows that belong to no room. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { TenantId } from "../../src/base/ids.ts";
import { DOCUMENT_BYTES_MAX, ITEM_KEY_BYTES_MAX } from "../../src/base/limits.ts";
import type { PageQuery } from "../../src/storage/journal.ts";
import type { DocumentOutcome, ListedDocument, StoredDocument } from "../../src/storage/projections.ts";
import { ask, type Harness, TENANT } from "./harness.ts";

export function documentConformance(name: string, open: () => Promise<Harness>): void {
  describe(`${name}: documents`, () => {
    let harness: Harness;
    const read = (id: string, collection = "lists", tenant = TENANT) =>
      ask<StoredDocument | null>((done) => harness.projections.readDocument(tenant, collection, id, done));
    const write = (id: string, value: object | null, expected: number, collection = "lists", tenant = TENANT) =>
      ask<DocumentOutcome>((done) => {
        harness.projections.writeDocument(tenant, collection, id, value, expected, done);
        harness.journal.flush();
      });
    const list = (query: Partial<PageQuery> = {}, collection = "lists", tenant = TENANT) =>
      ask<readonly ListedDocument[]>((done) =>
        harness.projections.listDocuments(tenant, collection, { limit: 9, ...query }, done),
      );
    const ids = async (query: Partial<PageQuery> = {}) => (await list(query)).map((one) => one.id);

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.close();
    });

    test("are written when they are at the expected version, and only then", async () => {
      expect(await read("words")).toBeNull();
      expect(await write("words", { no: 1 }, 1)).toBe("conflict");
      expect(await write("words", { no: 1, text: "ü \ud83d" }, 0)).toBe("written");
      expect(await read("words")).toEqual({ value: { no: 1, text: "ü \ud83d" }, version: 1 });
      expect(await write("words", { no: 2 }, 0)).toBe("conflict");
      expect(await write("words", { no: 2 }, 1)).toBe("written");
      expect(await write("words", { no: 3 }, 1)).toBe("conflict");
      expect(await read("words")).toEqual({ value: { no: 2 }, version: 2 });
    });

    test("of many writers that go on from what they have read lose no change", async () => {
      const add = async () => {
        for (;;) {
          const now = await read("counter");
          const count = ((now?.value as { count?: number } | undefined)?.count ?? 0) + 1;
          if ((await write("counter", { count }, now?.version ?? 0)) === "written") return;
        }
      };
      await Promise.all(Array.from({ length: 8 }, add));
      expect((await read("counter"))?.value).toEqual({ count: 8 });
    });

    test("that are gone are not there, and whoever still knows an old version does not overwrite a new one", async () => {
      await write("words", { no: 1 }, 0);
      expect(await write("words", null, 2)).toBe("conflict");
      expect(await write("words", null, 1)).toBe("written");
      expect(await read("words")).toBeNull();
      expect(await list()).toEqual([]);
      expect(await write("words", { no: 2 }, 2)).toBe("conflict");
      expect(await write("words", { no: 2 }, 0)).toBe("written");
      const now = await read("words");
      expect(now?.value).toEqual({ no: 2 });
      expect(now?.version).toBeGreaterThan(1);
      expect(await write("words", { no: 9 }, 1)).toBe("conflict");
      expect(await write("words", { no: 3 }, now?.version ?? 0)).toBe("written");
    });

    test("are listed by pages in the order of their ids, and by their beginnings", async () => {
      for (const id of ["b", "ab", "a", "ab2", "Z", "gone"]) await write(id, { id }, 0);
      await write("gone", null, 1);
      await write("x", {}, 0, "others");
      expect(await list({ limit: 2 })).toEqual([
        { id: "Z", value: { id: "Z" }, version: 1 },
        { id: "a", value: { id: "a" }, version: 1 },
      ]);
      expect(await ids({ after: "a", limit: 2 })).toEqual(["ab", "ab2"]);
      expect(await ids({ after: "a", backward: true })).toEqual(["Z"]);
      expect(await ids({ backward: true, limit: 3 })).toEqual(["b", "ab2", "ab"]);
      expect(await ids({ prefix: "a" })).toEqual(["a", "ab", "ab2"]);
      expect(await ids({ prefix: "a", after: "ab" })).toEqual(["ab2"]);
    });

    test("that are gone do not shorten a page", async () => {
      for (let index = 10; index < 40; index += 1) await write(`d${index}`, {}, 0);
      for (let index = 10; index < 36; index += 1) await write(`d${index}`, null, 1);
      expect(await ids({ limit: 3 })).toEqual(["d36", "d37", "d38"]);
    });

    test("of another tenant or collection are others", async () => {
      const other = "other" as TenantId;
      await write("words", { no: 1 }, 0);
      expect(await read("words", "lists", other)).toBeNull();
      expect(await read("words", "list")).toBeNull();
      expect(await list({}, "lists", other)).toEqual([]);
      expect(await write("words", { no: 2 }, 0, "lists", other)).toBe("written");
      expect((await read("words"))?.value).toEqual({ no: 1 });
    });

    test("are kept up to their largest size; what is larger or has no proper name is the caller's mistake", async () => {
      const value = { text: "x".repeat(DOCUMENT_BYTES_MAX - 11) };
      expect(await write("large", value, 0)).toBe("written");
      expect((await read("large"))?.value).toEqual(value);
      const attempt = (id: string, text: string) => () =>
        harness.projections.writeDocument(TENANT, "lists", id, { text }, 0, () => undefined);
      expect(attempt("large", `${value.text}x`)).toThrow("too large");
      expect(attempt("ümlaut", "")).toThrow("no name");
      expect(attempt("", "")).toThrow("no name");
      expect(attempt("x".repeat(ITEM_KEY_BYTES_MAX), "")).toThrow("too long");
    });

    test("are the same after opening again", async () => {
      await write("a", { no: 1 }, 0);
      await write("b", { no: 1 }, 0);
      await write("b", null, 1);
      harness = await harness.reopen();
      expect(await list()).toEqual([{ id: "a", value: { no: 1 }, version: 1 }]);
      expect(await write("a", { no: 2 }, 1)).toBe("written");
    });
  });
}
