/** Files of a room: who may bring one, when it becomes one, and when it is given up. */
import type { Seq } from "../../../base/ids.ts";
import {
  ATTACHMENTS_MAX,
  FILE_NAME_LENGTH_MAX,
  FILE_USES_MAX,
  FILES_DROPPED_MAX,
  MEDIA_TYPE_LENGTH_MAX,
} from "../../../base/limits.ts";
import type { AddFile, CheckUpload, DropFiles, SendMessage } from "../commands.ts";
import type { Decision, RoomEffect } from "../decision.ts";
import { attachmentOf, type FileItem, fileItem, fileKey, isFileId } from "../files.ts";
import { heldKey } from "../moderation-items.ts";
import type { MessageRow } from "../state.ts";
import type { Attachment } from "../vocabulary.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needItems,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { refuseInRoom } from "./attachments.ts";
import { refuseSpeech } from "./gates.ts";

type FileFacts = Pick<Attachment, "fileName" | "fileSize" | "mimeType">;

/** Before anything is sent. */
export function decideCheckUpload(state: LiveRoom, command: CheckUpload, context: DecideContext): Decision {
  return refuseSpeech(state, command.by, context) ?? refuseFile(state, command) ?? UNCHANGED;
}

/** Its bytes are there, and were looked at. */
export function decideAddFile(state: LiveRoom, command: AddFile, bodyHash: number, context: DecideContext): Decision {
  const refusal = refuseFile(state, command);
  if (refusal !== undefined) return refusal;
  const { fileId, fileName, fileSize, mimeType, url, thumbnailUrl } = command;
  const known = fileItem(state, fileId);
  if (known === undefined) return needItems(fileKey(fileId));
  if (known !== null) return UNCHANGED;
  const file = { fileId, fileName, fileSize, mimeType, url, ...(thumbnailUrl !== undefined && { thumbnailUrl }) };
  const base = eventBase(state, command, bodyHash, context);
  return accept([{ kind: "file_added", seq: state.head + 1, ...base, ...file }]);
}

function refuseFile(state: LiveRoom, command: FileFacts & Pick<AddFile, "by">): Decision | undefined {
  const refusal = refuse(state, command.by, "write");
  if (refusal !== undefined) return refusal;
  const { fileName, mimeType } = command;
  if (!isShort(fileName, FILE_NAME_LENGTH_MAX)) {
    return reject("invalid_field", `name is a text of 1 to ${FILE_NAME_LENGTH_MAX} characters.`, "name");
  }
  if (!isShort(mimeType, MEDIA_TYPE_LENGTH_MAX)) return reject("invalid_field", "type is a media type.", "type");
  return refuseInRoom(state, [command]);
}

function isShort(text: string, max: number): boolean {
  return text.length > 0 && text.length <= max && text.isWellFormed();
}

/** What nobody refers to: the engine after a while, others what they brought themselves. */
export function decideDropFiles(
  state: LiveRoom,
  command: DropFiles,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, before } = command;
  const refusal = refuse(state, by, "read");
  if (refusal !== undefined) return refusal;
  const ids = [...new Set(command.files)].slice(0, FILES_DROPPED_MAX);
  const missing = ids.filter((id) => fileItem(state, id) === undefined).map(fileKey);
  if (missing.length > 0) return needItems(...missing);
  const files = ids.flatMap((id) => {
    const file = fileItem(state, id);
    return file == null ? [] : [{ id, file }];
  });
  const held = files.flatMap(({ file }) => (file.held === undefined ? [] : [heldKey(file.held)]));
  const unknown = held.filter((key) => state.items.get(key) === undefined);
  if (unknown.length > 0) return needItems(...unknown);
  const isOwn = ({ file }: { readonly file: FileItem }): boolean => by.role === "system" || file.by === by.userId;
  // What retention has taken refers to nothing.
  const upTo = Math.max(state.trimmedSeq, by.role === "system" ? (command.upTo ?? 0) : 0);
  const dropped = files.filter((one) => isOwn(one) && isUnused(state, one.file, upTo) && one.file.at < before);
  if (dropped.length === 0) return UNCHANGED;
  const base = eventBase(state, command, bodyHash, context);
  const names = dropped.map(({ id }) => id);
  return accept(
    [{ kind: "files_removed", seq: state.head + 1, ...base, files: names }],
    [{ kind: "remove_files", files: names }],
  );
}

function isUnused(state: LiveRoom, { uses, held }: FileItem, upTo: Seq): boolean {
  return uses.every((seq) => seq <= upTo) && (held === undefined || state.items.get(heldKey(held)) === null);
}

/**
 * What is attached, with the room's own words for what was uploaded here: what a client says of it counts for nothing. Others'
 * uploads can be referred to once they were shown. What is elsewhere stays as its sender describes it.
 */
export function attachedTo(state: LiveRoom, { by, attachments = [] }: SendMessage): readonly Attachment[] | Decision {
  if (attachments.length > ATTACHMENTS_MAX) {
    return reject("invalid_field", `A message has at most ${ATTACHMENTS_MAX} attachments.`, "attachments");
  }
  const ids = attachments.map(({ id }) => id).filter(isFileId);
  if (ids.length === 0) return attachments;
  const missing = [...new Set(ids)].filter((id) => fileItem(state, id) === undefined).map(fileKey);
  if (missing.length > 0) return needItems(...missing);
  const attached: Attachment[] = [];
  for (const one of attachments) {
    const file = isFileId(one.id) ? fileItem(state, one.id) : undefined;
    if (file === undefined) {
      attached.push(one);
      continue;
    }
    if (file === null || (file.uses.length === 0 && file.by !== by.userId)) {
      return reject("invalid_field", `There is no file ${one.id} in this room, or it is not complete.`, "attachments");
    }
    if (file.uses.length >= FILE_USES_MAX) {
      return reject("too_many", `A file is attached to ${FILE_USES_MAX} messages at most.`, "attachments");
    }
    attached.push(attachmentOf(one.id, file));
  }
  return attached;
}

/** With a message go the files that no other one refers to. A decision: a row is missing. */
export function filesWithout(
  state: LiveRoom,
  { seq, files = [] }: MessageRow,
): Decision | { readonly files: readonly string[]; readonly effects: readonly RoomEffect[] } {
  const missing = files.filter((id) => fileItem(state, id) === undefined).map(fileKey);
  if (missing.length > 0) return needItems(...missing);
  const gone = files.filter((id) => fileItem(state, id)?.uses.every((use) => use === seq) === true);
  return { files, effects: gone.length === 0 ? [] : [{ kind: "remove_files", files: gone }] };
}
