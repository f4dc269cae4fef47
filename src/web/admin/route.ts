/** Where one is in the dashboard: behind the `#` of the address, so that back, forward and links work, and the server never sees it. */

export interface Route {
  /** `rooms/r1` → ["rooms", "r1"]. */
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter((part) => part !== "");
  return { parts: parts.map(decoded), query: Object.fromEntries(new URLSearchParams(query)) };
}

export function hrefOf(parts: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}
