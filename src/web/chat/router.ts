/** Where the page is, as its address says: `/`, `/r/<room>`, `/r/<room>?m=<message>`. */
import { signal } from "@preact/signals";

export interface Route {
  readonly roomId?: string;
  /** To be shown and marked. */
  readonly messageId?: string;
}

export const route = signal<Route>(read());

/** `replace`: going back does not come here. Nor to a panel that covered the page. */
export function go(to: Route, replace = false): void {
  const path = to.roomId === undefined ? "/" : `/r/${encodeURIComponent(to.roomId)}`;
  const query = to.messageId === undefined ? "" : `?m=${encodeURIComponent(to.messageId)}`;
  if (replace || history.state !== null) history.replaceState(null, "", path + query);
  else if (path + query !== location.pathname + location.search) history.pushState(null, "", path + query);
  route.value = to;
}

export function addressOf(roomId: string, messageId: string): string {
  return `${location.origin}/r/${encodeURIComponent(roomId)}?m=${encodeURIComponent(messageId)}`;
}

function read(): Route {
  const part = /^\/r\/([^/]+)/.exec(location.pathname)?.[1];
  if (part === undefined) return {};
  const messageId = new URLSearchParams(location.search).get("m") ?? undefined;
  return { roomId: decoded(part), ...(messageId !== undefined && { messageId }) };
}

/** Addresses can be written by hand. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

addEventListener("popstate", () => {
  route.value = read();
});
