/** Clients of the assistant's benchmark: one that chats and measures deliveries, one that asks and measures first pieces. */
import { tokenFor } from "../load/token.ts";

interface Incoming {
  readonly type: string;
  readonly ref?: string;
  readonly roomId?: string;
  readonly offset?: number;
  readonly text?: string;
  readonly code?: string;
  readonly events?: readonly {
    readonly type: string;
    readonly state?: string;
    readonly messageId?: string;
    readonly message?: { readonly messageId: string; readonly content: string; readonly answer?: object };
  }[];
}

/** Milliseconds since 1970 with fractions: the same for all processes of one machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

abstract class JsonSocket {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, () => void>();
  #refs = 0;

  protected constructor(port: number, user: string, secret: string) {
    const authorization = `Bearer ${tokenFor({ sub: user, name: user }, secret)}`;
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, {
      headers: { authorization },
      protocols: ["stoa.v1.json"],
    });
    this.#socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as Incoming;
      // What ended by itself meanwhile cannot be stopped.
      if (frame.type === "error" && frame.code !== "not_running") throw new Error(`refused: ${data}`);
      if (frame.ref !== undefined) this.#waiting.get(frame.ref)?.();
      this.came(frame);
    });
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.addEventListener("open", () => resolve());
      this.#socket.addEventListener("error", () => reject(new Error("a socket was not opened")));
    });
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  ask(frame: object): Promise<void> {
    this.#refs += 1;
    const ref = `r${this.#refs}`;
    return new Promise((resolve) => {
      this.#waiting.set(ref, resolve);
      this.send({ ...frame, ref });
    });
  }

  close(): void {
    this.#socket.close();
  }

  protected abstract came(frame: Incoming): void;
}

/** Sends times, and notes how long the times of others were under way. */
export class Chatter extends JsonSocket {
  readonly #latencies: number[];

  constructor(port: number, user: string, secret: string, latencies: number[]) {
    super(port, user, secret);
    this.#latencies = latencies;
  }

  say(roomId: string): void {
    this.send({ type: "send_message", roomId, content: String(epochMs()) });
  }

  protected override came(frame: Incoming): void {
    for (const event of frame.events ?? []) {
      if (event.type === "new_message" && event.message !== undefined) {
        this.#latencies.push(epochMs() - Number(event.message.content));
      }
    }
  }
}

/** Asks in its rooms, again as soon as an answer has ended, until it stops all of them. */
export class Asker extends JsonSocket {
  isAsking = false;
  readonly #firstPiece: (ms: number) => void;
  /** Rooms in which an answer is awaited or grows, and that answer. */
  readonly #answers = new Map<string, string | undefined>();

  /** `firstPiece` is told how long each first piece was under way, milliseconds. */
  constructor(port: number, user: string, secret: string, firstPiece: (ms: number) => void) {
    super(port, user, secret);
    this.#firstPiece = firstPiece;
  }

  get isWaiting(): boolean {
    return this.#answers.size > 0;
  }

  question(roomId: string): void {
    this.#answers.set(roomId, undefined);
    this.send({ type: "send_message", roomId, content: "@ai tell me" });
  }

  stopAll(): void {
    this.isAsking = false;
    for (const [roomId, messageId] of this.#answers) this.#stop(roomId, messageId);
  }

  protected override came({ type, roomId, offset, text, events }: Incoming): void {
    if (type === "ai_response" && offset === 0 && text !== undefined) {
      // The first piece may have the next one with it.
      this.#firstPiece(epochMs() - Number.parseFloat(text));
    }
    if (roomId === undefined) return;
    for (const { type: kind, state, messageId, message } of events ?? []) {
      if (kind === "new_message" && message?.answer !== undefined) this.#began(roomId, message.messageId);
      if (kind === "ai_response" && messageId === this.#answers.get(roomId)) this.#ended(roomId, state);
    }
  }

  #began(roomId: string, messageId: string): void {
    this.#answers.set(roomId, messageId);
    if (!this.isAsking) this.#stop(roomId, messageId);
  }

  #ended(roomId: string, state: string | undefined): void {
    this.#answers.delete(roomId);
    if (this.isAsking && state !== "complete") throw new Error(`an answer ended as ${state}`);
    if (this.isAsking) this.question(roomId);
  }

  /** One that has just ended is not there to be stopped: then its end is under way. */
  #stop(roomId: string, messageId: string | undefined): void {
    if (messageId !== undefined) this.send({ type: "stop_answer", roomId, messageId });
  }
}
