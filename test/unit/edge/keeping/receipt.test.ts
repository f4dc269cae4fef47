import { expect, test } from "bun:test";
import { Receipts } from "../../../../src/edge/keeping/receipt.ts";

const receipts = new Receipts("a secret that is long enough for all of this");
const REPORT = { tenant: "acme", counts: { messages: 3 }, remains: [{ what: "ü", why: "…" }] };

test("a receipt is read back by whoever has the secret, and by nobody else", () => {
  const receipt = receipts.sign(REPORT);
  expect(receipts.verify(receipt)).toEqual(REPORT);
  expect(new Receipts("a secret that is long enough for all of this").verify(receipt)).toEqual(REPORT);
  expect(new Receipts("another secret that is long enough for this").verify(receipt)).toBeUndefined();
});

test("a receipt with any character changed is none, nor is anything else", () => {
  const receipt = receipts.sign(REPORT);
  for (let at = 0; at < receipt.length; at += 1) {
    const other = receipt[at] === "A" ? "B" : "A";
    expect(receipts.verify(receipt.slice(0, at) + other + receipt.slice(at + 1))).toBeUndefined();
  }
  for (const wrong of ["", ".", "..", "a.b.c", `${receipt}.`, receipt.slice(0, -1)]) {
    expect(receipts.verify(wrong)).toBeUndefined();
  }
});

test("a signature is written in one way, and is whole", () => {
  const receipt = receipts.sign(REPORT);
  const [body, last] = [receipt.slice(0, -1), receipt.slice(-1)];
  // 43 characters for 32 bytes: of the last one two bits are nobody's.
  for (const other of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=") {
    if (other !== last) expect(receipts.verify(body + other)).toBeUndefined();
  }
  const [header = "", payload = "", signature = ""] = receipt.split(".");
  const bytes = Buffer.from(signature, "base64url");
  for (const cut of [bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([bytes, bytes])]) {
    expect(receipts.verify(`${header}.${payload}.${cut.toString("base64url")}`)).toBeUndefined();
  }
});
