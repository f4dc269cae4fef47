/** The blocks of docs/OPERATIONS.md, but for the two nodes by hand. */
import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { claimPort, claimRow } from "../ports.ts";
import type { Case, Cases } from "./case.ts";
import { commandOf } from "./guide-cases.ts";
import type { Reader } from "./reader.ts";
import { linesOf, server, withToken } from "./readme-cases.ts";
import type { Terminal } from "./terminal.ts";
import { lowerServers } from "./two-nodes-cases.ts";

const KEY = "only for somebody who reads the documents";
const READY_MS_MAX = 90_000;

/** A terminal for a server of one's own, beside the one of README. */
async function elsewhere(reader: Reader, env: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  await server(reader);
  return reader.terminal({ PORT: String(claimPort()), ...env });
}

const START: Cases = {
  "docs/OPERATIONS.md#start:1": {
    async run(reader, id) {
      const terminal = await elsewhere(reader);
      const dataDir = join(reader.folder, "production");
      terminal.type(reader.text(id, { "KEY=…": `KEY='${KEY}'`, "/var/lib/stoa": dataDir }));
      await terminal.says("Stoa is ready on ");
      await terminal.interrupt();
      expect(existsSync(join(dataDir, "stoa.db"))).toBe(true);
    },
  },
  "docs/OPERATIONS.md#start:2": {
    async run(reader, id) {
      const terminal = await elsewhere(reader, { STOA_DATA_DIR: join(reader.folder, "examined") });
      expect(await terminal.run(reader.text(id))).toContain("The server can start.");
    },
  },
};

const SEVERAL: Cases = {
  "docs/OPERATIONS.md#several-nodes:1": {
    onlyRead:
      "its first line is README's, and the chaos stage of the tests runs what its last line does: it is listed only",
    async run(reader, id) {
      const port = claimRow(5);
      const [, five = "", chaos = ""] = linesOf(reader.text(id, { "--port 9000": `--port ${port}` })).map(commandOf);
      const terminal = await elsewhere(reader);
      terminal.type(five);
      await terminal.says("Ctrl-C stops everything.", READY_MS_MAX);
      expect(terminal.output).toContain(`node-5 is ready on http://localhost:${port + 4}`);
      await terminal.interrupt();
      expect(await terminal.run(`${chaos} --list`)).toMatch(/^kill /m);
    },
  },
  "docs/OPERATIONS.md#several-nodes:2": {
    async run(reader) {
      await tables(reader);
    },
  },
  "docs/OPERATIONS.md#several-nodes:3": {
    async run(reader, id) {
      const terminal = await tables(reader);
      terminal.type(reader.text(id, { "KEY=…": `KEY='${KEY}'` }));
      await terminal.says("Stoa is ready on ");
      await terminal.interrupt();
    },
  },
};

/** Where AWS would be, the reader has servers of their own. */
function tables(reader: Reader): Promise<Terminal> {
  return reader.once("tables", async () => {
    const { redisPort, dynamoPort } = await lowerServers(reader);
    const terminal = await elsewhere(reader, {
      DYNAMODB_ENDPOINT: `http://127.0.0.1:${dynamoPort}`,
      STOA_REDIS_PREFIX: "another",
    });
    const redis = { "rediss://:password@redis.internal:6379": `redis://127.0.0.1:${redisPort}` };
    const names = { "chat-messages": "other-messages", "chat-rooms": "other-rooms" };
    const printed = await terminal.run(reader.text("docs/OPERATIONS.md#several-nodes:2", { ...redis, ...names }));
    for (const name of Object.values(names)) expect(printed).toContain(name);
    return terminal;
  });
}

const BACKUP: Cases = {
  "docs/OPERATIONS.md#backup:1": {
    async run(reader) {
      await monday(reader);
    },
  },
  "docs/OPERATIONS.md#backup:2": {
    async run(reader, id) {
      const terminal = await monday(reader);
      await terminal.run(adapted(reader, id));
      expect(await terminal.run(`sqlite3 ${reader.folder}/backup/stoa.db "SELECT count(*) FROM log"`)).toMatch(
        /^[1-9]/,
      );
    },
  },
  "docs/OPERATIONS.md#backup:3": {
    async run(reader, id) {
      await monday(reader);
      const terminal = await elsewhere(reader);
      terminal.type(adapted(reader, id));
      await terminal.says("Another token: ");
      await terminal.interrupt();
    },
  },
};

/** The data folder of README's server is the one in the project. */
function adapted(reader: Reader, id: string): string {
  return reader
    .text(id, { "/backup": join(reader.folder, "backup"), "/var/lib/": `${reader.folder}/` })
    .replace(/stoa(?=\/stoa\.db|$)/gm, "stoa/data");
}

function monday(reader: Reader): Promise<Terminal> {
  return reader.once("monday", async () => {
    await server(reader);
    const terminal = await reader.terminal();
    const printed = await terminal.run(adapted(reader, "docs/OPERATIONS.md#backup:1"));
    expect(printed).toMatch(/backup\/monday: a database of [\d,]+ KiB and \d+ other files/);
    return terminal;
  });
}

/** Asked of README's server, and answered well. */
function asked(check: (printed: string) => void): Case {
  return {
    async run(reader, id) {
      const terminal = await withToken(reader);
      const said = await terminal.run(reader.text("README.md#stoa:4"));
      const message = /"messageId":"(msg_\w+)"/.exec(said)?.[1] ?? "";
      const block = reader
        .text(id)
        .replaceAll("127.0.0.1:8080", `127.0.0.1:${reader.port}`)
        .replaceAll("msg_4", message);
      const desk = await reader.terminal();
      check(await desk.run(block));
    },
  };
}

const KEEPING: Cases = {
  "docs/OPERATIONS.md#retention:1": asked((printed) => expect(printed).toMatch(/nothing|0 /)),
  "docs/OPERATIONS.md#retention:2": asked((printed) => expect(printed.match(/"success":true/g)).toHaveLength(3)),
  "docs/OPERATIONS.md#erasure:1": asked((printed) => expect(printed).toContain("usr_1.receipt")),
  "docs/OPERATIONS.md#administration:1": asked((printed) => expect(printed.match(/"success":true/g)).toHaveLength(2)),
  "docs/OPERATIONS.md#i-did-not-get-that-message:1": asked((printed) => expect(printed).toContain("ben")),
};

export const OPERATIONS_CASES: Cases = { ...START, ...SEVERAL, ...BACKUP, ...KEEPING };
