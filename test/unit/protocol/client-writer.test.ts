/** What the SDK writes is what the server's schema reads, place by place. */
import { expect, test } from "bun:test";
import vectors from "../../vectors/client-frames.json";
import { CLIENT_LAYOUTS, type Place } from "../../../src/protocol/client-layouts.ts";
import { writeClientFrame } from "../../../src/protocol/client-writer.ts";
import type { Field, Kind } from "../../../src/protocol/fields.ts";
import type { ClientFrame } from "../../../src/protocol/frames.ts";
import { createSchema } from "../../../src/protocol/schema.ts";

const schema = createSchema({ messageLengthMax: 10 });

function placeOf({ name, kind }: Field): Place {
  const of: Kind = kind.kind === "list" ? kind.of : kind;
  return of.kind === "record" ? [name, of.fields.map(placeOf)] : name;
}

test("the layouts of the SDK are those of the schema", () => {
  const expected = Object.fromEntries(
    Object.entries(schema).map(([type, { op, fields }]) => [type, [op, ...fields.map(placeOf)]]),
  );
  expect(CLIENT_LAYOUTS as unknown).toEqual(expected);
});

test.each(vectors.map(({ name, frame, hex }) => [name, frame, hex] as const))("%s", (_name, frame, hex) => {
  expect(Buffer.from(writeClientFrame(frame as unknown as ClientFrame)).toString("hex")).toBe(hex.replaceAll(" ", ""));
});
