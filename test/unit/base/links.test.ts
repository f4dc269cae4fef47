import { expect, test } from "bun:test";
import { isLink } from "../../../src/base/links.ts";

test.each(["https://a.example/x y", "HTTP://a", "/a", "/", "/a\\b", "/a//b"])("%j is a link", (text) => {
  expect(isLink(text)).toBe(true);
});

test.each([
  "",
  "javascript:alert(1)",
  " javascript:alert(1)",
  "JaVaScRiPt://x%0aalert(1)",
  "data:text/html,x",
  "//host",
  "/\\host",
  "/\t/host",
  "https:///\n/host",
  "https:host",
  "https:// a",
  "a",
])("%j is none", (text) => {
  expect(isLink(text)).toBe(false);
});
