/**
 * Read and delivered marks of a room's members: rows beside the log, written in the group commit of the turn.
 * Watermarks only go forward; marking as unread moves the place that counts go from, and no receipt. Whoever sends a message has read up to it, and the room counts it so at once. The rows, which room
 * lists and the `connection` frame are counted from, follow within a second of the sender's last message, and at least every
 * five seconds while they go on; before the answer where it was sent by a call: that one reads lists next. After a crash the room finds in its log what was not written, within a second of activation.
 */
import type { Timer } from "../../base/clock.ts";
import type { Seq, UserId } from "../../base/ids.ts";
import { MARKS_KNOWN_MAX, OWN_MARKS_LOOK_MS, OWN_MARKS_LOOKS_MAX, OWN_MARKS_PATIENCE_MS } from "../../base/limits.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { MemberRow } from "../../domain/room/state.ts";
import type { ReadResult } from "../../storage/journal.ts";
import {
  countedNo,
  type Mark,
  isMarkingOf,
  type Marked,
  mentionsAfter,
  mergeMarks,
  NEVER_UNREAD,
  nextMarking,
  READ_AGAIN,
  type UnreadCount,
} from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { answerAck, answerRejection, answerValue } from "../answers.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";

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
  /** Marks as last decided, at most `MARKS_KNOWN_MAX`; what is not here is read from the store. */
  readonly #known = new Map<UserId, Mark>();
  #queued = new Map<UserId, Write>();
  /** Each turn asks. */
  #hasQueued = false;
  #writing: readonly Write[] = [];
  /** Run when what is queued, or being written, is durable. */
  #afterQueued: (() => void)[] = [];
  #afterWriting: (() => void)[] = [];
  /** Run when what is queued, or being written, is durable or could not be written for once: a message is not kept back by its mark. */
  #queuedTries: (() => void)[] = [];
  #writingTries: (() => void)[] = [];
  /** Requests that wait for a read. */
  readonly #reading = new Set<RoomRequest>();
  /** Senders' own messages, not yet written as marks. */
  readonly #sent = new Map<UserId, OwnMark>();
  /** The one noted last, while it is among them: who wrote last often writes next. */
  #lastSent: { readonly userId: UserId; readonly own: OwnMark } | undefined;
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
      if (seq <= countedSeq(current.value)) return this.#done(request, current.value);
      this.#messageNoAt(seq, (no) => {
        if (!no.ok) return this.#unavailable(request);
        this.#advance(userId, readUpTo(current.value, seq, no.value), request);
      });
    });
  }

  /**
   * `seq` is the first message that is unread again. What is repeated under the last marking's `key` changes nothing, also where it
   * found nothing to mark at first.
   */
  unread(userId: UserId, seq: Seq, key: string | undefined, request: RoomRequest): void {
    this.#reading.add(request);
    this.of(userId, (current) => {
      if (!current.ok) return this.#unavailable(request);
      if (seq > countedSeq(current.value)) return this.#nothingToMark(userId, key, current.value, request);
      this.#messageNoAt(seq - 1, (no) => {
        if (!no.ok) return this.#unavailable(request);
        const marked = this.#withSent(this.#newest(userId) ?? current.value);
        const before = marked.unreadFrom?.version ?? 0;
        if (isMarkingOf(before, key)) return this.#advance(userId, marked, request);
        const version = nextMarking(before, key);
        this.#advance(userId, { ...marked, unreadFrom: { version, seq: seq - 1, no: no.value } }, request);
      });
    });
  }

  /** It was unread all the time. What is read until this comes again, by its client or at a former owner, stays read. */
  #nothingToMark(userId: UserId, key: string | undefined, current: Mark, request: RoomRequest): void {
    const { unreadFrom = NEVER_UNREAD, ...marked } = this.#newest(userId) ?? current;
    if (key === undefined || isMarkingOf(unreadFrom.version, key)) return this.#done(request, current);
    const version = nextMarking(unreadFrom.version, key);
    this.#advance(userId, { ...marked, unreadFrom: { ...unreadFrom, version } }, request);
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
        this.#learn(userId, mark);
        answer({ ok: true, value: this.#withSent(mark) });
      }),
    );
  }

  /** What the member has not read; nothing for who is none. */
  countsOf(mark: Mark, member: MemberRow | null | undefined): UnreadCount {
    if (member == null) return NOTHING_UNREAD;
    const { messageCount, mentionedAll, trimmedNo } = this.#room.state;
    const readNo = Math.max(countedNo(mark), trimmedNo);
    const unread = Math.max(0, messageCount - Math.max(readNo, member.joinedNo));
    return { unread, mentions: unread === 0 ? 0 : mentionsAfter(member, mentionedAll, readNo) };
  }

  /** Marks that may be ahead of the store's. */
  *decided(): Generator<Mark> {
    for (const mark of this.#known.values()) yield this.#withSent(mark);
    for (const { mark } of [...this.#writing, ...this.#queued.values()]) yield mark;
  }

  /** Notes the senders of committed messages. */
  sent(events: readonly LogEvent[]): void {
    for (const event of events) {
      // A mark that stops just there would tell who wrote an anonymous message.
      if (event.kind !== "message_sent" || event.as !== undefined || event.run !== undefined) continue;
      this.#room.receipts.moved(event.by, event.seq, event.seq, false);
      const own = this.#ownOf(event.by);
      own.seq = event.seq;
      own.no = event.messageNo;
    }
    this.#lookLater();
  }

  #ownOf(userId: UserId): OwnMark {
    if (this.#lastSent?.userId === userId) return this.#lastSent.own;
    let own = this.#sent.get(userId);
    if (own === undefined) {
      own = { seq: 0, no: 0, seenSeq: 0, looks: 0 };
      this.#sent.set(userId, own);
    }
    this.#lastSent = { userId, own };
    return own;
  }

  /** Writes the marks of all senders; `then` runs once they are durable. */
  flushSent(then?: () => void): void {
    this.#sentTimer?.cancel();
    this.#sentTimer = undefined;
    for (const [userId, own] of this.#sent) this.#queueOwn(userId, own);
    if (then !== undefined) this.#whenDurable(then);
    this.submit();
  }

  /** `then`: what this person wrote last counts as read by them wherever it is counted; at once where it does already. */
  settleOwn(userId: UserId, then: () => void): void {
    const own = this.#sent.get(userId);
    if (own === undefined) return then();
    this.#queueOwn(userId, own);
    this.#queuedTries.push(then);
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
    if (this.#sentTimer !== undefined || this.#sent.size === 0) return;
    this.#sentTimer = this.#env.clock.after(OWN_MARKS_LOOK_MS, this.#later(this.#look));
  }

  #queueOwn(userId: UserId, { seq, no }: OwnMark): void {
    this.#sent.delete(userId);
    if (this.#lastSent?.userId === userId) this.#lastSent = undefined;
    this.#queue(userId, { readSeq: seq, readNo: no, deliveredSeq: seq }, undefined);
  }

  #whenDurable(then: () => void): void {
    if (this.#queued.size > 0) this.#afterQueued.push(then);
    else if (this.#writing.length > 0) {
      this.#afterWriting.push(then);
      this.#env.journal.hurry?.();
    } else then();
  }

  /** Hands the queued marks to the store; they become durable with the next group commit. */
  submit(): void {
    if (!this.#hasQueued) return;
    // What is asked for does not wait for what nobody asked for.
    if (this.#writing.length > 0) return this.#env.journal.hurry?.();
    this.#writing = [...this.#queued.values()];
    this.#queued = new Map();
    this.#hasQueued = false;
    this.#afterWriting = this.#afterQueued;
    this.#afterQueued = [];
    this.#writingTries = this.#queuedTries;
    this.#queuedTries = [];
    this.#write();
  }

  unanswered(): RoomRequest[] {
    this.#sentTimer?.cancel();
    const writes = [...this.#writing, ...this.#queued.values()];
    return [...writes.flatMap((write) => write.requests), ...this.#reading];
  }

  #write(): void {
    const marks = this.#writing.map((write) => write.mark);
    const isAwaited =
      this.#afterWriting.length + this.#writingTries.length > 0 ||
      this.#writing.some(({ requests }) => requests.length > 0);
    this.#env.projections.writeMarks(
      marks,
      this.#later((saved) => this.#saved(saved)),
      isAwaited ? 0 : OWN_MARKS_PATIENCE_MS,
    );
  }

  #saved(saved: ReadResult<true>): void {
    const tries = saved.ok ? this.#writingTries : [...this.#writingTries, ...this.#queuedTries.splice(0)];
    this.#writingTries = [];
    for (const then of tries) then();
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
      this.#room.receipts.moved(mark.userId, mark.readSeq, mark.deliveredSeq, requests.length > 0);
      const reading = requests.findLast(({ command }) => command.kind !== "confirm_delivered");
      if (reading !== undefined) this.#tellDevices(mark, reading);
    }
  }

  /** What one device read is read on all of them. */
  #tellDevices(mark: Mark, { asker }: RoomRequest): void {
    const on = asker.kind === "frame" ? asker.connection.connectionId : undefined;
    const now = this.#withSent(mark);
    const counts = this.countsOf(now, this.#room.state.members.get(mark.userId));
    this.#room.notices.changed(mark.userId, counts, now.readSeq, on);
  }

  #advance(userId: UserId, to: Marked, request: RoomRequest): void {
    this.#reading.delete(request);
    this.#queue(userId, to, request);
  }

  /** As last decided, where that is known. */
  #newest(userId: UserId): Mark | undefined {
    return this.#queued.get(userId)?.mark ?? this.#known.get(userId);
  }

  #learn(userId: UserId, mark: Mark): void {
    if (this.#known.size >= MARKS_KNOWN_MAX && !this.#known.has(userId)) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(userId, mark);
  }

  #queue(userId: UserId, to: Marked, request: RoomRequest | undefined): void {
    const { tenant, room } = this.#room;
    const before = this.#newest(userId);
    const mark = markOf({ tenant, room, userId }, mergeMarks(before, to));
    if (before !== undefined) this.#learn(userId, mark);
    const requests = this.#queued.get(userId)?.requests ?? [];
    this.#hasQueued = true;
    this.#queued.set(userId, { mark, requests: request === undefined ? requests : [...requests, request] });
  }

  #withSent(mark: Mark): Mark {
    const sent = this.#sent.get(mark.userId);
    if (sent === undefined || sent.seq <= mark.readSeq) return mark;
    return markOf(mark, mergeMarks(mark, { readSeq: sent.seq, readNo: sent.no, deliveredSeq: sent.seq }));
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
    if (request.asker.kind === "frame") return answerAck(this.#env, request, { seq: mark.readSeq });
    const counts = this.countsOf(this.#withSent(mark), this.#room.state.members.get(request.by.userId));
    answerValue(this.#env, request, { readSeq: mark.readSeq, ...counts });
  }

  #unavailable(request: RoomRequest): void {
    this.#reading.delete(request);
    answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
  }
}

const NOTHING_UNREAD: UnreadCount = { unread: 0, mentions: 0 };

function markOf({ tenant, room, userId }: Pick<Mark, "tenant" | "room" | "userId">, marked: Marked): Mark {
  const { readSeq, readNo, deliveredSeq, unreadFrom } = marked;
  return { tenant, room, userId, readSeq, readNo, deliveredSeq, ...(unreadFrom !== undefined && { unreadFrom }) };
}

/** The place that counts go from. */
export function countedSeq({ readSeq, unreadFrom }: Marked): Seq {
  return unreadFrom === undefined ? readSeq : Math.min(readSeq, unreadFrom.seq);
}

/** Read up to `seq`, behind the place that counts go from: the watermark moves, or what was marked as unread shrinks. */
function readUpTo({ readSeq, readNo, unreadFrom }: Marked, seq: Seq, no: number): Marked {
  if (seq > readSeq) return { readSeq: seq, readNo: no, deliveredSeq: seq };
  const marked = { readSeq, readNo, deliveredSeq: seq };
  if (unreadFrom === undefined) return marked;
  const place = seq === readSeq ? { seq: READ_AGAIN, no: READ_AGAIN } : { seq, no };
  return { ...marked, unreadFrom: { version: unreadFrom.version, ...place } };
}
