/**
 * Reads server frames of MessagePack, for clients. Invariant: reads all that `msgpack-server-writer.ts` writes, and what a
 * newer server appends to it is passed over.
 */
import type { ServerFrame } from "./frames.ts";
import { EVENT_LAYOUTS, type Layout, MESSAGE, type Numbered, SERVER_LAYOUTS, type Slot } from "./layouts.ts";
import { decode } from "./msgpack-compact.ts";

const FRAMES = byNumber(SERVER_LAYOUTS);
const EVENTS = byNumber(EVENT_LAYOUTS);

function byNumber(layouts: Readonly<Record<string, Numbered>>): ReadonlyMap<unknown, readonly [string, Layout]> {
  return new Map(Object.entries(layouts).map(([type, { no, layout }]) => [no, [type, layout]]));
}

/** `undefined`: of a newer server, to be ignored; events that are unknown are left out. Throws `RangeError` or `TypeError`. */
export function readServerFrame(data: Uint8Array): ServerFrame | undefined {
  const values = list(decode(data));
  const [op, ref, roomId] = values;
  const known = FRAMES.get(op);
  if (known === undefined) return undefined;
  const [type, layout] = known;
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
    readSlots(layout, values, 3, frame);
  }
  return frame as unknown as ServerFrame;
}

function readEvent(values: readonly unknown[], roomId: unknown): object | undefined {
  const [kind, seq, timestamp, message] = values;
  const known = EVENTS.get(kind);
  if (known === undefined) return undefined;
  const [type, layout] = known;
  if (type !== "new_message") return readSlots(layout, values, 3, { type, seq, timestamp });
  return { type, seq, timestamp, message: readSlots(MESSAGE, list(message), 0, { roomId, seq, timestamp }) };
}

/** Puts the values from `start` on into the record, by the layout's names; absent ones are left out. */
function readSlots(layout: Layout, values: readonly unknown[], start: number, record: Record<string, unknown>): object {
  for (const [i, { name, layout: inner, many }] of layout.entries()) {
    const value = values[start + i];
    if (isPresent(value)) record[name] = inner === undefined ? value : readNested(inner, many, value);
  }
  return record;
}

function readNested(layout: Layout, many: Slot["many"], value: unknown): unknown {
  const read = (item: unknown): object => readSlots(layout, list(item), 0, {});
  if (many === undefined) return read(value);
  if (many === "list") return list(value).map(read);
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, read(item)]));
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("no array");
  return value;
}
