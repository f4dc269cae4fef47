/**
 * Files of rooms, from the first question to the download: who may is the room's to say, the bytes are the store's.
 * Invariant: a file belongs to a room from the moment at which all of its bytes are there and were looked at; until then nobody
 * but its sender can do anything with it, and nobody at all can fetch it.
 */
import type { Clock } from "../../base/clock.ts";
import { plainFileName } from "../../base/file-name.ts";
import type { RoomId, TenantId } from "../../base/ids.ts";
import { FILE_LINK_MS, UPLOAD_MS_MAX, UPLOADS_AT_ONCE_MAX, UPLOADS_AT_ONCE_PER_USER_MAX } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Attachment } from "../../protocol/frames.ts";
import {
  type BlobKey,
  type BlobStore,
  type BlobTrouble,
  type ByteRange,
  type Chunk,
  removeFor,
  thumbnailOf,
} from "../../storage/blobs.ts";
import { type DownloadTicket, FileTickets, type UploadTicket } from "./file-tickets.ts";
import { contradicts, HEAD_BYTES, isShownInPlace, mediaTypeOf, plainType, UNKNOWN_TYPE } from "./media-type.ts";
import type { Engine } from "../ports.ts";

export interface AttachmentLimits {
  /** Bytes of one file. */
  readonly fileBytesMax: number;
  /** Bytes that one person uploads in a day. */
  readonly bytesPerDayMax: number;
  /** Bytes of all files of a tenant; `undefined`: as many as there is space for. */
  readonly tenantBytesMax: number | undefined;
}

export interface AttachmentParts {
  readonly engine: Engine;
  readonly blobs: BlobStore;
  readonly secret: string;
  readonly limits: AttachmentLimits;
  /** `undefined`: none are made. */
  readonly thumbnails: Thumbnails | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** Makes small pictures of large ones. */
export interface Thumbnails {
  /** `undefined`: there is none, for whatever reason. */
  make(
    mimeType: string,
    bytes: number,
    read: () => Promise<Blob | ReadableStream<Uint8Array> | undefined>,
  ): Promise<Uint8Array | undefined>;
}

export interface NewFile {
  readonly fileName: string;
  readonly fileSize: number;
  readonly mimeType: string;
}
export interface Begun {
  readonly attachmentId: string;
  readonly ticket: string;
  /** Where the client puts the file itself; `undefined`: here. */
  readonly directUrl: string | undefined;
  readonly expiresAt: number;
}

/** Of all small pictures. */
export const THUMBNAIL_TYPE = "image/webp";
const RETRY_MS = 1_000;
export const NO_UPLOAD: Rejection = { code: "not_found", message: "There is no such upload, or it has expired." };
const NO_FILE: Rejection = { code: "not_found", message: "There is no such file in this room." };

export class Attachments {
  readonly #parts: AttachmentParts;
  readonly #tickets: FileTickets;
  /** Chunks that are being received, by who sends them. */
  readonly #receiving = new Map<string, number>();
  #receivingAll = 0;
  /** Uploads that are being made files. */
  readonly #completing = new Set<string>();
  /** Bytes of each tenant's files: as the last look through all of them found, and what came since. */
  #used: ReadonlyMap<TenantId, number> = new Map();
  readonly #usedSince = new Map<TenantId, number>();

  constructor(parts: AttachmentParts) {
    this.#parts = parts;
    this.#tickets = new FileTickets(parts.secret);
  }

  /** What somebody else counted. */
  setUsed(used: ReadonlyMap<TenantId, number>): void {
    this.#used = used;
    this.#usedSince.clear();
  }

  async begin(principal: Principal, room: RoomId, announced: NewFile): Promise<Result<Begun, Rejection>> {
    const { engine, blobs, limits, clock, random } = this.#parts;
    const file = { ...announced, fileName: plainFileName(announced.fileName) };
    if (file.fileSize > limits.fileBytesMax) {
      return err({
        code: "file_too_large",
        field: "size",
        message: `A file has at most ${limits.fileBytesMax} bytes.`,
      });
    }
    const mimeType = plainType(file.mimeType);
    const checked = await engine.call(principal, { to: "room", room, kind: "check_upload", ...file, mimeType });
    if (!checked.ok) return checked;
    if (!this.#hasSpace(principal.tenant, file.fileSize)) {
      return err({ code: "storage_full", message: "The files of this tenant take as much space as they may." });
    }
    const { userId: user } = principal;
    const wish = { bytes: file.fileSize, bytesPerDayMax: limits.bytesPerDayMax };
    const reserved = await engine.call(principal, { to: "user", user, kind: "reserve_upload", ...wish });
    if (!reserved.ok) return reserved;
    const key: BlobKey = { tenant: principal.tenant, room, id: `file_${random.token(26)}` };
    const expiresAt = clock.wallMs() + UPLOAD_MS_MAX;
    const ticket = this.#tickets.seal({ kind: "upload", ...key, by: user, ...file, mimeType, expiresAt });
    const directUrl = await blobs.uploadUrl(key, UPLOAD_MS_MAX / 1_000);
    if (!directUrl.ok) return err(rejectionOf(directUrl.error));
    return ok({ attachmentId: key.id, ticket, directUrl: directUrl.value, expiresAt });
  }

