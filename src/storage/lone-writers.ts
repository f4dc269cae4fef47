/** One writer at a time for each name; whoever comes second is told so and does not wait. */
import { err, type Result } from "../base/result.ts";
import type { BlobTrouble } from "./blobs.ts";

export class LoneWriters {
  readonly #writing = new Set<string>();

  async alone<Value>(
    name: string,
    run: () => Promise<Result<Value, BlobTrouble>>,
  ): Promise<Result<Value, BlobTrouble>> {
    if (this.#writing.has(name)) return err("busy");
    this.#writing.add(name);
    try {
      return await run();
    } finally {
      this.#writing.delete(name);
    }
  }
}
