/**
 * Signed addresses: who holds one may send that upload, or fetch that file, until it expires, and nothing else. Nothing is kept
 * of them: every node with the same secret knows them.
 * Invariant: what a ticket says was written by this installation; one that was changed, or made with another key, says nothing.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { TICKET_LENGTH_MAX } from "../../base/limits.ts";
import type { BlobKey } from "../../storage/blobs.ts";

export interface UploadTicket extends BlobKey {
  readonly kind: "upload";
  readonly by: UserId;
  readonly fileName: string;
  readonly fileSize: number;
  readonly mimeType: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}
export interface DownloadTicket extends BlobKey {
  readonly kind: "download";
  readonly fileName: string;
  readonly mimeType: string;
  readonly fileSize: number;
  readonly expiresAt: number;
}
export type Ticket = UploadTicket | DownloadTicket;
type Row = readonly (string | number)[];

export class FileTickets {
  readonly #key: Uint8Array;

  /** `secret`: the one of the tokens; what it signs here is good for nothing else. */
  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update("stoa file tickets 1").digest();
  }

  seal(ticket: Ticket): string {
    const body = Buffer.from(JSON.stringify(rowOf(ticket))).toString("base64url");
    return `${body}.${this.#sign(body).toString("base64url")}`;
  }

  /** `undefined` for what is none, is forged, is of the other kind, or has expired. */
  open<Kind extends Ticket["kind"]>(
    kind: Kind,
    text: string,
    nowMs: number,
  ): Extract<Ticket, { readonly kind: Kind }> | undefined {
    if (text.length > TICKET_LENGTH_MAX) return undefined;
    const [body = "", signature = "", ...rest] = text.split(".");
    const expected = this.#sign(body);
    const given = Buffer.from(signature, "base64url");
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const ticket = ticketOf(JSON.parse(Buffer.from(body, "base64url").toString()) as Row);
    if (ticket.kind !== kind || ticket.expiresAt <= nowMs) return undefined;
    return ticket as Extract<Ticket, { readonly kind: Kind }>;
  }

  #sign(body: string): Buffer {
    return createHmac("sha256", this.#key).update(body).digest();
  }
}

function rowOf(ticket: Ticket): Row {
  const { kind, tenant, room, id, fileName, fileSize, mimeType, expiresAt } = ticket;
  return [kind, tenant, room, id, fileName, fileSize, mimeType, expiresAt, ...(kind === "upload" ? [ticket.by] : [])];
}

/** Only rows that `rowOf` made come here: their signature was right. */
function ticketOf(row: Row): Ticket {
  const [kind, tenant, room, id, fileName, fileSize, mimeType, expiresAt, by] = row;
  const common = {
    tenant: tenant as TenantId,
    room: room as RoomId,
    id: String(id),
    fileName: String(fileName),
    fileSize: Number(fileSize),
    mimeType: String(mimeType),
    expiresAt: Number(expiresAt),
  };
  return kind === "upload" ? { kind, ...common, by: by as UserId } : { kind: "download", ...common };
}
