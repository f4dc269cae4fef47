/** What may be attached to a message: by its type, and by the room's settings. */
import type { SendMessage } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { Attachment, MessageType } from "../vocabulary.ts";
import { type LiveRoom, reject } from "./answer.ts";

type FileFacts = Pick<Attachment, "fileName" | "fileSize" | "mimeType">;

/** Types of message that are about something attached; the media type that it begins with. `""`: whatever it is. */
const MEDIA: Readonly<Partial<Record<MessageType, string>>> = {
  image: "image/",
  audio: "audio/",
  video: "video/",
  file: "",
};

/** For messages with attachments, and for those that need one. `attachments`: as the room knows them. */
export function refuseAttachments(
  state: LiveRoom,
  { messageType }: SendMessage,
  attachments: readonly Attachment[],
): Decision | undefined {
  const media = MEDIA[messageType];
  if (media !== undefined && !attachments.some((one) => isOf(one, media))) {
    const kind = media === "" ? "an attachment" : `an attachment of a media type ${media}…`;
    return reject("invalid_field", `A message of type ${messageType} has ${kind}.`, "attachments");
  }
  if (attachments.length === 0) return undefined;
  return refuseInRoom(state, attachments);
}

function isOf(attachment: Attachment, media: string): boolean {
  return attachment.mimeType.toLowerCase().startsWith(media);
}

/** By the room's settings; what they do not say is free. */
export function refuseInRoom({ settings }: LiveRoom, attachments: readonly FileFacts[]): Decision | undefined {
  const { allowFileUploads, maxFileSize, allowedFileTypes } = settings;
  if (allowFileUploads === false) return reject("forbidden", "Nothing may be attached in this room.", "attachments");
  for (const attachment of attachments) {
    if (maxFileSize !== undefined && attachment.fileSize > maxFileSize) {
      return reject("file_too_large", `An attachment has at most ${maxFileSize} bytes in this room.`, "attachments");
    }
    if (allowedFileTypes !== undefined && !allowedFileTypes.some((type) => fits(attachment, type))) {
      const types = allowedFileTypes.length === 0 ? "none" : allowedFileTypes.join(", ");
      return reject("invalid_field", `Attachments of these types are allowed in this room: ${types}.`, "attachments");
    }
  }
  return undefined;
}

/** `image/png`, `image/*`, or the end of a file's name: `pdf`, `.pdf`. */
function fits({ mimeType, fileName }: FileFacts, allowed: string): boolean {
  const type = allowed.toLowerCase();
  const media = mimeType.toLowerCase().split(";", 1)[0]?.trim() ?? "";
  if (!type.includes("/")) return fileName.toLowerCase().endsWith(type.startsWith(".") ? type : `.${type}`);
  return type.endsWith("/*") ? media.startsWith(type.slice(0, -1)) : media === type;
}
