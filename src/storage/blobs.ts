/**
 * The port of whoever keeps the bytes of files. An *upload* is what is being sent; `keep` makes a *blob* of it, which never
 * changes. Both are named by tenant, room and id, and no name leaves its tenant's part.
 * Invariant: nothing holds a whole file in memory. What is not known to be there is not there: callers ask again.
 */
import type { RoomId, TenantId } from "../base/ids.ts";
import type { Result } from "../base/result.ts";

export interface BlobKey {
  readonly tenant: TenantId;
  readonly room: RoomId;
  /** Letters, digits, `_` and `.`; it does not begin with a dot. */
  readonly id: string;
}

/**
 * `offset`: the upload is at another place. `size`: there is more than was allowed, or not what was promised. `absent`: there
 * is nothing. `busy`: somebody writes it right now. `full`: no space. `unavailable`: no useful answer; it may have been done.
 */
export type BlobTrouble = "offset" | "size" | "absent" | "busy" | "full" | "unavailable";

export interface Chunk {
  /** Where it goes: how much is there already. */
  readonly offset: number;
  /** Bytes of the whole file: nothing beyond is taken. */
  readonly total: number;
}

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface BlobEntry extends BlobKey {
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
  readonly isUpload: boolean;
}

/** How a browser is to take a file. */
export interface Delivery {
  readonly mimeType: string;
  readonly disposition: string;
  readonly expiresInSeconds: number;
}

export interface BlobStore {
  /** An address to which a client sends the whole upload itself; `undefined`: only through the server. */
  uploadUrl(upload: BlobKey, expiresInSeconds: number): Promise<Result<string | undefined, BlobTrouble>>;
  /** An address from which a client fetches the blob itself; `undefined`: only through the server. */
  downloadUrl(blob: BlobKey, delivery: Delivery): Promise<Result<string | undefined, BlobTrouble>>;
  /** How much of an upload is there; 0 for one that has not begun. */
  received(upload: BlobKey): Promise<Result<number, BlobTrouble>>;
  /**
   * Appends and answers how much is there then. What came before `body` broke off may have been kept: ask `received`.
   * `offset` and `size` leave the upload as it was, but for `size` while reading: what fits is kept.
   */
  receive(upload: BlobKey, chunk: Chunk, body: AsyncIterable<Uint8Array>): Promise<Result<number, BlobTrouble>>;
  /** Makes a blob of an upload of exactly so many bytes, durable. Again: the same. Another size: the upload is given up. */
  keep(upload: BlobKey, bytes: number): Promise<Result<true, BlobTrouble>>;
  /** A small blob at once, in the place of another one if there was one. */
  put(blob: BlobKey, bytes: Uint8Array): Promise<Result<true, BlobTrouble>>;
  /** Bytes of a blob, read as they are asked for. */
  read(blob: BlobKey, range?: ByteRange): Promise<Result<Blob | ReadableStream<Uint8Array>, BlobTrouble>>;
  /** The blob and the upload; of what is not there, the same. */
  remove(key: BlobKey): Promise<Result<true, BlobTrouble>>;
  removeRoom(tenant: TenantId, room: RoomId): Promise<Result<true, BlobTrouble>>;
  /** Everything, those of one room one after another. Throws when it can't be read. */
  walk(): AsyncIterable<BlobEntry>;
}

/** Ids of people and rooms as parts of paths: no letter has two cases, and nothing means another folder. */
export function pathPart(id: string): string {
  let part = "";
  let bits = 0;
  let held = 0;
  for (const byte of new TextEncoder().encode(id)) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      part += LETTERS.charAt((held >>> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? part : part + LETTERS.charAt((held << (5 - bits)) & 31);
}

/** `undefined`: nobody's id makes this part. */
export function idOfPart(part: string): string | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of part) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >>> bits) & 255);
      held &= (1 << bits) - 1;
    }
  }
  const id = new TextDecoder().decode(Uint8Array.from(bytes));
  return pathPart(id) === part ? id : undefined;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const BLOB_ID = /^[A-Za-z0-9_][A-Za-z0-9_.]{0,63}$/;

/** Throws on what could mean another file: whoever makes ids makes none of these. */
export function checkedId(id: string): string {
  if (!BLOB_ID.test(id)) throw new Error(`"${id}" is no id of a file`);
  return id;
}

const THUMBNAIL = ".thumb";

/** The small picture of a file is a blob beside it. */
export function thumbnailOf(id: string): string {
  return id + THUMBNAIL;
}

/** The file that a blob belongs to. */
export function fileOf(id: string): string {
  return id.endsWith(THUMBNAIL) ? id.slice(0, -THUMBNAIL.length) : id;
}

/** For whoever erases: files with all that belongs to them. What could not be removed is in the answer. */
export async function removeFor(
  blobs: BlobStore,
  { tenant, room }: Pick<BlobKey, "tenant" | "room">,
  files: readonly string[] | "all",
): Promise<readonly string[]> {
  if (files === "all") return (await blobs.removeRoom(tenant, room)).ok ? [] : ["all"];
  const left: string[] = [];
  for (const id of files) {
    const [file, thumbnail] = [
      { tenant, room, id },
      { tenant, room, id: thumbnailOf(id) },
    ];
    const done = [await blobs.remove(file), await blobs.remove(thumbnail)];
    if (done.some((one) => !one.ok)) left.push(id);
  }
  return left;
}
