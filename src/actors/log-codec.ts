/**
 * A segment's entries as bytes: `[version, event, event …]` in standard MessagePack, each event a positional array.
 * The events' sequences are not stored: they count from the segment's first.
 * Invariant: what any version wrote can be read for ever. Fields are appended; a changed meaning is a new kind number.
 */
import { Packr } from "msgpackr";
import type { MessageId, Seq, UserId } from "../base/ids.ts";
import type { LogEvent, MessageSent, RoomSettings, RowsErased } from "../domain/room/events.ts";
import type { Attachment, MessageType, Poll } from "../domain/room/vocabulary.ts";
import { MsgpackWriter } from "../protocol/msgpack-writer.ts";
import { answerEvent, answerFields, runFields, runOf } from "./log-codec-answers.ts";
import { moderationEvent, moderationFields } from "./log-codec-moderation.ts";
import { peopleEvent, peopleFields } from "./log-codec-people.ts";
import { FOLLOW_KIND, followEvent, followFields, threadLeftOf, threadPlaceOf } from "./log-codec-threads.ts";

const VERSION = 1;
const KIND = {
  fence: 0,
  room_created: 1,
  room_updated: 2,
  member_joined: 3,
  member_left: 4,
  member_changed: 5,
  message_sent: 6,
  message_edited: 7,
  message_deleted: 8,
  reaction_changed: 9,
  message_pinned: 25,
  message_unpinned: 26,
  moderation_changed: 50,
  message_held: 51,
  held_resolved: 52,
  reported: 53,
  report_resolved: 54,
  poll_voted: 35,
  poll_closed: 36,
  pseudonym_changed: 37,
  room_deleted: 10,
  member_banned: 11,
  ban_lifted: 12,
  member_muted: 13,
  mute_lifted: 14,
  invite_made: 15,
  invite_ended: 16,
  join_requested: 17,
  join_request_ended: 18,
  file_added: 60,
  files_removed: 61,
  answer_extended: 70,
  answer_restarted: 71,
  answer_ended: 72,
  history_trimmed: 80,
  rows_erased: 81,
  thread_follow_changed: FOLLOW_KIND,
} as const satisfies Record<LogEvent["kind"], number>;

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  encodeUndefinedAsNil: true,
  int64AsType: "number",
});

const writer = new MsgpackWriter();

export function encodeEntries(events: readonly LogEvent[]): Uint8Array {
  writer.arrayHeader(events.length + 1);
  writer.number(VERSION);
  for (const event of events) {
    if (event.kind === "message_sent") writeMessage(event);
    else writer.value(toRow(event));
  }
  return writer.finish();
}

/** What `toRow` would give, each field written at once: nearly all of a log is messages. */
function writeMessage(event: MessageSent): void {
  const { replyTo, mentions, attachments, as, poll, mentionsRoom, thread, run } = event;
  const isRarest = mentionsRoom !== undefined || thread !== undefined || run !== undefined;
  const isRare = isRarest || as !== undefined || poll !== undefined;
  const hasMore = isRare || replyTo !== undefined || mentions !== undefined || attachments !== undefined;
  writer.arrayHeader(run !== undefined ? 19 : isRarest ? 18 : isRare ? 16 : hasMore ? 13 : 10);
  writer.number(KIND.message_sent);
  writer.number(event.timestamp);
  writer.string(event.by);
  writer.optionalString(event.clientId);
  writer.optionalNumber(event.bodyHash);
  writer.number(event.messageNo);
  writer.string(event.messageType);
  writer.string(event.content);
  writer.optionalString(event.authorName);
  writer.optionalString(event.authorAvatar);
  if (!hasMore) return;
  writer.optionalString(replyTo);
  writer.value(mentions);
  writer.value(attachments);
  if (!isRare) return;
  writer.optionalString(as);
  writer.value(event.isFirstAs);
  writer.value(poll);
  if (!isRarest) return;
  writer.value(mentionsRoom);
  writer.value(thread === undefined ? undefined : [thread.root, thread.no, thread.count, thread.followers]);
  if (run !== undefined) writer.value(runFields(run));
}

