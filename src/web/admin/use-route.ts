/** Follows the address, and goes elsewhere in the dashboard. */
import { useEffect, useState } from "preact/hooks";
import { hrefOf, type Route, routeOf } from "./route.ts";

export function goTo(parts: readonly string[], query: Readonly<Record<string, string>> = {}): void {
  location.hash = hrefOf(parts, query);
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return routeOf(hash);
}
