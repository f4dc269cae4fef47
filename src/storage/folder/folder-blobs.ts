/**
 * Files in a folder of this machine: `uploads/` while they come, `files/` when they are complete; below each a folder per
 * tenant and room. Invariant: what stands under `files/` is whole and on the disk: it got there by one rename after `fsync`.
 */
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RoomId, TenantId } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import {
  type BlobEntry,
  type BlobKey,
  type BlobStore,
  type BlobTrouble,
  type ByteRange,
  checkedId,
  type Chunk,
  idOfPart,
  pathPart,
} from "../blobs.ts";
import { LoneWriters } from "../lone-writers.ts";

type Part = "uploads" | "files";
const DONE = ok(true as const);

export class FolderBlobs implements BlobStore {
  readonly #dir: string;
  /** Of uploads. */
  readonly #writers = new LoneWriters();

  constructor(dir: string) {
    this.#dir = dir;
  }

  async uploadUrl(): Promise<Result<undefined, never>> {
    return ok(undefined);
  }

  async downloadUrl(): Promise<Result<undefined, never>> {
    return ok(undefined);
  }

  received(upload: BlobKey): Promise<Result<number, BlobTrouble>> {
    const path = this.#path("uploads", upload);
    return attempt(async () => ok((await sizeOf(path)) ?? 0));
  }

  receive(
    upload: BlobKey,
    { offset, total }: Chunk,
    body: AsyncIterable<Uint8Array>,
  ): Promise<Result<number, BlobTrouble>> {
    const path = this.#path("uploads", upload);
    return this.#alone(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, "a");
      try {
        const { size } = await file.stat();
        if (size !== offset) return err("offset");
        return await append(file, offset, total, body);
      } finally {
        await file.close();
      }
    });
  }

  keep(upload: BlobKey, bytes: number): Promise<Result<true, BlobTrouble>> {
    const from = this.#path("uploads", upload);
    const to = this.#path("files", upload);
    return this.#alone(from, async () => {
      const size = await sizeOf(from);
      if (size === undefined) return (await sizeOf(to)) === bytes ? DONE : err("absent");
      if (size !== bytes) {
        if (size > bytes) await rm(from, { force: true });
        return err("size");
      }
      await mkdir(dirname(to), { recursive: true });
      await synced(from);
      await rename(from, to);
      await synced(dirname(to));
      return DONE;
    });
  }

  put(blob: BlobKey, bytes: Uint8Array): Promise<Result<true, BlobTrouble>> {
    const aside = this.#path("uploads", blob);
    const to = this.#path("files", blob);
    return this.#alone(aside, async () => {
      await mkdir(dirname(aside), { recursive: true });
      await mkdir(dirname(to), { recursive: true });
      const file = await open(aside, "w");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(aside, to);
      return DONE;
    });
  }

  read(blob: BlobKey, range?: ByteRange): Promise<Result<Blob, BlobTrouble>> {
    const path = this.#path("files", blob);
    return attempt(async () => {
      if ((await sizeOf(path)) === undefined) return err("absent");
      const file = Bun.file(path);
      return ok(range === undefined ? file : file.slice(range.start, range.end));
    });
  }

  remove(key: BlobKey): Promise<Result<true, BlobTrouble>> {
    const paths = [this.#path("uploads", key), this.#path("files", key)];
    return attempt(async () => {
      for (const path of paths) await rm(path, { force: true });
      return DONE;
    });
  }

  removeRoom(tenant: TenantId, room: RoomId): Promise<Result<true, BlobTrouble>> {
    return attempt(async () => {
      for (const part of ["uploads", "files"] as const) {
        await rm(join(this.#dir, part, pathPart(tenant), pathPart(room)), { recursive: true, force: true });
      }
      return DONE;
    });
  }

  async *walk(): AsyncIterable<BlobEntry> {
    for (const part of ["uploads", "files"] as const) {
      for await (const tenant of folderNames(join(this.#dir, part))) {
        for await (const room of folderNames(join(this.#dir, part, tenant))) {
          yield* this.#walkRoom(part, tenant, room);
        }
      }
    }
  }

  async *#walkRoom(part: Part, tenantPart: string, roomPart: string): AsyncIterable<BlobEntry> {
    const tenant = idOfPart(tenantPart) as TenantId | undefined;
    const room = idOfPart(roomPart) as RoomId | undefined;
    // Somebody else's folder: nothing in it is ours to judge.
    if (tenant === undefined || room === undefined) return;
    const path = join(this.#dir, part, tenantPart, roomPart);
    for await (const id of namesIn(path)) {
      const found = await stat(join(path, id)).catch(ifAbsent);
      if (found === undefined) continue;
      yield { tenant, room, id, bytes: found.size, changedAt: found.mtimeMs, isUpload: part === "uploads" };
    }
  }

  #path(part: Part, { tenant, room, id }: BlobKey): string {
    return join(this.#dir, part, pathPart(tenant), pathPart(room), checkedId(id));
  }

  #alone<Value>(path: string, run: () => Promise<Result<Value, BlobTrouble>>): Promise<Result<Value, BlobTrouble>> {
    return this.#writers.alone(path, () => attempt(run));
  }
}

/** What came is kept when the body breaks off: the next chunk goes on there. */
async function append(
  file: FileHandle,
  offset: number,
  total: number,
  body: AsyncIterable<Uint8Array>,
): Promise<Result<number, BlobTrouble>> {
  let at = offset;
  for await (const piece of body) {
    if (at + piece.length > total) return err("size");
    await writeWhole(file, piece);
    at += piece.length;
  }
  return ok(at);
}

async function writeWhole(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    const { bytesWritten } = await file.write(piece, done, piece.length - done);
    done += bytesWritten;
  }
}

/** Files, or a folder's list of them, as far as the disk says so. */
async function synced(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(ifAbsent))?.size;
}

async function* folderNames(path: string): AsyncIterable<string> {
  for await (const name of namesIn(path)) if (idOfPart(name) !== undefined) yield name;
}

async function* namesIn(path: string): AsyncIterable<string> {
  const folder = await opendir(path).catch(ifAbsent);
  if (folder === undefined) return;
  for await (const { name } of folder) yield name;
}

function ifAbsent(error: unknown): undefined {
  if (codeOf(error) === "ENOENT") return undefined;
  throw error;
}

async function attempt<Value>(run: () => Promise<Result<Value, BlobTrouble>>): Promise<Result<Value, BlobTrouble>> {
  try {
    return await run();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return err("absent");
    return err(code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG" ? "full" : "unavailable");
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
