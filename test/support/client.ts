/**
 * A chat client over a real WebSocket in any of the four encodings: requests with `ref` as promises, everything that was
 * received kept in order, each room's events checked for gaps.
 * Invariant: every wait has a bound, and a wait that fails says what it waited for and what came instead.
 */
import { type Question, RoomLog } from "./room-log.ts";
import { at, textAt } from "./json.ts";
import { type Frame, type Wire, WIRES, type WireName } from "./wire.ts";

/** For a busy machine: what comes is not waited for any longer than it takes. */
const WAIT_MS_MAX = 20_000;

export interface ConnectOptions {
  readonly token: string;
  readonly wire?: WireName;
  /** How the token travels; `frame`: first frame `auth`; `none`: not at all. */
  readonly via?: "header" | "query" | "frame" | "none";
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What this person saw on earlier connections. */
  readonly rooms?: Map<string, RoomLog>;
  /** Sees every frame as it comes. */
  readonly onFrame?: (frame: Frame) => void;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

interface Waiter {
  readonly accepts: (frame: Frame) => boolean;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

export class TestClient {
  readonly frames: Frame[] = [];
  readonly rooms: Map<string, RoomLog>;
  readonly closed: Promise<Closed>;
  readonly #wire: Wire;
  readonly #socket: WebSocket;
  readonly #onFrame: ((frame: Frame) => void) | undefined;
  readonly #waiters = new Set<Waiter>();
  /** Refs of joins under way, and where they start. */
  readonly #joining = new Map<string, { readonly since: number | undefined }>();
  /** By ref: what a resume asked of which room. */
  readonly #questions = new Map<string, readonly { readonly log: RoomLog; readonly question: Question }[]>();
  #refs = 0;
  #end: Closed | undefined;

  private constructor(address: string, wire: Wire, headers: Record<string, string>, options: ConnectOptions) {
    this.#wire = wire;
    this.rooms = options.rooms ?? new Map();
    this.#onFrame = options.onFrame;
    this.#socket = new WebSocket(address, {
      headers,
      ...(wire.subprotocol === undefined ? {} : { protocols: [wire.subprotocol] }),
    });
    this.#socket.binaryType = "arraybuffer";
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener("close", ({ code, reason }) => {
        this.#end = { code, reason };
        for (const ref of this.#questions.keys()) this.#settle(ref);
        for (const waiter of this.#waiters) waiter.reject(new Error(`closed with ${code} ${reason}`));
        resolve(this.#end);
      });
    });
    this.#socket.addEventListener("message", ({ data }) => this.#receive(data));
  }

  /** Connects and waits for the `connection` frame. */
  static async connect(server: { readonly ws: string }, options: ConnectOptions): Promise<TestClient> {
    const client = TestClient.open(server, options);
    await client.opened();
    if (options.via === "frame") client.send({ type: "auth", token: options.token });
    await client.waitFor((frame) => frame.type === "connection", "the connection frame");
    return client;
  }

  /** Connects without waiting for anything. */
  static open(server: { readonly ws: string }, options: ConnectOptions): TestClient {
    const wire = WIRES[options.wire ?? "msgpack"];
    const via = options.via ?? "header";
    const query = via === "query" ? `?token=${encodeURIComponent(options.token)}` : "";
    const headers = { ...(via === "header" ? { authorization: `Bearer ${options.token}` } : {}), ...options.headers };
    const address = server.ws + (options.path ?? wire.path) + query;
    return new TestClient(address, wire, headers, options);
  }

  /** Resolves when the socket is open; rejects when it was closed instead. */
  opened(): Promise<void> {
    if (this.#socket.readyState === WebSocket.OPEN) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#socket.addEventListener("open", () => resolve());
      void this.closed.then(({ code, reason }) => reject(new Error(`not opened: ${code} ${reason}`)));
    });
  }

  get subprotocol(): string {
    return this.#socket.protocol;
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: Frame): void {
    this.#socket.send(this.#wire.encode(frame));
  }

  /** Bytes or text as they are. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** Sends with a `ref` and resolves with whatever carries it back: `ack`, `error`, `pong` or `resumed`. */
  async request(frame: Frame, msMax = WAIT_MS_MAX): Promise<Frame> {
    this.#refs += 1;
    const ref = frame["ref"] ?? `r${this.#refs}`;
    if (frame.type === "join_room" && typeof frame["roomId"] === "string") {
      this.#joining.set(String(ref), { since: frame["lastSeq"] as number | undefined });
    }
    if (frame.type === "resume") {
      const asked = Object.entries(frame["rooms"] as Readonly<Record<string, number>>).map(([roomId, since]) => {
        const log = this.#room(roomId);
        return { log, question: log.asked(since) };
      });
      this.#questions.set(String(ref), asked);
    }
    const from = this.frames.length;
    this.send({ ...frame, ref });
    return this.waitFor((reply) => reply["ref"] === ref, `the answer to ${frame.type}`, { from, msMax });
  }