/** Throws on bytes of an unknown version or kind: the room is quarantined, never half read. */
export function decodeEntries(firstSeq: Seq, bytes: Uint8Array): LogEvent[] {
  const rows = packr.unpack(bytes) as [number, ...Row[]];
  if (rows[0] !== VERSION) throw new Error(`log entries of version ${rows[0]}`);
  const events: LogEvent[] = [];
  for (let i = 1; i < rows.length; i += 1) events.push(fromRow(firstSeq + i - 1, rows[i] as Row));
  return events;
}

type Row = readonly [kind: number, timestamp: number, ...rest: unknown[]];

function toRow(event: Exclude<LogEvent, MessageSent>): unknown[] {
  if (event.kind === "fence") return [KIND.fence, event.timestamp, event.epoch, event.owner];
  const head: unknown[] = [KIND[event.kind], event.timestamp, event.by, event.clientId, event.bodyHash];
  switch (event.kind) {
    case "room_created":
    case "room_updated":
      head.push(event.settings);
      return head;
    case "room_deleted":
      return head;
    case "member_joined":
    case "member_left":
    case "member_changed":
    case "member_banned":
    case "ban_lifted":
    case "member_muted":
    case "mute_lifted":
    case "invite_made":
    case "invite_ended":
    case "join_requested":
    case "join_request_ended":
      head.push(...peopleFields(event));
      return head;
    case "message_edited":
      head.push(event.target, event.content);
      if (event.as !== undefined || event.erased) head.push(event.as);
      if (event.erased) head.push(true);
      return head;
    case "message_deleted":
      head.push(event.target);
      if (event.thread !== undefined || event.files !== undefined || event.as !== undefined || event.erased) {
        head.push(event.as);
      }
      if (event.thread !== undefined) head.push([event.thread.root, event.thread.count]);
      else if (event.files !== undefined || event.erased) head.push(undefined);
      if (event.files !== undefined || event.erased) head.push(event.files);
      if (event.erased) head.push(true);
      return head;
    case "file_added":
      head.push(event.fileId, event.fileName, event.fileSize, event.mimeType, event.url, event.thumbnailUrl);
      return head;
    case "files_removed":
      head.push(event.files);
      return head;
    case "thread_follow_changed":
      head.push(...followFields(event));
      return head;
    case "message_pinned":
    case "message_unpinned":
      head.push(event.target);
      return head;
    case "reaction_changed":
      head.push(event.target, event.emoji, event.added, event.count);
      return head;
    case "moderation_changed":
    case "message_held":
    case "held_resolved":
    case "reported":
    case "report_resolved":
      head.push(...moderationFields(event), event.as);
      if (event.kind === "message_held" && event.isFirstAs !== undefined) head.push(event.isFirstAs);
      return head;
    case "answer_extended":
    case "answer_restarted":
    case "answer_ended":
      head.push(...answerFields(event));
      return head;
    case "poll_voted":
      head.push(event.target, event.choices, event.votes, event.voters);
      return head;
    case "poll_closed":
      head.push(event.target, event.votes, event.voters, event.as);
      return head;
    case "pseudonym_changed":
      head.push(event.pseudonym, event.name, event.banned, event.reason);
      return head;
    case "history_trimmed":
      head.push(event.through, event.throughNo);
      return head;
    case "rows_erased":
      head.push(event.userId, event.items);
      return head;
  }
}

