/** Clients' addresses: as networks, for counting, and shortened, for showing. Pure. */

/** What of an address administrators are shown. */
export type ShownAddress = (address: string) => string;

export const wholeAddress: ShownAddress = (address) => withoutMapping(address);

/** Without what tells one household or desk from the next: the last byte of IPv4, all but 48 bits of IPv6. */
export const shortenedAddress: ShownAddress = (address) => {
  const plain = withoutMapping(address);
  if (plain === "") return "";
  const quad = /^(\d+\.\d+\.\d+)\.\d+$/.exec(plain);
  if (quad?.[1] !== undefined) return `${quad[1]}.0`;
  return plain.includes(":") ? `${groupsOf(plain, 3)}::` : "";
};

/** Whose attempts count together. Of IPv6 the first 64 bits: whoever has one address has all of them. */
export function networkOf(address: string): string {
  const plain = withoutMapping(address);
  return plain.includes(":") ? `${groupsOf(plain, 4)}::/64` : plain;
}

/** A proxy on this machine, or somebody who could do worse. */
export function isLoopback(address: string): boolean {
  return address === "::1" || withoutMapping(address).startsWith("127.");
}

function withoutMapping(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** The first groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string, count: number): string {
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...new Array<string>(zeros).fill("0"), ...last].slice(0, count);
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, "")).join(":");
}
