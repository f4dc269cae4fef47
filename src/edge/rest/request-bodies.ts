/**
 * What routes take as a body, for the OpenAPI document. Its generator leaves the content of a body empty where a plugin reads bodies
 * by itself, as all of ours do: so it is filled in from the schemas that judge them.
 */
import type { AnyElysia } from "elysia";

interface Body {
  readonly content: { readonly "application/json": { readonly schema: unknown } };
  readonly required: boolean;
}

/** By method in lower case and path as the document writes it: `post /v1/chat/rooms/{roomId}/join`. */
export function requestBodiesOf(app: AnyElysia): ReadonlyMap<string, Body> {
  const bodies = new Map<string, Body>();
  for (const { method, path, hooks } of app.routes) {
    const body: unknown = hooks?.body;
    if (typeof body !== "object" || body === null) continue;
    const schema = plain(JSON.parse(JSON.stringify(body))) as { readonly required?: readonly string[] };
    const required = (schema.required ?? []).length > 0;
    const name = `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`;
    bodies.set(name, { content: { "application/json": { schema } }, required });
  }
  return bodies;
}

/** Elysia's whole numbers are unions with numbers as text, which is for queries. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  const { anyOf, ...rest } = schema as { readonly anyOf?: readonly { readonly format?: string }[] };
  const inner = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, plain(value)]));
  if (anyOf === undefined) return inner;
  const [first, number] = anyOf;
  const isNumber = anyOf.length === 2 && (first?.format === "integer" || first?.format === "numeric");
  return isNumber ? { ...(plain(number) as object), ...inner } : { anyOf: anyOf.map(plain), ...inner };
}
