import { describe, expect, test } from "bun:test";
import { RowCache } from "../../../../src/domain/room/row-cache.ts";

describe("a row cache", () => {
  test("tells not known from known to be absent", () => {
    const cache = new RowCache<string, string>(2);
    expect(cache.get("a")).toBeUndefined();
    cache.learn("a", null);
    expect(cache.get("a")).toBeNull();
  });

  test("does not let a read that comes late overwrite a change", () => {
    const cache = new RowCache<string, string>(2);
    cache.set("a", "changed", 7);
    cache.learn("a", "as it was");
    expect(cache.get("a")).toBe("changed");
  });

  test("drops the least recently used beyond its bound", () => {
    const cache = new RowCache<string, string>(2);
    for (const key of ["a", "b", "c"]) cache.learn(key, key);
    cache.get("a");
    cache.evict(0);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual(["a", undefined, "c"]);
  });

  test("notes who was used last only when it is more than half full", () => {
    const cache = new RowCache<string, string>(4);
    cache.learn("a", "a");
    cache.learn("b", "b");
    cache.get("a");
    for (const key of ["c", "d", "e"]) cache.learn(key, key);
    cache.get("b");
    cache.evict(0);
    expect([cache.get("a"), cache.get("b"), cache.size]).toEqual([undefined, "b", 4]);
  });

  test("never drops what was changed after the last commit", () => {
    const cache = new RowCache<string, string>(1);
    cache.set("a", "a", 5);
    cache.set("b", "b", 6);
    cache.learn("c", "c");
    cache.evict(4);
    expect([cache.size, cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([2, "a", "b", undefined]);
    cache.evict(5);
    expect([cache.size, cache.get("b")]).toEqual([1, "b"]);
  });

  test("drops nothing while a read is under way", () => {
    const cache = new RowCache<string, string>(1);
    cache.pin();
    cache.set("a", "a", 1);
    cache.set("b", "b", 2);
    cache.evict(2);
    expect([cache.size, cache.pinned]).toEqual([2, 1]);
    cache.unpin();
    cache.evict(2);
    expect(cache.size).toBe(1);
    expect(() => cache.unpin()).toThrow();
  });
});
