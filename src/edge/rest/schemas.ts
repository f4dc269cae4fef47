/**
 * The shapes of what REST takes, for checking and for the OpenAPI page. They say what a value looks like; whether it may
 * be done is for the domain.
 */
import { t } from "elysia";
import type { ReceiptState } from "../../actors/calls.ts";
import { ID_PATTERN, type MessageId, type RoomId, type UserId } from "../../base/ids.ts";
import * as limits from "../../base/limits.ts";
import { LINK_PATTERN } from "../../base/links.ts";
import {
  MESSAGE_TYPES,
  MODERATION_LEVELS,
  type MessageType,
  type ModerationLevel,
  PRESENCE_STATUSES,
  type PresenceStatus,
  ROLES,
  ROOM_TYPES,
  type Role,
  type RoomType,
} from "../../protocol/frames.ts";
import { text } from "./characters.ts";

const idText = t.String({
  minLength: 1,
  maxLength: limits.ID_LENGTH_MAX,
  pattern: ID_PATTERN.source,
  description: `An id of 1 to ${limits.ID_LENGTH_MAX} letters, digits and _ . : @ | + = , ~ $ ! * -`,
});
// The checks are those of `parseId`, so what passes is branded.
export const roomId = t.Unsafe<RoomId>(idText);
export const userId = t.Unsafe<UserId>(idText);
/** Only its length: an id that is none of ours names no message, and the engine says so. */
export const messageId = t.Unsafe<MessageId>(t.String({ minLength: 1, maxLength: 64 }));

export function oneOf<Word extends string>(words: readonly Word[]) {
  return t.Unsafe<Word>(t.Union(words.map((word) => t.Literal(word))));
}
export const roomType = oneOf<RoomType>(ROOM_TYPES);
export const role = oneOf<Role>(ROLES);
export const messageType = oneOf<MessageType>(MESSAGE_TYPES);
export const presenceStatus = oneOf<PresenceStatus>(PRESENCE_STATUSES);

export const receiptState = oneOf<ReceiptState>(["read", "delivered", "pending"]);

export const seq = t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const emoji = t.String({ minLength: 1, maxLength: limits.EMOJI_LENGTH_MAX });
export const clientId = t.String({ minLength: 1, maxLength: limits.CLIENT_ID_LENGTH_MAX });

export const roomParams = t.Object({ roomId });
export const memberParams = t.Object({ roomId, userId });
export const messageParams = t.Object({ roomId, messageId });

/** A request that changes something may name itself, so that a retry is not done twice. */
export const mutationHeaders = t.Object({ "idempotency-key": t.Optional(clientId) });
export const mutationFields = { clientId: t.Optional(clientId), knownSeq: t.Optional(seq) };
export const mutationBody = t.Object(mutationFields);

export const roomFields = {
  name: text(limits.ROOM_NAME_LENGTH_MAX, { minLength: 1 }),
  description: text(limits.ROOM_DESCRIPTION_LENGTH_MAX),
  avatar: t.String({ maxLength: limits.URL_LENGTH_MAX }),
  tags: t.Array(text(limits.TAG_LENGTH_MAX, { minLength: 1 }), { maxItems: limits.TAGS_MAX }),
  maxMembers: t.Integer({ minimum: 1, maximum: limits.ROOM_MEMBERS_MAX }),
  allowInvites: t.Boolean(),
  banner: t.String({ maxLength: limits.URL_LENGTH_MAX }),
  requireApproval: t.Boolean({ description: "Who wants to join asks, and moderators decide" }),
  allowFileUploads: t.Boolean(),
  maxFileSize: t.Integer({ minimum: 1, maximum: limits.FILE_SIZE_MAX, description: "Bytes of one file" }),
  allowedFileTypes: t.Array(t.String({ minLength: 1, maxLength: limits.MEDIA_TYPE_LENGTH_MAX }), {
    maxItems: limits.FILE_TYPES_MAX,
    description: "Media types (image/png, image/*) or endings (.pdf); an empty list allows all",
  }),
  messageRetention: t.Integer({ minimum: 0, maximum: limits.RETENTION_DAYS_MAX, description: "Days; 0: for ever" }),
  enableAI: t.Boolean(),
  moderationLevel: oneOf<ModerationLevel>(MODERATION_LEVELS),
  slowModeSeconds: t.Integer({ minimum: 0, maximum: limits.SLOW_MODE_SECONDS_MAX }),
  allowAnonymous: t.Boolean(),
};

const link = t.String({
  maxLength: limits.URL_LENGTH_MAX,
  pattern: LINK_PATTERN,
  description: "An http or https address, or a path",
});

/** As frames have it. */
export const attachment = t.Object({
  id: t.String({ minLength: 1, maxLength: limits.ID_LENGTH_MAX }),
  type: t.String({ minLength: 1, maxLength: limits.MEDIA_TYPE_LENGTH_MAX }),
  url: link,
  fileName: t.String({ minLength: 1, maxLength: limits.FILE_NAME_LENGTH_MAX }),
  fileSize: t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  mimeType: t.String({ minLength: 1, maxLength: limits.MEDIA_TYPE_LENGTH_MAX }),
  thumbnailUrl: t.Optional(link),
});

/** What a request is answered that is not done. */
export const failure = t.Object({
  success: t.Literal(false),
  error: t.Object({
    code: t.String(),
    message: t.String(),
    details: t.Optional(t.Object({}, { additionalProperties: true })),
  }),
});
