/** The blocks of the guides: first bot, assistant, capsules, model, benchmark. */
import { expect } from "bun:test";
import { join } from "node:path";
import { claimPort } from "../ports.ts";
import type { Case, Cases } from "./case.ts";
import type { Reader } from "./reader.ts";
import { chat, linesOf, server, withToken } from "./readme-cases.ts";
import type { Terminal } from "./terminal.ts";

/** What a command says without its comment. */
export function commandOf(line: string): string {
  return line.replace(/\s+#.*$/, "");
}

/** A reader's own server, with the variables that stand before `npm start` in this line. */
async function ownServer(reader: Reader, line: string, name: string): Promise<{ terminal: Terminal; port: number }> {
  await server(reader);
  const port = claimPort();
  const env = { PORT: String(port), STOA_DATA_DIR: join(reader.folder, name) };
  const terminal = await reader.terminal(env);
  terminal.type(line);
  await terminal.says("Another token: ");
  return { terminal, port };
}

const FIRST_BOT: Cases = {
  "docs/FIRST_BOT.md#1-a-server-and-a-token:1": {
    async run(reader, id) {
      // That of README's first block.
      expect(reader.text(id)).toBe("npm start");
      await server(reader);
    },
  },
  "docs/FIRST_BOT.md#1-a-server-and-a-token:2": {
    async run(reader) {
      expect(await (await botDesk(reader)).run('echo "$CHAT_TOKEN"')).toMatch(/^eyJ/);
    },
  },
  "docs/FIRST_BOT.md#8-try-it:1": {
    async run(reader) {
      await bot(reader);
    },
  },
  "docs/FIRST_BOT.md#8-try-it:2": {
    async run(reader, id) {
      await bot(reader);
      const ann = await chat(reader, reader.text(id));
      ann.type("!help");
      await ann.says("Bot: I know !help, !time and !dice.");
      await ann.interrupt();
    },
  },
};

function botDesk(reader: Reader): Promise<Terminal> {
  return reader.once("bot desk", async () => {
    await server(reader);
    const terminal = await reader.terminal({ CHAT_URL: `ws://localhost:${reader.port}/chat` });
    await terminal.run(reader.text("docs/FIRST_BOT.md#1-a-server-and-a-token:2"));
    return terminal;
  });
}

function bot(reader: Reader): Promise<void> {
  return reader.once("bot", async () => {
    const terminal = await botDesk(reader);
    terminal.type(reader.text("docs/FIRST_BOT.md#8-try-it:1"));
    await terminal.says("listening in general as bot");
  });
}

const LLAMA = "http://127.0.0.1:11434";

const ASSISTANT: Cases = {
  "docs/ASSISTANT.md#switching-it-on:1": {
    async run(reader, id) {
      const lines = linesOf(reader.text(id, { "_KEY=…": "_KEY=a-key" }));
      expect(lines).toHaveLength(3);
      for (const [i, line] of lines.slice(0, 2).entries()) {
        const { terminal } = await ownServer(reader, line, `assistant-${i}`);
        await terminal.interrupt();
      }
      await assisted(reader);
    },
  },
  "docs/ASSISTANT.md#what-asks-it:1": {
    async run(reader, id) {
      const port = await assisted(reader);
      const terminal = await reader.terminal({ PORT: String(port), STOA_DATA_DIR: join(reader.folder, "assisted") });
      await terminal.run("TOKEN=$(npm run --silent token -- --user ann)");
      const room = '{"roomId":"room_general","name":"General","type":"public","enableAI":true}';
      const json = "-H 'Content-Type: application/json'";
      const rooms = `http://localhost:${port}/v1/chat/rooms`;
      await terminal.run(`curl -fsS ${rooms} -H "Authorization: Bearer $TOKEN" ${json} -d '${room}'`);
      const printed = await terminal.run(reader.text(id, { "localhost:8080": `localhost:${port}` }));
      expect(printed).toMatch(/"success":true.*"response":".+".*"sources":\[.*"responseTime":\d+.*"provider":"openai"/);
    },
  },
};

/** A server with the assistant of `examples/model-server.mjs`: its port. */
function assisted(reader: Reader): Promise<number> {
  return reader.once("assisted", async () => {
    await server(reader);
    const model = await reader.terminal({ MODEL_PORT: "0" });
    model.type("node examples/model-server.mjs");
    const modelPort = /on port (\d+)/.exec(await model.says(/on port \d+/))?.[1];
    const lines = linesOf(
      reader.text("docs/ASSISTANT.md#switching-it-on:1", { [LLAMA]: `http://127.0.0.1:${modelPort}` }),
    );
    return (await ownServer(reader, String(lines[2]), "assisted")).port;
  });
}

const CAPSULE: Cases = {
  "docs/CAPSULE.md#room-capsules:1": {
    async run(reader) {
      await capsules(reader);
    },
  },
  "docs/CAPSULE.md#the-file:1": {
    async run(reader, id) {
      const printed = await (await capsules(reader)).run(reader.text(id));
      expect(printed).toMatch(/^\d{4}-\d\d-\d\d.*\|Hello from curl$/m);
    },
  },
};

function capsules(reader: Reader): Promise<Terminal> {
  return reader.once("capsules", async () => {
    await (await withToken(reader)).run(reader.text("README.md#stoa:4"));
    const terminal = await reader.terminal();
    const printed = await terminal.run(reader.text("docs/CAPSULE.md#room-capsules:1", { "--until 5000": "--until 3" }));
    for (const file of ["general.capsule", "monday.capsule", "general.jsonl"]) {
      expect(printed).toMatch(new RegExp(`${file}: \\d+ messages and \\d+ members up to sequence \\d+`));
    }
    expect(printed).toMatch(/room general-copy of tenant default has \d+ messages/);
    expect(printed).toMatch(/room general of tenant other has \d+ messages/);
    return terminal;
  });
}

const MODEL: Case = {
  onlyRead: "all searches and the large ones take minutes; the stage `model` of the tests runs the first",
  async run(reader, id) {
    await server(reader);
    const [all, trace, large, stage] = linesOf(reader.text(id)).map(commandOf);
    expect([all, large, stage]).toEqual(["npm run model", "npm run model -- --large", "npm test model"]);
    const scripts = await Bun.file(join(reader.project, "scripts/model.mjs")).text();
    expect(scripts).toContain('"--large"');
    expect(await Bun.file(join(reader.project, "scripts/test.mjs")).text()).toContain('name: "model"');
    const printed = await (await reader.terminal()).run(String(trace));
    expect(printed).toContain("FENCE_ONLY_AFTER_OTHERS");
  },
};

const BENCH: Case = {
  onlyRead: "a whole run takes a quarter of an hour: each line says with `--plan` what it would measure",
  async run(reader, id) {
    await server(reader);
    const terminal = await reader.terminal();
    const lines = linesOf(reader.text(id)).map(commandOf);
    for (const line of lines) {
      const isHelp = line.endsWith("--help");
      const printed = await terminal.run(isHelp ? line : `${line} --plan`);
      expect(printed).toContain(isHelp ? "--scenario a,b" : "would measure");
    }
  },
};

export const GUIDE_CASES: Cases = {
  ...FIRST_BOT,
  ...ASSISTANT,
  ...CAPSULE,
  "docs/model/README.md#a-model-of-the-log-protocol:1": MODEL,
  "bench/README.md#how-to-repeat:1": BENCH,
};
