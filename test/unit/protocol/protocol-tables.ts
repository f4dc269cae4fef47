/**
 * The tables of docs/PROTOCOL.md, as the code has them. The document's test compares; run this file to write them anew:
 * `bun test/unit/protocol/protocol-tables.ts`.
 */
import { MESSAGE_LENGTH_DEFAULT } from "../../../src/base/limits.ts";
import { CLOSE_CODES, ERRORS } from "../../../src/protocol/errors.ts";
import type { Kind } from "../../../src/protocol/fields.ts";
import { EVENT_LAYOUTS, type Layout, SERVER_LAYOUTS } from "../../../src/protocol/layouts.ts";
import { createSchema, type FrameSpec } from "../../../src/protocol/schema.ts";

export const DOCUMENT = new URL("../../../docs/PROTOCOL.md", import.meta.url);

const code = (text: string | number): string => `\`${text}\``;
const yes = (value: boolean): string => (value ? "yes" : "no");

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function kindText(kind: Kind): string {
  switch (kind.kind) {
    case "string":
      return `string, ${kind.charsMin} to ${kind.charsMax} characters`;
    case "url":
      return `http(s) URL or path, at most ${kind.charsMax} characters`;
    case "uint":
      return `whole number, ${kind.max === undefined ? `at least ${kind.min}` : `${kind.min} to ${kind.max}`}`;
    case "time":
      return "point in time";
    case "boolean":
      return "true or false";
    case "enum":
      return kind.values.map(code).join(", ");
    case "id":
      return "id";
    case "list":
      return `list of ${kind.itemsMin} to ${kind.itemsMax}: ${kindText(kind.of)}`;
    case "record":
      return `[${kind.fields.map(({ name, required }) => name + (required ? "" : "?")).join(", ")}]`;
    case "positions":
      return `map of room id to sequence, at most ${kind.roomsMax}`;
  }
}

function fieldsTable({ room, fields }: FrameSpec): string {
  const rows: (string | number)[][] = [];
  if (room !== "none") rows.push([2, code("roomId"), "id", yes(room === "required")]);
  rows.push(...fields.map(({ name, kind, required }, i) => [i + 3, code(name), kindText(kind), yes(required)]));
  return rows.length === 0 ? "No fields." : table(["position", "field", "value", "required"], rows);
}

function layoutText(layout: Layout): string {
  return layout
    .map(({ name, layout: inner, many }) => {
      if (inner === undefined) return name;
      const record = `${name} [${layoutText(inner)}]`;
      return many === undefined ? record : `${name}: ${many} of [${layoutText(inner)}]`;
    })
    .join(", ");
}

/** Markdown by the name that the document calls the table. */
export function protocolTables(): ReadonlyMap<string, string> {
  const specs = Object.values(createSchema({ messageLengthMax: MESSAGE_LENGTH_DEFAULT }));
  const tables = new Map<string, string>();
  for (const spec of specs) tables.set(`client ${spec.type}`, fieldsTable(spec));
  tables.set(
    "client operations",
    table(
      ["operation", "type"],
      specs.map(({ op, type }) => [op, `[${code(type)}](#${type})`]),
    ),
  );
  tables.set(
    "server operations",
    table(
      ["operation", "type", "fields from position 3"],
      Object.entries(SERVER_LAYOUTS).map(([type, { no, layout }]) => [
        no,
        code(type),
        type === "events" ? "after, head, events" : layoutText(layout),
      ]),
    ),
  );
  tables.set(
    "event kinds",
    table(
      ["kind", "type", "fields from position 3"],
      Object.entries(EVENT_LAYOUTS).map(([type, { no, layout }]) => [no, code(type), layoutText(layout)]),
    ),
  );
  tables.set(
    "errors",
    table(
      ["code", "temporary", "HTTP status", "meaning"],
      Object.entries(ERRORS).map(([name, { temporary, http, message }]) => [code(name), yes(temporary), http, message]),
    ),
  );
  tables.set(
    "close codes",
    table(
      ["code", "reason", "reconnect"],
      Object.values(CLOSE_CODES).map(({ code: number, reason, reconnect }) => [number, reason, yes(reconnect)]),
    ),
  );
  return tables;
}

/** A table stands in the document between two marks. */
const BLOCK = /<!-- table: ([^>]+) -->\n([\s\S]*?)<!-- end -->/g;

export function tablesOf(document: string): ReadonlyMap<string, string> {
  return new Map([...document.matchAll(BLOCK)].map(([, name = "", body = ""]) => [name, body.trim()]));
}

if (import.meta.main) {
  const tables = protocolTables();
  const document = await Bun.file(DOCUMENT).text();
  await Bun.write(
    DOCUMENT,
    document.replace(BLOCK, (_, name: string) => `<!-- table: ${name} -->\n\n${tables.get(name)}\n\n<!-- end -->`),
  );
}
