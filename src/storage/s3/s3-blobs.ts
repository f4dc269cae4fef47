/**
 * Files in a bucket of S3, or of a server that speaks like it. An upload is either one object that its client put there by a
 * signed address, or parts that came through this server, named by where they begin. `keep` copies it to its final name,
 * to which no address lets anybody write: a signed address stays good for a while and says nothing of size or type.
 */
import type { RoomId, TenantId } from "../../base/ids.ts";
import { UPLOAD_PARTS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import {
  type BlobEntry,
  type BlobKey,
  type BlobStore,
  type BlobTrouble,
  type ByteRange,
  checkedId,
  type Chunk,
  type Delivery,
  idOfPart,
  pathPart,
} from "../blobs.ts";
import { LoneWriters } from "../lone-writers.ts";
import { machineKeys, type S3Keys } from "./machine-keys.ts";

export interface S3Settings {
  readonly bucket: string;
  readonly region: string | undefined;
  /** `undefined`: AWS's own of the region. */
  readonly endpoint: string | undefined;
  /** `undefined`: those that AWS gives this machine. */
  readonly keys: S3Keys | undefined;
}

type Part = "uploads" | "files";
interface Piece {
  readonly key: string;
  readonly bytes: number;
}

const DONE = ok(true as const);
/** The object that a client puts itself. */
const WHOLE = "whole";
const OFFSET_DIGITS = 16;
const PART_BYTES = 5 * 1024 * 1024;

export class S3Blobs implements BlobStore {
  readonly #settings: S3Settings;
  readonly #keys: () => Promise<S3Keys>;
  #client: { readonly of: S3Keys; readonly client: Bun.S3Client } | undefined;
  /** Of uploads. */
  readonly #writers = new LoneWriters();

  constructor(settings: S3Settings, keys: () => Promise<S3Keys> = keysOf(settings)) {
    this.#settings = settings;
    this.#keys = keys;
  }

  uploadUrl(upload: BlobKey, expiresInSeconds: number): Promise<Result<string, BlobTrouble>> {
    const path = `${pathOf("uploads", upload)}/${WHOLE}`;
    return attempt(async () => {
      const client = await this.#open();
      return ok(client.presign(path, { method: "PUT", expiresIn: expiresInSeconds }));
    });
  }

  downloadUrl(
    blob: BlobKey,
    { mimeType, disposition, expiresInSeconds }: Delivery,
  ): Promise<Result<string, BlobTrouble>> {
    const path = pathOf("files", blob);
    return attempt(async () => {
      const client = await this.#open();
      const options = { expiresIn: expiresInSeconds, type: mimeType, contentDisposition: disposition };
      return ok(client.presign(path, options));
    });
  }

  received(upload: BlobKey): Promise<Result<number, BlobTrouble>> {
    const path = pathOf("uploads", upload);
    return attempt(async () => ok(bytesOf(await this.#pieces(path))));
  }

  receive(
    upload: BlobKey,
    { offset, total }: Chunk,
    body: AsyncIterable<Uint8Array>,
  ): Promise<Result<number, BlobTrouble>> {
    const path = pathOf("uploads", upload);
    return this.#alone(path, async () => {
      const pieces = await this.#pieces(path);
      if (pieces.length >= UPLOAD_PARTS_MAX) return err("size");
      if (bytesOf(pieces) !== offset) return err("offset");
      const name = `${path}/${String(offset).padStart(OFFSET_DIGITS, "0")}`;
      return await this.#write(name, offset, total, body);
    });
  }

  keep(upload: BlobKey, bytes: number): Promise<Result<true, BlobTrouble>> {
    const from = pathOf("uploads", upload);
    const to = pathOf("files", upload);
    return this.#alone(from, async () => {
      const pieces = await this.#pieces(from);
      if (pieces.length === 0) return (await this.#sizeOf(to)) === bytes ? DONE : err("absent");
      const received = bytesOf(pieces);
      if (received !== bytes) {
        if (received > bytes) await this.#removeUnder(`${from}/`);
        return err("size");
      }
      const copied = await this.#write(to, 0, bytes, this.#bytesIn(pieces));
      // It may have been put once more meanwhile: what counts is what was copied.
      if (!copied.ok || copied.value !== bytes) {
        await (await this.#open()).delete(to);
        return copied.ok ? err("size") : copied;
      }
      await this.#removeUnder(`${from}/`);
      return DONE;
    });
  }

  put(blob: BlobKey, bytes: Uint8Array): Promise<Result<true, BlobTrouble>> {
    const path = pathOf("files", blob);
    return attempt(async () => {
      await (await this.#open()).write(path, bytes);
      return DONE;
    });
  }

  read(blob: BlobKey, range?: ByteRange): Promise<Result<ReadableStream<Uint8Array>, BlobTrouble>> {
    const path = pathOf("files", blob);
    return attempt(async () => {
      if ((await this.#sizeOf(path)) === undefined) return err("absent");
      const file = (await this.#open()).file(path);
      return ok((range === undefined ? file : file.slice(range.start, range.end)).stream());
    });
  }

  remove(key: BlobKey): Promise<Result<true, BlobTrouble>> {
    const [from, to] = [pathOf("uploads", key), pathOf("files", key)];
    return attempt(async () => {
      await this.#removeUnder(`${from}/`);
      await (await this.#open()).delete(to);
      return DONE;
    });
  }

  removeRoom(tenant: TenantId, room: RoomId): Promise<Result<true, BlobTrouble>> {
    return attempt(async () => {
      for (const part of ["uploads", "files"] as const) await this.#removeUnder(folderOf(part, tenant, room));
      return DONE;
    });
  }

  async *walk(): AsyncIterable<BlobEntry> {
    for (const part of ["uploads", "files"] as const) {
      for await (const { key, size, lastModified } of this.#objects(`${part}/`)) {
        const [, tenantPart = "", roomPart = "", id] = key.split("/");
        const tenant = idOfPart(tenantPart) as TenantId | undefined;
        const room = idOfPart(roomPart) as RoomId | undefined;
        if (tenant === undefined || room === undefined || id === undefined) continue;
        yield { tenant, room, id, bytes: size, changedAt: Date.parse(lastModified), isUpload: part === "uploads" };
      }
    }
  }

  /** The whole one, or parts that follow one another from the beginning. */
  async #pieces(folder: string): Promise<readonly Piece[]> {
    const pieces: Piece[] = [];
    let at = 0;
    for await (const { key, size } of this.#objects(`${folder}/`)) {
      const name = key.slice(key.lastIndexOf("/") + 1);
      if (name === WHOLE) return [{ key, bytes: size }];
      if (Number(name) !== at) continue;
      pieces.push({ key, bytes: size });
      at += size;
    }
    return pieces;
  }

  async *#bytesIn(pieces: readonly Piece[]): AsyncIterable<Uint8Array> {
    for (const { key } of pieces) yield* (await this.#open()).file(key).stream();
  }

  /** What came is kept when the body breaks off. */
  async #write(
    key: string,
    offset: number,
    total: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<Result<number, BlobTrouble>> {
    const writer = (await this.#open()).file(key).writer({ partSize: PART_BYTES, queueSize: 2, retry: 2 });
    let at = offset;
    let isTooMuch = false;
    try {
      for await (const piece of body) {
        isTooMuch = at + piece.length > total;
        if (isTooMuch) break;
        writer.write(piece);
        at += piece.length;
        await writer.flush();
      }
    } finally {
      await writer.end();
    }
    return isTooMuch ? err("size") : ok(at);
  }

  async *#objects(prefix: string): AsyncIterable<{ key: string; size: number; lastModified: string }> {
    let startAfter: string | undefined;
    for (;;) {
      const page = await (await this.#open()).list({ prefix, ...(startAfter !== undefined && { startAfter }) });
      for (const { key, size = 0, lastModified = "" } of page.contents ?? []) yield { key, size, lastModified };
      startAfter = page.contents?.at(-1)?.key;
      if (page.isTruncated !== true || startAfter === undefined) return;
    }
  }

  async #removeUnder(prefix: string): Promise<void> {
    for await (const { key } of this.#objects(prefix)) await (await this.#open()).delete(key);
  }

  /** Keys may have changed since the last time. */
  async #open(): Promise<Bun.S3Client> {
    const keys = await this.#keys();
    if (this.#client?.of.accessKeyId !== keys.accessKeyId) {
      this.#client = { of: keys, client: s3Client(this.#settings, keys) };
    }
    return this.#client.client;
  }

  async #sizeOf(path: string): Promise<number | undefined> {
    try {
      return (await (await this.#open()).stat(path)).size;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  #alone<Value>(path: string, run: () => Promise<Result<Value, BlobTrouble>>): Promise<Result<Value, BlobTrouble>> {
    return this.#writers.alone(path, () => attempt(run));
  }
}

function keysOf({ keys, region }: S3Settings): () => Promise<S3Keys> {
  return keys === undefined ? machineKeys(region) : () => Promise.resolve(keys);
}

export function s3Client({ bucket, region, endpoint }: S3Settings, keys: S3Keys): Bun.S3Client {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  return new Bun.S3Client({
    bucket,
    accessKeyId,
    secretAccessKey,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(sessionToken !== undefined && { sessionToken }),
  });
}

function folderOf(part: Part, tenant: TenantId, room: RoomId): string {
  return `${part}/${pathPart(tenant)}/${pathPart(room)}/`;
}

function pathOf(part: Part, { tenant, room, id }: BlobKey): string {
  return folderOf(part, tenant, room) + checkedId(id);
}

function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function attempt<Value>(run: () => Promise<Result<Value, BlobTrouble>>): Promise<Result<Value, BlobTrouble>> {
  try {
    return await run();
  } catch (error) {
    return err(isAbsent(error) ? "absent" : "unavailable");
  }
}

function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "NoSuchKey" || error.code === "NotFound";
}
