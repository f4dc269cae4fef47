/** What a client says of itself while it reads and writes: typing, read, received. Told no more often than it is worth. */
import type { RoomId, Seq } from "../base/ids.ts";
import type { ClientFrame } from "../protocol/frames.ts";
import type { ChatError } from "./chat-error.ts";

const TYPING_MS = 2_000;
const READ_MS = 300;
const CONFIRM_MS = 5_000;
const RETRY_MS = 1_000;

/** The highest of several numbers, sent once in so long. */
class Coalesced {
  readonly #waitMs: number;
  readonly #send: (room: RoomId, seq: Seq) => boolean;
  readonly #rooms = new Map<RoomId, { wanted: Seq; sent: Seq; timer?: ReturnType<typeof setTimeout> | undefined }>();

  constructor(waitMs: number, send: (room: RoomId, seq: Seq) => boolean) {
    this.#waitMs = waitMs;
    this.#send = send;
  }

  set(room: RoomId, seq: Seq): void {
    const mark = this.#rooms.get(room) ?? { wanted: 0, sent: 0 };
    this.#rooms.set(room, mark);
    if (seq <= mark.wanted) return;
    mark.wanted = seq;
    mark.timer ??= setTimeout(() => this.#flush(room), this.#waitMs);
  }

  /** Nobody knows whether it arrived: it is told again in so long, or with the next `flush`. */
  again(room: RoomId, waitMs?: number): void {
    const mark = this.#rooms.get(room);
    if (mark === undefined || mark.wanted === 0) return;
    mark.sent = 0;
    if (waitMs !== undefined) mark.timer ??= setTimeout(() => this.#flush(room), waitMs);
  }

  allAgain(waitMs: number): void {
    for (const room of this.#rooms.keys()) this.again(room, waitMs);
  }

  /** All that was not told yet. */
  flush(): void {
    for (const room of this.#rooms.keys()) this.#flush(room);
  }

  stop(): void {
    for (const mark of this.#rooms.values()) clearTimeout(mark.timer);
    this.#rooms.clear();
  }

  #flush(room: RoomId): void {
    const mark = this.#rooms.get(room);
    if (mark === undefined) return;
    clearTimeout(mark.timer);
    mark.timer = undefined;
    if (mark.wanted > mark.sent && this.#send(room, mark.wanted)) mark.sent = mark.wanted;
  }
}

export interface MarksOwner {
  send(frame: ClientFrame): boolean;
  ask(frame: ClientFrame): Promise<unknown>;
  /** The server knows it. */
  marked(room: RoomId): void;
}

export class Marks {
  readonly #owner: MarksOwner;
  readonly #read: Coalesced;
  readonly #received: Coalesced;
  readonly #typing = new Map<RoomId, number>();

  constructor(owner: MarksOwner) {
    this.#owner = owner;
    this.#read = new Coalesced(READ_MS, (roomId, seq) => {
      this.#tellRead(roomId, seq);
      return true;
    });
    this.#received = new Coalesced(CONFIRM_MS, (roomId, seq) => owner.send({ type: "confirm_delivered", roomId, seq }));
  }

  /** For each key that is pressed. */
  typing(roomId: RoomId): void {
    const nowMs = performance.now();
    if (nowMs - (this.#typing.get(roomId) ?? -TYPING_MS) < TYPING_MS) return;
    if (this.#owner.send({ type: "typing_start", roomId })) this.#typing.set(roomId, nowMs);
  }

  /** The field is empty again. `isSent`: the message says so itself. */
  stoppedTyping(roomId: RoomId, isSent: boolean): void {
    if (this.#typing.delete(roomId) && !isSent) this.#owner.send({ type: "typing_stop", roomId });
  }

  read(roomId: RoomId, seq: Seq): void {
    this.#read.set(roomId, seq);
  }

  received(roomId: RoomId, seq: Seq): void {
    this.#received.set(roomId, seq);
  }

  opened(): void {
    this.#typing.clear();
    // At once, so that counts that are asked for behind it are right.
    this.#read.flush();
    this.#received.allAgain(CONFIRM_MS);
  }

  stop(): void {
    this.#read.stop();
    this.#received.stop();
  }

  #tellRead(roomId: RoomId, seq: Seq): void {
    this.#owner.ask({ type: "mark_read", roomId, seq }).then(
      () => this.#owner.marked(roomId),
      ({ code, temporary }: ChatError) =>
        temporary && this.#read.again(roomId, code === "closed" ? undefined : RETRY_MS),
    );
  }
}
