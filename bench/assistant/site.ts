/** One server with its provider, those who ask and those who chat, and what is timed there. */
import type { Subprocess } from "bun";
import { cpuMsOf, threadCpuOf } from "../proc.ts";
import { makeFolder, SECRET, type Server, startServer } from "../processes.ts";
import type { Load } from "./askers.ts";
import { aside, Crowd } from "./crowd.ts";
import type { Leg, Round, Seen } from "./rounds.ts";
import { Chatter } from "./sockets.ts";

export interface SiteSettings {
  readonly runs: number;
  /** Pieces a second of each answer. */
  readonly rate: number;
  readonly load: Load;
  /** What is there where the load is not. */
  readonly against: Load;
  readonly dataDir: string;
}
/** How a site's server differs from this version's as it is delivered. */
export interface SiteKind {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of another version. */
  readonly root?: string | undefined;
}

const ANSWER_SECONDS = 10;
const CHAT_ROOMS = 20;
const CHAT_PEOPLE = 10;
const CHAT_PER_SECOND = 200;
/** Between the beginning, or the end, of the load and what is timed: what that itself makes of work is done. */
const SETTLE_MS = 1_500;
const UNDER_WAY_MS = 200;

async function chatters(server: Server, latencies: number[]): Promise<readonly Chatter[]> {
  const all: Chatter[] = [];
  for (let i = 0; i < CHAT_PEOPLE; i += 1) {
    const chatter = new Chatter(server.port, `chatter-${i}`, SECRET, latencies);
    await chatter.opened();
    all.push(chatter);
  }
  for (let room = 0; room < CHAT_ROOMS; room += 1) {
    const roomId = `chat-${room}`;
    await all[0]?.ask({ type: "create_room", roomId, name: "chat", roomType: "public" });
    for (const chatter of all.slice(1)) await chatter.ask({ type: "join_room", roomId });
  }
  return all;
}

/**
 * By turns in all rooms, each message at a moment of its own within its part of the time. At even distances one message in a hundred would
 * meet what happens once a second, again and again or never, and that is all that a 99th percentile then tells.
 */
async function chat(people: readonly Chatter[], forMs: number): Promise<void> {
  const beganMs = performance.now();
  for (let i = 0; performance.now() - beganMs < forMs; i += 1) {
    await Bun.sleep(Math.max(0, beganMs + ((i + Math.random()) * 1_000) / CHAT_PER_SECOND - performance.now()));
    people[i % people.length]?.say(`chat-${i % CHAT_ROOMS}`);
  }
  await Bun.sleep(UNDER_WAY_MS);
}

export class Site {
  readonly name: string;
  readonly #load: Load;
  readonly #against: Load;
  readonly #provider: Subprocess;
  readonly #server: Server;
  readonly #crowd: Crowd;
  readonly #people: readonly Chatter[];
  /** What those who chat note. */
  readonly #latencies: number[];
  /** Of those beside the server; they begin with nothing. */
  #present: Load = "nothing";

  private constructor(
    name: string,
    { load, against }: Pick<SiteSettings, "load" | "against">,
    parts: { provider: Subprocess; server: Server; crowd: Crowd; people: readonly Chatter[]; latencies: number[] },
  ) {
    this.name = name;
    this.#load = load;
    this.#against = against;
    this.#provider = parts.provider;
    this.#server = parts.server;
    this.#crowd = parts.crowd;
    this.#people = parts.people;
    this.#latencies = parts.latencies;
  }

  static async open(kind: SiteKind, { runs, rate, load, against, dataDir }: SiteSettings): Promise<Site> {
    const provider = Bun.spawn(aside("provider.ts", [rate, ANSWER_SECONDS, runs].map(String)), { stdout: "pipe" });
    let crowd: Crowd | undefined;
    try {
      const { value } = await provider.stdout.getReader().read();
      const providerPort = Number(new TextDecoder().decode(value));
      const unbounded = { STOA_AI_USER_TOKENS: "0", STOA_AI_ROOM_TOKENS: "0", STOA_AI_TENANT_TOKENS: "0" };
      const env = { OPENAI_BASE_URL: `http://127.0.0.1:${providerPort}/v1`, ...unbounded, ...kind.env };
      const member = { name: `assistant-${kind.name}`, env, root: kind.root };
      const server = await startServer("stoa", { dataDir: makeFolder(dataDir), member });
      const latencies: number[] = [];
      const people = await chatters(server, latencies);
      crowd = new Crowd({ serverPort: server.port, providerPort, secret: SECRET, runs });
      await crowd.ready();
      return new Site(kind.name, { load, against }, { provider, server, crowd, people, latencies });
    } catch (error) {
      crowd?.end();
      provider.kill();
      throw error;
    }
  }

  /** What a server has in its first seconds is behind it. */
  async warmUp(forMs: number): Promise<void> {
    await this.#turn(this.#load);
    await chat(this.#people, forMs);
    await this.rest();
  }

  /** Nothing beside the server; first pieces since the last time are added. */
  rest(firstPieces: number[] = []): Promise<void> {
    return this.#turn("nothing", firstPieces);
  }

  /** One load ends before the next one begins. */
  async #turn(to: Load, firstPieces: number[] = []): Promise<void> {
    if (to === this.#present) return;
    if (to !== "nothing" && this.#present !== "nothing") await this.#turn("nothing", firstPieces);
    this.#present = to;
    const came = this.#crowd.tell(to);
    await chat(this.#people, SETTLE_MS);
    for (const ms of await came) firstPieces.push(ms);
    await chat(this.#people, SETTLE_MS);
  }

  async stretch(leg: Leg, round: Round, forMs: number): Promise<void> {
    await this.#turn(leg === "beside" ? this.#load : this.#against, round.firstPieces);
    const seen: Seen = round[leg];
    const { pid } = this.#server;
    this.#latencies.length = 0;
    const before = cpuMsOf(pid);
    const aroundBefore = this.#aroundMs();
    const threadsBefore = threadCpuOf(pid);
    await chat(this.#people, forMs);
    seen.cpuMs += cpuMsOf(pid) - before;
    seen.aroundMs += this.#aroundMs() - aroundBefore;
    for (const [id, { name, ns }] of threadCpuOf(pid)) {
      const tookMs = (ns - (threadsBefore.get(id)?.ns ?? 0)) / 1e6;
      seen.threadsMs.set(name, (seen.threadsMs.get(name) ?? 0) + tookMs);
    }
    seen.latencies.push(...this.#latencies);
  }

  #aroundMs(): number {
    return cpuMsOf(this.#provider.pid) + cpuMsOf(this.#crowd.pid);
  }

  async close(): Promise<void> {
    this.kill();
    for (const socket of this.#people) socket.close();
    await this.#server.stop();
  }

  /** Those who are beside the server. */
  kill(): void {
    this.#crowd.end();
    this.#provider.kill();
  }
}
