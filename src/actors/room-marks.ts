/**
 * Read and delivered marks of a room's members: rows beside the log, written in the group commit of the turn.
 * A mark only goes forward. Whoever sends a message has read up to it, and the room counts it so at once. The rows, which room
 * lists and the `connection` frame are counted from, follow within a second of the sender's last message, and at least every
 * five seconds while they go on. After a crash the room finds in its log what was not written, within a second of activation.
 */
import type { Timer } from "../base/clock.ts";
import type { Seq, UserId } from "../base/ids.ts";
import { MEMBER_CACHE_MAX, OWN_MARKS_LOOK_MS, OWN_MARKS_LOOKS_MAX } from "../base/limits.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { ReadResult } from "../storage/journal.ts";
import type { Mark } from "../storage/projections.ts";
import { answerAck, answerRejection, answerValue } from "./answers.ts";
import type { RoomRequest } from "./request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "./shard-env.ts";

type Later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void;
type Watermark = Pick<Mark, "readSeq" | "readNo" | "deliveredSeq">;

interface Write {
  readonly mark: Mark;
  readonly requests: readonly RoomRequest[];
}

/** A sender's newest message, not yet written as a mark. */
interface OwnMark {
  seq: Seq;
  no: number;
  /** `seq` at the last look. */
  seenSeq: Seq;
  looks: number;
}

const RETRY_MS = 200;

