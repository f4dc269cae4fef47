/** Tables of a document that are made from the code: each stands between two marks, so that a test can compare it. */
import { join } from "node:path";

const BLOCK = /<!-- table: ([^>]+) -->\n([\s\S]*?)<!-- end -->/g;

export class DocumentTables {
  readonly #path: string;

  /** `path` is relative to the project's root. */
  constructor(path: string) {
    this.#path = join(import.meta.dir, "../..", path);
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    const text = await Bun.file(this.#path).text();
    return new Map([...text.matchAll(BLOCK)].map(([, name = "", body = ""]) => [name, body.trim()]));
  }

  /** Puts the tables in their places; throws when the document has no place for one of them, or another place. */
  async write(tables: ReadonlyMap<string, string>): Promise<void> {
    const text = await Bun.file(this.#path).text();
    const names = [...text.matchAll(BLOCK)].map(([, name = ""]) => name);
    if (names.toSorted().join() !== [...tables.keys()].sort().join()) {
      throw new Error(`${this.#path} has places for: ${names.join(", ")}`);
    }
    const written = text.replace(BLOCK, (_, name: string) => {
      return `<!-- table: ${name} -->\n\n${tables.get(name)}\n\n<!-- end -->`;
    });
    await Bun.write(this.#path, written);
  }
}
