/**
 * How a client that knows nothing of the engine's code would send a frame in each codec: by the second MessagePack
 * implementation or plain JSON. Takes frames with any content, wrong ones too.
 */
import { encode } from "@msgpack/msgpack";
import { type Codecs, createCodecs } from "../../../src/protocol/codecs.ts";
import type { Codec, CodecName } from "../../../src/protocol/codec.ts";
import type { Field, Kind } from "../../../src/protocol/fields.ts";
import { createSchema } from "../../../src/protocol/schema.ts";

export interface Speaker {
  readonly name: CodecName;
  readonly codec: Codec;
  /** A frame in canonical names. */
  say(frame: Readonly<Record<string, unknown>>): Uint8Array | string;
  /** How the codec spells a canonical name. */
  spell(name: string): string;
}

export const MESSAGE_LENGTH_MAX = 40;
const schema = createSchema({ messageLengthMax: MESSAGE_LENGTH_MAX });

export function createSpeakers(): readonly Speaker[] {
  const [msgpack, json, camel, snake]: Codecs = createCodecs({ messageLengthMax: MESSAGE_LENGTH_MAX });
  const asIs = (name: string): string => name;
  return [
    { name: "msgpack", codec: msgpack, say: sayByPosition, spell: asIs },
    { name: "json", codec: json, say: (frame) => JSON.stringify(frame), spell: asIs },
    { name: "camel", codec: camel, say: (frame) => JSON.stringify(frame), spell: asIs },
    { name: "snake", codec: snake, say: (frame) => JSON.stringify(renamed(frame)), spell: snakeCase },
  ];
}

function sayByPosition(frame: Readonly<Record<string, unknown>>): Uint8Array {
  const spec = Object.values(schema).find(({ type }) => type === frame["type"]);
  if (spec === undefined) throw new Error("no such frame type");
  const values = spec.fields.map((field) => byPosition(field.kind, frame[field.name]));
  return encode([spec.op, frame["ref"], frame["roomId"], ...values]);
}

function byPosition(kind: Kind, value: unknown): unknown {
  if (kind.kind === "record" && isRecord(value)) {
    return kind.fields.map((field: Field) => byPosition(field.kind, value[field.name]));
  }
  return kind.kind === "list" && Array.isArray(value) ? value.map((item) => byPosition(kind.of, item)) : value;
}

function renamed(frame: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(frame).map(([name, value]) => [snakeCase(name), name === "rooms" ? value : renamedValue(value)]),
  );
}

function renamedValue(value: unknown): unknown {
  return Array.isArray(value) ? value.map(renamedValue) : isRecord(value) ? renamed(value) : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);
}
