/**
 * Writes server frames as positional MessagePack: the hottest path of a shard, once per room and commit.
 * Invariant: what is written follows `layouts.ts`, trailing absent fields cut.
 */
import type { RoomId } from "../base/ids.ts";
import type { AckFrame, EventsFrame, MessageView, Ref, ServerFrame } from "./frames.ts";
import { ATTACHMENT, EVENT_LAYOUTS, type Layout, MESSAGE, SERVER_LAYOUTS } from "./layouts.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";

type Fields = Readonly<Record<string, unknown>>;

export function writeServerFrame(writer: MsgpackWriter, frame: ServerFrame): void {
  if (frame.type === "events") writeEvents(writer, frame);
  else if (frame.type === "ack" && isPlain(frame)) writeAck(writer, frame);
  else writeByLayout(writer, frame);
}

function writeByLayout(writer: MsgpackWriter, frame: Exclude<ServerFrame, EventsFrame>): void {
  const { no, layout } = SERVER_LAYOUTS[frame.type];
  const fields = frame as unknown as Fields;
  const ref = fields["ref"] as Ref | undefined;
  const roomId = fields["roomId"] as RoomId | undefined;
  let count = presentCount(layout, fields) + 3;
  if (count === 3 && roomId === undefined) count = ref === undefined ? 1 : 2;
  writer.arrayHeader(count);
  writer.number(no);
  if (count > 1) writer.value(ref);
  if (count > 2) writer.optionalString(roomId);
  writeSlots(writer, layout, fields, count - 3);
}

/** As nearly all are: nothing but what was changed, and when. */
function isPlain({ position, held, state, invite }: AckFrame): boolean {
  return position === undefined && held === undefined && state === undefined && invite === undefined;
}

/** What `writeByLayout` would write for a plain ack, with each field's access spelled out. */
function writeAck(writer: MsgpackWriter, frame: AckFrame): void {
  const { ref, roomId, messageId, seq, timestamp, duplicate } = frame;
  let count = 7;
  if (duplicate === undefined) {
    count = 6;
    if (timestamp === undefined)
      count = seq !== undefined ? 5 : messageId !== undefined ? 4 : roomId !== undefined ? 3 : 2;
  }
  writer.arrayHeader(count);
  writer.number(SERVER_LAYOUTS.ack.no);
  if (typeof ref === "number") writer.number(ref);
  else writer.string(ref);
  if (count > 2) writer.optionalString(roomId);
  if (count > 3) writer.optionalString(messageId);
  if (count > 4) writer.optionalNumber(seq);
  if (count > 5) writer.optionalNumber(timestamp);
  if (count > 6) writer.value(duplicate);
}

function writeEvents(writer: MsgpackWriter, frame: EventsFrame): void {
  writer.arrayHeader(6);
  writer.number(SERVER_LAYOUTS.events.no);
  writer.nil();
  writer.string(frame.roomId);
  writer.number(frame.after);
  writer.number(frame.head);
  writer.arrayHeader(frame.events.length);
  for (const event of frame.events) {
    const isMessage = event.type === "new_message";
    const { no, layout } = EVENT_LAYOUTS[event.type];
    const fields = event as unknown as Fields;
    const count = isMessage ? 1 : presentCount(layout, fields);
    writer.arrayHeader(3 + count);
    writer.number(no);
    writer.number(event.seq);
    writer.number(event.timestamp);
    if (isMessage) writeMessage(writer, event.message);
    else writeSlots(writer, layout, fields, count);
  }
}

/** What `writeRecord(writer, MESSAGE, message)` would write, with each field's access spelled out: a third of the time. */
function writeMessage(writer: MsgpackWriter, message: MessageView): void {
  const count = messageFieldCount(message);
  writer.arrayHeader(count);
  writer.string(message.messageId);
  writer.number(message.messageNo);
  writer.string(message.authorId);
  writer.string(message.content);
  writer.string(message.messageType);
  if (count > 5) writer.optionalString(message.authorName);
  if (count > 6) writer.optionalString(message.authorAvatar);
  if (count > 7) writer.optionalString(message.clientId);
  if (count > 8) writer.optionalString(message.replyTo);
  if (count > 9) writer.value(message.mentions);
  if (count > 10) {
    if (message.attachments === undefined) writer.nil();
    else writeList(writer, ATTACHMENT, message.attachments);
  }
  if (count > 11) writer.optionalNumber(message.editedAt);
  if (count > 12) writer.optionalNumber(message.deletedAt);
  if (count > MESSAGE_HEAD) writeSlots(writer, MESSAGE_TAIL, message as unknown as Fields, count - MESSAGE_HEAD);
}

/** Fields that `writeMessage` spells out; the rest of them is rare in a message that was just sent. */
const MESSAGE_HEAD = 13;
const MESSAGE_TAIL = MESSAGE.slice(MESSAGE_HEAD);

function hasTail({ reactions, isAnonymous, poll, threadId, mentionsRoom, thread, answer }: MessageView): boolean {
  if (reactions !== undefined || isAnonymous !== undefined || poll !== undefined) return true;
  return threadId !== undefined || mentionsRoom !== undefined || thread !== undefined || answer !== undefined;
}

function messageFieldCount(message: MessageView): number {
  if (hasTail(message)) {
    return MESSAGE_HEAD + presentCount(MESSAGE_TAIL, message as unknown as Fields);
  }
  if (message.deletedAt !== undefined) return 13;
  if (message.editedAt !== undefined) return 12;
  if (message.attachments !== undefined) return 11;
  if (message.mentions !== undefined) return 10;
  if (message.replyTo !== undefined) return 9;
  if (message.clientId !== undefined) return 8;
  if (message.authorAvatar !== undefined) return 7;
  return message.authorName === undefined ? 5 : 6;
}

function writeRecord(writer: MsgpackWriter, layout: Layout, record: Fields): void {
  const count = presentCount(layout, record);
  writer.arrayHeader(count);
  writeSlots(writer, layout, record, count);
}

/** Writes the first `count` slots. */
function writeSlots(writer: MsgpackWriter, layout: Layout, record: Fields, count: number): void {
  for (let i = 0; i < count; i += 1) {
    const slot = layout[i];
    if (slot === undefined) return;
    const value = record[slot.name];
    if (slot.layout === undefined || value === undefined) writer.value(value);
    else if (slot.many === undefined) writeRecord(writer, slot.layout, value as Fields);
    else if (slot.many === "list") writeList(writer, slot.layout, value as readonly object[]);
    else {
      const entries = Object.entries(value as Readonly<Record<string, Fields>>);
      writer.mapHeader(entries.length);
      for (const [key, item] of entries) {
        writer.string(key);
        writeRecord(writer, slot.layout, item);
      }
    }
  }
}

function writeList(writer: MsgpackWriter, layout: Layout, items: readonly object[]): void {
  writer.arrayHeader(items.length);
  for (const item of items) writeRecord(writer, layout, item as Fields);
}

/** How many slots to write so that no trailing one is absent. */
function presentCount(layout: Layout, record: Fields): number {
  let count = layout.length;
  while (count > 0 && record[layout[count - 1]?.name ?? ""] === undefined) count -= 1;
  return count;
}
