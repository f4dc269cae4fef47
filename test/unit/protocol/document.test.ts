/** docs/PROTOCOL.md says what the code does. */
import { expect, test } from "bun:test";
import { createCodecs } from "../../../src/protocol/codecs.ts";
import { DOCUMENT, protocolTables, tablesOf } from "./protocol-tables.ts";

const document = await Bun.file(DOCUMENT).text();
const [msgpack, json, , snake] = createCodecs();

test("the document has each table of the code, and no other", () => {
  expect(Object.fromEntries(tablesOf(document))).toEqual(Object.fromEntries(protocolTables()));
});

/** Lines of the fenced blocks of a language. */
function examples(language: string): readonly string[] {
  const blocks = [...document.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))];
  return blocks.flatMap(([, body = ""]) => body.split("\n").filter((line) => line !== ""));
}

test("each client frame shown is one that the codec accepts", () => {
  const shown = { json: examples("json client"), snake: examples("json snake") };
  expect(shown.json.length).toBeGreaterThan(14);
  expect(shown.snake.length).toBeGreaterThan(4);
  for (const line of shown.json) expect(json.decode(line)).toMatchObject({ ok: true });
  for (const line of shown.snake) expect(snake.decode(line)).toMatchObject({ ok: true });
});

test("the bytes shown are those of the frame shown", () => {
  const [text = "", positional = "", bytes = ""] = examples("text bytes");
  const frame = json.decode(text);
  if (!frame.ok) throw new Error(frame.error.message);
  expect(msgpack.encodeClientFrame(frame.value).toHex()).toBe(bytes.replaceAll(" ", ""));
  expect(msgpack.decode(Uint8Array.fromHex(bytes.replaceAll(" ", "")))).toEqual(frame);
  expect(JSON.parse(positional)[0]).toBe(20);
});
