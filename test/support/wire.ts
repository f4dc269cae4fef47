/**
 * The four encodings as a client sees them, each to and from one shape: frames by canonical (camelCase) name.
 * Invariant: nothing here uses the engine's codecs, but for the table of positions and the reader of binary server frames.
 */
import { EVENT_LAYOUTS } from "../../src/protocol/layouts.ts";
import { encode as encodeMsgpack } from "@msgpack/msgpack";
import type { Field, Kind } from "../../src/protocol/fields.ts";
import { decodeServerFrame } from "../../src/protocol/msgpack-codec.ts";
import { createSchema } from "../../src/protocol/schema.ts";
import { MESSAGE_LENGTH_DEFAULT } from "../../src/base/limits.ts";

/** A frame of either direction; tests look into it with `json.ts`. */
export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Wire {
  readonly path: string;
  readonly subprotocol: string | undefined;
  encode(frame: Frame): string | Uint8Array<ArrayBuffer>;
  decode(data: string | Uint8Array): Frame;
}

export type WireName = "msgpack" | "json" | "camel" | "snake";

const schema: Readonly<Record<string, { readonly op: number; readonly fields: readonly Field[] }>> = createSchema({
  messageLengthMax: MESSAGE_LENGTH_DEFAULT,
});

/** Types of the JSON dialects that are one event of a room's log each. */
const EVENT_TYPES: ReadonlySet<string> = new Set(Object.keys(EVENT_LAYOUTS));

const json: Wire = {
  path: "/chat",
  subprotocol: "stoa.v1.json",
  encode: (frame) => JSON.stringify(frame),
  decode: (data) => parse(data),
};

export const WIRES: Readonly<Record<WireName, Wire>> = {
  json,
  msgpack: { path: "/chat", subprotocol: "stoa.v1.msgpack", encode: encodePositional, decode: decodeBinary },
  camel: { ...json, subprotocol: undefined, decode: (data) => asEvents(parse(data)) },
  snake: {
    path: "/api/v1/ws/chat",
    subprotocol: undefined,
    encode: (frame) => JSON.stringify(renamed(frame, snakeCase)),
    decode: (data) => asEvents(renamed(parse(data), camelCase) as Frame),
  },
};

function parse(data: string | Uint8Array): Frame {
  if (typeof data !== "string") throw new Error("a text codec sent a binary frame");
  return JSON.parse(data) as Frame;
}

function encodePositional(frame: Frame): Uint8Array<ArrayBuffer> {
  const spec = schema[frame.type];
  if (spec === undefined) throw new Error(`no such client frame: ${frame.type}`);
  return encodeMsgpack([spec.op, frame["ref"] ?? null, frame["roomId"] ?? null, ...positional(spec.fields, frame)]);
}

/** Records in a frame are arrays by the same rule. */
function positional(fields: readonly Field[], record: Readonly<Record<string, unknown>>): unknown[] {
  const values = fields.map(({ name, kind }) => (record[name] == null ? null : positionalValue(kind, record[name])));
  while (values.length > 0 && values.at(-1) === null) values.pop();
  return values;
}

function positionalValue(kind: Kind, value: unknown): unknown {
  if (kind.kind === "record") return positional(kind.fields, value as Readonly<Record<string, unknown>>);
  return kind.kind === "list" && Array.isArray(value) ? value.map((item) => positionalValue(kind.of, item)) : value;
}

function decodeBinary(data: string | Uint8Array): Frame {
  if (typeof data === "string") throw new Error("the binary codec sent a text frame");
  return decodeServerFrame(data) as unknown as Frame;
}

/** One event of a dialect in the shape of an `events` frame; `room_head` is a frame without any. */
function asEvents(frame: Frame): Frame {
  const { roomId, after, head, ...event } = frame;
  if (frame.type === "room_head") return { type: "events", roomId, after, head, events: [] };
  // A part of a growing answer is called as its end, and has no sequence.
  if (!EVENT_TYPES.has(frame.type) || frame["seq"] === undefined) return frame;
  return { type: "events", roomId, after, head: head ?? event["seq"], events: [event] };
}

/** Maps whose keys are people, rooms or emoji, and no names of the protocol. (A list called `rooms` is renamed.) */
const KEYED_BY_DATA = new Set(["rooms", "reactions"]);

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      rename(key),
      KEYED_BY_DATA.has(key) && !Array.isArray(inner) ? inner : renamed(inner, rename),
    ]),
  );
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
