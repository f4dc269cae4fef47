/** What stands for a page's `localStorage`: it is there when the page is not any more. */
import type { OutboxStorage } from "../../src/client/types.ts";

/** `isLate`: it answers later, as a database would. */
export function keptIn(kept: Map<string, string>, isLate = false): OutboxStorage {
  const soon = <Value>(value: Value): Value | Promise<Value> => (isLate ? Bun.sleep(1).then(() => value) : value);
  const write = (write: () => void): void | Promise<void> => (isLate ? Bun.sleep(1).then(write) : write());
  return {
    getItem: (key) => soon(kept.get(key) ?? null),
    setItem: (key, value) => write(() => void kept.set(key, value)),
    removeItem: (key) => write(() => void kept.delete(key)),
    getAllKeys: () => soon([...kept.keys()]),
  };
}
