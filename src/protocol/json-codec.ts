/**
 * The text codecs: `stoa.v1.json` and the dialects `camel` and `snake`. All read the same client frames by name, `snake`
 * after renaming. Invariant: text is parsed only when its nesting is bounded, and only an object's own fields are read.
 */
import { parseId, type RoomId } from "../base/ids.ts";
import { FRAME_DEPTH_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { CODECS, type Codec, type FrameHeader, type Unreadable } from "./codec.ts";
import { type Field, isObject, valuesByName } from "./fields.ts";
import type { ClientFrame, Ref, ServerFrame } from "./frames.ts";
import { dialectObjects, snakeName } from "./json-dialects.ts";
import { jsonOfFrame } from "./json-frames.ts";
import { isNestedDeeper } from "./json-nesting.ts";
import {
  buildClientFrame,
  type FrameSpec,
  invalidRef,
  invalidRoom,
  isRef,
  missingRoom,
  type Schema,
  type Spelling,
  unknownType,
  unreadableFrame,
} from "./schema.ts";
import { readUtf8, utf8Bytes } from "./utf8.ts";

/** A client's text as it comes back in an error message: enough to recognise it. */
const ECHO_CHARS_MAX = 60;

type Body = Readonly<Record<string, unknown>>;

interface Head {
  readonly spec: FrameSpec;
  readonly ref: Ref | undefined;
  readonly roomId: RoomId | undefined;
  readonly body: Body;
}

export class JsonCodec implements Codec {
  readonly id: Codec["id"];
  readonly text = true;
  readonly #name: "json" | "camel" | "snake";
  readonly #specs: ReadonlyMap<unknown, FrameSpec>;
  readonly #spell: Spelling;
  /** snake_case name → canonical name, for all names that differ. */
  readonly #canonicalNames: ReadonlyMap<string, string>;
  /** Fields whose value is a record. */
  readonly #records: ReadonlySet<string>;

  constructor(schema: Schema, name: "json" | "camel" | "snake") {
    this.id = CODECS[name];
    this.#name = name;
    this.#specs = new Map(Object.entries(schema));
    this.#spell = name === "snake" ? snakeName : (canonical) => canonical;
    const fields = Object.values(schema).flatMap((spec) => allFields(spec.fields));
    this.#canonicalNames = new Map(
      ["roomId", ...fields.flatMap(({ name, aliases = [] }) => [name, ...aliases])].map((n) => [snakeName(n), n]),
    );
    this.#records = new Set(fields.filter(({ kind }) => kind.kind === "record").map(({ name }) => name));
  }

  peek(data: Uint8Array | string): Result<FrameHeader, Unreadable> {
    const head = this.#head(data);
    if ("code" in head) return err(head);
    const { spec, ref, roomId } = head;
    if (spec.room === "required" && roomId === undefined) return err(missingRoom(ref, this.#spell));
    return ok({ type: spec.type, ref, roomId });
  }

  decode(data: Uint8Array | string): Result<ClientFrame, Unreadable> {
    const head = this.#head(data);
    if ("code" in head) return err(head);
    const { spec, ref, roomId, body } = head;
    return buildClientFrame(spec, ref, roomId, valuesByName(spec.fields, body), this.#spell);
  }

  encode(frame: ServerFrame): readonly Uint8Array[] {
    if (this.#name === "json") return [utf8Bytes(JSON.stringify(jsonOfFrame(frame)))];
    return dialectObjects(this.#name, frame).map((object) => utf8Bytes(JSON.stringify(object)));
  }

  #head(data: Uint8Array | string): Head | Unreadable {
    const parsed = parseObject(data);
    if ("failure" in parsed) return unreadableFrame(parsed.failure);
    const body = this.#name === "snake" ? this.#canonical(parsed.body) : parsed.body;
    const { ref: rawRef, type, roomId: rawRoomId } = body;
    const ref = rawRef ?? undefined;
    if (ref !== undefined && !isRef(ref)) return invalidRef();
    if (type === undefined || type === null) {
      return {
        code: "missing_field",
        field: "type",
        message: "type is required.",
        ...(ref === undefined ? {} : { ref }),
      };
    }
    const spec = this.#specs.get(type);
    if (spec === undefined) return unknownType(JSON.stringify(type).slice(0, ECHO_CHARS_MAX), ref);
    if (spec.room === "none" || rawRoomId === undefined || rawRoomId === null) {
      return { spec, ref, roomId: undefined, body };
    }
    const roomId = parseId<RoomId>(rawRoomId);
    return roomId === undefined ? invalidRoom(ref, this.#spell) : { spec, ref, roomId, body };
  }

  /** Renames the frame's own keys and those of its records, in lists or not; the keys of `rooms` are ids. */
  #canonical(body: Body): Body {
    return Object.fromEntries(
      Object.entries(body).map(([spelled, value]) => {
        const name = this.#canonicalNames.get(spelled) ?? spelled;
        if (isObject(value)) return [name, this.#records.has(name) ? this.#canonical(value) : value];
        if (!Array.isArray(value)) return [name, value];
        return [name, value.map((item: unknown) => (isObject(item) ? this.#canonical(item) : item))];
      }),
    );
  }
}

function parseObject(data: Uint8Array | string): { readonly body: Body } | { readonly failure: string } {
  const text = typeof data === "string" ? data : readUtf8(data, 0, data.length);
  if (text === undefined) return { failure: "The frame is not valid UTF-8." };
  if (isNestedDeeper(text, FRAME_DEPTH_MAX))
    return { failure: `A frame is nested at most ${FRAME_DEPTH_MAX} levels deep.` };
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? { body } : { failure: "A frame is a JSON object with a type." };
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, ECHO_CHARS_MAX) : "";
    return { failure: `The frame is not valid JSON. ${reason}` };
  }
}

/** Those of records within them too. */
function allFields(fields: readonly Field[]): readonly Field[] {
  return fields.flatMap((field) => {
    const kind = field.kind.kind === "list" ? field.kind.of : field.kind;
    return kind.kind === "record" ? [field, ...allFields(kind.fields)] : [field];
  });
}
