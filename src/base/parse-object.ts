/** JSON of others, where anything but an object means as little as what cannot be read. */

/** `undefined`: not a JSON object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON is no answer, as anything else that cannot be read.
    return undefined;
  }
}