export class RoomMarks {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  /** Marks as last decided; what is not here is read from the store. */
  readonly #known = new Map<UserId, Mark>();
  #queued = new Map<UserId, Write>();
  #writing: readonly Write[] = [];
  /** Run when what is queued, or being written, is durable. */
  #afterQueued: (() => void)[] = [];
  #afterWriting: (() => void)[] = [];
  /** Requests that wait for a read. */
  readonly #reading = new Set<RoomRequest>();
  /** Senders' own messages, not yet written as marks. */
  readonly #sent = new Map<UserId, OwnMark>();
  #sentTimer: Timer | undefined;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  get isIdle(): boolean {
    return this.#queued.size === 0 && this.#writing.length === 0 && this.#reading.size === 0 && this.#sent.size === 0;
  }

  read(userId: UserId, seq: Seq, request: RoomRequest): void {
    this.#reading.add(request);
    this.of(userId, (current) => {
      if (!current.ok) return this.#unavailable(request);
      if (seq <= current.value.readSeq) return this.#done(request, current.value);
      this.#messageNoAt(seq, (no) => {
        if (!no.ok) return this.#unavailable(request);
        this.#advance(userId, { readSeq: seq, readNo: no.value, deliveredSeq: seq }, request);
      });
    });
  }

  delivered(userId: UserId, seq: Seq, request: RoomRequest): void {
    this.#reading.add(request);
    this.of(userId, (current) => {
      if (!current.ok) return this.#unavailable(request);
      if (seq <= current.value.deliveredSeq) return this.#done(request, current.value);
      this.#advance(userId, { readSeq: 0, readNo: 0, deliveredSeq: seq }, request);
    });
  }

  /** The member's present marks, from memory or from the store. */
  of(userId: UserId, answer: (mark: ReadResult<Mark>) => void): void {
    const known = this.#known.get(userId);
    if (known !== undefined) {
      answer({ ok: true, value: this.#withSent(known) });
      return;
    }
    const { tenant, room } = this.#room;
    this.#env.projections.readMarks(
      tenant,
      room,
      [userId],
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const stored = read.value[0] ?? { tenant, room, userId, readSeq: 0, readNo: 0, deliveredSeq: 0 };
        // A mark that was decided meanwhile is newer than what was read.
        const mark = this.#known.get(userId) ?? stored;
        if (this.#known.size < MEMBER_CACHE_MAX) this.#known.set(userId, mark);
        answer({ ok: true, value: this.#withSent(mark) });
      }),
    );
  }

  /** Messages that the member has not read. */
  unreadOf(mark: Mark, joinedNo: number): number {
    return Math.max(0, this.#room.state.messageCount - Math.max(mark.readNo, joinedNo));
  }

  /** Notes the senders of committed messages. */
  sent(events: readonly LogEvent[]): void {
    for (const event of events) {
      // A mark that stops just there would tell who wrote an anonymous message.
      if (event.kind !== "message_sent" || event.as !== undefined) continue;
      const sent = this.#sent.get(event.by);
      if (sent === undefined) {
        this.#sent.set(event.by, { seq: event.seq, no: event.messageNo, seenSeq: 0, looks: 0 });
      } else {
        sent.seq = event.seq;
        sent.no = event.messageNo;
      }
    }
    this.#lookLater();
  }

  /** Writes the marks of all senders; `then` runs once they are durable. */
  flushSent(then?: () => void): void {
    this.#sentTimer?.cancel();
    this.#sentTimer = undefined;
    for (const [userId, own] of this.#sent) this.#queueOwn(userId, own);
    if (then !== undefined) this.#whenDurable(then);
    this.submit();
  }

  readonly #look = (): void => {
    this.#sentTimer = undefined;
    for (const [userId, own] of this.#sent) {
      own.looks += 1;
      // Who goes on sending would be written again and again.
      if (own.seq === own.seenSeq || own.looks >= OWN_MARKS_LOOKS_MAX) this.#queueOwn(userId, own);
      else own.seenSeq = own.seq;
    }
    this.#lookLater();
  };

  #lookLater(): void {
    if (this.#sent.size === 0 || this.#sentTimer !== undefined) return;
    this.#sentTimer = this.#env.clock.after(OWN_MARKS_LOOK_MS, this.#later(this.#look));
  }

  #queueOwn(userId: UserId, { seq, no }: OwnMark): void {
    this.#sent.delete(userId);
    this.#queue(userId, { readSeq: seq, readNo: no, deliveredSeq: seq }, undefined);
  }

  #whenDurable(then: () => void): void {
    if (this.#queued.size > 0) this.#afterQueued.push(then);
    else if (this.#writing.length > 0) this.#afterWriting.push(then);
    else then();
  }

  /** Hands the queued marks to the store; they become durable with the next group commit. */
  submit(): void {
    if (this.#queued.size === 0 || this.#writing.length > 0) return;
    this.#writing = [...this.#queued.values()];
    this.#queued = new Map();
    this.#afterWriting = this.#afterQueued;
    this.#afterQueued = [];
    this.#write();
  }

  unanswered(): RoomRequest[] {
    this.#sentTimer?.cancel();
    const writes = [...this.#writing, ...this.#queued.values()];
    return [...writes.flatMap((write) => write.requests), ...this.#reading];
  }

  #write(): void {
    const marks = this.#writing.map((write) => write.mark);
    this.#env.projections.writeMarks(
      marks,
      this.#later((saved) => this.#saved(saved)),
    );
  }

  #saved(saved: ReadResult<true>): void {
    if (!saved.ok) {
      this.#env.clock.after(
        RETRY_MS,
        this.#later(() => this.#write()),
      );
      return;
    }
    const written = this.#writing;
    this.#writing = [];
    for (const then of this.#afterWriting) then();
    this.#afterWriting = [];
    for (const { mark, requests } of written) {
      for (const request of requests) this.#done(request, mark);
      if (requests.length > 0) this.#room.audience.ephemera.showReceipt(mark.userId, mark.readSeq, mark.deliveredSeq);
    }
  }

  #advance(userId: UserId, to: Watermark, request: RoomRequest): void {
    this.#reading.delete(request);
    this.#queue(userId, to, request);
  }

  #queue(userId: UserId, to: Watermark, request: RoomRequest | undefined): void {
    const { tenant, room } = this.#room;
    const waiting = this.#queued.get(userId);
    const before = waiting?.mark ?? this.#known.get(userId);
    const mark: Mark = {
      tenant,
      room,
      userId,
      readSeq: Math.max(to.readSeq, before?.readSeq ?? 0),
      readNo: Math.max(to.readNo, before?.readNo ?? 0),
      deliveredSeq: Math.max(to.deliveredSeq, before?.deliveredSeq ?? 0),
    };
    if (before !== undefined) this.#known.set(userId, mark);
    const requests = waiting?.requests ?? [];
    this.#queued.set(userId, { mark, requests: request === undefined ? requests : [...requests, request] });
  }

  #withSent(mark: Mark): Mark {
    const sent = this.#sent.get(mark.userId);
    if (sent === undefined || sent.seq <= mark.readSeq) return mark;
    return { ...mark, readSeq: sent.seq, readNo: sent.no, deliveredSeq: Math.max(sent.seq, mark.deliveredSeq) };
  }

  #messageNoAt(seq: Seq, answer: (no: ReadResult<number>) => void): void {
    const { recent, messageCount, head } = this.#room.state;
    if (!recent.covers(seq)) {
      this.#room.reads.messageNoAt(seq, answer);
      return;
    }
    let later = 0;
    for (let at = head; at > seq; at -= 1) {
      if (recent.get(at)?.kind === "message_sent") later += 1;
    }
    answer({ ok: true, value: messageCount - later });
  }

  #done(request: RoomRequest, mark: Mark): void {
    this.#reading.delete(request);
    const member = this.#room.state.members.get(request.by.userId);
    const unread = this.unreadOf(mark, member?.joinedNo ?? 0);
    if (request.asker.kind === "frame") answerAck(this.#env, request, { seq: mark.readSeq });
    else answerValue(this.#env, request, { readSeq: mark.readSeq, unread });
  }

  #unavailable(request: RoomRequest): void {
    this.#reading.delete(request);
    answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
  }
}
