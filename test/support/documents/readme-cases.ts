/** The blocks of README.md, and the server that its first block starts, which most others talk to. */
import { expect } from "bun:test";
import { claimRow } from "../ports.ts";
import type { Cases } from "./case.ts";
import type { Reader } from "./reader.ts";
import type { Terminal } from "./terminal.ts";

const START = "README.md#stoa:1";
const TALK = "README.md#stoa:2";
const SOCKET = "README.md#stoa:3";
const CURL = "README.md#stoa:4";
const CLUSTER = "README.md#several-nodes:1";
const CLUSTER_MS_MAX = 90_000;
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;

/** README's first block, once for all: the terminal in which the server runs, and what it printed when it was ready. */
export function server(reader: Reader): Promise<{ readonly terminal: Terminal; readonly printed: string }> {
  return reader.once("server", async () => {
    const repository = await reader.publish();
    const terminal = await reader.terminal({}, reader.folder);
    const [clone, start] = linesOf(reader.text(START, { "<this repository>": repository }));
    expect(start).toBe("npm start");
    await terminal.run(String(clone));
    reader.bringPackages();
    terminal.type(String(start));
    return { terminal, printed: await terminal.says("Another token: ") };
  });
}

/** A terminal beside the server with a `TOKEN` as README makes it. */
export function withToken(reader: Reader): Promise<Terminal> {
  return reader.once("with token", async () => {
    await server(reader);
    const terminal = await reader.terminal();
    await terminal.run(String(linesOf(reader.text(SOCKET))[0]));
    return terminal;
  });
}

export function linesOf(text: string): readonly string[] {
  return text.split("\n");
}

/** `chat` in the room `general`, when it is there. */
export async function chat(
  reader: Reader,
  command: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Terminal> {
  const terminal = await reader.terminal(env);
  terminal.type(command);
  await terminal.says("you are in general; type and press Enter");
  return terminal;
}

export const README_CASES: Cases = {
  [START]: {
    async run(reader) {
      const { printed } = await server(reader);
      expect(printed).toContain(`Stoa is ready on ${reader.http}`);
      expect(printed).toMatch(TOKEN);
      expect(reader.has("data/jwt-secret")).toBe(true);
    },
  },
  [TALK]: {
    async run(reader) {
      await server(reader);
      const command = reader.text(TALK);
      const other = /--user \w+$/.exec(command)?.[0] ?? "nobody";
      const ann = await chat(reader, command);
      const ben = await chat(reader, command.replace("--user ann", other));
      await ann.says("ben joined");
      ann.type("Do you hear me?");
      await ben.says("ann: Do you hear me?");
      ben.type("I do!");
      await ann.says("ben: I do!");
      await Promise.all([ann.interrupt(), ben.interrupt()]);
    },
  },
  [SOCKET]: {
    async run(reader) {
      const terminal = await withToken(reader);
      const [, connect = "", ...typed] = linesOf(reader.text(SOCKET));
      terminal.type(connect);
      await terminal.says('"type":"connection"');
      expect(typed).toHaveLength(2);
      for (const line of typed) terminal.type(line.replace(/^> /, ""));
      await terminal.says(/"content":"Hello everyone!"[\s\S]*"type":"ack","ref":1/);
      await terminal.interrupt();
    },
  },
  [CURL]: {
    async run(reader) {
      const printed = await (await withToken(reader)).run(reader.text(CURL));
      expect(printed.match(/"success":true/g)).toHaveLength(3);
      expect(printed.match(/"content":"Hello from curl"/g)?.length).toBeGreaterThan(1);
    },
  },
  [CLUSTER]: {
    async run(reader) {
      await server(reader);
      const first = claimRow(3);
      const ports = { "PORT=8080": `PORT=${first}`, "PORT=8082": `PORT=${first + 2}` };
      const [secret = "", start = "", ann = "", ben = ""] = linesOf(reader.text(CLUSTER, ports));
      const cluster = await reader.terminal();
      await cluster.run(secret);
      cluster.type(`${start} -- --port ${first}`);
      await cluster.says("Ctrl-C stops everything.", CLUSTER_MS_MAX);
      const key = { JWT_SECRET_KEY: /=(\S+)/.exec(secret)?.[1] ?? "" };
      const [one, two] = await Promise.all([chat(reader, ann, key), chat(reader, ben, key)]);
      two.type("From another node");
      await one.says("ben: From another node");
      await Promise.all([one.interrupt(), two.interrupt()]);
      await cluster.interrupt();
      // "Ctrl-C stops all of it."
      for (const port of [first, first + 1, first + 2])
        await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow();
    },
  },
};
