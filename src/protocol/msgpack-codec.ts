/**
 * `stoa.v1.msgpack`: every frame a positional array `[operation, ref, room, …fields]`. Invariant: what a client sends is
 * read by `MsgpackReader` alone, so no byte of it can make this throw, recurse deeply or allocate more than it fills.
 */
import type { RoomId } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import { CODECS, type Codec, type FrameHeader, type Unreadable } from "./codec.ts";
import type { Field, Kind } from "./fields.ts";
import type { ClientFrame, Ref, ServerFrame } from "./frames.ts";
import { Malformed, MsgpackReader } from "./msgpack-reader.ts";
import { readServerFrame } from "./msgpack-server-reader.ts";
import { writeServerFrame } from "./msgpack-server-writer.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import {
  buildClientFrame,
  type FrameSpec,
  invalidRef,
  invalidRoom,
  isRef,
  missingRoom,
  type Schema,
  unknownType,
  unreadableFrame,
} from "./schema.ts";

/** Elements before a frame's own fields. */
const HEADER_LENGTH = 3;
const asIs = (name: string): string => name;

export class MsgpackCodec implements Codec {
  readonly id = CODECS.msgpack;
  readonly text = false;
  readonly #specs: readonly (FrameSpec | undefined)[];
  readonly #schema: Schema;
  readonly #reader = new MsgpackReader();
  readonly #writer = new MsgpackWriter();
  /** Elements of the frame being read, header included. */
  #length = 0;
  /** What `#head` has read: fields, since an object for each frame is what the collector is there for. */
  #ref: Ref | undefined;
  #roomId: RoomId | undefined;
  /** Used again for every frame; its values are in the frame's own fields when it is built. */
  readonly #values: unknown[] = [];

  constructor(schema: Schema) {
    const specs: (FrameSpec | undefined)[] = new Array<undefined>(128).fill(undefined);
    for (const spec of Object.values(schema)) specs[spec.op] = spec;
    this.#specs = specs;
    this.#schema = schema;
  }

  peek(data: Uint8Array | string): Result<FrameHeader, Unreadable> {
    if (typeof data === "string") return err(textInsteadOfBinary());
    try {
      const spec = this.#head(data, true);
      if ("code" in spec) return err(spec);
      return ok({ type: spec.type, ref: this.#ref, roomId: this.#roomId });
    } catch (error) {
      return err(this.#failure(error));
    }
  }

  decode(data: Uint8Array | string): Result<ClientFrame, Unreadable> {
    if (typeof data === "string") return err(textInsteadOfBinary());
    try {
      const spec = this.#head(data, false);
      if ("code" in spec) return err(spec);
      const values = this.#values;
      values.length = 0;
      // Fields that this version does not know are read too, for their form only.
      for (let i = HEADER_LENGTH; i < this.#length; i += 1) values.push(this.#reader.value(2));
      if (!this.#reader.atEnd) return err(unreadableFrame("There are bytes after the frame.", this.#ref));
      return buildClientFrame(spec, this.#ref, this.#roomId, values, asIs);
    } catch (error) {
      return err(this.#failure(error));
    }
  }

  encode(frame: ServerFrame): readonly [Uint8Array] {
    try {
      writeServerFrame(this.#writer, frame);
      return [this.#writer.finish()];
    } finally {
      this.#writer.reset();
    }
  }

  /** For clients. The frame is not checked: the server does that. */
  encodeClientFrame(frame: ClientFrame): Uint8Array {
    const spec = this.#schema[frame.type];
    const fields = frame as unknown as Readonly<Record<string, unknown>>;
    const values = [
      fields["ref"],
      fields["roomId"],
      ...spec.fields.map(({ name, kind }) => byPosition(kind, fields[name])),
    ];
    while (values.length > 0 && values.at(-1) === undefined) values.pop();
    try {
      this.#writer.value([spec.op, ...values]);
      return this.#writer.finish();
    } finally {
      this.#writer.reset();
    }
  }

  /** Leaves `#ref` and `#roomId` as the frame has them. */
  #head(data: Uint8Array, routed: boolean): FrameSpec | Unreadable {
    this.#ref = undefined;
    const reader = this.#reader;
    reader.reset(data);
    this.#length = reader.arrayHeader();
    if (this.#length === 0) return unreadableFrame("A frame begins with its operation number.");
    const op = reader.value(2);
    const ref = this.#length > 1 ? reader.value(2) : null;
    if (ref !== null && !isRef(ref)) return invalidRef();
    this.#ref = ref ?? undefined;
    const spec = typeof op === "number" ? this.#specs[op] : undefined;
    if (spec === undefined) {
      if (typeof op !== "number") return unreadableFrame("A frame begins with its operation number.", this.#ref);
      return unknownType(String(op), this.#ref);
    }
    const roomId = this.#length > 2 ? reader.roomId() : null;
    if (spec.room !== "none") {
      if (roomId === undefined) return invalidRoom(this.#ref, asIs);
      if (roomId === null && routed && spec.room === "required") return missingRoom(this.#ref, asIs);
    }
    this.#roomId = spec.room === "none" ? undefined : (roomId ?? undefined);
    return spec;
  }

  #failure(error: unknown): Unreadable {
    if (error instanceof Malformed) return unreadableFrame(error.message, this.#ref);
    // Nothing else can be thrown here; were it so, one client's frame must still not end the thread of all others.
    return { code: "internal", ...(this.#ref === undefined ? {} : { ref: this.#ref }) };
  }
}

/** For clients that know all frames. Throws `RangeError` or `TypeError` for what is none. */
export function decodeServerFrame(data: Uint8Array): ServerFrame {
  const frame = readServerFrame(data);
  if (frame === undefined) throw new TypeError("a frame of another version");
  return frame;
}

function textInsteadOfBinary(): Unreadable {
  return unreadableFrame("This subprotocol speaks MessagePack in binary frames; a text frame came.");
}

/** Records as arrays, trailing absent fields cut; all else as it is. */
function byPosition(kind: Kind, value: unknown): unknown {
  if (value === undefined) return value;
  if (kind.kind === "record") return recordValues(kind.fields, value as Readonly<Record<string, unknown>>);
  return kind.kind === "list" && Array.isArray(value) ? value.map((item) => byPosition(kind.of, item)) : value;
}

function recordValues(fields: readonly Field[], record: Readonly<Record<string, unknown>>): unknown[] {
  const values = fields.map(({ name, kind }) => byPosition(kind, record[name]));
  while (values.length > 0 && values.at(-1) === undefined) values.pop();
  return values;
}
