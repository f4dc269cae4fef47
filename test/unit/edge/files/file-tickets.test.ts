import { expect, test } from "bun:test";
import type { RoomId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { TICKET_LENGTH_MAX } from "../../../../src/base/limits.ts";
import { FileTickets, type UploadTicket } from "../../../../src/edge/files/file-tickets.ts";

const NOW = 1_700_000_000_000;
const tickets = new FileTickets("a secret for tests that is long enough");
const upload: UploadTicket = {
  kind: "upload",
  tenant: "acme" as TenantId,
  room: "r:1" as RoomId,
  id: "file_1",
  by: "ann" as UserId,
  fileName: "naïve.png",
  fileSize: 5,
  mimeType: "image/png",
  expiresAt: NOW + 1,
};
const { by: _by, ...rest } = upload;

test("a ticket says what it was made with", () => {
  expect(tickets.open("upload", tickets.seal(upload), NOW)).toEqual(upload);
  const download = { ...rest, kind: "download" } as const;
  expect(tickets.open("download", tickets.seal(download), NOW)).toEqual(download);
});

test("it is good until its time is over, and not a moment longer", () => {
  const text = tickets.seal(upload);
  expect(tickets.open("upload", text, upload.expiresAt - 1)).toBeDefined();
  expect(tickets.open("upload", text, upload.expiresAt)).toBeUndefined();
});

test("one kind is not good for the other, nor one secret's for another's", () => {
  expect(tickets.open("download", tickets.seal(upload), NOW)).toBeUndefined();
  expect(new FileTickets("another secret").open("upload", tickets.seal(upload), NOW)).toBeUndefined();
});

test("no letter of it can be changed", () => {
  const text = tickets.seal(upload);
  for (let i = 0; i < text.length; i += 1) {
    const other = text[i] === "A" ? "B" : "A";
    const changed = text.slice(0, i) + other + text.slice(i + 1);
    const opened = tickets.open("upload", changed, NOW);
    // The last letter of base64 has bits that mean nothing.
    if (opened !== undefined) expect([i, opened]).toEqual([text.length - 1, upload]);
  }
  for (const wrong of ["", ".", "..", "a.b", `${text}.x`, ` ${text}`, "A".repeat(TICKET_LENGTH_MAX + 1)]) {
    expect(tickets.open("upload", wrong, NOW)).toBeUndefined();
  }
});

test("the longest names fit", () => {
  const long = {
    ...upload,
    tenant: "t".repeat(128) as TenantId,
    room: "r".repeat(128) as RoomId,
    by: "u".repeat(128) as UserId,
    fileName: "€".repeat(255),
    mimeType: "m".repeat(127),
    fileSize: Number.MAX_SAFE_INTEGER,
  };
  const text = tickets.seal(long);
  expect(text.length).toBeLessThanOrEqual(TICKET_LENGTH_MAX);
  expect(tickets.open("upload", text, NOW)).toEqual(long);
  // Nobody seals a longer one than that; it would not be looked at.
  const fits = (letters: number): boolean =>
    tickets.seal({ ...upload, fileName: "x".repeat(letters) }).length <= TICKET_LENGTH_MAX;
  let letters = 1;
  while (fits(letters + 1)) letters += 1;
  const [last, beyond] = [letters, letters + 1].map((n) => tickets.seal({ ...upload, fileName: "x".repeat(n) }));
  expect(tickets.open("upload", last ?? "", NOW)).toBeDefined();
  expect(tickets.open("upload", beyond ?? "", NOW)).toBeUndefined();
});
