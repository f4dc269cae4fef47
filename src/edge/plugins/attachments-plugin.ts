/**
 * Files over REST. To upload: announce, send (at once, or in chunks that go on where the last one broke off), complete. To
 * download: with a token, or by a signed address that lasts for minutes.
 */
import { Elysia, t } from "elysia";
import { FILE_NAME_LENGTH_MAX, MEDIA_TYPE_LENGTH_MAX, TICKET_LENGTH_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Attachment } from "../../protocol/frames.ts";
import type { BlobKey } from "../../storage/blobs.ts";
import { type Attachments, dispositionOf, NO_UPLOAD, THUMBNAIL_TYPE } from "../files/attachments.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse, type ResponseSettings } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { isKnown } from "../rest/known.ts";
import { strictBody } from "../rest/only-fields.ts";
import { wantedOf } from "../files/ranges.ts";
import { roomId, roomParams } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const CHUNK_TYPE = "application/offset+octet-stream";

const newFile = t.Object({
  name: t.String({ minLength: 1, maxLength: FILE_NAME_LENGTH_MAX }),
  size: t.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "Bytes, exactly" }),
  type: t.Optional(t.String({ minLength: 1, maxLength: MEDIA_TYPE_LENGTH_MAX, description: "A media type" })),
});
const ticketText = t.String({ minLength: 1, maxLength: TICKET_LENGTH_MAX });
const fileParams = t.Object({ roomId, attachmentId: t.String({ minLength: 1, maxLength: 64 }) });
const ticketParams = t.Object({ ticket: ticketText });

export interface AttachmentOptions extends RestOptions {
  /** `undefined`: this server keeps no files. */
  readonly attachments: Attachments | undefined;
}

const NO_THUMBNAIL: Rejection = { code: "not_found", message: "This file has no small picture." };
const NONE: Rejection = { code: "not_found", message: "This server keeps no files." };

export function attachmentsPlugin(prefix: string, options: AttachmentOptions) {
  return new Elysia({ prefix, detail: { tags: ["attachments"] } })
    .onError((context) => answerError(context, options.log))
    .use(uploading(prefix, options))
    .use(sending(options))
    .use(fetching(prefix, options));
}

/** With a token. */
function uploading(prefix: string, options: AttachmentOptions) {
  const { attachments } = options;
  return new Elysia()
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/rooms/:roomId/attachments",
      async ({ principal, params, body, set }) => {
        if (attachments === undefined) return refuse(set, NONE);
        const file = { fileName: body.name, fileSize: body.size, mimeType: body.type ?? "application/octet-stream" };
        const begun = await attachments.begin(principal, params.roomId, file);
        return answer(
          set,
          inRestWords(begun),
          ({ attachmentId, ticket, directUrl, expiresAt }) => ({
            attachmentId,
            upload: {
              ticket,
              method: "PUT",
              url: directUrl ?? `${prefix}/uploads/${ticket}`,
              resumableUrl: `${prefix}/uploads/${ticket}`,
              expiresAt: iso(expiresAt),
            },
          }),
          201,
        );
      },
      {
        params: roomParams,
        ...strictBody(newFile),
        detail: { summary: "Announce a file, and learn where to send it" },
      },
    )
    .post(
      "/rooms/:roomId/attachments/:attachmentId/complete",
      async ({ principal, params, body, set }) => {
        if (attachments === undefined) return refuse(set, NONE);
        const { roomId: room, attachmentId } = params;
        const url = `${prefix}/rooms/${room}/attachments/${attachmentId}`;
        const completed = await attachments.complete(principal, room, attachmentId, body.ticket, url);
        return answer(set, completed, (attachment) => attachment, 201);
      },
      {
        params: fileParams,
        body: t.Object({ ticket: ticketText }),
        detail: { summary: "All is sent: have it looked at, and get what messages refer to it by" },
      },
    );
}

/** With the ticket alone: a browser's upload knows nothing else. */
function sending({ attachments }: AttachmentOptions) {
  const send = async (
    request: Request,
    ticket: string,
    offset: number,
    set: ResponseSettings,
  ): Promise<Response | object> => {
    if (attachments === undefined) return refuse(set, NONE);
    const received = await attachments.receive(ticket, offset, request.body ?? nothing());
    if (!received.ok) return refuse(set, received.error);
    set.headers["upload-offset"] = String(received.value);
    return new Response(null, { status: 204 });
  };
  return new Elysia()
    .put("/uploads/:ticket", ({ request, params, set }) => send(request, params.ticket, 0, set), {
      params: ticketParams,
      parse: "none",
      detail: { summary: "Send a whole file", security: [] },
    })
    .patch(
      "/uploads/:ticket",
      ({ request, params, set }) => {
        if (attachments?.upload(params.ticket) === undefined) return refuse(set, NO_UPLOAD);
        const type = request.headers.get("content-type");
        if (type !== CHUNK_TYPE) {
          return refuse(set, { code: "invalid_field", field: "content-type", message: `It is ${CHUNK_TYPE}.` });
        }
        const offset = /^\d{1,15}$/.exec(request.headers.get("upload-offset") ?? "")?.[0];
        if (offset === undefined) return refuse(set, { code: "missing_field", field: "upload-offset" });
        return send(request, params.ticket, Number(offset), set);
      },
      { params: ticketParams, parse: "none", detail: { summary: "Send the next chunk of a file", security: [] } },
    )
    .head(
      "/uploads/:ticket",
      async ({ params, set }) => {
        const received = attachments === undefined ? err(NONE) : await attachments.received(params.ticket);
        if (!received.ok) return refuse(set, received.error);
        const { bytes, total } = received.value;
        const headers = { "upload-offset": String(bytes), "upload-length": String(total), "cache-control": "no-store" };
        Object.assign(set.headers, headers);
        return new Response(null, { status: 200 });
      },
      { params: ticketParams, detail: { summary: "How much of a file is there", security: [] } },
    );
}

