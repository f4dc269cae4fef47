/**
 * All links of one load process: opens them, keeps the load going, and says what came of it.
 * Invariant: no message is handed over after `halt`, so that the drain ends with every message accounted for.
 */
import { Histogram } from "./histogram.ts";
import type { Job, Faults } from "./job.ts";
import { Link } from "./link.ts";
import type { LinkOwner } from "./link.ts";
import { Route } from "./route.ts";
import { RawWire } from "./raw-wire.ts";
import { SocketIoWire } from "./socket-io-wire.ts";
import { StoaWire } from "./stoa-wire.ts";
import { StreamReader } from "./stream-reader.ts";
import { Tally } from "./tally.ts";
import type { Wire, WireContext } from "./wire.ts";

/** Links that are being opened at once: enough to be quick, few enough for any accept queue. */
const OPENING_MAX = 128;
const OPEN_MS_MAX = 30_000;
const DRAIN_MS_MAX = 15_000;
/** Sent, not yet acked messages of one link whose due time is remembered. */
const DUE_RING = 4_096;

export function nowUs(): number {
  return performance.now() * 1000;
}

export class Fleet implements LinkOwner {
  readonly links: Link[] = [];
  readonly tally: Tally;
  readonly #job: Job;
  readonly #wire: Wire;
  readonly #acked: boolean;
  readonly #dueTimes: Float64Array;
  readonly #route: Route | undefined;
  #ready = 0;
  #openMs = 0;
  #acks = 0;
  #marks = 0;
  #errors = 0;
  #firstError: string | undefined;
  #going = false;
  #onReady: (() => void) | undefined;
  #messagesLeft = Number.POSITIVE_INFINITY;

