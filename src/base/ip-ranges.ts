/**
 * Internet addresses and ranges of them as numbers, and which of them are somebody's own network. Pure.
 * Invariant: an address that carries another one (IPv4 within IPv6) is judged as the one that it carries.
 */

export interface IpAddress {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

/** `10.0.0.0/8`: all addresses that begin with the same `length` bits. */
export interface IpRange extends IpAddress {
  readonly length: number;
}

const BITS = { 4: 32n, 6: 128n } as const;
const WORDS = 8;

/** Of an address as text, without brackets; `undefined` for what is none, also one with a zone. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    const bits = parseV4(text);
    return bits === undefined ? undefined : { version: 4, bits };
  }
  const bits = parseV6(text);
  if (bits === undefined) return undefined;
  return carried({ version: 6, bits });
}

/** A range, or one address; `undefined` for what is neither, or has bits behind its length. */
export function parseRange(text: string): IpRange | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const parsed = parseIp(address);
  if (parsed === undefined || rest.length > 0) return undefined;
  const max = Number(BITS[parsed.version]);
  if (length === undefined) return { ...parsed, length: max };
  if (!/^\d{1,3}$/.test(length) || Number(length) > max) return undefined;
  const range = { ...parsed, length: Number(length) };
  return prefixOf(parsed, range.length) << (BITS[parsed.version] - BigInt(range.length)) === parsed.bits
    ? range
    : undefined;
}

export function isIn(address: IpAddress, range: IpRange): boolean {
  return address.version === range.version && prefixOf(address, range.length) === prefixOf(range, range.length);
}

/** Reachable by everybody, as far as the lists of IANA say: nobody's own machine or network, and nobody's metadata. */
export function isPublic(address: IpAddress): boolean {
  if (address.version === 4) return !CLOSED_V4.some((range) => isIn(address, range));
  return isIn(address, GLOBAL_V6) && !CLOSED_V6.some((range) => isIn(address, range));
}

function prefixOf({ version, bits }: IpAddress, length: number): bigint {
  return bits >> (BITS[version] - BigInt(length));
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    // 010 is eight to some and ten to others.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function parseV6(text: string): bigint | undefined {
  const [left, right, ...rest] = text.split("::");
  if (left === undefined || rest.length > 0) return undefined;
  const head = wordsOf(left);
  const tail = right === undefined ? [] : wordsOf(right);
  if (head === undefined || tail === undefined) return undefined;
  const missing = WORDS - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const words = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return words.reduce((bits, word) => (bits << 16n) | BigInt(word), 0n);
}

function wordsOf(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const words: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const bits = index === parts.length - 1 ? parseV4(part) : undefined;
      if (bits === undefined) return undefined;
      words.push(Number(bits >> 16n), Number(bits & 0xffffn));
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      words.push(Number.parseInt(part, 16));
    }
  }
  return words;
}

/** IPv4 within IPv6: mapped, and as a network without IPv4 reaches it (NAT64). */
function carried(address: IpAddress): IpAddress {
  const isCarrier = isIn(address, MAPPED) || isIn(address, NAT64);
  return isCarrier ? { version: 4, bits: address.bits & 0xffff_ffffn } : address;
}

function range(version: 4 | 6, text: string): IpRange {
  const [address = "", length] = text.split("/");
  const bits = version === 4 ? parseV4(address) : parseV6(address);
  return { version, bits: bits ?? 0n, length: Number(length) };
}

const MAPPED = range(6, "::ffff:0:0/96");
const NAT64 = range(6, "64:ff9b::/96");

/** What is not for everybody, by IANA's list of special addresses; and where clouds answer with a machine's own secrets. */
const CLOSED_V4: readonly IpRange[] = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared behind a carrier's NAT; metadata of one cloud
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local; metadata of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments; metadata of one cloud
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "168.63.129.16/32", // one cloud's own service to its machines
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
].map((text) => range(4, text));

/** All that is assigned to be reached at all: without loopback, unique-local, link-local, multicast. */
const GLOBAL_V6 = range(6, "2000::/3");
const CLOSED_V6: readonly IpRange[] = [
  "2001::/23", // protocol assignments, and Teredo, which carries any IPv4 address
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, which carries any IPv4 address
  "3fff::/20", // documentation
].map((text) => range(6, text));
