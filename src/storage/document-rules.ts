/** What every adapter demands of a document before it writes it: one that a store refuses would come to light only there. */
import { DOCUMENT_BYTES_MAX, ITEM_KEY_BYTES_MAX } from "../base/limits.ts";

const NAME = /^[\x20-\x7e]+$/;

/** The document as JSON; `null` for one that is removed. Throws on what the caller must not ask for. */
export function documentJson(collection: string, id: string, value: object | null): string | null {
  if (!NAME.test(collection) || !NAME.test(id)) throw new RangeError(`no name of a document: ${collection} ${id}`);
  if (collection.length + id.length > ITEM_KEY_BYTES_MAX) throw new RangeError("the name of a document is too long");
  if (value === null) return null;
  const json = JSON.stringify(value);
  if (Buffer.byteLength(json) > DOCUMENT_BYTES_MAX) throw new RangeError("a document is too large");
  return json;
}
