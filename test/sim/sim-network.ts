/**
 * What lies between clients, edge and shards: pipes that keep order, take time, and can be cut.
 * Invariant: a pipe delivers in the order of sending or, once cut, nothing more: what was in flight is lost.
 */
import type { Broadcaster, Socket } from "../../src/edge/ports.ts";
import { CLOSE_CODES, type CloseReason } from "../../src/protocol/errors.ts";
import type { EventQueue } from "./virtual-clock.ts";

export const ABNORMAL_CLOSE = 1006;

export class Pipe {
  readonly #queue: EventQueue;
  readonly #delayMs: () => number;
  #lastMs = 0;
  #isCut = false;

  constructor(queue: EventQueue, delayMs: () => number) {
    this.#queue = queue;
    this.#delayMs = delayMs;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** `arrive` runs at the far end. */
  send(arrive: () => void): void {
    if (this.#isCut) return;
    this.#lastMs = Math.max(this.#lastMs, this.#queue.nowMs + this.#delayMs());
    this.#queue.at(this.#lastMs, () => {
      if (!this.#isCut) arrive();
    });
  }

  /** What is sent from now on arrives after `durationMs` at the earliest. */
  stall(durationMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, this.#queue.nowMs + durationMs);
  }

  cut(): void {
    this.#isCut = true;
  }
}

/** Both ends of a connection, as far as the wire is concerned. */
export interface WireEnds {
  /** Runs in the server's process. */
  enterServer(run: () => void): void;
  serverReceived(data: Uint8Array): void;
  serverClosed(code: number): void;
  clientReceived(data: Uint8Array): void;
  clientClosed(code: number): void;
}

/** Time until an end learns that the other one is gone. */
const NOTICE_MS = 1;

/** One WebSocket. The server sees it through the port `Socket`; the client calls `transmit` and `hangUp`. */
export class SimWire implements Socket {
  readonly transport = "websocket";
  readonly #queue: EventQueue;
  readonly #up: Pipe;
  readonly #down: Pipe;
  readonly #ends: WireEnds;
  readonly #topics: SimTopics;
  /** Bytes that the server may have under way to this client. */
  readonly #backpressureMax: () => number;
  #bytesDown = 0;
  #isPaused = false;
  #unread: Uint8Array[] = [];
  #serverIsClosed = false;
  #clientIsClosed = false;

  constructor(
    queue: EventQueue,
    topics: SimTopics,
    ends: WireEnds,
    pace: { readonly delayMs: () => number; readonly backpressureMax: () => number },
  ) {
    this.#queue = queue;
    this.#topics = topics;
    this.#ends = ends;
    this.#up = new Pipe(queue, pace.delayMs);
    this.#down = new Pipe(queue, pace.delayMs);
    this.#backpressureMax = pace.backpressureMax;
  }

  // ---------------------------------------------------------------------------------------------- the server's end

  send(data: Uint8Array, _text: boolean): "sent" | "queued" | "dropped" {
    // As in Bun, what is waiting counts, not what is added.
    if (this.#serverIsClosed || this.#bytesDown > this.#backpressureMax()) return "dropped";
    this.#bytesDown += data.length;
    this.#down.send(() => {
      this.#bytesDown -= data.length;
      if (!this.#clientIsClosed) this.#ends.clientReceived(data);
    });
    return "sent";
  }

  subscribe(topic: string): void {
    if (!this.#serverIsClosed) this.#topics.add(topic, this);
  }

  unsubscribe(topic: string): void {
    this.#topics.remove(topic, this);
  }

  cork(run: () => void): void {
    run();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const unread = this.#unread;
    this.#unread = [];
    for (const data of unread) this.#read(data);
  }

  close(reason: CloseReason): void {
    const { code } = CLOSE_CODES[reason];
    this.#down.send(() => this.#closeClient(code));
    this.#queue.after(NOTICE_MS, () => this.#ends.enterServer(() => this.#closeServer(code)));
  }

  get backlog(): number {
    return this.#bytesDown;
  }

  terminate(): void {
    this.#down.cut();
    this.#queue.after(NOTICE_MS, () => this.#ends.enterServer(() => this.#closeServer(ABNORMAL_CLOSE)));
    this.#queue.after(NOTICE_MS, () => this.#closeClient(ABNORMAL_CLOSE));
  }

  // ---------------------------------------------------------------------------------------------- the client's end

  transmit(data: Uint8Array): void {
    this.#up.send(() => this.#ends.enterServer(() => this.#read(data)));
  }

  /** The client closes in good order. */
  hangUp(): void {
    this.#clientIsClosed = true;
    this.#down.cut();
    this.#up.send(() => this.#ends.enterServer(() => this.#closeServer(CLOSE_CODES.normal.code)));
  }

  /** What the server sends reaches the client only after a while. */
  stall(durationMs: number): void {
    this.#down.stall(durationMs);
  }

  /** The line is dead; each end learns it in its own time. */
  cut(serverNoticeMs: number, clientNoticeMs: number): void {
    this.#up.cut();
    this.#down.cut();
    this.#queue.after(serverNoticeMs, () => this.#ends.enterServer(() => this.#closeServer(ABNORMAL_CLOSE)));
    this.#queue.after(clientNoticeMs, () => this.#closeClient(ABNORMAL_CLOSE));
  }

  #read(data: Uint8Array): void {
    if (this.#serverIsClosed) return;
    if (this.#isPaused) {
      this.#unread.push(data);
      return;
    }
    // As Bun does: the buffer is somebody else's once the handler has returned.
    const lent = data.slice();
    this.#ends.serverReceived(lent);
    lent.fill(0xc1);
  }

  #closeServer(code: number): void {
    if (this.#serverIsClosed) return;
    this.#serverIsClosed = true;
    this.#topics.removeAll(this);
    this.#ends.serverClosed(code);
  }

  #closeClient(code: number): void {
    if (this.#clientIsClosed) return;
    this.#clientIsClosed = true;
    this.#ends.clientClosed(code);
  }
}

/** The server's native topics. As in Bun, a publish that a slow socket can't take ends that socket. */
export class SimTopics implements Broadcaster {
  readonly #closesSlowSockets: boolean;
  readonly #wires = new Map<string, Set<SimWire>>();

  constructor(closesSlowSockets: boolean) {
    this.#closesSlowSockets = closesSlowSockets;
  }

  add(topic: string, wire: SimWire): void {
    const wires = this.#wires.get(topic) ?? new Set();
    wires.add(wire);
    this.#wires.set(topic, wires);
  }

  remove(topic: string, wire: SimWire): void {
    this.#wires.get(topic)?.delete(wire);
  }

  removeAll(wire: SimWire): void {
    for (const wires of this.#wires.values()) wires.delete(wire);
  }

  publish(topic: string, data: Uint8Array, text: boolean): void {
    for (const wire of this.#wires.get(topic) ?? []) {
      if (wire.send(data, text) === "dropped" && this.#closesSlowSockets) wire.terminate();
    }
  }
}
