/**
 * The SDK while its network is cut at random: `npm run chaos:client -- --cuts 1000 --transport websocket --seed 7`. Three people talk, edit and
 * react in two rooms: one in Bun, one in Node, one in Chromium. Their connections are cut at any moment, among them after commits
 * whose acks nobody hears; pages are reloaded, also with a full outbox. What must hold is in `cut-check.ts`: no message lost, none twice,
 * each page was told the log and shows it, counts are right. `--transport mixed`: each person has another one. Exits with 1 otherwise.
 */
import { parseArgs } from "node:util";
import { SeededRandom } from "../../src/base/prng.ts";
import type { TransportName } from "../../src/client/types.ts";
import { numberAt } from "../support/json.ts";
import { TestServer } from "../support/server.ts";
import { faultsOf, type Person, type RoomFacts } from "./cut-check.ts";
import { factsOf, unreadOf } from "./cut-facts.ts";
import { builtModules, type CutPerson, inBun, inChromium, inNode } from "./cut-people.ts";
import type { PageOptions } from "./cut-page.ts";
import { TcpFaultProxy } from "./tcp-fault-proxy.ts";

const ROOMS = ["room_cuts", "room_more"];
const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];
const SETTLE_MS_MAX = 60_000;
const PAUSE_MS_MAX = 60;
const HANG_MS_MAX = 60;
/** Of the cuts: one in so many comes while acks are held back, reloads a page, fills an outbox first. */
const MUTE_EVERY = 3;
const RELOAD_EVERY = 12;
const FULL_EVERY = 60;
/** Messages of one outbox that is full. */
const FULL = 100;

const { values } = parseArgs({
  options: {
    cuts: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    transport: { type: "string", default: "mixed" },
  },
});
const cuts = Number(values.cuts);
const random = new SeededRandom(Number(values.seed));
const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)] as Item;

async function until(isSo: () => Promise<boolean>, msMax = SETTLE_MS_MAX): Promise<boolean> {
  const endMs = performance.now() + msMax;
  while (performance.now() < endMs) {
    if (await isSo()) return true;
    await Bun.sleep(20);
  }
  return isSo();
}

class Talk {
  readonly #said = new Map<string, { readonly text: string; readonly by: string }[]>(ROOMS.map((room) => [room, []]));
  #count = 0;

  saidIn(room: string): RoomFacts["said"] {
    return this.#said.get(room) ?? [];
  }

  get count(): number {
    return this.#count;
  }

  /** What counts is what the page's store has: then it was said. */
  async say(person: CutPerson): Promise<void> {
    this.#count += 1;
    const [room, text] = [pick(ROOMS), `m${this.#count}`];
    await person.ask("say", room, text);
    this.#said.get(room)?.push({ text, by: person.user });
  }

  async some(people: readonly CutPerson[]): Promise<void> {
    for (const person of people) {
      await this.say(person);
      const dice = random.below(6);
      const edit = dice === 0 ? this.#count : undefined;
      if (dice < 2) await person.ask("touch", pick(ROOMS), edit ?? null, dice === 1 ? pick(["👍", "🎉"]) : null);
      if (dice === 2) await person.ask("mark", pick(ROOMS));
    }
  }
}

/** The connections that there are end somehow; then the network is there again. */
async function cutOnce(cut: number, proxy: TcpFaultProxy, people: readonly CutPerson[], talk: Talk): Promise<number> {
  for (let i = random.below(3); i >= 0; i -= 1) {
    await talk.some(people);
    await Bun.sleep(random.below(PAUSE_MS_MAX));
  }
  if (cut % MUTE_EVERY === 0) {
    // Commits whose acks nobody hears.
    proxy.mute();
    await talk.some(people);
    await Bun.sleep(HANG_MS_MAX);
  } else if (random.below(2) === 0) {
    proxy.hang();
    await Bun.sleep(random.below(HANG_MS_MAX));
  }
  const hit = proxy.cut();
  if (cut % RELOAD_EVERY === 0) {
    const person = pick(people);
    for (let i = cut % FULL_EVERY === 0 ? FULL : 3; i > 0; i -= 1) await talk.say(person);
    await person.reload();
  } else await Bun.sleep(random.below(HANG_MS_MAX));
  proxy.heal();
  return hit;
}

