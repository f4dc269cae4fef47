/**
 * The client frames' places in MessagePack and nothing else of them: for the SDK, which must be small. `schema.ts` says what
 * a server accepts. Invariant: equal to what `schema.ts` says of places; a test compares the two.
 */
import type { ClientFrameType } from "./frames.ts";

/** A field's name, or with it the names within its record or list of records. */
export type Place = string | readonly [name: string, within: readonly Place[]];
/** Operation, then what follows it, `ref` and room. */
export type ClientLayout = readonly [op: number, ...Place[]];

const MUTATION = ["clientId", "knownSeq"] as const;
const PERSON = [...MUTATION, "userId"] as const;
const MESSAGE = [...MUTATION, "messageId"] as const;
const SETTINGS = [
  "name",
  "description",
  "avatar",
  "maxMembers",
  "allowInvites",
  "tags",
  "banner",
  "requireApproval",
  "allowFileUploads",
  "maxFileSize",
  "allowedFileTypes",
  "messageRetention",
  "enableAI",
  "moderationLevel",
  "slowModeSeconds",
  "allowAnonymous",
] as const;
const [NAME, DESCRIPTION, ...OTHER_SETTINGS] = SETTINGS;
const ATTACHMENT = ["id", "type", "url", "fileName", "fileSize", "mimeType", "thumbnailUrl"] as const;
const POLL = ["question", ["options", ["text"]], "multiple", "maxChoices", "anonymous", "closesAt"] as const;
const RULE = ["id", "action", "words", "match", "pattern", "reason", "replacement"] as const;

export const CLIENT_LAYOUTS: Readonly<Record<ClientFrameType, ClientLayout>> = {
  auth: [1, "token"],
  ping: [2],
  resume: [3, "rooms"],
  set_presence: [4, "status", "customStatus", "expiresInMs", "auto"],
  block_user: [5, "userId", "blocked"],
  join_room: [10, ...MUTATION, "lastSeq", "invite", "message"],
  leave_room: [11, ...MUTATION, "membership"],
  create_room: [12, ...MUTATION, NAME, DESCRIPTION, "roomType", "participants", "isPrivate", ...OTHER_SETTINGS],
  update_room: [13, ...MUTATION, ...SETTINGS],
  add_member: [14, ...PERSON, "role"],
  remove_member: [15, ...PERSON],
  set_role: [16, ...PERSON, "role"],
  transfer_room: [17, ...PERSON],
  archive_room: [18, ...MUTATION, "archived"],
  delete_room: [19, ...MUTATION],
  send_message: [
    20,
    ...MUTATION,
    "content",
    "messageType",
    "replyTo",
    "mentions",
    ["attachments", ATTACHMENT],
    "mentionRoom",
    ["poll", POLL],
    "anonymous",
  ],
  edit_message: [21, ...MESSAGE, "content"],
  delete_message: [22, ...MESSAGE],
  message_reaction: [23, ...MESSAGE, "emoji", "action"],
  pin_message: [24, ...MESSAGE],
  unpin_message: [25, ...MESSAGE],
  mark_thread_read: [26, "threadId", "messageId"],
  follow_thread: [27, ...MUTATION, "threadId", "follow"],
  typing_start: [30],
  typing_stop: [31],
  mark_read: [32, "seq", "messageIds"],
  confirm_delivered: [33, "seq"],
  mark_unread: [34, "seq", "messageId", "clientId"],
  ban_member: [100, ...PERSON, "reason", "durationMs"],
  unban_member: [101, ...PERSON],
  mute_member: [102, ...PERSON, "reason", "durationMs"],
  unmute_member: [103, ...PERSON],
  create_invite: [104, ...PERSON, "durationMs", "maxUses"],
  revoke_invite: [105, ...PERSON, "invite"],
  decline_invite: [106, ...MUTATION],
  answer_request: [107, ...PERSON, "approve"],
  vote_poll: [130, ...MESSAGE, "choices"],
  close_poll: [131, ...MESSAGE],
  ban_pseudonym: [132, ...MUTATION, "pseudonym", "reason"],
  unban_pseudonym: [133, ...MUTATION, "pseudonym"],
  report_message: [140, ...MESSAGE, "reason", "details"],
  report_user: [141, ...PERSON, "reason", "details"],
  resolve_report: [142, ...MUTATION, "reportId", "action", "reason", "durationMs"],
  resolve_held: [143, ...MUTATION, "heldId", "approve", "reason"],
  set_moderation: [144, ...MUTATION, ["rules", RULE]],
  stop_answer: [150, ...MESSAGE],
};