  constructor(job: Job) {
    this.#job = job;
    this.#acked = job.kind !== "idle" && job.acked;
    const senders = job.kind === "idle" ? 0 : job.senders;
    const sampleAll = job.kind === "open" && !this.#acked;
    const returns = job.kind === "closed" && !this.#acked;
    if (job.kind === "open" && job.routed) this.#route = new Route(job.rooms);
    const shape = { rooms: job.rooms, members: job.members, senders, sampleAll, returns };
    this.tally = new Tally(shape, this.#route);
    if (job.kind === "closed" && job.messages !== undefined) this.#messagesLeft = job.messages;
    const connections = job.rooms * job.members;
    for (let id = 0; id < connections; id += 1) {
      const room = Math.floor(id / job.members);
      this.links.push(new Link(this, id, room, room * job.members));
    }
    this.#dueTimes = new Float64Array(this.#acked ? connections * DUE_RING : 0);
    const context: WireContext = {
      port: job.ports[0] ?? 0,
      secret: job.secret,
      members: job.members,
      joins: job.kind !== "idle",
      acked: this.#acked,
      tally: this.tally,
      ready: () => this.#countReady(),
      answered: (link, number) => this.#answered(link, number),
    };
    this.#wire = wireOf(job, context);
    if (job.streams === true) {
      for (const link of this.links) if (link.id - link.roomFirst >= senders) link.stream = new StreamReader(context);
    }
  }

  get openMs(): number {
    return this.#openMs;
  }

  get acks(): number {
    return this.#acks;
  }

  /** Opens links [from, to) and waits until each has joined its room. The rooms' first members go first. */
  async open(from: number, to: number): Promise<void> {
    const beganMs = performance.now();
    const firsts: Link[] = [];
    const others: Link[] = [];
    for (const link of this.links.slice(from, to)) (link.id === link.roomFirst ? firsts : others).push(link);
    for (const group of [firsts, others]) {
      for (let at = 0; at < group.length; at += OPENING_MAX)
        await this.#openTogether(group.slice(at, at + OPENING_MAX));
    }
    this.#openMs += performance.now() - beganMs;
  }

  async #openTogether(links: readonly Link[]): Promise<void> {
    const target = this.#ready + links.length;
    const allReady = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new Error(`${this.#ready} of ${target} connections were ready in time; ${this.#firstError ?? "no error"}`),
        );
      }, OPEN_MS_MAX);
      this.#onReady = () => {
        if (this.#ready < target) return;
        clearTimeout(timer);
        resolve();
      };
    });
    for (const link of links) this.#connect(link);
    await allReady;
  }

  #connect(link: Link): void {
    Bun.connect<Link>({
      hostname: "127.0.0.1",
      port: this.#job.ports[link.id % this.#job.ports.length] ?? 0,
      data: link,
      socket: {
        open: (socket) => socket.data.attach(socket, (socket.data.stream ?? this.#wire).request(socket.data)),
        data: (socket, chunk) => {
          this.tally.nowUs = nowUs();
          socket.data.receive(chunk);
        },
        drain: (socket) => socket.data.writable(),
        close: (socket) => socket.data.fail("connection closed"),
        error: (socket, error) => socket.data.fail(error.message),
      },
    }).catch((error: Error) => link.fail(error.message));
  }

  #countReady(): void {
    this.#ready += 1;
    this.#onReady?.();
  }

  upgraded(link: Link): void {
    this.#wire.begin(link);
  }

  frame(link: Link, bytes: Uint8Array, start: number, end: number): void {
    this.#wire.frame(link, bytes, start, end);
  }

  readDone(link: Link): void {
    const due = link.due;
    if (due === 0) return;
    link.due = 0;
    if (this.#going) this.send(link, due, nowUs());
  }

  failed(link: Link, why: string): void {
    this.#errors += 1;
    this.#firstError ??= `connection ${link.id}: ${why}`;
  }

  send(link: Link, count: number, timeUs: number): void {
    const allowed = Math.min(count, this.#messagesLeft);
    this.#messagesLeft -= allowed;
    if (this.#acked) {
      for (let i = 1; i <= allowed; i += 1) this.#dueTimes[this.#dueIndex(link, link.sent + i)] = timeUs;
    }
    if (allowed > 0) link.send(allowed, timeUs);
  }

  #dueIndex(link: Link, number: number): number {
    return link.id * DUE_RING + (number % DUE_RING);
  }

  #answered(link: Link, number: number): void {
    if (number !== link.acked + 1) link.fail(`ack ${number} came after ack ${link.acked}`);
    link.acked = number;
    this.#acks += 1;
    this.tally.latency.record(this.tally.nowUs - (this.#dueTimes[this.#dueIndex(link, number)] ?? 0));
    if (this.#job.kind === "closed") link.due += 1;
  }

  /** Every connection reads every `everyMs`, spread evenly; until `halt`. */
  readEvery(everyMs: number): void {
    const beganMs = performance.now();
    let read = 0;
    const pump = (): void => {
      if (!this.going) return;
      const due = Math.floor(((performance.now() - beganMs) * this.links.length) / everyMs);
      for (; read < due; read += 1) {
        const link = this.links[read % this.links.length];
        if (link !== undefined && this.#wire.read(link)) this.#marks += 2;
      }
      setTimeout(pump, 5);
    };
    pump();
  }

  get marks(): number {
    return this.#marks;
  }

  /** Receipt frames of the connection that had the most since the last time. */
  cutReceipts(): number {
    let most = 0;
    for (const link of this.links) {
      most = Math.max(most, link.receipts);
      link.receipts = 0;
    }
    return most;
  }

  senders(): readonly Link[] {
    const count = this.#job.kind === "idle" ? 0 : this.#job.senders;
    return this.links.filter((link) => link.id - link.roomFirst < count);
  }

  start(): void {
    this.#going = true;
  }

  /** From now on nothing is sent. */
  halt(): void {
    this.#going = false;
  }

  get going(): boolean {
    return this.#going && this.#errors === 0;
  }

  get messagesLeft(): number {
    return this.#messagesLeft;
  }

  get sent(): number {
    let sum = 0;
    for (const link of this.links) sum += link.sent;
    return sum;
  }

  /** Begins a fresh histogram and returns the old one. */
  cutLatency(): Histogram {
    const old = this.tally.latency;
    this.tally.latency = new Histogram();
    return old;
  }

  get route(): Route | undefined {
    return this.#route;
  }

  /** What was noted of the way between nodes is forgotten: the warm-up is over. */
  cutRoute(): void {
    this.#route?.cut();
  }

  /** Waits until everything that was sent has arrived, or too long. */
  async drain(): Promise<void> {
    const until = performance.now() + DRAIN_MS_MAX;
    const expected = this.tally.expected(this.links);
    const acksExpected = this.#acked ? this.sent : 0;
    while (performance.now() < until && this.#errors === 0) {
      if (this.tally.deliveries >= expected && this.#acks >= acksExpected) break;
      await Bun.sleep(5);
    }
    // A repeated delivery would come after the last one.
    await Bun.sleep(50);
  }

  faults(): Faults {
    const acksMissing = this.#acked ? Math.max(0, this.sent - this.#acks) : 0;
    return {
      missing: this.tally.missing(this.links) + acksMissing,
      repeated: this.tally.repeated,
      foreign: this.tally.foreign,
      errors: this.#errors,
      ...(this.#firstError === undefined ? {} : { firstError: this.#firstError }),
    };
  }

  close(): void {
    for (const link of this.links) link.close();
  }
}

function wireOf(job: Job, context: WireContext): Wire {
  if (job.peer === "raw") return new RawWire(context);
  if (job.peer === "socketio") return new SocketIoWire(context);
  return new StoaWire(context);
}
