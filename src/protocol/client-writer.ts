/** Writes client frames as MessagePack, for clients. Nothing is checked: the server does that. */
import { CLIENT_LAYOUTS, type Place } from "./client-layouts.ts";
import type { ClientFrame } from "./frames.ts";
import { encode } from "./msgpack-compact.ts";

type Fields = Readonly<Record<string, unknown>>;

export function writeClientFrame(frame: ClientFrame): Uint8Array<ArrayBuffer> {
  const fields = frame as unknown as Fields;
  const [op, ...places] = CLIENT_LAYOUTS[frame.type];
  return encode([op, ...inPlace(["ref", "roomId", ...places], fields)]);
}

/** Trailing absent values are left out. */
function inPlace(places: readonly Place[], fields: Fields): readonly unknown[] {
  const values = places.map((place) =>
    typeof place === "string" ? fields[place] : within(place[1], fields[place[0]] as Fields | readonly Fields[]),
  );
  while (values.length > 0 && values.at(-1) === undefined) values.pop();
  return values;
}

function within(places: readonly Place[], value: Fields | readonly Fields[] | undefined): unknown {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map((item: Fields) => inPlace(places, item)) : inPlace(places, value as Fields);
}
