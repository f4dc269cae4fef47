/**
 * Server frames as positional MessagePack: writing (the hottest path of a shard: once per room and commit) and reading (for
 * clients). Invariant: both follow `layouts.ts`; trailing absent fields are cut; what was written is read back equal.
 */
import type { RoomId } from "../base/ids.ts";
import type { AckFrame, EventsFrame, MessageView, Ref, RoomEvent, ServerFrame, ServerFrameType } from "./frames.ts";
import { ATTACHMENT, EVENT_KINDS, EVENT_LAYOUTS, type Layout, MESSAGE, SERVER_LAYOUTS, SERVER_OPS } from "./layouts.ts";
import { Malformed, MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";

type Fields = Readonly<Record<string, unknown>>;

export function writeServerFrame(writer: MsgpackWriter, frame: ServerFrame): void {
  if (frame.type === "events") writeEvents(writer, frame);
  else if (frame.type === "ack" && frame.position === undefined) writeAck(writer, frame);
  else writeByLayout(writer, frame);
}

function writeByLayout(writer: MsgpackWriter, frame: Exclude<ServerFrame, EventsFrame>): void {
  const layout = SERVER_LAYOUTS[frame.type];
  const fields = frame as unknown as Fields;
  const ref = fields["ref"] as Ref | undefined;
  const roomId = fields["roomId"] as RoomId | undefined;
  let count = presentCount(layout, fields) + 3;
  if (count === 3 && roomId === undefined) count = ref === undefined ? 1 : 2;
  writer.arrayHeader(count);
  writer.number(SERVER_OPS[frame.type]);
  if (count > 1) writer.value(ref);
  if (count > 2) writer.optionalString(roomId);
  writeSlots(writer, layout, fields, count - 3);
}

/** What `writeByLayout` would write for an ack without position, with each field's access spelled out. */
function writeAck(writer: MsgpackWriter, frame: AckFrame): void {
  const { ref, roomId, messageId, seq, timestamp, duplicate } = frame;
  let count = 7;
  if (duplicate === undefined) {
    count = 6;
    if (timestamp === undefined)
      count = seq !== undefined ? 5 : messageId !== undefined ? 4 : roomId !== undefined ? 3 : 2;
  }
  writer.arrayHeader(count);
  writer.number(SERVER_OPS.ack);
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
  writer.number(SERVER_OPS.events);
  writer.nil();
  writer.string(frame.roomId);
  writer.number(frame.after);
  writer.number(frame.head);
  writer.arrayHeader(frame.events.length);
  for (const event of frame.events) {
    const isMessage = event.type === "new_message";
    const layout = EVENT_LAYOUTS[event.type];
    const fields = event as unknown as Fields;
    const count = isMessage ? 1 : presentCount(layout, fields);
    writer.arrayHeader(3 + count);
    writer.number(EVENT_KINDS[event.type]);
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
  if (count > 13) writeSlots(writer, MESSAGE.slice(13), message as unknown as Fields, 1);
}

function messageFieldCount(message: MessageView): number {
  if (message.reactions !== undefined) return 14;
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

// ------------------------------------------------------------------------------------------------------- reading

/** A server frame that this version does not know: from a newer server, to be ignored. */
export class UnknownServerFrame extends Error {}

/** The server is trusted with shapes, not with bytes: nesting and lengths are still checked. */
const SERVER_DEPTH_MAX = 16;
const reader = new MsgpackReader(SERVER_DEPTH_MAX);
const TYPE_OF_OP = new Map(Object.entries(SERVER_OPS).map(([type, op]) => [op as number, type as ServerFrameType]));
const EVENT_OF_KIND = new Map(
  Object.entries(EVENT_KINDS).map(([type, kind]) => [kind as number, type as RoomEvent["type"]]),
);

/** For clients. Throws `Malformed`, or `UnknownServerFrame`. Unknown events within a frame are left out. */
export function decodeServerFrame(data: Uint8Array): ServerFrame {
  reader.reset(data);
  const values = list(reader.value(1));
  if (!reader.atEnd) throw new Malformed("There are bytes after the frame.");
  const op = values[0];
  const ref = values[1];
  const roomId = values[2];
  const type = TYPE_OF_OP.get(op as number);
  if (type === undefined) throw new UnknownServerFrame(`unknown operation ${String(op)}`);
  const frame: Record<string, unknown> = { type };
  if (isPresent(ref)) frame["ref"] = ref;
  if (isPresent(roomId)) frame["roomId"] = roomId;
  if (type === "events") {
    frame["after"] = values[3];
    frame["head"] = values[4];
    const events: object[] = [];
    for (const item of list(values[5])) {
      const event = readEvent(list(item), roomId);
      if (event !== undefined) events.push(event);
    }
    frame["events"] = events;
  } else {
    readSlots(SERVER_LAYOUTS[type], values, 3, frame);
  }
  return frame as unknown as ServerFrame;
}

function readEvent(values: readonly unknown[], roomId: unknown): object | undefined {
  const type = EVENT_OF_KIND.get(values[0] as number);
  if (type === undefined) return undefined;
  const seq = values[1];
  const timestamp = values[2];
  if (type !== "new_message") return readSlots(EVENT_LAYOUTS[type], values, 3, { type, seq, timestamp });
  return { type, seq, timestamp, message: readSlots(MESSAGE, list(values[3]), 0, { roomId, seq, timestamp }) };
}

/** Puts the values from `start` on into the record, by the layout's names; absent ones are left out. */
function readSlots(layout: Layout, values: readonly unknown[], start: number, record: Record<string, unknown>): object {
  const count = Math.min(layout.length, values.length - start);
  for (let i = 0; i < count; i += 1) {
    const slot = layout[i];
    const value = values[start + i];
    if (slot === undefined || !isPresent(value)) continue;
    if (slot.layout === undefined) record[slot.name] = value instanceof Map ? Object.fromEntries(value) : value;
    else record[slot.name] = readNested(slot.layout, slot.many, value);
  }
  return record;
}

function readNested(layout: Layout, many: "list" | "map" | undefined, value: unknown): unknown {
  if (many === undefined) return readSlots(layout, list(value), 0, {});
  if (many === "list") return list(value).map((item) => readSlots(layout, list(item), 0, {}));
  if (!(value instanceof Map)) throw new Malformed("A map was expected.");
  return Object.fromEntries([...value].map(([key, item]) => [key, readSlots(layout, list(item), 0, {})]));
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed("An array was expected.");
  return value;
}
