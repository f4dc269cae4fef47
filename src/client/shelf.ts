/**
 * The outbox on paper: each entry under a key of its own, so that several pages of one user do not write over one another.
 * Invariant: keys name the user, so that nobody sends what somebody else wrote; what is done is done in the order asked for.
 */
import type { Failed, OutboxStorage, Pending } from "./types.ts";

export type Kept = Pending | Failed;

export class Shelf {
  readonly #storage: OutboxStorage;
  readonly #prefix: string;
  /** The last write that has not ended, where the storage answers later. */
  #writing: Promise<unknown> | undefined;

  constructor(storage: OutboxStorage, owner: string) {
    this.#storage = storage;
    this.#prefix = `stoa-outbox ${owner} `;
  }

  /** The oldest first. */
  async load(): Promise<readonly Kept[]> {
    await this.#writing;
    const keys = (await this.#storage.getAllKeys?.()) ?? Object.keys(this.#storage);
    const kept: Kept[] = [];
    for (const key of keys) {
      if (!key.startsWith(this.#prefix)) continue;
      const text = await this.#storage.getItem(key);
      if (text !== null) kept.push(JSON.parse(text) as Kept);
    }
    return kept.sort((a, b) => a.at - b.at);
  }

  put(entry: Kept): void {
    this.#write(() => this.#storage.setItem(this.#prefix + entry.clientId, JSON.stringify(entry)));
  }

  remove(clientId: string): void {
    this.#write(() => this.#storage.removeItem(this.#prefix + clientId));
  }

  /** A full or forbidden storage stops nobody from sending. */
  #write(write: () => void | Promise<void>): void {
    try {
      const done = this.#writing === undefined ? write() : this.#writing.then(write);
      if (done === undefined) return;
      const writing = done
        .catch(() => undefined)
        .then(() => {
          if (this.#writing === writing) this.#writing = undefined;
        });
      this.#writing = writing;
    } catch {
      // Kept in memory only.
    }
  }
}
