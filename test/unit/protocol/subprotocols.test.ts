/** Which codec a client gets from what it offers. */
import { expect, test } from "bun:test";
import { CODECS } from "../../../src/protocol/codec.ts";
import { codecOfSubprotocol, createCodecs } from "../../../src/protocol/codecs.ts";

test("the first known subprotocol of the list is chosen, whatever else is offered", () => {
  expect(codecOfSubprotocol("stoa.v1.msgpack")).toEqual({ id: CODECS.msgpack, name: "stoa.v1.msgpack" });
  expect(codecOfSubprotocol("bearer.abc, stoa.v1.json , stoa.v1.msgpack")).toEqual({
    id: CODECS.json,
    name: "stoa.v1.json",
  });
});

test("nothing is chosen from an absent, empty or unknown list", () => {
  for (const header of [undefined, null, "", ",", "graphql-ws", "STOA.V1.JSON", "stoa.v1"]) {
    expect(codecOfSubprotocol(header)).toBeUndefined();
  }
});

test("codecs stand at their numbers, and say whether they write text", () => {
  const codecs = createCodecs();
  expect(codecs.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
  expect(codecs.map(({ text }) => text)).toEqual([false, true, true, true]);
});