async function cutAtRandom(proxy: TcpFaultProxy, people: readonly CutPerson[], talk: Talk): Promise<number> {
  let [cut, hits] = [0, 0];
  while (cut < cuts) {
    // A cut of nothing is none.
    await until(async () => proxy.open > 0);
    cut += 1;
    hits += await cutOnce(cut, proxy, people, talk);
    process.stderr.write(`\r${cut} of ${cuts} cuts, ${talk.count} messages`);
  }
  process.stderr.write("\n");
  return hits;
}

/** All is sent, and everybody has all of it. */
async function settled(people: readonly CutPerson[], server: TestServer, token: string): Promise<boolean> {
  return until(async () => {
    const states = await Promise.all(people.map((person) => person.ask("state")));
    if (states.some(({ state, pending }) => state !== "open" || pending > 0)) return false;
    for (const room of ROOMS) {
      const path = `/v1/chat/rooms/${room}/events?after=0&limit=1`;
      const head = numberAt((await server.rest("GET", path, { token })).body, "data.head");
      if (states.some(({ positions }) => (positions[room] ?? 0) < head)) return false;
    }
    return true;
  });
}

/** Each marks a place of their own as read; then the counts have to come to rest. */
async function judge(
  people: readonly CutPerson[],
  rooms: readonly RoomFacts[],
  server: TestServer,
): Promise<readonly string[]> {
  const marks = new Map<string, Record<string, number>>();
  for (const person of people) {
    const own: Record<string, number> = {};
    for (const { roomId, held } of rooms) {
      const seq = held[Math.floor(held.length * (0.9 + 0.1 * random.next()))]?.seq ?? 0;
      await person.ask("mark", roomId, seq);
      own[roomId] = seq;
    }
    marks.set(person.user, own);
  }
  let faults: readonly string[] = [];
  await until(async () => {
    const judged = await Promise.all(
      people.map(async (person): Promise<Person> => {
        const [report, serverUnread] = await Promise.all([person.ask("report"), unreadOf(server, person.user)]);
        return { user: person.user, report, serverUnread, marks: marks.get(person.user) ?? {} };
      }),
    );
    faults = faultsOf(rooms, judged);
    return faults.length === 0;
  }, 15_000);
  return faults;
}

async function main(): Promise<number> {
  const server = await TestServer.start({ env: { STOA_RATE_PER_SECOND: "100000", STOA_RATE_BURST: "100000" } });
  const proxy = await TcpFaultProxy.start(server.port);
  const [modules, remove] = await builtModules();
  const token = server.token({ user: "judge" });
  for (const roomId of ROOMS) {
    const body = { roomId, name: roomId, type: "public" };
    await server.rest("POST", "/v1/chat/rooms", { token, body });
  }
  const options = (user: string, i: number): PageOptions => ({
    url: `http://127.0.0.1:${proxy.port}`,
    token: server.token({ user }),
    transport: values.transport === "mixed" ? (TRANSPORTS[i] as TransportName) : (values.transport as TransportName),
    rooms: ROOMS,
  });
  const people = [
    inBun("ann", options("ann", 0)),
    inNode("ben", options("ben", 1), modules),
    await inChromium("cid", options("cid", 2), modules),
  ];
  const startMs = performance.now();
  let faults: readonly string[];
  const talk = new Talk();
  let hits = 0;
  try {
    await settled(people, server, token);
    hits = await cutAtRandom(proxy, people, talk);
    const isSettled = await settled(people, server, token);
    const rooms = await Promise.all(ROOMS.map((room) => factsOf(server, token, room, talk.saidIn(room))));
    faults = await judge(people, rooms, server);
    if (!isSettled) faults = ["they have not come to rest", ...faults];
  } finally {
    for (const person of people) await person.stop();
    await proxy.stop();
    await server.dispose();
    remove();
  }
  for (const fault of faults.slice(0, 20)) console.log(`FAILED: ${fault}`);
  const again = `--cuts ${cuts} --seed ${values.seed} --transport ${values.transport}`;
  const outcome = faults.length === 0 ? "all held" : `${faults.length} faults`;
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
  console.log(`${cuts} cuts of ${hits} connections, ${talk.count} messages, ${seconds} s: ${outcome} (${again})`);
  return faults.length === 0 ? 0 : 1;
}

process.exit(await main());
