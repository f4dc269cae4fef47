import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Result } from "../../src/base/result.ts";
import { S3Blobs } from "../../src/storage/s3/s3-blobs.ts";
import { type S3Server, settingsOf, startS3 } from "../support/s3-server.ts";
import { blobConformance, fileKey } from "./blob-suite.ts";

let server: S3Server;

beforeAll(async () => {
  server = await startS3();
});
afterAll(() => server.stop());

async function empty(blobs: S3Blobs): Promise<void> {
  for await (const { tenant, room } of blobs.walk()) await blobs.removeRoom(tenant, room);
}

blobConformance("files in a bucket", async () => {
  const open = () => new S3Blobs(settingsOf(server));
  return { blobs: open(), reopen: open, close: () => empty(open()) };
});

async function addressOf(made: Promise<Result<string, string>>): Promise<string> {
  const url = await made;
  if (!url.ok) throw new Error(url.error);
  return url.value;
}

test("keys that change are used from then on, and where there are none nothing is known", async () => {
  let no = 1;
  const settings = { ...settingsOf(server), keys: undefined };
  const blobs = new S3Blobs(settings, async () => ({
    accessKeyId: `key${no}`,
    secretAccessKey: "s",
    sessionToken: "t",
  }));
  const key = fileKey("file_k");
  expect(await addressOf(blobs.uploadUrl(key, 60))).toContain("key1");
  no = 2;
  const url = await addressOf(blobs.uploadUrl(key, 60));
  expect([url.includes("key2"), url.includes("X-Amz-Security-Token=t")]).toEqual([true, true]);
  const without = new S3Blobs(settings, () => Promise.reject(new Error("no role")));
  expect(await without.uploadUrl(key, 60)).toEqual({ ok: false, error: "unavailable" });
  expect(await without.received(key)).toEqual({ ok: false, error: "unavailable" });
});

test("a client puts a whole upload by its address, and fetches the blob by another one, as what it is said to be", async () => {
  const blobs = new S3Blobs(settingsOf(server));
  const key = fileKey("file_z");
  const put = await fetch(await addressOf(blobs.uploadUrl(key, 60)), { method: "PUT", body: "hello" });
  expect(put.status).toBe(200);
  expect(await blobs.received(key)).toEqual({ ok: true, value: 5 });
  expect(await blobs.keep(key, 5)).toEqual({ ok: true, value: true });
  const delivery = { mimeType: "text/plain", disposition: 'attachment; filename="a.txt"', expiresInSeconds: 60 };
  const got = await fetch(await addressOf(blobs.downloadUrl(key, delivery)), { headers: { range: "bytes=1-2" } });
  expect([got.status, await got.text()]).toEqual([206, "el"]);
  expect(got.headers.get("content-type")).toBe("text/plain");
  expect(got.headers.get("content-disposition")).toBe('attachment; filename="a.txt"');
  // What is put afterwards by the same address changes nothing.
  await fetch(await addressOf(blobs.uploadUrl(key, 60)), { method: "PUT", body: "other" });
  expect(await (await fetch(await addressOf(blobs.downloadUrl(key, delivery)))).text()).toBe("hello");
  await empty(blobs);
});

test("a bucket that is not reached is no bucket without the file", async () => {
  const away = new S3Blobs({ ...settingsOf(server), endpoint: "http://127.0.0.1:1" });
  expect(await away.received(fileKey("file_a"))).toEqual({ ok: false, error: "unavailable" });
  expect(await away.read(fileKey("file_a"))).toEqual({ ok: false, error: "unavailable" });
});
