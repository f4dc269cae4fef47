/** Two nodes by hand, as docs/OPERATIONS.md says it: its blocks in their order, and somebody who talks while a node is replaced. */
import { expect } from "bun:test";
import { eventually } from "../eventually.ts";
import { claimPort } from "../ports.ts";
import type { Case, Cases } from "./case.ts";
import type { Reader } from "./reader.ts";
import { server } from "./readme-cases.ts";
import type { Terminal } from "./terminal.ts";

const PLACE = "docs/OPERATIONS.md#two-nodes-by-hand";
const [REDIS, DYNAMO, TABLES, NODE_1, NODE_2, PROXY, LOOK, CHAT, BOT, WAIT] = Array.from(
  { length: 10 },
  (_, i) => `${PLACE}:${i + 1}`,
) as [string, string, string, string, string, string, string, string, string, string];
/** Of the documents. */
const PORTS = { redis: 6379, dynamo: 8000, proxy: 8080, one: 8081, two: 8082 } as const;
type Port = keyof typeof PORTS;
const ANY_PORT = new RegExp(Object.values(PORTS).join("|"), "g");

function nameOf(port: string): Port {
  const name = (Object.keys(PORTS) as Port[]).find((one) => String(PORTS[one]) === port);
  if (name === undefined) throw new Error(`no port ${port}`);
  return name;
}

interface Machine {
  readonly ports: Readonly<Record<Port, number>>;
  /** A block with the ports that are free here. */
  text(id: string): string;
}

function machine(reader: Reader): Promise<Machine> {
  return reader.once("machine", async () => {
    await server(reader);
    const entries = (Object.keys(PORTS) as Port[]).map((name) => [name, claimPort()] as const);
    const ports = Object.fromEntries(entries) as Record<Port, number>;
    return {
      ports,
      text: (id) => reader.text(id).replace(ANY_PORT, (port) => String(ports[nameOf(port)])),
    };
  });
}

/** Starts what stays in front of a terminal of its own. */
async function start(reader: Reader, id: string, ready: string | RegExp): Promise<Terminal> {
  const terminal = await reader.terminal();
  terminal.type((await machine(reader)).text(id));
  await terminal.says(ready);
  return terminal;
}

/** Redis and the DynamoDB server, which others may use as well. */
export function lowerServers(reader: Reader): Promise<{ readonly redisPort: number; readonly dynamoPort: number }> {
  return reader.once("lower servers", async () => {
    const { ports } = await machine(reader);
    const dynamo = `http://127.0.0.1:${ports.dynamo}`;
    await Promise.all([start(reader, REDIS, "Ready to accept connections"), start(reader, DYNAMO, /[Ll]istening/)]);
    expect((await fetch(dynamo)).status).toBeLessThan(500);
    return { redisPort: ports.redis, dynamoPort: ports.dynamo };
  });
}

const tables = (reader: Reader): Promise<string> =>
  reader.once("tables by hand", async () => {
    await lowerServers(reader);
    return (await reader.terminal()).run((await machine(reader)).text(TABLES));
  });

const node = (reader: Reader, id: string): Promise<Terminal> =>
  reader.once(id, async () => {
    await tables(reader);
    return start(reader, id, "Stoa is ready on ");
  });

const nodes = (reader: Reader): Promise<readonly Terminal[]> =>
  Promise.all([NODE_1, NODE_2].map((id) => node(reader, id)));

const look = (reader: Reader): Promise<string> =>
  reader.once(LOOK, async () => {
    await nodes(reader);
    await proxy(reader);
    return (await reader.terminal()).run((await machine(reader)).text(LOOK));
  });

const proxy = (reader: Reader): Promise<Terminal> =>
  reader.once(PROXY, async () => {
    await nodes(reader);
    const terminal = await reader.terminal();
    const { ports, text } = await machine(reader);
    terminal.type(text(PROXY));
    await serves(ports.proxy);
    return terminal;
  });

/** Waits until the proxy has found a node that is ready. */
async function serves(port: number): Promise<void> {
  await eventually(async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200), 30_000);
}

async function chat(reader: Reader): Promise<Terminal> {
  await look(reader);
  return start(reader, CHAT, "you are in general; type and press Enter");
}

const bot = (reader: Reader): Promise<Terminal> =>
  reader.once(BOT, async () => {
    await (await chat(reader)).interrupt();
    return start(reader, BOT, "listening in general as bot");
  });

async function ask(person: Terminal): Promise<void> {
  person.type("!time");
  await person.says(/Bot: It is \d{4}-/);
}

/** Both nodes are replaced in turn; the bot answers in between, whoever is at which of them. */
const UPGRADE: Case = {
  async run(reader, id) {
    const text = (await machine(reader)).text(id);
    await bot(reader);
    for (const [at, name] of [NODE_1, NODE_2].entries()) {
      const terminal = (await nodes(reader))[at];
      if (terminal === undefined) throw new Error("no such node");
      await terminal.interrupt(60_000);
      const { ports, text: adapted } = await machine(reader);
      await serves(ports.proxy);
      const person = await chat(reader);
      await ask(person);
      await person.interrupt();
      terminal.type(adapted(name));
      const own = at === 0 ? text : text.replaceAll(String(ports.one), String(ports.two));
      await (await reader.terminal()).run(own);
    }
    const person = await chat(reader);
    await ask(person);
    await person.interrupt();
  },
};

const makes = (make: (reader: Reader) => Promise<unknown>): Case => ({
  run: async (reader) => {
    await make(reader);
  },
});

export const TWO_NODES_CASES: Cases = {
  [REDIS]: makes(lowerServers),
  [DYNAMO]: makes(lowerServers),
  [TABLES]: {
    async run(reader) {
      const printed = await tables(reader);
      expect(printed).toContain("The server can start.");
      expect(printed).toMatch(/chat-messages[\s\S]*chat-rooms/);
    },
  },
  [NODE_1]: makes((reader) => node(reader, NODE_1)),
  [NODE_2]: makes((reader) => node(reader, NODE_2)),
  [PROXY]: makes(proxy),
  [LOOK]: {
    async run(reader) {
      const printed = await look(reader);
      expect(printed.match(/"redis":"healthy"/g)).toHaveLength(2);
      expect(printed.match(/"dynamodb":"healthy"/g)).toHaveLength(2);
    },
  },
  [CHAT]: {
    async run(reader) {
      const [ann, again] = [await chat(reader), await chat(reader)];
      const { ports } = await machine(reader);
      // The proxy gave one of them to each node.
      for (const port of [ports.one, ports.two]) {
        const health: unknown = await (await fetch(`http://127.0.0.1:${port}/v1/chat/health`)).json();
        expect(health).toMatchObject({ active_connections: 1 });
      }
      ann.type("Is anybody there?");
      await again.says("ann: Is anybody there?");
      await Promise.all([ann.interrupt(), again.interrupt()]);
    },
  },
  [BOT]: {
    async run(reader) {
      await bot(reader);
      const ann = await chat(reader);
      await ask(ann);
      await ann.interrupt();
    },
  },
  [WAIT]: UPGRADE,
};
