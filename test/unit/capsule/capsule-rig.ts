/** Stores of one test, and capsules between them. */
import type { RoomId, TenantId } from "../../../src/base/ids.ts";
import { CapsuleReader } from "../../../src/capsule/capsule-reader.ts";
import { type Exported, type ExportOptions, exportRoom, type Store } from "../../../src/capsule/export-room.ts";
import { type Imported, importRoom } from "../../../src/capsule/import-room.ts";
import { openSqlite, type SqliteStorage } from "../../../src/storage/sqlite/open-sqlite.ts";
import { failOnFatal, type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

export function taken<Value>(result: { ok: true; value: Value } | { ok: false; error: string }): Value {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

export class CapsuleRig {
  readonly #folder: TemporaryFolder = temporaryFolder();
  readonly #open: SqliteStorage[] = [];
  #files = 0;

  newFile(): string {
    this.#files += 1;
    return `${this.#folder.path}/${this.#files}.capsule`;
  }

  sqlite(name: string): SqliteStorage {
    const storage = openSqlite({ dir: `${this.#folder.path}/${name}`, onFatal: failOnFatal });
    this.#open.push(storage);
    return storage;
  }

  /** The file, and what was said of it. */
  async exported(
    store: Store,
    options: Partial<ExportOptions> & Pick<ExportOptions, "tenant" | "room">,
    file = this.newFile(),
  ): Promise<Exported & { readonly file: string }> {
    return { file, ...taken(await exportRoom(store, file, { identities: true, ...options })) };
  }

  async imported(store: Store, file: string, tenant: TenantId, room: RoomId): Promise<Imported> {
    const capsule = taken(CapsuleReader.open(file));
    try {
      return taken(await importRoom(store, capsule, { tenant, room }));
    } finally {
      capsule.close();
    }
  }

  async close(): Promise<void> {
    for (const storage of this.#open) await storage.close();
    this.#folder.remove();
  }
}
