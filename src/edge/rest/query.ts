/**
 * What an address asks for. `Request.url` has the client's `Host` in it, whatever that says: an address that cannot be parsed has a
 * query nevertheless, and nothing here throws.
 */
export function queryOf(url: string): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
}
