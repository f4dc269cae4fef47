import { expect, test } from "bun:test";
import { ownHost } from "../../../src/config/own-host.ts";

test("a server that listens everywhere is found on this machine, and an IPv6 address stands in brackets", () => {
  for (const everywhere of ["0.0.0.0", "::"]) {
    expect(ownHost(everywhere)).toBe("127.0.0.1");
    expect(ownHost(everywhere, "localhost")).toBe("localhost");
  }
  for (const [host, shown] of [
    ["::1", "[::1]"],
    ["10.1.2.3", "10.1.2.3"],
    ["chat.internal", "chat.internal"],
  ] as const) {
    expect(ownHost(host)).toBe(shown);
    expect(new URL(`http://${ownHost(host)}:8080/`).port).toBe("8080");
  }
});
