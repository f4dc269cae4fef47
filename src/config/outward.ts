/** The part of the configuration that says which addresses within one's own network users and tenants may choose. */
import { type IpRange, parseRange } from "../base/ip-ranges.ts";
import { OUTWARD_ALLOWED_MAX } from "../base/limits.ts";
import type { EnvReader } from "./env-reader.ts";

export interface OutwardConfig {
  readonly ranges: readonly IpRange[];
  /** In small letters. */
  readonly hosts: readonly string[];
}

const NAME = "STOA_OUTWARD_ALLOW";
const HOST = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

export function readOutward(reader: EnvReader): OutwardConfig {
  const ranges: IpRange[] = [];
  const hosts: string[] = [];
  const entries = (reader.raw(NAME) ?? "")
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "");
  for (const entry of entries) {
    const range = parseRange(entry);
    if (range !== undefined) ranges.push(range);
    // A name of digits and dots alone is a mistyped address.
    else if (HOST.test(entry) && !/^[\d.]+$/.test(entry)) hosts.push(entry);
    else reader.complain(NAME, "addresses, ranges (10.1.0.0/16) and names of hosts, separated by commas");
  }
  if (entries.length > OUTWARD_ALLOWED_MAX) reader.complain(NAME, `at most ${OUTWARD_ALLOWED_MAX} entries`);
  return { ranges, hosts };
}