  upload(ticket: string): UploadTicket | undefined {
    return this.#tickets.open("upload", ticket, this.#parts.clock.wallMs());
  }

  async received(ticket: string): Promise<Result<{ readonly bytes: number; readonly total: number }, Rejection>> {
    const upload = this.upload(ticket);
    if (upload === undefined) return err(NO_UPLOAD);
    const received = await this.#parts.blobs.received(upload);
    return received.ok ? ok({ bytes: received.value, total: upload.fileSize }) : err(rejectionOf(received.error));
  }

  /** Appends what comes. */
  async receive(ticket: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<Result<number, Rejection>> {
    const upload = this.upload(ticket);
    if (upload === undefined) return err(NO_UPLOAD);
    const sender = `${upload.tenant}/${upload.by}`;
    const own = this.#receiving.get(sender) ?? 0;
    if (own >= UPLOADS_AT_ONCE_PER_USER_MAX || this.#receivingAll >= UPLOADS_AT_ONCE_MAX) {
      return err({ code: "overloaded", message: "Too many uploads at once.", retryAfterMs: RETRY_MS });
    }
    this.#receiving.set(sender, own + 1);
    this.#receivingAll += 1;
    try {
      const chunk: Chunk = { offset, total: upload.fileSize };
      const received = await this.#parts.blobs.receive(upload, chunk, body);
      return received.ok ? received : err(rejectionOf(received.error));
    } finally {
      this.#receivingAll -= 1;
      const left = (this.#receiving.get(sender) ?? 1) - 1;
      if (left === 0) this.#receiving.delete(sender);
      else this.#receiving.set(sender, left);
    }
  }

  /** Makes a file of an upload: again, the same. `url`: where the room's members find it. */
  async complete(
    principal: Principal,
    room: RoomId,
    id: string,
    ticket: string,
    url: string,
  ): Promise<Result<Attachment, Rejection>> {
    const upload = this.upload(ticket);
    const isOwn = upload?.tenant === principal.tenant && upload.room === room && upload.by === principal.userId;
    if (upload === undefined || !isOwn || upload.id !== id) return err(NO_UPLOAD);
    const name = `${upload.tenant}/${upload.room}/${id}`;
    if (this.#completing.has(name)) return err({ code: "unavailable", retryAfterMs: RETRY_MS });
    this.#completing.add(name);
    try {
      const known = await this.#fileOf(principal, upload);
      return known.ok || known.error.code !== "not_found" ? known : await this.#take(principal, upload, url);
    } finally {
      this.#completing.delete(name);
    }
  }

  /** The small picture of a file, as a blob beside it. */
  thumbnail(key: BlobKey): BlobKey {
    return { ...key, id: thumbnailOf(key.id) };
  }

  /** What the asker may see of a file now. */
  file(principal: Principal, room: RoomId, id: string): Promise<Result<Attachment, Rejection>> {
    return this.#fileOf(principal, { room, id });
  }

  link(principal: Principal, room: RoomId, file: Attachment) {
    const expiresAt = this.#parts.clock.wallMs() + FILE_LINK_MS;
    const { id, fileName, fileSize, mimeType, thumbnailUrl } = file;
    const key = { tenant: principal.tenant, room, id };
    const common = { kind: "download", fileName, expiresAt } as const;
    const ticket = this.#tickets.seal({ ...common, ...key, fileSize, mimeType });
    if (thumbnailUrl === undefined) return { ticket, expiresAt };
    const small = { ...common, ...this.thumbnail(key), fileSize: 0, mimeType: THUMBNAIL_TYPE };
    return { ticket, expiresAt, thumbnail: this.#tickets.seal(small) };
  }

  linked(ticket: string): DownloadTicket | undefined {
    return this.#tickets.open("download", ticket, this.#parts.clock.wallMs());
  }

  /** Where a file is fetched without this server; `undefined`: here. */
  async directUrl(
    key: BlobKey,
    { fileName, mimeType }: Pick<Attachment, "fileName" | "mimeType">,
  ): Promise<Result<string | undefined, Rejection>> {
    const url = await this.#parts.blobs.downloadUrl(key, {
      mimeType: isShownInPlace(mimeType) ? mimeType : UNKNOWN_TYPE,
      disposition: dispositionOf(mimeType, fileName),
      expiresInSeconds: FILE_LINK_MS / 1_000,
    });
    return url.ok ? url : err(rejectionOf(url.error));
  }

  async read(key: BlobKey, range?: ByteRange): Promise<Result<Blob | ReadableStream<Uint8Array>, Rejection>> {
    const read = await this.#parts.blobs.read(key, range);
    if (read.ok) return read;
    return err(read.error === "absent" ? NO_FILE : rejectionOf(read.error));
  }

  async #fileOf(
    principal: Principal,
    { room, id }: Pick<BlobKey, "room" | "id">,
  ): Promise<Result<Attachment, Rejection>> {
    const found = await this.#parts.engine.call(principal, { to: "room", room, kind: "files", ids: [id] });
    if (!found.ok) return found;
    const [file] = found.value.files;
    return file == null ? err(NO_FILE) : ok(file);
  }

  /** Nothing is believed: neither the size nor what the file is said to be. */
  async #take(principal: Principal, upload: UploadTicket, url: string): Promise<Result<Attachment, Rejection>> {
    const { blobs, engine } = this.#parts;
    const { id, room, fileName, fileSize } = upload;
    const kept = await blobs.keep(upload, fileSize);
    if (!kept.ok) return err(await this.#whyNotKept(upload, kept.error));
    const head = await blobs.read(upload, { start: 0, end: Math.min(HEAD_BYTES, fileSize) });
    if (!head.ok) return err(rejectionOf(head.error));
    const mimeType = mediaTypeOf(await new Response(head.value).bytes(), upload.mimeType);
    if (contradicts(upload.mimeType, mimeType)) {
      await blobs.remove(upload);
      const message = `The file is said to be ${upload.mimeType}, and is ${mimeType}.`;
      return err({ code: "invalid_field", field: "type", message });
    }
    const hasThumbnail = await this.#makeThumbnail(upload, mimeType);
    const small = hasThumbnail ? { thumbnailUrl: `${url}/thumbnail` } : {};
    const facts = { fileId: id, fileName, fileSize, mimeType, url, ...small };
    const command = { kind: "add_file", clientId: `upload:${id}`, ...facts } as const;
    const added = await engine.call(principal, { to: "room", room, kind: "mutate", command });
    if (!added.ok) {
      // What may still come to be written keeps its bytes; what nobody writes is found by the sweep.
      if (FOR_GOOD.has(added.error.code)) await removeFor(blobs, upload, [id]);
      return added;
    }
    this.#usedSince.set(upload.tenant, (this.#usedSince.get(upload.tenant) ?? 0) + fileSize);
    return await this.#fileOf(principal, upload);
  }

  async #makeThumbnail(upload: UploadTicket, mimeType: string): Promise<boolean> {
    const { blobs, thumbnails } = this.#parts;
    const small = await thumbnails?.make(mimeType, upload.fileSize, async () => {
      const read = await blobs.read(upload);
      return read.ok ? read.value : undefined;
    });
    return small !== undefined && (await blobs.put(this.thumbnail(upload), small)).ok;
  }