  /** A request that must succeed. */
  async ack(frame: Frame, msMax = WAIT_MS_MAX): Promise<Frame> {
    const reply = await this.request(frame, msMax);
    if (reply.type === "error") throw new Error(`${frame.type} was refused: ${JSON.stringify(reply)}`);
    return reply;
  }

  /** A request that must be refused; resolves with the error frame. */
  async refused(frame: Frame, msMax = WAIT_MS_MAX): Promise<Frame> {
    const reply = await this.request(frame, msMax);
    if (reply.type !== "error") throw new Error(`${frame.type} was accepted: ${JSON.stringify(reply)}`);
    return reply;
  }

  /** Joins a room, with what is known of it, so that its events can be checked. */
  join(roomId: string, lastSeq?: number): Promise<Frame> {
    return this.ack({ type: "join_room", roomId, ...(lastSeq === undefined ? {} : { lastSeq }) });
  }

  /** Sends a text; resolves with the ack. */
  say(roomId: string, content: string, extra: Readonly<Record<string, unknown>> = {}): Promise<Frame> {
    return this.ack({ type: "send_message", roomId, content, ...extra });
  }

  /** One `resume` frame for all rooms that this person knows. */
  resume(): Promise<Frame> {
    const rooms = Object.fromEntries([...this.rooms].map(([roomId, log]) => [roomId, log.head]));
    return this.ack({ type: "resume", rooms }, 2 * WAIT_MS_MAX);
  }

  /** The first frame from index `from` on that `accepts`; one that came already counts. */
  waitFor(
    accepts: (frame: Frame) => boolean,
    what: string,
    { from = 0, msMax = WAIT_MS_MAX }: { readonly from?: number; readonly msMax?: number } = {},
  ): Promise<Frame> {
    for (let i = from; i < this.frames.length; i += 1) {
      const frame = this.frames[i];
      if (frame !== undefined && accepts(frame)) return Promise.resolve(frame);
    }
    if (this.#end !== undefined) return Promise.reject(new Error(`${what}: closed with ${this.#end.code}`));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        accepts,
        resolve: (frame) => {
          settle();
          resolve(frame);
        },
        reject: (error) => {
          settle();
          reject(new Error(`waiting for ${what}: ${error.message}`));
        },
      };
      const timer = setTimeout(() => {
        const last = this.frames.slice(-8).map((frame) => JSON.stringify(frame).slice(0, 300));
        waiter.reject(new Error(`nothing in ${msMax} ms; the last frames were\n${last.join("\n")}`));
      }, msMax);
      this.#waiters.add(waiter);
    });
  }

  /** The first event of a room that `accepts`, also one that came already. */
  async event(roomId: string, type: string, accepts: (event: unknown) => boolean = () => true): Promise<unknown> {
    const find = (): unknown =>
      this.rooms.get(roomId)?.events.find((event) => event.type === type && accepts(event.body))?.body;
    const found = find();
    if (found !== undefined) return found;
    await this.waitFor((frame) => frame.type === "events" && find() !== undefined, `an event ${type} in ${roomId}`, {
      from: this.frames.length,
    });
    return find();
  }

  /** The message with this text, as its `new_message` event showed it. */
  async message(roomId: string, content: string): Promise<unknown> {
    const event = await this.event(roomId, "new_message", (body) => at(body, "message.content") === content);
    return at(event, "message");
  }

  /** What is wrong with the order of what was seen, in all rooms. */
  faults(): readonly string[] {
    return [...this.rooms].flatMap(([roomId, log]) => log.faults.map((fault) => `${roomId}: ${fault}`));
  }

  /** Closes with a close frame, and waits for the other side's. */
  async close(): Promise<Closed> {
    this.#socket.close(1000);
    return this.closed;
  }

  /** Cuts the connection without a close frame. */
  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: unknown): void {
    const frame = this.#wire.decode(data instanceof ArrayBuffer ? new Uint8Array(data) : String(data));
    this.#note(frame);
    this.frames.push(frame);
    this.#onFrame?.(frame);
    for (const waiter of [...this.#waiters]) if (waiter.accepts(frame)) waiter.resolve(frame);
  }

  #note(frame: Frame): void {
    if (frame.type === "events") this.#room(textAt(frame, "roomId")).accept(frame);
    if (frame.type === "resumed") {
      for (const position of frame["rooms"] as readonly unknown[]) {
        this.#room(textAt(position, "roomId")).resumed(position);
      }
    }
    if (frame.type === "resumed" || frame.type === "error") this.#settle(String(frame["ref"]));
    const position = at(frame, "position");
    if (frame.type === "ack" && position !== undefined && position !== null) {
      const since = this.#joining.get(String(frame["ref"]))?.since;
      this.#room(textAt(position, "roomId")).joined(position, since);
    }
  }

  #settle(ref: string): void {
    for (const { log, question } of this.#questions.get(ref) ?? []) log.settled(question);
    this.#questions.delete(ref);
  }

  #room(roomId: string): RoomLog {
    const known = this.rooms.get(roomId);
    if (known !== undefined) return known;
    const log = new RoomLog();
    this.rooms.set(roomId, log);
    return log;
  }
}
