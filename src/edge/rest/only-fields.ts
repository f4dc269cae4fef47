/**
 * Bodies of settings and terms may have the fields of their schema and no others, at every depth, and lists where it has lists.
 * Elysia passes over what a schema does not name: an invite with a misspelt `maxUses` would be good for everybody, a rule with
 * misspelt `words` for nothing.
 * Messages may bring what their app needs, as frames may.
 */
import { invalidField, listText } from "./envelope.ts";
import { RequestRejected } from "./json-body.ts";

/** What of a schema says which fields there may be. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** What is wrong, and where: there is no such field, or it is no list. */
type Wrong =
  | { readonly path: string; readonly known: readonly string[] }
  | { readonly path: string; readonly list: Shape };

const FIELD_SHOWN_MAX = 100;

/**
 * For a route's `transform`: before its body is judged. `given`: fields that its GET shows beside those that can be set; they are
 * passed over, so that what was read can be sent back.
 */
export function onlyFields(
  schema: { readonly properties: object },
  given: readonly string[] = [],
): (context: { readonly body: unknown }) => void {
  const shape = schema as Shape;
  const passed = new Set(given);
  return ({ body }) => {
    const wrong = isFields(body) ? unknownIn(shape, body, "", passed) : undefined;
    if (wrong === undefined) return;
    const field = wrong.path.slice(0, FIELD_SHOWN_MAX);
    if ("list" in wrong) throw new RequestRejected(invalidField(field, listText(wrong.list)));
    const message = `There is no field "${field}" here; there are ${wrong.known.join(", ")}.`;
    throw new RequestRejected({ code: "invalid_field", field, message });
  };
}

/**
 * The first one that has no name in the schema, or should be a list and is none: Elysia would make one of it. What else is of
 * another shape than the schema's is for the schema to refuse.
 */
function unknownIn(shape: Shape, value: unknown, path: string, passed?: ReadonlySet<string>): Wrong | undefined {
  if (shape.anyOf !== undefined) return unknownInAll(shape.anyOf, value, path);
  const { properties, items } = shape;
  if (Array.isArray(value)) return items === undefined ? undefined : unknownInList(items, value, path);
  if (items !== undefined) return { path, list: shape };
  if (properties === undefined || !isFields(value)) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const at = path === "" ? name : `${path}.${name}`;
    if (known === undefined && passed?.has(name) !== true) return { path: at, known: Object.keys(properties) };
    const wrong = known === undefined ? undefined : unknownIn(known, inner, at);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function unknownInList(shape: Shape, list: readonly unknown[], path: string): Wrong | undefined {
  for (const [i, one] of list.entries()) {
    const wrong = unknownIn(shape, one, `${path}.${i}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Only where no choice of this shape knows all fields. */
function unknownInAll(choices: readonly Shape[], value: unknown, path: string): Wrong | undefined {
  let first: Wrong | undefined;
  for (const choice of choices) {
    if (!isOfShape(choice, value)) continue;
    const wrong = unknownIn(choice, value, path);
    if (wrong === undefined) return undefined;
    first ??= wrong;
  }
  return first;
}

function isOfShape({ properties, items, anyOf }: Shape, value: unknown): boolean {
  if (anyOf !== undefined) return anyOf.some((choice) => isOfShape(choice, value));
  return Array.isArray(value) ? items !== undefined : properties !== undefined && isFields(value);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The body of a route whose other fields are refused: to be spread among what the route takes. */
export function strictBody<Body extends { readonly properties: object }>(body: Body, given: readonly string[] = []) {
  return { body, transform: onlyFields(body, given) };
}
