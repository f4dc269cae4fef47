/** The SDK is small, needs nothing but the platform, and runs where a page may not make code out of text. */
import { beforeAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { buildClient } from "../../support/built-client.ts";

const GZIPPED_BYTES_MAX = 14 * 1024;

let code = "";
beforeAll(async () => {
  code = await buildClient();
});

test("with its codec it has at most 14 KB, gzipped", () => {
  const bytes = gzipSync(code, { level: 9 }).length;
  expect(bytes).toBeGreaterThan(5_000);
  expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
});

test("it imports nothing, and makes no code out of text", () => {
  const wrong = [/\bimport\s*[("'{]/, /\brequire\(/, /["']node:/, /\beval\(/, /\bFunction\(/];
  expect(wrong.filter((one) => one.test(code))).toEqual([]);
});
