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
