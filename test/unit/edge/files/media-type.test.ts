import { describe, expect, test } from "bun:test";
import { contradicts, HEAD_BYTES, isShownInPlace, mediaTypeOf } from "../../../../src/edge/files/media-type.ts";
import { keepsTo } from "../../../support/in-time.ts";

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))));

describe("what a file is, by its first bytes", () => {
  test.each([
    ["PNG", bytes([0x89], "PNG\r\n", [0x1a], "\n"), "", "image/png"],
    ["JPEG", bytes([0xff, 0xd8, 0xff, 0xe0]), "image/png", "image/jpeg"],
    ["GIF", bytes("GIF89a"), "", "image/gif"],
    ["WebP", bytes("RIFF", [1, 0, 0, 0], "WEBPVP8 "), "", "image/webp"],
    ["what only looks like WebP", bytes("XXXX", [1, 0, 0, 0], "WEBP"), "image/webp", "application/octet-stream"],
    ["AVIF", bytes([0, 0, 0, 28], "ftypavif"), "", "image/avif"],
    ["MP4", bytes([0, 0, 0, 28], "ftypisom"), "", "video/mp4"],
    ["sound in MP4", bytes([0, 0, 0, 28], "ftypisom"), "audio/mp4", "audio/mp4"],
    ["WebM, sound by what is said", bytes([0x1a, 0x45, 0xdf, 0xa3]), "audio/webm", "audio/webm"],
    ["MP3 with a tag", bytes("ID3", [4]), "", "audio/mpeg"],
    ["a frame of MP3", bytes([0xff, 0xfb, 0x90, 0x64]), "", "audio/mpeg"],
    ["AAC", bytes([0xff, 0xf1, 0x50, 0x80]), "", "audio/aac"],
    ["Opus", bytes("OggS", [0]), "audio/opus", "audio/opus"],
    ["PDF", bytes("%PDF-1.7"), "text/html", "application/pdf"],
    [
      "a document in ZIP",
      bytes("PK", [3, 4]),
      "application/vnd.oasis.opendocument.text",
      "application/vnd.oasis.opendocument.text",
    ],
    ["ZIP that is said to be a page", bytes("PK", [3, 4]), "text/html", "application/zip"],
    ["a program", bytes("MZ", [0x90, 0]), "image/png", "application/x-msdownload"],
    ["text", bytes("Hello, world\n"), "", "text/plain"],
    ["a table", bytes("a,b\n1,2\n"), "text/csv", "text/csv"],
    ["text that is said to be a page", bytes("Hello"), "text/html", "text/plain"],
    ["JSON", bytes('{"a":1}'), "application/json; charset=utf-8", "application/json"],
    ["a page", bytes("<!DOCTYPE html><p>x"), "text/plain", "text/html"],
    ["a page after spaces and a comment", bytes("  \n<!-- x --><ScRiPt>"), "text/plain", "text/html"],
    ["a page that is said to be a table", bytes("<html>"), "text/csv", "text/html"],
    ["a picture that can run", bytes('<?xml version="1.0"?><svg xmlns="x">'), "image/png", "image/svg+xml"],
    ["the same after a doctype", bytes("<!DOCTYPE svg><svg>"), "text/plain", "image/svg+xml"],
    ["the same after text", bytes("x <svg onload=1>"), "text/plain", "image/svg+xml"],
    ["XML", bytes("<?xml version='1.0'?><note/>"), "text/plain", "application/xml"],
    [
      "a page in two bytes a letter",
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("<html>", "utf16le")]),
      "",
      "text/html",
    ],
    ["bytes", bytes([0, 1, 2, 3, 250]), "text/plain", "application/octet-stream"],
    ["nothing", new Uint8Array(), "image/png", "text/plain"],
  ])("%s", (_, head, declared, type) => {
    expect(mediaTypeOf(head, declared)).toBe(type);
  });

  test("a letter that the end of what is looked at cuts in two is text all the same", () => {
    const text = new TextEncoder().encode("é".repeat(HEAD_BYTES)).subarray(0, HEAD_BYTES - 1);
    expect(mediaTypeOf(text, "")).toBe("text/plain");
  });

  test("much that begins like markup takes no time", async () => {
    await keepsTo(500, () => {
      const startMs = performance.now();
      for (const text of ["<!--", "<?xml ", " ", "<!doctype a "])
        mediaTypeOf(bytes(text.repeat(HEAD_BYTES / text.length)), "");
      return performance.now() - startMs;
    });
  });
});

test("what is said to be a picture, a sound or a film must be one", () => {
  expect(contradicts("image/png", "image/jpeg")).toBe(false);
  expect(contradicts("image/png", "text/html")).toBe(true);
  expect(contradicts("Audio/MPEG; x=1", "video/mp4")).toBe(true);
  expect(contradicts("application/octet-stream", "text/html")).toBe(false);
});

test("what can run is never shown in place", () => {
  expect(["image/png", "video/mp4", "audio/ogg"].map(isShownInPlace)).toEqual([true, true, true]);
  expect(["image/svg+xml", "text/html", "application/pdf", "text/plain"].map(isShownInPlace)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
