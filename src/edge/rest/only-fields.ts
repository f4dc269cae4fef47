/**
 * Bodies of settings and terms may have the fields of their schema and no others. Elysia passes over what a schema does not name: an
 * invite with a misspelt `maxUses` would be good for everybody. Messages may bring what their app needs, as frames may.
 */
import { RequestRejected } from "./json-body.ts";

/** For a route's `transform`: before its body is judged. */
export function onlyFields({
  properties,
}: {
  readonly properties: object;
}): (context: { readonly body: unknown }) => void {
  const names = new Set(Object.keys(properties));
  const known = [...names].join(", ");
  return ({ body }) => {
    if (typeof body !== "object" || body === null) return;
    for (const field of Object.keys(body)) {
      if (names.has(field)) continue;
      const message = `There is no field "${field.slice(0, FIELD_SHOWN_MAX)}" here; there are ${known}.`;
      throw new RequestRejected({ code: "invalid_field", field: field.slice(0, FIELD_SHOWN_MAX), message });
    }
  };
}

const FIELD_SHOWN_MAX = 100;

/** The body of a route whose other fields are refused: to be spread among what the route takes. */
export function strictBody<Body extends { readonly properties: object }>(body: Body) {
  return { body, transform: onlyFields(body) };
}
