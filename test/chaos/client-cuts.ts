/**
 * The SDK while its network is cut at random: `npm run chaos:client -- --cuts 1000 --transport websocket --seed 7`. Two people talk; their
 * connections are cut at any moment, commits under way included; now and then a page is reloaded with a full outbox.
 * What must hold: no message lost, none twice, each client sees the room's order, counts are right. Exits with 1 otherwise.
 */
import { parseArgs } from "node:util";
import { SeededRandom } from "../../src/base/prng.ts";
import { StoaClient } from "../../src/client/client.ts";
import type { TransportName } from "../../src/client/types.ts";
import { keptIn } from "../support/kept.ts";
import { TestServer } from "../support/server.ts";
import { TcpFaultProxy } from "./tcp-fault-proxy.ts";

const ROOM = "room_cuts";
const SETTLE_MS_MAX = 60_000;
/** Of the cuts: one in so many reloads a page. */
const RELOAD_EVERY = 10;
const PAUSE_MS_MAX = 400;
const HANG_MS_MAX = 50;

const { values } = parseArgs({
  options: {
    cuts: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    transport: { type: "string", default: "websocket" },
  },
});
const cuts = Number(values.cuts);
const random = new SeededRandom(Number(values.seed));

/** One person at one page after another; what they saw goes on over reloads, as a page's own store would. */
class Person {
  readonly said: string[] = [];
  readonly seen: string[] = [];
  readonly #make: () => StoaClient;
  client: StoaClient;
  #refused = 0;

  constructor(user: string, server: TestServer, url: string) {
    const storage = keptIn(new Map());
    const transports = [values.transport as TransportName];
    this.#make = () => new StoaClient({ url, token: () => server.token({ user }), transports, storage });
    this.client = this.#make();
  }

  /** `from`: where the page before this one was. */
  async open(from?: number): Promise<void> {
    this.client.on("message", ({ message }) => this.seen.push(message.content));
    await this.client.connect();
    this.client.join(ROOM, from).catch(() => undefined);
  }

  async reload(): Promise<void> {
    const from = this.client.position(ROOM);
    this.client.close();
    this.client = this.#make();
    await this.open(from);
  }

  say(text: string): void {
    this.said.push(text);
    // Whoever closes the page is not answered; the outbox goes on.
    this.client.send(ROOM, text).catch(() => {
      this.#refused += 1;
    });
  }

  get refused(): number {
    return this.#refused;
  }
}

async function until(isSo: () => boolean): Promise<boolean> {
  const endMs = performance.now() + SETTLE_MS_MAX;
  while (!isSo() && performance.now() < endMs) await Bun.sleep(20);
  return isSo();
}

async function cutAtRandom(proxy: TcpFaultProxy, people: readonly Person[]): Promise<void> {
  let spoken = 0;
  for (let cut = 1; cut <= cuts; cut += 1) {
    const pauses = 1 + random.below(4);
    for (let i = 0; i < pauses; i += 1) {
      for (const person of people) {
        spoken += 1;
        person.say(`m${spoken}`);
      }
      await Bun.sleep(random.below(PAUSE_MS_MAX / pauses));
    }
    // What is under way then: requests that did not arrive, commits without an ack, acks that were not read.
    if (random.below(2) === 0) {
      proxy.hang();
      await Bun.sleep(random.below(HANG_MS_MAX));
    }
    proxy.cut();
    await Bun.sleep(random.below(HANG_MS_MAX));
    proxy.heal();
    if (cut % RELOAD_EVERY === 0) await people[random.below(people.length)]?.reload();
    process.stderr.write(`\r${cut} of ${cuts} cuts, ${spoken} messages`);
  }
  process.stderr.write("\n");
}

/** Marks are written a moment later. */
async function hasRightCount(server: TestServer, client: StoaClient): Promise<boolean> {
  let counts: readonly number[] = [];
  for (let tries = 0; tries < 50; tries += 1) {
    const reply = await server.rest("GET", "/v1/chat/unread", { token: server.token({ user: "ann" }) });
    const { rooms } = (reply.body.data ?? {}) as { rooms?: Record<string, number> };
    counts = [client.unread(ROOM).unread, rooms?.[ROOM] ?? 0];
    if (counts[0] === counts[1]) return true;
    await Bun.sleep(100);
  }
  console.log(`the client counts ${counts[0]}, the server ${counts[1]}`);
  return false;
}

async function main(): Promise<number> {
  const server = await TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } });
  const proxy = await TcpFaultProxy.start(server.port);
  const url = `http://127.0.0.1:${proxy.port}`;
  const people = ["ann", "ben"].map((user) => new Person(user, server, url));
  const [ann] = people as [Person, Person];
  const judge = new Person("judge", server, server.http);
  await judge.client.connect();
  await judge.client.request({ type: "create_room", roomId: ROOM, name: "Cuts", roomType: "public" });
  await judge.open();
  await until(() => judge.client.position(ROOM) !== undefined);
  for (const person of people) await person.open();
  await until(() => people.every(({ client }) => client.position(ROOM) !== undefined));
  await cutAtRandom(proxy, people);

  const said = people.flatMap((person) => person.said);
  const faults: string[] = [];
  const must = (what: string, holds: boolean): void => void (holds || faults.push(what));
  const sorted = (texts: readonly string[]): string => [...texts].sort().join();
  must("everything that was said is in the room", await until(() => judge.seen.length >= said.length));
  must("nothing is there twice, and nothing else is there", sorted(judge.seen) === sorted(said));
  for (const person of people) {
    must("a client sees all of it", await until(() => person.seen.length >= said.length));
    must("a client sees the room's order", person.seen.join() === judge.seen.join());
    must("nothing waits any more", await until(() => person.client.pending.length === 0));
  }
  must("the count is the server's", await hasRightCount(server, ann.client));
  for (const fault of faults) console.log(`FAILED: ${fault}`);
  const again = `--cuts ${cuts} --seed ${values.seed} --transport ${values.transport}`;
  console.log(
    `${cuts} cuts, ${said.length} messages: ${faults.length === 0 ? "all held" : `${faults.length} failed`} (${again})`,
  );
  for (const person of [...people, judge]) person.client.close();
  await proxy.stop();
  await server.dispose();
  return faults.length === 0 ? 0 : 1;
}

process.exit(await main());
