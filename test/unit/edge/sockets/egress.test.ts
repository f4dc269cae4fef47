/** What shards say leaves over real sockets in the right order, however many listen to a room and however often that changes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Server } from "bun";
import type { ConnectionId } from "../../../../src/base/ids.ts";
import { SeededRandom } from "../../../../src/base/prng.ts";
import { BunBroadcaster } from "../../../../src/edge/sockets/bun-socket.ts";
import { Connection } from "../../../../src/edge/sockets/connection.ts";
import type { EdgeRoom } from "../../../../src/edge/sockets/edge-room.ts";
import { Egress, type EgressOwner } from "../../../../src/edge/sockets/egress.ts";
import { ShardTarget } from "../../../../src/edge/links/shard-target.ts";
import { createCodecs } from "../../../../src/protocol/codecs.ts";

/** `[kind, subject, number]`; of `sent` frames the subject is their connection, of `told` ones the room. */
type Got = readonly ["sent" | "told", number, number];

const CLIENTS = 3;
const ROOMS = 2;
const BLOCKS = 150;
const STEPS_PER_BLOCK = 8;
const codec = createCodecs({ messageLengthMax: 100 })[1];

class Rig {
  readonly connections = new Map<number, Connection>();
  readonly rooms = new Map<string, EdgeRoom>();
  readonly server: Server<Connection>;
  readonly egress: Egress;
  readonly #waiting = new Map<number, () => void>();

  constructor() {
    const owner = {
      opened: (connection: Connection) => {
        this.connections.set(connection.no, connection);
        this.#waiting.get(connection.no)?.();
      },
      received: () => undefined,
      closed: () => undefined,
    };
    this.server = Bun.serve<Connection>({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, server) => {
        const no = Number(new URL(request.url).searchParams.get("no"));
        const data = new Connection(owner, no, `x:${no}` as ConnectionId, codec, { remote: "", userAgent: "" });
        data.greeted = true;
        return server.upgrade(request, { data }) ? undefined : new Response("no upgrade", { status: 400 });
      },
      websocket: {
        open: (ws) => ws.data.open(ws),
        message: () => undefined,
        close: () => undefined,
      },
    });
    const egressOwner: EgressOwner = {
      connections: this.connections,
      broadcaster: new BunBroadcaster(this.server),
      counters: { framesSent: 0, publishes: 0, deliveries: 0 },
      rooms: this.rooms,
      trace: undefined,
      ...{ progressed: nothing, completed: nothing, greeted: nothing, replied: nothing, named: nothing },
      ...{ forward: nothing, heads: nothing, relayed: nothing },
    };
    this.egress = new Egress(egressOwner, new ShardTarget(egressOwner, undefined, 0));
    for (let room = 0; room < ROOMS; room += 1) this.egress.openTopic(room, `acme/room-${room}`, 0);
  }

  async connect(no: number): Promise<Client> {
    const opened = new Promise<void>((resolve) => this.#waiting.set(no, resolve));
    const client = new Client(`ws://127.0.0.1:${this.server.port}/?no=${no}`);
    await opened;
    return client;
  }

  send(no: number, number: number): void {
    this.egress.send(no, true, bytesOf(["sent", no, number]));
  }

  tell(room: number, number: number): void {
    this.egress.publish(room, codec.id, true, number, bytesOf(["told", room, number]));
  }
}

class Client {
  readonly got: Got[] = [];
  readonly #socket: WebSocket;
  #onGot: () => void = () => undefined;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => {
      this.got.push(JSON.parse(String(data)) as Got);
      this.#onGot();
    };
  }

  until(number: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onGot = () => {
        const last = this.got.at(-1);
        if (last?.[0] === "sent" && last[2] === number) resolve();
      };
      this.#onGot();
    });
  }

  close(): void {
    this.#socket.close();
  }
}

function nothing(): void {
  // Not looked at.
}

function bytesOf(frame: Got): Uint8Array {
  return Buffer.from(JSON.stringify(frame));
}

let rig: Rig;
let clients: readonly Client[];

