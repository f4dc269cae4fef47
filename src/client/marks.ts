/** What a client says of itself while it reads and writes: typing, read, received. Told no more often than it is worth. */
import type { RoomId, Seq } from "../base/ids.ts";
import type { ClientFrame } from "../protocol/frames.ts";

const TYPING_MS = 2_000;
const READ_MS = 300;
const CONFIRM_MS = 5_000;

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

  /** After a loss nobody knows what arrived. */
  again(): void {
    for (const [room, mark] of this.#rooms) {
      mark.sent = 0;
      if (mark.wanted > 0) mark.timer ??= setTimeout(() => this.#flush(room), this.#waitMs);
    }
  }

  stop(): void {
    for (const mark of this.#rooms.values()) clearTimeout(mark.timer);
    this.#rooms.clear();
  }

  #flush(room: RoomId): void {
    const mark = this.#rooms.get(room);
    if (mark === undefined) return;
    mark.timer = undefined;
    if (mark.wanted > mark.sent && this.#send(room, mark.wanted)) mark.sent = mark.wanted;
  }
}

export class Marks {
  readonly #send: (frame: ClientFrame) => boolean;
  readonly #read: Coalesced;
  readonly #received: Coalesced;
  readonly #typing = new Map<RoomId, number>();

  constructor(send: (frame: ClientFrame) => boolean) {
    this.#send = send;
    this.#read = new Coalesced(READ_MS, (roomId, seq) => send({ type: "mark_read", roomId, seq }));
    this.#received = new Coalesced(CONFIRM_MS, (roomId, seq) => send({ type: "confirm_delivered", roomId, seq }));
  }

  /** For each key that is pressed. */
  typing(roomId: RoomId): void {
    const nowMs = performance.now();
    if (nowMs - (this.#typing.get(roomId) ?? Number.NEGATIVE_INFINITY) < TYPING_MS) return;
    if (this.#send({ type: "typing_start", roomId })) this.#typing.set(roomId, nowMs);
  }

  /** The field is empty again. `isSent`: the message says so itself. */
  stoppedTyping(roomId: RoomId, isSent: boolean): void {
    if (this.#typing.delete(roomId) && !isSent) this.#send({ type: "typing_stop", roomId });
  }

  read(roomId: RoomId, seq: Seq): void {
    this.#read.set(roomId, seq);
  }

  received(roomId: RoomId, seq: Seq): void {
    this.#received.set(roomId, seq);
  }

  opened(): void {
    this.#typing.clear();
    this.#read.again();
    this.#received.again();
  }

  stop(): void {
    this.#read.stop();
    this.#received.stop();
  }
}
