/** Attribute values by hand: half the cost of the document client, and nothing is guessed about types. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

export type Item = Record<string, AttributeValue>;

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export function text(value: string): AttributeValue {
  return { S: value };
}

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

export function binary(value: Uint8Array): AttributeValue {
  return { B: value };
}

export function keyOf({ pk, sk }: ItemKey): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

export function textIn(item: Item, name: string): string | undefined {
  return item[name]?.S;
}

export function numberIn(item: Item, name: string): number | undefined {
  const digits = item[name]?.N;
  return digits === undefined ? undefined : Number(digits);
}

export function bytesIn(item: Item, name: string): Uint8Array | undefined {
  return item[name]?.B;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** JSON escapes lone surrogates, so any text survives. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function fromJsonBytes<Value>(bytes: Uint8Array): Value {
  return JSON.parse(decoder.decode(bytes)) as Value;
}
