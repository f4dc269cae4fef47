/** What was asked once, over the connection that there is: who waits for which answer. Joins outlive a loss. */
import type { RoomId } from "../base/ids.ts";
import type { AckFrame, ClientFrame, ErrorFrame, RoomPosition } from "../protocol/frames.ts";
import { ChatError } from "./chat-error.ts";
import type { Ack } from "./types.ts";

interface Asked {
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: ChatError) => void;
  /** Of a `join_room`: the room. */
  readonly joins: RoomId | undefined;
  readonly asking: ClientFrame;
}

export class Requests {
  readonly #send: (frame: ClientFrame) => boolean;
  readonly #asked = new Map<unknown, Asked>();
  #refs = 0;

  constructor(send: (frame: ClientFrame) => boolean) {
    this.#send = send;
  }

  ref(): string {
    this.#refs += 1;
    return `r${this.#refs}`;
  }

  ask(frame: ClientFrame, joins?: RoomId): Promise<Ack> {
    return new Promise((resolve, reject) => {
      const ref = this.ref();
      const asking = { ...frame, ref };
      this.#asked.set(ref, { resolve, reject, joins, asking });
      if (this.#send(asking) || joins !== undefined) return;
      this.#asked.delete(ref);
      reject(new ChatError("closed", "There is no connection."));
    });
  }

  /** What was asked with this ref and is open. */
  of(ref: unknown): Asked | undefined {
    return this.#asked.get(ref);
  }

  /** What joins this room: what was asked and is open, as it was asked. */
  join(roomId: RoomId): ClientFrame {
    for (const [, { joins, asking }] of this.#asked) if (joins === roomId) return asking;
    return { type: "join_room", ref: this.ref(), roomId };
  }

  answered({ type: _type, ref, ...ack }: AckFrame): void {
    const asked = this.#take(ref);
    asked?.resolve(ack);
  }

  /** Joins of before a loss are answered by the resume behind it. */
  joined(position: RoomPosition): void {
    const { roomId } = position;
    for (const [ref, { joins, resolve }] of this.#asked) {
      if (joins === roomId && this.#asked.delete(ref)) resolve({ roomId, position });
    }
  }

  /** false: it answers nothing of this. */
  refused({ ref, code, message, field, temporary }: ErrorFrame): boolean {
    const asked = this.#take(ref);
    asked?.reject(new ChatError(code, message, field, temporary));
    return asked !== undefined;
  }

  #take(ref: unknown): Asked | undefined {
    const asked = this.of(ref);
    this.#asked.delete(ref);
    return asked;
  }

  /** A join is asked for again with the next connection, unless there will be none. */
  lost(isForGood: boolean): void {
    for (const [ref, { reject, joins }] of this.#asked) {
      if (joins !== undefined && !isForGood) continue;
      this.#asked.delete(ref);
      reject(new ChatError("closed", "The connection was lost."));
    }
  }
}
