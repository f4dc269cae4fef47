import { expect, test } from "bun:test";
import { keptIn } from "../../../../src/web/ui/kept.ts";

/** As a browser's, with room for so many keys. Its keys are its own, as those of `localStorage`. */
function storageOf(keysMax: number): Storage {
  const methods = {
    getItem(this: Record<string, string>, key: string) {
      return Object.hasOwn(this, key) ? this[key] : null;
    },
    setItem(this: Record<string, string>, key: string, text: string) {
      if (!Object.hasOwn(this, key) && Object.keys(this).length >= keysMax) throw new Error("QuotaExceededError");
      this[key] = text;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  };
  return Object.create(methods) as Storage;
}

test("what the browser takes is kept there, and nowhere else", () => {
  const storage = storageOf(2);
  const kept = keptIn(() => storage);
  kept.setItem("a", "1");
  expect([kept.getItem("a"), storage.getItem("a"), kept.getItem("b")]).toEqual(["1", "1", null]);
  storage.setItem("a", "of another tab");
  expect(kept.getItem("a")).toBe("of another tab");
  kept.removeItem("a");
  expect([kept.getItem("a"), kept.getAllKeys()]).toEqual([null, []]);
});

test("a browser that is full has what was written last as long as the page is open, and takes it once there is room", () => {
  const storage = storageOf(1);
  const kept = keptIn(() => storage);
  kept.setItem("a", "1");
  kept.setItem("b", "2");
  expect([kept.getItem("b"), storage.getItem("b"), kept.getAllKeys()]).toEqual(["2", null, ["a", "b"]]);
  kept.removeItem("a");
  kept.setItem("b", "3");
  expect([kept.getItem("b"), storage.getItem("b"), kept.getAllKeys()]).toEqual(["3", "3", ["b"]]);
});

test("a browser that forbids even to look keeps nothing and stops nothing", () => {
  const kept = keptIn(() => {
    throw new Error("SecurityError");
  });
  expect([kept.getItem("a"), kept.getAllKeys()]).toEqual([null, []]);
  kept.setItem("a", "1");
  expect([kept.getItem("a"), kept.getAllKeys()]).toEqual(["1", ["a"]]);
  kept.removeItem("a");
  expect(kept.getItem("a")).toBeNull();
});
