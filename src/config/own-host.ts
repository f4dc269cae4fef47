/** How this machine's own server is called in an address, whatever it listens at. */

const EVERYWHERE: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** The host of a URL for what `HOST` says: `here` where the server listens everywhere, IPv6 in brackets. */
export function ownHost(host: string, here = "127.0.0.1"): string {
  if (EVERYWHERE.has(host)) return here;
  return host.includes(":") ? `[${host}]` : host;
}
