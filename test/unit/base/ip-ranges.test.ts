/** Addresses as numbers: every spelling that means one's own network is seen as that. */
import { describe, expect, test } from "bun:test";
import { isIn, isPublic, parseIp, parseRange } from "../../../src/base/ip-ranges.ts";

/** Throws on what is no address. */
function isForAll(text: string): boolean {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`no address: ${text}`);
  return isPublic(ip);
}

describe("what everybody can reach", () => {
  const OWN = [
    ...["0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1"],
    ...["127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1"],
    ...["192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "168.63.129.16"],
    ...["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
    ...["::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:a9fe:a9fe"],
    ...["::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"],
    ...["2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fec0::1", "4000::1"],
  ];
  for (const text of OWN) {
    test(`does not include ${text}`, () => expect(isForAll(text)).toBe(false));
  }
  const PUBLIC = [
    ...["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1"],
    ...["172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255", "8.8.8.8"],
    ...["2606:4700::1111", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
  ];
  for (const text of PUBLIC) {
    test(`includes ${text}`, () => expect(isForAll(text)).toBe(true));
  }
});

test("what is no address is none, also where a resolver would make one of it", () => {
  const none = ["", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "0x7f.0.0.1", "1.2.3.4 ", "localhost"];
  const noneOf6 = [":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "fe80::1%eth0", "g::1", "::1.2.3"];
  for (const text of [...none, ...noneOf6, "1:2:3:4:5:6:7::8", "::1.2.3.4:1", "12345::"]) {
    expect([text, parseIp(text)]).toEqual([text, undefined]);
  }
});

test("a range has the addresses that begin like it, and no bits behind its length", () => {
  const range = parseRange("10.1.0.0/16");
  const [inside, outside] = [parseIp("10.1.255.255"), parseIp("10.2.0.0")];
  if (range === undefined || inside === undefined || outside === undefined) throw new Error("not parsed");
  expect([isIn(inside, range), isIn(outside, range)]).toEqual([true, false]);
  expect(parseRange("127.0.0.1")?.length).toBe(32);
  expect(parseRange("fd00::/8")?.length).toBe(8);
  expect(parseRange("0.0.0.0/0")?.length).toBe(0);
  for (const wrong of ["10.1.2.3/16", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/8/8", "host", "fd00::1/8"]) {
    expect([wrong, parseRange(wrong)]).toEqual([wrong, undefined]);
  }
});
