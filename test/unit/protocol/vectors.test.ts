/** The published vectors hold for the engine's codecs and for an implementation of MessagePack that is not ours. */
import { describe, expect, test } from "bun:test";
import { decode, encode } from "@msgpack/msgpack";
import { createCodecs } from "../../../src/protocol/codecs.ts";
import type { ClientFrame, ServerFrame } from "../../../src/protocol/frames.ts";
import { readServerFrame } from "../../../src/protocol/json-frames.ts";
import { EVENT_LAYOUTS, SERVER_LAYOUTS } from "../../../src/protocol/layouts.ts";
import { decodeServerFrame } from "../../../src/protocol/msgpack-codec.ts";
import { createSchema } from "../../../src/protocol/schema.ts";

interface Vector<Frame> {
  readonly name: string;
  readonly frame: Frame;
  readonly positional: readonly unknown[];
  readonly hex: string;
  readonly json: unknown;
}
type ClientVector = Vector<ClientFrame> & { readonly snake: unknown };
type ServerVector = Vector<ServerFrame> & { readonly camel: readonly unknown[]; readonly snake: readonly unknown[] };

async function load<V>(name: string): Promise<readonly V[]> {
  return (await Bun.file(new URL(`../../vectors/${name}.json`, import.meta.url)).json()) as readonly V[];
}

const clientVectors = await load<ClientVector>("client-frames");
const serverVectors = await load<ServerVector>("server-frames");
const [msgpack, json, camel, snake] = createCodecs();

const bytesOf = (hex: string): Uint8Array => Uint8Array.fromHex(hex);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const objectsOf = (messages: readonly Uint8Array[]): unknown[] => messages.map((bytes) => JSON.parse(textOf(bytes)));

describe("client frames", () => {
  test("every type has a vector", () => {
    const types = new Set(clientVectors.map(({ frame }) => frame.type));
    expect([...types].sort()).toEqual(
      Object.values(createSchema({ messageLengthMax: 1 }))
        .map(({ type }) => type)
        .sort(),
    );
  });

  for (const vector of clientVectors) {
    test(`${vector.name}: the bytes are the same in both implementations`, () => {
      expect(msgpack.encodeClientFrame(vector.frame).toHex()).toBe(vector.hex);
      expect(encode(vector.positional).toHex()).toBe(vector.hex);
      expect(decode(bytesOf(vector.hex))).toEqual(vector.positional);
    });

    test(`${vector.name}: all four codecs read the same frame`, () => {
      const expected = { ok: true as const, value: vector.frame };
      expect(msgpack.decode(bytesOf(vector.hex))).toStrictEqual(expected);
      expect(json.decode(JSON.stringify(vector.json))).toStrictEqual(expected);
      expect(camel.decode(JSON.stringify(vector.json))).toStrictEqual(expected);
      expect(snake.decode(JSON.stringify(vector.snake))).toStrictEqual(expected);
    });
  }
});

describe("server frames", () => {
  test("every type of frame and of event has a vector", () => {
    const frames = new Set(serverVectors.map(({ frame }) => frame.type));
    expect([...frames].sort()).toEqual(Object.keys(SERVER_LAYOUTS).sort() as ServerFrame["type"][]);
    const events = serverVectors.flatMap(({ frame }) => (frame.type === "events" ? frame.events : []));
    expect([...new Set(events.map(({ type }) => type as string))].sort()).toEqual(Object.keys(EVENT_LAYOUTS).sort());
  });

  for (const vector of serverVectors) {
    test(`${vector.name}: the bytes are the same in both implementations`, () => {
      expect(msgpack.encode(vector.frame)[0].toHex()).toBe(vector.hex);
      expect(encode(vector.positional).toHex()).toBe(vector.hex);
      expect(decode(bytesOf(vector.hex))).toEqual(vector.positional);
    });

    test(`${vector.name}: clients read the frame back from both subprotocols`, () => {
      expect(decodeServerFrame(bytesOf(vector.hex))).toStrictEqual(vector.frame);
      expect(readServerFrame(JSON.stringify(vector.json))).toStrictEqual(vector.frame);
    });

    test(`${vector.name}: the three kinds of JSON are as published`, () => {
      expect(objectsOf(json.encode(vector.frame))).toStrictEqual([vector.json]);
      expect(objectsOf(camel.encode(vector.frame))).toStrictEqual([...vector.camel]);
      expect(objectsOf(snake.encode(vector.frame))).toStrictEqual([...vector.snake]);
    });
  }
});