function fetching(prefix: string, options: AttachmentOptions) {
  const { attachments } = options;
  return new Elysia()
    .get(
      "/files/:ticket",
      ({ request, params, set }) => {
        const file = attachments?.linked(params.ticket);
        if (attachments === undefined || file === undefined) {
          return refuse(set, { code: "not_found", message: "This address is not good, or not any more." });
        }
        return deliver(attachments, file, file, request, set);
      },
      { params: ticketParams, detail: { summary: "Fetch a file by its signed address", security: [] } },
    )
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/attachments/:attachmentId",
      async ({ principal, request, params, set }) => {
        if (attachments === undefined) return refuse(set, NONE);
        const { roomId: room, attachmentId: id } = params;
        const file = await attachments.file(principal, room, id);
        if (!file.ok) return refuse(set, file.error);
        return await deliver(attachments, { tenant: principal.tenant, room, id }, file.value, request, set);
      },
      { params: fileParams, detail: { summary: "Fetch a file" } },
    )
    .get(
      "/rooms/:roomId/attachments/:attachmentId/thumbnail",
      async ({ principal, request, params, set }) => {
        if (attachments === undefined) return refuse(set, NONE);
        const { roomId: room, attachmentId: id } = params;
        const file = await attachments.file(principal, room, id);
        if (!file.ok) return refuse(set, file.error);
        if (file.value.thumbnailUrl === undefined) return refuse(set, NO_THUMBNAIL);
        const small = attachments.thumbnail({ tenant: principal.tenant, room, id });
        const { fileName } = file.value;
        return await deliver(attachments, small, { fileName, fileSize: 0, mimeType: THUMBNAIL_TYPE }, request, set);
      },
      { params: fileParams, detail: { summary: "Fetch the small picture of a file" } },
    )
    .get(
      "/rooms/:roomId/attachments/:attachmentId/link",
      async ({ principal, params, set }) => {
        if (attachments === undefined) return refuse(set, NONE);
        const { roomId: room, attachmentId } = params;
        const file = await attachments.file(principal, room, attachmentId);
        return answer(set, file, (found) => {
          const { ticket, expiresAt, thumbnail } = attachments.link(principal, room, found);
          const small = thumbnail === undefined ? {} : { thumbnailUrl: `${prefix}/files/${thumbnail}` };
          return { url: `${prefix}/files/${ticket}`, ...small, expiresAt: iso(expiresAt), attachment: found };
        });
      },
      {
        params: fileParams,
        detail: { summary: "An address by which a file can be fetched without a token, for minutes" },
      },
    );
}

/** The bytes, or where they are. What is no picture, sound or film is saved and not shown; nothing is guessed or run. */
async function deliver(
  attachments: Attachments,
  key: BlobKey,
  file: Pick<Attachment, "fileName" | "fileSize" | "mimeType">,
  request: Request,
  set: ResponseSettings,
): Promise<Response | object> {
  const direct = await attachments.directUrl(key, file);
  if (!direct.ok) return refuse(set, direct.error);
  if (direct.value !== undefined) {
    Object.assign(set.headers, { "cache-control": "no-store", location: direct.value });
    return new Response(null, { status: 302 });
  }
  const etag = `"${key.id}"`;
  Object.assign(set.headers, {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "private, max-age=300",
    "accept-ranges": "bytes",
    etag,
  });
  if (isKnown(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304 });
  const condition = request.headers.get("if-range");
  // Of a small picture nobody knows the size, and nobody needs a part.
  const mayBePart = file.fileSize > 0 && (condition === null || condition === etag);
  const wanted = wantedOf(mayBePart ? request.headers.get("range") : null, file.fileSize);
  if (wanted.kind === "beyond") {
    set.headers["content-range"] = `bytes */${file.fileSize}`;
    return new Response(null, { status: 416 });
  }
  const range = wanted.kind === "part" ? wanted : undefined;
  const read = await attachments.read(key, range);
  if (!read.ok) return refuse(set, read.error);
  Object.assign(set.headers, {
    "content-type": file.mimeType,
    "content-disposition": dispositionOf(file.mimeType, file.fileName),
    ...(range !== undefined && { "content-range": `bytes ${range.start}-${range.end - 1}/${file.fileSize}` }),
  });
  return new Response(read.value, { status: range === undefined ? 200 : 206 });
}

async function* nothing(): AsyncIterable<Uint8Array> {
  yield* [];
}

/** What the room calls by the words of a message. */
function inRestWords<Value>(result: Result<Value, Rejection>): Result<Value, Rejection> {
  if (result.ok) return ok(result.value);
  const { field } = result.error;
  return field === "attachments" ? err({ ...result.error, field: "type" }) : result;
}
