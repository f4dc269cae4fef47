/** The conversations of docs/PROTOCOL.md: what is typed is typed, and what it shows as answers has the same fields in the same order. */
import { expect } from "bun:test";
import type { Case, Cases } from "./case.ts";
import type { Reader } from "./reader.ts";
import { linesOf, withToken } from "./readme-cases.ts";
import type { Terminal } from "./terminal.ts";

const SSE = "docs/PROTOCOL.md#server-sent-events:1";
const ROOM = "room_general";

interface Session {
  readonly terminal: Terminal;
  readonly token: string;
}

/** Somebody with a token and the room of the examples. */
function session(reader: Reader): Promise<Session> {
  return reader.once("protocol", async () => {
    await withToken(reader);
    const terminal = await reader.terminal();
    await terminal.run("TOKEN=$(npm run --silent token -- --user usr_9 --name Nine)");
    const token = (await terminal.run('echo "$TOKEN"')).trim();
    await post(reader, token, "", { roomId: ROOM, name: "General", type: "public" });
    return { terminal, token };
  });
}

async function post(reader: Reader, token: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${reader.http}/v1/chat/rooms${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
}

const say = (reader: Reader, token: string) => post(reader, token, `/${ROOM}/messages`, { content: "Hello" });

/** Field by field, with the types of frames. */
function shapeOf(json: string): readonly string[] {
  return json.match(/"type":"\w+"|"\w+":/g) ?? [];
}

/** Each line that a document shows is there, in this order, with at least these fields in this order. */
function expectShown(printed: string, shown: readonly string[]): void {
  const lines = linesOf(printed);
  let from = 0;
  for (const line of shown) {
    const found = lines.findIndex((actual, i) => i >= from && hasShape(actual, shapeOf(line)));
    if (found < 0) throw new Error(`nothing printed looks like\n${line}\nin\n${lines.slice(from).join("\n")}`);
    from = found + 1;
  }
}

function hasShape(actual: string, wanted: readonly string[]): boolean {
  let next = 0;
  for (const part of shapeOf(actual)) if (part === wanted[next]) next += 1;
  return next === wanted.length;
}

const isJson = (line: string): boolean => /^(?:[<] |data: )?\{/.test(line);

const CONVERSATION: Case = {
  async run(reader, id) {
    const { terminal, token } = await session(reader);
    const [connect = "", ...lines] = linesOf(reader.text(id, { TOKEN: token }));
    terminal.type(connect.replace(/^\$ /, ""));
    let printed = "";
    for (const line of lines) {
      if (line.startsWith("> ")) terminal.type(line.slice(2));
      else printed += `${await terminal.says(new RegExp(`< \\{${/"type":"\w+"/.exec(line)?.[0]}.*`))}\n`;
    }
    await terminal.interrupt();
    expectShown(printed, lines.filter(isJson));
  },
};

async function listen(reader: Reader): Promise<{ readonly terminal: Terminal; readonly shown: readonly string[] }> {
  const { token } = await session(reader);
  const [command = "", ...shown] = linesOf(reader.text(SSE, { TOKEN: token }));
  const terminal = await reader.terminal();
  terminal.type(command.replace(/^\$ /, ""));
  return { terminal, shown };
}

const STREAM: Case = {
  async run(reader) {
    const { token } = await session(reader);
    const { terminal, shown } = await listen(reader);
    let printed = await terminal.says(/"type":"ack".*\n/);
    await say(reader, token);
    printed += await terminal.says(/"type":"events".*\n[\s\S]*id: .+\n/);
    await terminal.interrupt();
    expectShown(printed, shown.filter(isJson));
    expect(printed).toMatch(/^retry: \d+$/m);
    expect(printed.match(/^id: [\w-]+$/gm)?.length).toBeGreaterThan(1);
  },
};

const POLL: Case = {
  async run(reader, id) {
    const { terminal, token } = await session(reader);
    const [first = "", firstShown = "", second = "", secondShown = ""] = linesOf(reader.text(id, { TOKEN: token }));
    const begun = await terminal.run(first.replace(/^\$ /, ""));
    expectShown(begun, [firstShown]);
    await say(reader, token);
    const cursor = /"cursor":"([^"]+)"/.exec(begun)?.[1] ?? "";
    const next = second.replace(/^\$ /, "").replace(/"cursor":"[^"]+"/, `"cursor":"${cursor}"`);
    expectShown(await terminal.run(next), [secondShown]);
  },
};

const SEND: Case = {
  async run(reader, id) {
    const { terminal, token } = await session(reader);
    const stream = await listen(reader);
    const greeting = await stream.terminal.says(/"type":"ack".*\n/);
    const connection = /"connectionId":"([^"]+)"/.exec(greeting)?.[1] ?? "";
    const lines = linesOf(reader.text(id, { TOKEN: token, "v49awghu:1.f4smh1": connection }));
    const printed = await terminal.run(lines.slice(0, -1).join("\n").replace(/^\$ /, ""));
    expect(printed.trim()).toBe(String(lines.at(-1)));
    await stream.terminal.says(/"ref":4/);
    await stream.terminal.interrupt();
  },
};

export const PROTOCOL_CASES: Cases = {
  "docs/PROTOCOL.md#a-first-conversation:1": CONVERSATION,
  [SSE]: STREAM,
  "docs/PROTOCOL.md#long-polling:1": POLL,
  "docs/PROTOCOL.md#sending:1": SEND,
};