  async #whyNotKept(upload: UploadTicket, trouble: BlobTrouble): Promise<Rejection> {
    if (trouble !== "size" && trouble !== "absent") return rejectionOf(trouble);
    const received = await this.#parts.blobs.received(upload);
    const bytes = received.ok ? received.value : 0;
    // More than was promised was there, and was given up.
    if (trouble === "size" && bytes === 0) {
      return { code: "file_too_large", message: `More than the ${upload.fileSize} bytes came that were announced.` };
    }
    return { code: "conflict", message: `${bytes} of ${upload.fileSize} bytes are there.` };
  }

  #hasSpace(tenant: TenantId, bytes: number): boolean {
    const { tenantBytesMax } = this.#parts.limits;
    if (tenantBytesMax === undefined) return true;
    return (this.#used.get(tenant) ?? 0) + (this.#usedSince.get(tenant) ?? 0) + bytes <= tenantBytesMax;
  }
}

const FOR_GOOD: ReadonlySet<string> = new Set(["forbidden", "file_too_large", "invalid_field", "room_not_found"]);

/** `filename*` is what browsers take; the other one is for those that do not know it. */
export function dispositionOf(mimeType: string, fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%/]/g, "_");
  const exact = encodeURIComponent(fileName).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return `${isShownInPlace(mimeType) ? "inline" : "attachment"}; filename="${plain}"; filename*=UTF-8''${exact}`;
}

function rejectionOf(trouble: BlobTrouble): Rejection {
  switch (trouble) {
    case "offset":
      return { code: "conflict", field: "upload-offset", message: "The upload is at another place: ask with HEAD." };
    case "size":
      return { code: "payload_too_large", message: "More bytes came than were announced, or in too many parts." };
    case "busy":
      return { code: "conflict", message: "Somebody is sending this upload right now." };
    case "absent":
      return NO_UPLOAD;
    case "full":
      return { code: "storage_full", message: "There is no space for files now." };
    case "unavailable":
      return { code: "unavailable", retryAfterMs: RETRY_MS };
  }
}
