/**
 * How far each member of a room has read, so that "seen by N of M" is exact for every message: O(log n) for a mark that moves
 * and for a question.
 * A message concerns those who were members when it was sent and still are. So whoever joined at an event stands at least
 * right before it, and for an older message all who joined later are taken off again.
 * Invariant: each of the three bags has one place for each member.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import { CountedPlaces } from "./counted-places.ts";

interface Reader {
  readonly joinedSeq: Seq;
  readSeq: Seq;
  deliveredSeq: Seq;
}

/** Whom to name: those who have read a message, who have it and have not read it, or who have not got it. */
export type ReaderState = "read" | "delivered" | "pending";

export interface SeenBy {
  readonly readBy: number;
  readonly deliveredTo: number;
  readonly members: number;
}

export class ReaderBoard {
  readonly #readers = new Map<UserId, Reader>();
  readonly #joined = new CountedPlaces();
  readonly #read = new CountedPlaces();
  readonly #delivered = new CountedPlaces();

  get size(): number {
    return this.#readers.size;
  }

  join(userId: UserId, joinedSeq: Seq, readSeq: Seq, deliveredSeq: Seq): void {
    this.leave(userId);
    const before = joinedSeq - 1;
    const reader = {
      joinedSeq,
      readSeq: Math.max(readSeq, before),
      deliveredSeq: Math.max(deliveredSeq, readSeq, before),
    };
    this.#readers.set(userId, reader);
    this.#joined.add(joinedSeq);
    this.#read.add(reader.readSeq);
    this.#delivered.add(reader.deliveredSeq);
  }

  leave(userId: UserId): void {
    const reader = this.#readers.get(userId);
    if (reader === undefined) return;
    this.#readers.delete(userId);
    this.#joined.remove(reader.joinedSeq);
    this.#read.remove(reader.readSeq);
    this.#delivered.remove(reader.deliveredSeq);
  }

  /** Forward only. false: nothing changed, or no member. */
  move(userId: UserId, readSeq: Seq, deliveredSeq: Seq): boolean {
    const reader = this.#readers.get(userId);
    if (reader === undefined) return false;
    const received = Math.max(readSeq, deliveredSeq);
    const isFurther = readSeq > reader.readSeq || received > reader.deliveredSeq;
    if (readSeq > reader.readSeq) {
      this.#read.remove(reader.readSeq);
      this.#read.add(readSeq);
      reader.readSeq = readSeq;
    }
    if (received > reader.deliveredSeq) {
      this.#delivered.remove(reader.deliveredSeq);
      this.#delivered.add(received);
      reader.deliveredSeq = received;
    }
    return isFurther;
  }

  /** Who has the message that stands at `seq`. */
  at(seq: Seq): SeenBy {
    const later = this.#joined.atLeast(seq + 1);
    return {
      readBy: this.#read.atLeast(seq) - later,
      deliveredTo: this.#delivered.atLeast(seq) - later,
      members: this.#readers.size - later,
    };
  }

  /** In no order; in O(members). */
  *of(seq: Seq, state: ReaderState): Generator<UserId> {
    for (const [userId, { joinedSeq, readSeq, deliveredSeq }] of this.#readers) {
      if (joinedSeq > seq) continue;
      const has = readSeq >= seq ? "read" : deliveredSeq >= seq ? "delivered" : "pending";
      if (has === state) yield userId;
    }
  }
}
