/** What to do, for the words that systems and SQLite have. */
import { expect, test } from "bun:test";
import { isNewEnough } from "../../../src/cli/doctor/services.ts";
import { folderAdvice } from "../../../src/cli/folder-advice.ts";

test.each([
  ["ENOSPC: no space left on device, write", "make room"],
  ["database or disk is full", "make room"],
  ["EROFS: read-only file system, mkdir '/data'", "STOA_DATA_DIR"],
  ["EACCES: permission denied, open '/data/jwt-secret'", "chown"],
  ["attempt to write a readonly database", "chown"],
  ["unable to open database file", "chown"],
  ["file is not a database", "backup"],
])("of %p something can be done", (said, what) => {
  expect(folderAdvice(`The data in /data could not be opened: ${said}`)).toContain(what);
});

test("what has its own advice gets no other", () => {
  expect(folderAdvice("Port 80 may not be opened by this user. Choose one above 1023")).toBeUndefined();
  expect(folderAdvice('PORT: got "eighty"; accepted: a whole number from 0 to 65535')).toBeUndefined();
});

test.each([
  ["7.0.15", true],
  ["6.2.0", true],
  ["10.1.0", true],
  ["6.0.16", false],
  ["5.0.7", false],
  ["unknown", false],
])("Redis %s is new enough: %p", (version, isEnough) => {
  expect(isNewEnough(version)).toBe(isEnough);
});
