/**
 * One person of the chaos test: sends without waiting, survives the loss of the server, resumes and retries.
 * Invariant: a message is in `unacked` from its first try until an ack, and in `acked` with the ack's words ever after.
 */
import { TestClient } from "../support/client.ts";
import { at, numberAt, textAt } from "../support/json.ts";
import type { RoomLog } from "../support/room-log.ts";
import { mintTestToken, SECRET } from "../support/tokens.ts";
import type { Frame, WireName } from "../support/wire.ts";
import type { Acked } from "./verdict.ts";

interface Unacked {
  readonly roomId: string;
  readonly content: string;
  /** What this person had of the room at the first try. */
  readonly knownSeq: number;
  readonly firstMs: number;
  lastMs: number;
}
/** A server that a person may connect to. */
export interface Place {
  readonly ws: string;
  /** Signs the tokens that are taken there; absent: what all of this run share. */
  readonly secret?: string;
}
interface Wait {
  readonly done: () => boolean;
  readonly resolve: () => void;
}

const OPEN_MS_MAX = 5_000;
const PADDING = "so that a message has about the length that people write in a chat on a good day";

export class Person {
  readonly userId: string;
  readonly token: string;
  readonly rooms = new Map<string, RoomLog>();
  readonly unacked = new Map<string, Unacked>();
  readonly acked = new Map<string, Acked>();
  readonly faults: string[] = [];
  retried = 0;
  readonly #server: Place;
  readonly #heard: ((frame: Frame) => void) | undefined;
  readonly #wire: WireName;
  #client: TestClient | undefined;
  #sent = 0;
  #wait: Wait | undefined;

  /** `heard` sees every frame after it was taken note of. */
  constructor(server: Place, userId: string, wire: WireName, heard?: (frame: Frame) => void) {
    this.#server = server;
    this.#heard = heard;
    this.#wire = wire;
    this.userId = userId;
    this.token = mintTestToken({ user: userId, name: userId, secret: server.secret ?? SECRET });
  }

  get client(): TestClient {
    if (this.#client === undefined) throw new Error(`${this.userId} is not connected`);
    return this.#client;
  }

  async connect(): Promise<void> {
    await this.open(this.#server);
    if (this.rooms.size > 0) await this.client.resume();
  }

  /** A connection without a resume; fails when it is not greeted in time. */
  async open(place: Place): Promise<TestClient> {
    const client = TestClient.open(place, {
      token: this.token,
      wire: this.#wire,
      rooms: this.rooms,
      onFrame: (frame) => this.#onFrame(frame),
    });
    const late = setTimeout(() => client.terminate(), OPEN_MS_MAX);
    try {
      await client.opened();
      await client.waitFor((frame) => frame.type === "connection", "the connection frame");
    } finally {
      clearTimeout(late);
    }
    this.#client = client;
    return client;
  }

  async disconnected(): Promise<void> {
    await this.#client?.closed;
  }

  say(roomId: string): void {
    this.#sent += 1;
    const clientId = `${this.userId}-${this.#sent}`;
    const nowMs = performance.now();
    const knownSeq = this.rooms.get(roomId)?.head ?? 0;
    const message = { roomId, content: `${clientId} ${PADDING}`, knownSeq, firstMs: nowMs, lastMs: nowMs };
    this.unacked.set(clientId, message);
    if (this.#client?.isOpen === true) this.#client.send(frameOf(clientId, roomId, message.content));
  }

  /** One more try of a message, if it still needs one and there is a connection. */
  again(clientId: string): void {
    const message = this.unacked.get(clientId);
    if (message === undefined || this.#client?.isOpen !== true) return;
    message.lastMs = performance.now();
    const { roomId, content, knownSeq } = message;
    this.#client.send({ ...frameOf(clientId, roomId, content), knownSeq });
  }

  /** Sends everything again that was not acked, in the order of the first tries. */
  resend(): void {
    this.retried += this.unacked.size;
    for (const clientId of this.unacked.keys()) this.again(clientId);
  }

  async allAcked(msMax: number): Promise<void> {
    await this.#until(
      () => this.unacked.size === 0,
      msMax,
      () => `${this.unacked.size} messages without an ack`,
    );
  }

  lastAckedSeq(roomId: string): number {
    let last = 0;
    for (const acked of this.acked.values()) if (acked.roomId === roomId) last = Math.max(last, acked.seq);
    return last;
  }

  async seen(roomId: string, seq: number, msMax: number): Promise<void> {
    const head = (): number => this.rooms.get(roomId)?.head ?? 0;
    await this.#until(
      () => head() >= seq,
      msMax,
      () => `${roomId} is seen up to ${head()}, not ${seq}`,
    );
  }

  #onFrame(frame: Frame): void {
    if (frame.type === "ack") this.#onAck(frame);
    // What is refused for now stays unacked, and is tried again with the others.
    else if (frame.type === "error" && frame["temporary"] !== true)
      this.faults.push(`refused: ${JSON.stringify(frame)}`);
    this.#heard?.(frame);
    if (this.#wait?.done()) this.#wait.resolve();
  }

  #onAck(frame: Frame): void {
    const clientId = String(frame["ref"]);
    const first = this.acked.get(clientId);
    if (first !== undefined && first.messageId !== at(frame, "messageId")) {
      this.faults.push(`${clientId} was acked as ${first.messageId} and as ${at(frame, "messageId")}`);
    }
    const message = this.unacked.get(clientId);
    if (message === undefined) return;
    this.unacked.delete(clientId);
    this.acked.set(clientId, {
      roomId: message.roomId,
      content: message.content,
      messageId: textAt(frame, "messageId"),
      seq: numberAt(frame, "seq"),
      sentMs: message.firstMs,
      ackedMs: performance.now(),
    });
  }

  async #until(done: () => boolean, msMax: number, otherwise: () => string): Promise<void> {
    if (done()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.userId}: ${otherwise()}`)), msMax);
      this.#wait = {
        done,
        resolve: () => {
          clearTimeout(timer);
          this.#wait = undefined;
          resolve();
        },
      };
    });
  }
}

function frameOf(clientId: string, roomId: string, content: string): Frame {
  return { type: "send_message", ref: clientId, roomId, clientId, content };
}
