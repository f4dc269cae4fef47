/** The keys by which push services know an installation: made once, kept, and never half of them. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isPair, loadOrCreateVapid, makeVapid, vapidOf } from "../../../../src/integrations/notify/vapid.ts";
import { runServerToExit } from "../../../support/server.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

test("they are made at the first start and the same ever after, for nobody else to read", () => {
  const folder = temporaryFolder();
  const first = vapidOf(undefined, join(folder.path, "data"));
  expect(isPair(first)).toBe(true);
  expect(vapidOf(undefined, join(folder.path, "data"))).toEqual(first);
  expect(readdirSync(join(folder.path, "data"))).toEqual(["vapid.json"]);
  expect(statSync(join(folder.path, "data/vapid.json")).mode & 0o077).toBe(0);
  const given = makeVapid();
  expect(vapidOf(given, join(folder.path, "data"))).toEqual(given);
  folder.remove();
});

test("a file that holds no pair is not overwritten: browsers were subscribed with what it held", () => {
  const folder = temporaryFolder();
  const path = join(folder.path, "vapid.json");
  const half = JSON.stringify({ ...makeVapid(), publicKey: makeVapid().publicKey });
  for (const text of ["", "{}", half]) {
    writeFileSync(path, text);
    expect(() => loadOrCreateVapid(folder.path)).toThrow();
    expect(readFileSync(path, "utf8")).toBe(text);
  }
  folder.remove();
});

test("many pairs are each as long as they are to be", () => {
  for (let i = 0; i < 300; i += 1) {
    const { publicKey, privateKey } = makeVapid();
    expect([publicKey.length, privateKey.length]).toEqual([87, 43]);
  }
});

test("a server whose keys do not belong together says so, and does not start", async () => {
  const { code, output } = await runServerToExit({
    STOA_WEB_PUSH_CONTACT: "mailto:ops@example.org",
    STOA_VAPID_PUBLIC_KEY: makeVapid().publicKey,
    STOA_VAPID_PRIVATE_KEY: makeVapid().privateKey,
  });
  expect(code).toBe(1);
  expect(output).toContain("do not belong together");
});