beforeAll(async () => {
  rig = new Rig();
  clients = await Promise.all(Array.from({ length: CLIENTS }, (_, no) => rig.connect(no)));
});

afterAll(async () => {
  for (const client of clients) client.close();
  await rig.server.stop(true);
});

test("a single frame is corked, too: what was published to the socket and has not left goes in the same write", () => {
  const [connection] = rig.connections.values();
  const socket = connection?.socket;
  if (connection === undefined || socket === undefined) throw new Error("nobody is connected");
  const seen: string[] = [];
  connection.socket = {
    ...{ transport: "websocket", backlog: 0, subscribe: nothing, unsubscribe: nothing, pause: nothing },
    ...{ resume: nothing, close: nothing, terminate: nothing },
    cork: (run) => {
      seen.push("cork");
      run();
      seen.push("write");
    },
    send: (data) => {
      seen.push(Buffer.from(data).toString());
      return "sent";
    },
  };
  rig.send(connection.no, 1);
  expect(seen).toEqual([]);
  rig.egress.finish();
  expect(seen).toEqual(["cork", `["sent",${connection.no},1]`, "write"]);
  connection.socket = socket;
});

test("what was published to a socket goes before what it is sent after it", async () => {
  const client = clients[0] as Client;
  rig.egress.subscribe(0, 0);
  rig.tell(0, 1);
  rig.send(0, 2);
  rig.egress.unsubscribe(0, 0);
  rig.egress.finish();
  await client.until(2);
  expect(client.got).toEqual([
    ["told", 0, 1],
    ["sent", 0, 2],
  ]);
});

test("whatever comes and goes within a block, each room's frames arrive in order, and what was sent before a subscription before what follows it", async () => {
  const random = new SeededRandom(1);
  const { egress } = rig;
  const expected = clients.map(() => ({
    sent: [] as number[],
    told: Array.from({ length: ROOMS }, () => [] as number[]),
  }));
  /** By client: numbers up to the first have to arrive before any of the room that is greater. */
  const barriers = clients.map(() => [] as { readonly room: number; readonly at: number }[]);
  const listening = Array.from({ length: ROOMS }, () => new Set<number>());
  for (const client of clients) client.got.length = 0;
  let number = 1_000;
  for (let block = 0; block < BLOCKS; block += 1) {
    for (let step = 0; step < STEPS_PER_BLOCK; step += 1) {
      number += 1;
      const no = Math.floor(random.next() * CLIENTS);
      const room = Math.floor(random.next() * ROOMS);
      const listeners = listening[room] as Set<number>;
      const dice = random.next();
      if (dice < 0.45) {
        rig.tell(room, number);
        for (const listener of listeners) expected[listener]?.told[room]?.push(number);
      } else if (dice < 0.7) {
        rig.send(no, number);
        expected[no]?.sent.push(number);
      } else if (listeners.has(no)) {
        egress.unsubscribe(no, room);
        listeners.delete(no);
      } else {
        egress.subscribe(no, room);
        listeners.add(no);
        barriers[no]?.push({ room, at: number });
      }
    }
    egress.finish();
    if (block % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (let no = 0; no < CLIENTS; no += 1) rig.send(no, number + 1);
  egress.finish();
  await Promise.all(clients.map((client) => client.until(number + 1)));
  for (const [no, { got }] of clients.entries()) {
    const numbersOf = (kind: Got[0], subject: number): number[] =>
      got.filter((one) => one[0] === kind && one[1] === subject).map((one) => one[2]);
    expect(numbersOf("sent", no)).toEqual([...(expected[no]?.sent ?? []), number + 1]);
    for (let room = 0; room < ROOMS; room += 1) expect(numbersOf("told", room)).toEqual(expected[no]?.told[room] ?? []);
    for (const { room, at } of barriers[no] ?? []) {
      const before = got.findLastIndex((one) => one[0] === "sent" && one[2] < at);
      const after = got.findIndex((one) => one[0] === "told" && one[1] === room && one[2] > at);
      expect(after === -1 || before < after).toBe(true);
    }
  }
});
