import { expect, test } from "bun:test";
import { plainFileName } from "../../../src/base/file-name.ts";

test.each([
  ["a picture.png", "a picture.png"],
  ["../../etc/passwd", "passwd"],
  ["C:\\Users\\ann\\a.png", "a.png"],
  ["a\r\nSet-Cookie: x=1.png", "a__Set-Cookie: x=1.png"],
  ["a\u0000b\u0085.png", "a_b_.png"],
  ["photo\u202egnp.exe", "photo_gnp.exe"],
  ["\u2067a\u2028b", "_a_b"],
  ["صورة-😀👩‍👧.png", "صورة-😀👩‍👧.png"],
  ["\ud800.png", "\ufffd.png"],
  ["..", "file"],
  ["a/..", "file"],
  ["a/", "file"],
  [" ", "file"],
  [".env", ".env"],
])("%j is the file name %j", (given, plain) => {
  expect(plainFileName(given)).toBe(plain);
});
