/**
 * Client frames of `stoa.v1.json` as JSON Schema, out of the table that also checks them (`schema.ts`), and the words that
 * `server-schemas.ts` describes the server's frames with.
 */
import { ID_LENGTH_MAX } from "../base/limits.ts";
import type { Field, Kind } from "./fields.ts";
import type { FrameSpec } from "./schema.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

export const TEXT: JsonSchema = { type: "string" };
export const ID: JsonSchema = { type: "string", minLength: 1, maxLength: ID_LENGTH_MAX };
export const SEQ: JsonSchema = { type: "integer", minimum: 0 };
export const COUNT: JsonSchema = SEQ;
export const BOOLEAN: JsonSchema = { type: "boolean" };
export const TIME: JsonSchema = { type: "string", format: "date-time" };
export const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items });
export const mapOf = (values: JsonSchema): JsonSchema => ({ type: "object", additionalProperties: values });
export const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
export const REF: JsonSchema = {
  type: ["string", "integer"],
  description: "What the client calls the request; echoed.",
};

export function clientFrameSchema({ type, room, fields }: FrameSpec): JsonSchema {
  const properties: Record<string, JsonSchema> = { type: { const: type }, ref: REF };
  const needed = ["type"];
  if (room !== "none") properties["roomId"] = ID;
  if (room === "required") needed.push("roomId");
  addFields(fields, properties, needed);
  return { type: "object", properties, required: needed };
}

function addFields(fields: readonly Field[], properties: Record<string, JsonSchema>, needed: string[]): void {
  for (const { name, kind, required } of fields) {
    properties[name] = kindSchema(kind);
    if (required) needed.push(name);
  }
}

function kindSchema(kind: Kind): JsonSchema {
  switch (kind.kind) {
    case "string":
      return { type: "string", minLength: kind.charsMin, maxLength: kind.charsMax };
    case "url":
      return { type: "string", minLength: 1, maxLength: kind.charsMax, format: "uri-reference" };
    case "uint":
      return { type: "integer", minimum: kind.min, ...(kind.max !== undefined && { maximum: kind.max }) };
    case "boolean":
      return BOOLEAN;
    case "time":
      return { oneOf: [TIME, { type: "integer", minimum: 0, description: "Milliseconds since 1970." }] };
    case "enum":
      return { enum: kind.values };
    case "id":
      return ID;
    case "list":
      return { type: "array", items: kindSchema(kind.of), minItems: kind.itemsMin, maxItems: kind.itemsMax };
    case "record": {
      const properties: Record<string, JsonSchema> = {};
      const needed: string[] = [];
      addFields(kind.fields, properties, needed);
      return { type: "object", properties, required: needed };
    }
    case "positions":
      return { type: "object", additionalProperties: SEQ, maxProperties: kind.roomsMax };
  }
}
