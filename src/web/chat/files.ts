/** Files: sent with progress, and addresses under which they can be shown, good for minutes. */
import type { Attachment } from "../../client/stoa-chat.ts";
import { roomPath } from "./paths.ts";
import { session } from "./session.ts";

interface Announced {
  readonly attachmentId: string;
  readonly upload: { readonly ticket: string; readonly url: string };
}
export interface FileLink {
  readonly url: string;
  readonly thumbnailUrl?: string;
}

const LINK_MS = 60_000;
const LINKS_MAX = 300;

const links = new Map<string, { readonly at: number; readonly link: Promise<FileLink> }>();

/** `progress`: from 0 to 1. */
export async function upload(
  roomId: string,
  file: File,
  progress: (part: number) => void,
  signal: AbortSignal,
): Promise<Attachment> {
  const { client } = session();
  if (file.size === 0) throw new Error("This file is empty.");
  const wish = { name: file.name || "file", size: file.size, ...(file.type && { type: file.type }) };
  const { attachmentId, upload } = await client.rest<Announced>("POST", roomPath(roomId, "/attachments"), wish);
  await send(upload.url, file, progress, signal);
  const path = roomPath(roomId, `/attachments/${attachmentId}/complete`);
  return client.rest<Attachment>("POST", path, { ticket: upload.ticket });
}

/** `fetch` does not tell how far it is. */
function send(url: string, file: File, progress: (part: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    if (file.type) request.setRequestHeader("content-type", file.type);
    request.upload.onprogress = ({ loaded, total }) => progress(total === 0 ? 0 : loaded / total);
    request.onload = () => {
      if (request.status < 300) return resolve();
      reject(new Error(reasonIn(request.responseText) ?? `The file was refused (${request.status}).`));
    };
    request.onerror = () => reject(new Error("The file could not be sent."));
    request.onabort = () => reject(new Error("Cancelled."));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function reasonIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}

export function linkOf(roomId: string, attachmentId: string): Promise<FileLink> {
  const known = links.get(attachmentId);
  if (known !== undefined && Date.now() - known.at < LINK_MS) return known.link;
  const link = session().client.rest<FileLink>("GET", roomPath(roomId, `/attachments/${attachmentId}/link`));
  links.set(attachmentId, { at: Date.now(), link });
  link.catch(() => links.delete(attachmentId));
  const [oldest] = links.keys();
  if (links.size > LINKS_MAX && oldest !== undefined) links.delete(oldest);
  return link;
}
