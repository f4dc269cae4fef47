/**
 * Reads server frames of MessagePack, for clients. Invariant: reads all that `msgpack-server-writer.ts` writes, and what a
 * newer server appends to it is passed over.
 */
import type { RoomEvent, ServerFrame, ServerFrameType } from "./frames.ts";
import { EVENT_KINDS, EVENT_LAYOUTS, type Layout, MESSAGE, SERVER_LAYOUTS, SERVER_OPS } from "./layouts.ts";
import { decode } from "./msgpack-compact.ts";

/** A server frame that this version does not know: from a newer server, to be ignored. */
export class UnknownServerFrame extends Error {}

const TYPE_OF_OP = new Map(Object.entries(SERVER_OPS).map(([type, op]) => [op as number, type as ServerFrameType]));
const EVENT_OF_KIND = new Map(
  Object.entries(EVENT_KINDS).map(([type, kind]) => [kind as number, type as RoomEvent["type"]]),
);

/** Throws `RangeError` or `TypeError`, or `UnknownServerFrame`. Unknown events within a frame are left out. */
export function readServerFrame(data: Uint8Array): ServerFrame {
  const values = list(decode(data));
  const [op, ref, roomId] = values;
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
  return Object.fromEntries(
    [...(value as ReadonlyMap<unknown, unknown>)].map(([key, item]) => [key, readSlots(layout, list(item), 0, {})]),
  );
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("An array was expected.");
  return value;
}
