/**
 * Files that were uploaded to a room, as items: what each is, who brought it, and which messages refer to it.
 * Invariant: an item is there from the moment at which its bytes were looked at, until nobody can refer to it any more.
 */
import { type ItemKey, itemKey, type Seq, type UserId } from "../../base/ids.ts";
import { FILE_USES_MAX } from "../../base/limits.ts";
import type { FileAdded, FilesRemoved, MessageDeleted, MessageSent } from "./events.ts";
import type { MessageHeld } from "./moderation-events.ts";
import type { RoomState } from "./state.ts";
import type { Attachment } from "./vocabulary.ts";

export const FILES = "files";
const FILE_ID = /^file_[a-z0-9]{26}$/;

export interface FileItem {
  readonly by: UserId;
  readonly at: number;
  readonly fileName: string;
  readonly fileSize: number;
  /** By its bytes. */
  readonly mimeType: string;
  readonly url: string;
  readonly thumbnailUrl?: string;
  /** Messages that refer to it and are not deleted. */
  readonly uses: readonly Seq[];
  /** A message that refers to it and waits for a moderator, or waited. */
  readonly held?: Seq;
}

/** Is it the name of an upload, and not of something elsewhere? */
export function isFileId(id: string): boolean {
  return FILE_ID.test(id);
}

export function fileKey(id: string): ItemKey {
  return itemKey(FILES, id);
}

/** The uploads among what is attached, each once. */
export function fileIdsOf(attachments: readonly Attachment[] | undefined): readonly string[] {
  if (attachments === undefined) return [];
  return [...new Set(attachments.map(({ id }) => id).filter(isFileId))];
}

/** `undefined`: not known, ask the store. `null`: there is none. */
export function fileItem(state: RoomState, id: string): FileItem | null | undefined {
  // What stands under these keys is of this shape: only this file writes there.
  return state.items.get(fileKey(id)) as FileItem | null | undefined;
}

/** As people see it in a message. */
export function attachmentOf(id: string, file: FileItem): Attachment {
  const { fileName, fileSize, mimeType, url, thumbnailUrl } = file;
  const type = mimeType.split("/", 1)[0] ?? "";
  const kind = type === "image" || type === "audio" || type === "video" ? type : "file";
  return {
    id,
    type: kind,
    url,
    fileName,
    fileSize,
    mimeType,
    ...(thumbnailUrl !== undefined && { thumbnailUrl }),
  };
}

export type FileEvent = FileAdded | FilesRemoved | MessageSent | MessageDeleted | MessageHeld;

/** What is not known on replay stays unknown: the store has it with the change. */
export function filesChanged(state: RoomState, event: FileEvent): void {
  if (event.kind === "file_added") {
    const { by, timestamp: at, fileName, fileSize, mimeType, url, thumbnailUrl } = event;
    const more = thumbnailUrl === undefined ? {} : { thumbnailUrl };
    const item: FileItem = { by, at, fileName, fileSize, mimeType, url, ...more, uses: [] };
    state.items.set(fileKey(event.fileId), item, event.seq);
    return;
  }
  for (const id of idsOf(event)) {
    if (event.kind === "files_removed") state.items.set(fileKey(id), null, event.seq);
    else {
      const file = fileItem(state, id);
      if (file != null) state.items.set(fileKey(id), changed(file, event), event.seq);
    }
  }
}

function changed(file: FileItem, event: MessageSent | MessageDeleted | MessageHeld): FileItem | null {
  switch (event.kind) {
    case "message_sent":
      return { ...file, uses: [...file.uses, event.seq].slice(-FILE_USES_MAX) };
    case "message_held":
      return { ...file, held: event.seq };
    case "message_deleted": {
      const uses = file.uses.filter((seq) => seq !== event.target);
      return uses.length === 0 ? null : { ...file, uses };
    }
  }
}

/** Keys of the items that the event changed. */
export function changedFiles(event: FileEvent): readonly ItemKey[] {
  return idsOf(event).map(fileKey);
}

function idsOf(event: FileEvent): readonly string[] {
  switch (event.kind) {
    case "file_added":
      return [event.fileId];
    case "files_removed":
      return event.files;
    case "message_sent":
      return fileIdsOf(event.attachments);
    case "message_held":
      return fileIdsOf(event.message.attachments);
    case "message_deleted":
      return event.files ?? [];
  }
}
