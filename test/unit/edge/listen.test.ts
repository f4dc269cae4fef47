/** Why a port is not opened, with what to do. */
import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { listen } from "../../../src/edge/listen.ts";

test("a host that is another machine's is named, and what to set", () => {
  // An address that no machine has: it is for documents.
  const opened = listen(new Elysia(), { host: "192.0.2.1", port: 0 });
  expect(opened).toEqual({ ok: false, error: expect.stringContaining("192.0.2.1 is no address of this machine") });
});
