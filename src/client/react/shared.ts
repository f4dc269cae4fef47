/**
 * What several components use at once, made for the first and given back after the last. React may take a component away and put
 * it back at once (strict mode does so on purpose): therefore the end comes a moment later.
 */
import type { StoaClient } from "../client.ts";

interface Entry<Value> {
  readonly value: Value;
  users: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const END_MS = 100;

export class Shared<Value> {
  readonly #make: (client: StoaClient, key: string) => Value;
  readonly #end: (value: Value) => void;
  readonly #clients = new WeakMap<StoaClient, Map<string, Entry<Value>>>();

  constructor(make: (client: StoaClient, key: string) => Value, end: (value: Value) => void) {
    this.#make = make;
    this.#end = end;
  }

  /** The second of the result gives it back. */
  take(client: StoaClient, key: string): readonly [value: Value, giveBack: () => void] {
    const entries = this.#clients.get(client) ?? new Map<string, Entry<Value>>();
    this.#clients.set(client, entries);
    const entry = entries.get(key) ?? { value: this.#make(client, key), users: 0, timer: undefined };
    entries.set(key, entry);
    clearTimeout(entry.timer);
    entry.users += 1;
    const giveBack = (): void => {
      entry.users -= 1;
      if (entry.users > 0) return;
      entry.timer = setTimeout(() => {
        entries.delete(key);
        this.#end(entry.value);
      }, END_MS);
    };
    return [entry.value, giveBack];
  }
}
