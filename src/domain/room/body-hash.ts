/**
 * What a request asked, as 32 bits: so that an idempotency key that comes again with another request is told apart.
 * Invariant: stands in logs and snapshots, so what it gives for a request never changes; fields that are absent add nothing.
 */
import { hash32 } from "../../base/hash.ts";
import { unreachable } from "../../base/result.ts";
import type { NewPoll, RoomMutation } from "./commands.ts";
import type { RoomSettings } from "./events.ts";

/** One start per kind, so that equal fields of different requests differ. */
const SEED = {
  create_room: 0x1f83d9ab,
  join_room: 0x2b7e1516,
  leave_room: 0x3c6ef372,
  update_room: 0x4528e638,
  add_member: 0x510e527f,
  remove_member: 0x6a09e667,
  set_role: 0x7137449,
  send_message: 0x85ae67bb,
  edit_message: 0x9b05688c,
  delete_message: 0xa54ff53a,
  react: 0xb5c0fbcf,
  pin_message: 0x3956c25b,
  unpin_message: 0x59f111f1,
  set_moderation: 0x243185be,
  report: 0x550c7dc3,
  resolve_report: 0x72be5d74,
  resolve_held: 0x80deb1fe,
  vote_poll: 0xc6e00bf3,
  close_poll: 0xd807aa98,
  ban_pseudonym: 0xe49b69c1,
  transfer_room: 0x27220a95,
  archive_room: 0x3849b1e7,
  delete_room: 0x1b873593,
  ban_member: 0x5be0cd19,
  unban_member: 0x76f988da,
  mute_member: 0x428a2f98,
  unmute_member: 0x71374491,
  create_invite: 0x9bdc06a7,
  revoke_invite: 0x12835b01,
  decline_invite: 0x983e5152,
  answer_request: 0xa831c66d,
  add_file: 0xb00327c8,
  drop_files: 0xbf597fc7,
  stop_answer: 0xc6e00bf7,
  follow_thread: 0xd5a79147,
} as const satisfies Record<RoomMutation["kind"], number>;

/** Their order is part of the hash: only appended to. */
const LATER_SETTINGS = [
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
] as const satisfies readonly (keyof RoomSettings)[];

export function bodyHashOf(command: RoomMutation): number {
  const seed = SEED[command.kind];
  switch (command.kind) {
    case "send_message": {
      let hash = hash32(command.content, seed);
      if (command.messageType !== "text") hash = hash32(command.messageType, hash ^ 1);
      if (command.replyTo !== undefined) hash = hash32(command.replyTo, hash ^ 2);
      if (command.mentions !== undefined) hash = hashList(command.mentions, hash ^ 3);
      if (command.attachments !== undefined) {
        for (const { id, type, url, fileName, fileSize, mimeType, thumbnailUrl } of command.attachments) {
          hash = hashList([id, type, url, fileName, String(fileSize), mimeType, thumbnailUrl ?? ""], hash ^ 4);
        }
      }
      if (command.mentionRoom !== undefined) hash = hash32(String(command.mentionRoom), hash ^ 5);
      if (command.poll !== undefined) hash = hashPoll(command.poll, hash ^ 6);
      if (command.anonymous === true) hash = hash32("anonymous", hash ^ 7);
      return hash;
    }
    case "vote_poll":
      return hashList(command.choices.map(String), hash32(command.messageId, seed));
    case "close_poll":
    case "stop_answer":
      return hash32(command.messageId, seed);
    case "ban_pseudonym":
      return hash32(command.reason ?? "", hash32(command.pseudonym, seed ^ (command.banned ? 1 : 0)));
    case "edit_message":
      return hash32(command.content, hash32(command.messageId, seed));
    case "delete_message":
    case "pin_message":
    case "unpin_message":
      return hash32(command.messageId, seed);
    case "react":
      return hash32(command.emoji, hash32(command.messageId, seed ^ (command.add ? 1 : 0)));
    case "follow_thread":
      return hash32(command.threadId, seed ^ (command.follow ? 1 : 0));
    case "join_room": {
      let hash = hash32("", seed);
      if (command.invite !== undefined) hash = hash32(command.invite, hash ^ 1);
      if (command.message !== undefined) hash = hash32(command.message, hash ^ 2);
      return hash;
    }
    case "leave_room":
    case "delete_room":
    case "decline_invite":
      return hash32("", seed);
    case "archive_room":
      return hash32("", seed ^ (command.archived ? 1 : 0));
    case "ban_member":
    case "mute_member":
      return hashOptional([command.durationMs?.toString(), command.reason], hash32(command.userId, seed));
    case "create_invite":
      return hashOptional([command.userId, command.durationMs?.toString(), command.maxUses?.toString()], seed);
    case "revoke_invite":
      return hashOptional([command.userId, command.code], seed);
    case "answer_request":
      return hash32(command.userId, seed ^ (command.approve ? 1 : 0));
    case "remove_member":
    case "transfer_room":
    case "unban_member":
    case "unmute_member":
      return hash32(command.userId, seed);
    case "add_member":
    case "set_role":
      return hash32(command.role, hash32(command.userId, seed));
    case "update_room":
      return hashSettings(command.changes, seed);
    case "create_room":
      return hashList(command.participants, hashSettings(command.settings, seed));
    case "set_moderation":
      return hash32(JSON.stringify(command.rules), seed);
    case "report":
      return hashList([command.messageId ?? "", command.userId ?? "", command.reason, command.details ?? ""], seed);
    case "resolve_report":
      return hashList([command.reportId, command.action, command.reason ?? "", String(command.durationMs ?? "")], seed);
    case "add_file":
      return hashList([command.fileId, command.fileName, String(command.fileSize), command.mimeType], seed);
    case "drop_files":
      return hashList([String(command.before), String(command.upTo ?? 0), ...command.files], seed);
    case "resolve_held":
      return hashList([command.heldId, String(command.approve), command.reason ?? ""], seed);
    default:
      return unreachable(command);
  }
}

function hashPoll({ question, options, multiple, maxChoices, anonymous, closesAt }: NewPoll, seed: number): number {
  const rest = [multiple, maxChoices, anonymous, closesAt].map((value) => String(value ?? ""));
  return hashList([question, ...rest, ...options.map(({ text }) => text)], seed);
}

function hashList(texts: readonly string[], seed: number): number {
  let hash = seed ^ texts.length;
  for (const text of texts) hash = hash32(text, hash);
  return hash >>> 0;
}

/** The place is hashed too: ("a", absent) and (absent, "a") differ. */
function hashOptional(texts: readonly (string | undefined)[], seed: number): number {
  let hash = hash32("", seed);
  for (const [place, text] of texts.entries()) if (text !== undefined) hash = hash32(text, hash ^ (place + 1));
  return hash;
}

function hashSettings(settings: Partial<RoomSettings>, seed: number): number {
  const { type, name, description, avatar, tags, maxMembers, allowInvites } = settings;
  const fields = [type, name, description, avatar, maxMembers?.toString(), allowInvites?.toString()];
  let hash = seed;
  for (const [place, text] of fields.entries()) {
    if (text !== undefined) hash = hash32(text, hash ^ (place + 1));
  }
  if (tags !== undefined) hash = hashList(tags, hash ^ 7);
  for (const [i, name] of LATER_SETTINGS.entries()) {
    const value = settings[name];
    if (value === undefined) continue;
    const place = hash ^ (i + 8);
    hash = typeof value === "object" ? hashList(value, place) : hash32(value.toString(), place);
  }
  return hash;
}
