/**
 * One person of the chaos test: sends without waiting, survives the loss of the server, resumes and retries.
 * Invariant: a message is in `unacked` from its first try until an ack, and in `acked` with the ack's words ever after.
 */
import { TestClient } from "../support/client.ts";
import { at, numberAt, textAt } from "../support/json.ts";
import type { RoomLog } from "../support/room-log.ts";
import type { TestServer } from "../support/server.ts";
import type { Frame, WireName } from "../support/wire.ts";
import type { Acked } from "./verdict.ts";

interface Unacked {
  readonly roomId: string;
  readonly content: string;
  /** What this person had of the room at the first try. */
  readonly knownSeq: number;
}
interface Wait {
  readonly done: () => boolean;
  readonly resolve: () => void;
}

const PADDING = "so that a message has about the length that people write in a chat on a good day";

export class Person {
  readonly userId: string;
  readonly token: string;
  readonly rooms = new Map<string, RoomLog>();
  readonly unacked = new Map<string, Unacked>();
  readonly acked = new Map<string, Acked>();
  readonly faults: string[] = [];
  retried = 0;
  readonly #server: TestServer;
  readonly #wire: WireName;
  #client: TestClient | undefined;
  #sent = 0;
  #wait: Wait | undefined;

  constructor(server: TestServer, userId: string, wire: WireName) {
    this.#server = server;
    this.#wire = wire;
    this.userId = userId;
    this.token = server.token({ user: userId, name: userId });
  }

  get client(): TestClient {
    if (this.#client === undefined) throw new Error(`${this.userId} is not connected`);
    return this.#client;
  }

  async connect(): Promise<void> {
    this.#client = await TestClient.connect(this.#server, {
      token: this.token,
      wire: this.#wire,
      rooms: this.rooms,
      onFrame: (frame) => this.#onFrame(frame),
    });
    if (this.rooms.size > 0) await this.#client.resume();
  }

  async disconnected(): Promise<void> {
    await this.#client?.closed;
  }

  say(roomId: string): void {
    this.#sent += 1;
    const clientId = `${this.userId}-${this.#sent}`;
    const message = { roomId, content: `${clientId} ${PADDING}`, knownSeq: this.rooms.get(roomId)?.head ?? 0 };
    this.unacked.set(clientId, message);
    if (this.client.isOpen) this.client.send(frameOf(clientId, roomId, message.content));
  }

  /** Sends everything again that was not acked, in the order of the first tries, and waits for all acks. */
  async retry(msMax: number): Promise<void> {
    this.retried += this.unacked.size;
    for (const [clientId, { roomId, content, knownSeq }] of this.unacked) {
      this.client.send({ ...frameOf(clientId, roomId, content), knownSeq });
    }
    await this.#until(
      () => this.unacked.size === 0,
      msMax,
      () => `${this.unacked.size} retries without an ack`,
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