function fromRow(seq: Seq, row: Row): LogEvent {
  const [kind, timestamp] = row;
  if (kind === KIND.fence) return { kind: "fence", seq, timestamp, epoch: row[2] as number, owner: row[3] as string };
  const common = {
    seq,
    timestamp,
    by: row[2] as UserId,
    ...(row[3] != null && { clientId: row[3] as string }),
    ...(row[4] != null && { bodyHash: row[4] as number }),
  };
  switch (kind) {
    case KIND.message_sent:
      return {
        kind: "message_sent",
        ...common,
        messageNo: row[5] as number,
        messageType: row[6] as MessageType,
        content: row[7] as string,
        ...(row[8] != null && { authorName: row[8] as string }),
        ...(row[9] != null && { authorAvatar: row[9] as string }),
        ...(row[10] != null && { replyTo: row[10] as MessageId }),
        ...(row[11] != null && { mentions: row[11] as UserId[] }),
        ...(row[12] != null && { attachments: row[12] as Attachment[] }),
        ...(row[13] != null && { as: row[13] as UserId }),
        ...(row[14] != null && { isFirstAs: true }),
        ...(row[15] != null && { poll: row[15] as Poll }),
        ...(row[16] != null && { mentionsRoom: row[16] as boolean }),
        ...(row[17] != null && { thread: threadPlaceOf(row[17] as unknown[]) }),
        ...(row[18] != null && { run: runOf(row[18] as unknown[]) }),
      };
    case KIND.room_created:
      return { kind: "room_created", ...common, settings: row[5] as RoomSettings };
    case KIND.room_updated:
      return { kind: "room_updated", ...common, settings: row[5] as RoomSettings };
    case KIND.room_deleted:
      return { kind: "room_deleted", ...common };
    case KIND.member_joined:
    case KIND.member_left:
    case KIND.member_changed:
    case KIND.member_banned:
    case KIND.ban_lifted:
    case KIND.member_muted:
    case KIND.mute_lifted:
    case KIND.invite_made:
    case KIND.invite_ended:
    case KIND.join_requested:
    case KIND.join_request_ended:
      return peopleEvent(common, row);
    case KIND.message_edited:
      return {
        kind: "message_edited",
        ...common,
        target: row[5] as Seq,
        content: row[6] as string,
        ...asOf(row[7]),
        ...(row[8] === true && { erased: true as const }),
      };
    case KIND.message_deleted:
      return {
        kind: "message_deleted",
        ...common,
        target: row[5] as Seq,
        ...asOf(row[6]),
        ...(row[7] != null && { thread: threadLeftOf(row[7] as unknown[]) }),
        ...(row[8] != null && { files: row[8] as string[] }),
        ...(row[9] === true && { erased: true as const }),
      };
    case KIND.file_added:
      return {
        kind: "file_added",
        ...common,
        fileId: row[5] as string,
        fileName: row[6] as string,
        fileSize: row[7] as number,
        mimeType: row[8] as string,
        url: row[9] as string,
        ...(row[10] != null && { thumbnailUrl: row[10] as string }),
      };
    case KIND.files_removed:
      return { kind: "files_removed", ...common, files: row[5] as string[] };
    case KIND.message_pinned:
    case KIND.message_unpinned:
      return {
        kind: kind === KIND.message_pinned ? "message_pinned" : "message_unpinned",
        ...common,
        target: row[5] as Seq,
      };
    case KIND.reaction_changed:
      return {
        kind: "reaction_changed",
        ...common,
        target: row[5] as Seq,
        emoji: row[6] as string,
        added: row[7] as boolean,
        count: row[8] as number,
      };
    case KIND.moderation_changed:
    case KIND.message_held:
    case KIND.held_resolved:
    case KIND.reported:
    case KIND.report_resolved:
      return moderationEvent(common, row);
    case KIND.answer_extended:
    case KIND.answer_restarted:
    case KIND.answer_ended:
      return answerEvent(common, row);
    case KIND.poll_voted:
      return {
        kind: "poll_voted",
        ...common,
        target: row[5] as Seq,
        choices: row[6] as number[],
        votes: row[7] as number[],
        voters: row[8] as number,
      };
    case KIND.poll_closed:
      return {
        kind: "poll_closed",
        ...common,
        target: row[5] as Seq,
        votes: row[6] as number[],
        voters: row[7] as number,
        ...asOf(row[8]),
      };
    case KIND.pseudonym_changed:
      return {
        kind: "pseudonym_changed",
        ...common,
        pseudonym: row[5] as UserId,
        name: row[6] as string,
        banned: row[7] as boolean,
        ...(row[8] != null && { reason: row[8] as string }),
      };
    case KIND.history_trimmed:
      return { kind: "history_trimmed", ...common, through: row[5] as Seq, throughNo: row[6] as number };
    case KIND.rows_erased:
      return (
        followEvent(common, row) ?? {
          kind: "rows_erased",
          ...common,
          userId: row[5] as UserId,
          items: row[6] as RowsErased["items"],
        }
      );
    default:
      throw new Error(`log event of unknown kind ${kind}`);
  }
}

function asOf(as: unknown): { readonly as?: UserId } {
  return as == null ? {} : { as: as as UserId };
}
