import { expect, test } from "bun:test";
import { isLoopback, networkOf, shortenedAddress, wholeAddress } from "../../../../src/edge/circle/addresses.ts";

test("an IPv6 network counts as one address", () => {
  expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
  expect(networkOf("2001:DB8:0001:2::1")).toBe("2001:db8:1:2::/64");
  expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0::/64");
  expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(networkOf("2001:db8::3:4:5:6:7")).toBe("2001:db8:0:3::/64");
  expect(networkOf("2001::2:3:4:5:6:7")).toBe("2001:0:2:3::/64");
  expect(networkOf("2001:db8:1:2:3:4:5::")).toBe("2001:db8:1:2::/64");
  expect(networkOf("2001:db8::")).toBe("2001:db8:0:0::/64");
  expect(networkOf("::2:3:4:5:6:7:8")).toBe("0:2:3:4::/64");
  expect(networkOf("::ffff:203.0.113.5")).toBe("203.0.113.5");
  expect(networkOf("203.0.113.5")).toBe("203.0.113.5");
});

test("a shortened address does not tell one household from the next", () => {
  expect(shortenedAddress("203.0.113.57")).toBe("203.0.113.0");
  expect(shortenedAddress("::ffff:203.0.113.57")).toBe("203.0.113.0");
  expect(shortenedAddress("2001:db8:12:34::1")).toBe("2001:db8:12::");
  expect(shortenedAddress("::1")).toBe("0:0:0::");
  expect([shortenedAddress(""), shortenedAddress("proxy.example")]).toEqual(["", ""]);
  expect(wholeAddress("::ffff:203.0.113.57")).toBe("203.0.113.57");
});

test("this machine is known by all of its names", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].map(isLoopback)).toEqual([true, true, true, true]);
  expect(["128.0.0.1", "::2", ""].map(isLoopback)).toEqual([false, false, false]);
});
