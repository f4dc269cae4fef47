/** All codecs of an engine, by number, and the choice among them when a client connects. */
import { MESSAGE_LENGTH_DEFAULT } from "../base/limits.ts";
import { CODECS, type CodecId, SUBPROTOCOLS } from "./codec.ts";
import { JsonCodec } from "./json-codec.ts";
import { MsgpackCodec } from "./msgpack-codec.ts";
import { createSchema, type SchemaOptions } from "./schema.ts";

/** Indexed by `CodecId`. A codec keeps buffers: one set per thread. */
export type Codecs = readonly [msgpack: MsgpackCodec, json: JsonCodec, camel: JsonCodec, snake: JsonCodec];

export function createCodecs(options: SchemaOptions = { messageLengthMax: MESSAGE_LENGTH_DEFAULT }): Codecs {
  const schema = createSchema(options);
  return [
    new MsgpackCodec(schema),
    new JsonCodec(schema, "json"),
    new JsonCodec(schema, "camel"),
    new JsonCodec(schema, "snake"),
  ];
}

export interface ChosenSubprotocol {
  readonly id: CodecId;
  /** What the server must answer in `sec-websocket-protocol`. */
  readonly name: string;
}

/** The first subprotocol in the offered list that the engine speaks. Other entries may be anything, tokens included. */
export function codecOfSubprotocol(header: string | null | undefined): ChosenSubprotocol | undefined {
  for (const offered of (header ?? "").split(",")) {
    const name = offered.trim();
    if (name === SUBPROTOCOLS.msgpack) return { id: CODECS.msgpack, name };
    if (name === SUBPROTOCOLS.json) return { id: CODECS.json, name };
  }
  return undefined;
}
