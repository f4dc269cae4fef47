/** Looks into values of unknown shape: `textAt(frame, "message.content")`. Fails with the path when the shape is another. */

/** The value at a path of names and list indexes; `undefined` where the path ends early. */
export function at(value: unknown, path: string): unknown {
  let here = value;
  for (const part of path.split(".")) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string, unknown>)[part];
  }
  return here;
}

export function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  if (typeof found === "string") return found;
  throw new Error(`no text at ${path} in ${JSON.stringify(value)}`);
}

export function numberAt(value: unknown, path: string): number {
  const found = at(value, path);
  if (typeof found === "number") return found;
  throw new Error(`no number at ${path} in ${JSON.stringify(value)}`);
}

export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = at(value, path);
  if (Array.isArray(found)) return found;
  throw new Error(`no list at ${path} in ${JSON.stringify(value)}`);
}
