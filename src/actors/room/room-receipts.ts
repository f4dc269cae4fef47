/**
 * Who has read what: watermarks that move are told to the room's audience, and questions about a message are answered.
 * In small rooms each reader's watermark is told; in larger ones how many have the newest messages. For that, and for
 * questions, the members' marks are read from the store by pages when first needed, and kept up to date from then on.
 * Invariant: one frame per room and `RECEIPTS_INTERVAL_MS` at most; what is counted are members of now, as committed.
 */
import type { Timer } from "../../base/clock.ts";
import type { Seq, UserId } from "../../base/ids.ts";
import {
  RECEIPTS_EVENTS_MAX,
  RECEIPTS_IDLE_MS,
  RECEIPTS_INTERVAL_MS,
  RECEIPTS_MEMBERS_MAX,
  RECEIPTS_MESSAGES_MAX,
  RECEIPTS_NAMED_MEMBERS_MAX,
  RECEIPTS_PAGE_MEMBERS,
  RECEIPTS_PER_FRAME_MAX,
} from "../../base/limits.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import { ReaderBoard } from "../../domain/room/reader-board.ts";
import type { MemberRow } from "../../domain/room/state.ts";
import type { SeenStep } from "../../protocol/frames.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import type { BoardKeeper } from "./board-budget.ts";
import type { ReceiptState, ReceiptsView } from "../calls.ts";
import type { RoomActor } from "./room-actor.ts";
import { smallestAfter } from "./room-ephemera.ts";
import type { ShardEnv } from "../shard-env.ts";
import { userRef } from "../views.ts";

type Answer<Value> = (result: ReadResult<Value>) => void;
type Change = Extract<LogEvent, { kind: "member_joined" | "member_left" }>;

/** Marks as told, or as they come while the members are being read. */
interface Moved {
  readonly userId: UserId;
  readonly readSeq: Seq;
  readonly deliveredSeq: Seq;
}

/** Members being read; what happens meanwhile is applied when they are all there. */
interface Loading {
  readonly board: ReaderBoard;
  readonly changes: Change[];
  readonly moved: Map<UserId, Moved>;
  readonly waiting: Answer<ReaderBoard>[];
}

export class RoomReceipts implements BoardKeeper {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  /** Small rooms: who moved since the last frame. */
  readonly #moved = new Map<UserId, Moved>();
  /** Large rooms: something moved since the last frame. */
  #isChanged = false;
  #timer: Timer | undefined;
  #sentMs = Number.NEGATIVE_INFINITY;
  #board: ReaderBoard | undefined;
  #loading: Loading | undefined;
  #usedMs = 0;
  #idleTimer: Timer | undefined;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  /** It has not too many members. */
  get areCounted(): boolean {
    return this.#room.state.memberCount <= RECEIPTS_MEMBERS_MAX;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#idleTimer?.cancel();
    if (this.#board !== undefined) this.#env.boards.gone(this);
  }

  /** Others need the memory. */
  forgetBoard(): void {
    this.#idleTimer?.cancel();
    this.#board = undefined;
  }

  /** A member's mark is durable. `isTold`: it is news for others; what one sends speaks for itself. */
  moved(userId: UserId, readSeq: Seq, deliveredSeq: Seq, isTold: boolean): void {
    this.#board?.move(userId, readSeq, deliveredSeq);
    // The way of every message in a room that nobody asked about.
    if (this.#loading === undefined && !isTold) return;
    const moved = { userId, readSeq, deliveredSeq };
    this.#loading?.moved.set(userId, moved);
    if (!isTold || this.#room.audience.isEmpty) return;
    if (this.#isNamed) this.#moved.set(userId, moved);
    else if (!this.areCounted) return;
    else this.#isChanged = true;
    if (this.#timer !== undefined) return;
    const waitMs = this.#sentMs + RECEIPTS_INTERVAL_MS - this.#env.clock.monotonicMs();
    this.#timer = this.#env.clock.after(
      Math.max(0, waitMs),
      this.#later(() => this.#send()),
    );
  }

  /** What was committed, before anybody is told of it. */
  committed(events: readonly LogEvent[]): void {
    if (this.#board === undefined && this.#loading === undefined) return;
    for (const event of events) {
      if (event.kind !== "member_joined" && event.kind !== "member_left") continue;
      this.#loading?.changes.push(event);
      if (this.#board !== undefined) change(this.#board, event);
    }
  }

  /** Who has the message at `seq`, in numbers and a page of names. */
  of(
    seq: Seq,
    page: { readonly state: ReceiptState; readonly after?: UserId; readonly limit: number },
    answer: Answer<ReceiptsView>,
  ): void {
    this.#withBoard((read) => {
      if (!read.ok) return answer(read);
      const ids = smallestAfter(read.value.of(seq, page.state), page.after, page.limit + 1);
      const named = ids.slice(0, page.limit);
      const seen = read.value.at(seq);
      this.#env.journal.readMembers(
        this.#room.key,
        named,
        this.#later((rows) => {
          if (!rows.ok) return answer(rows);
          const users = named.map((userId, i) => userRef(userId, rows.value[i]?.name, rows.value[i]?.avatar));
          answer({ ok: true, value: { ...seen, users, hasMore: ids.length > page.limit } });
        }),
      );
    });
  }

  /** Who has read each of these messages; `undefined` in rooms of too many members to name them. */
  readersOf(seqs: readonly Seq[], answer: Answer<readonly (readonly UserId[])[] | undefined>): void {
    if (!this.#isNamed) return answer({ ok: true, value: undefined });
    this.#withBoard((read) => {
      if (!read.ok) return answer(read);
      answer({ ok: true, value: seqs.map((seq) => [...read.value.of(seq, "read")].sort()) });
    });
  }

  get #isNamed(): boolean {
    return this.#room.state.memberCount <= RECEIPTS_NAMED_MEMBERS_MAX;
  }

  // ---------------------------------------------------------------------------------------------- frames

  #send(): void {
    this.#timer = undefined;
    this.#sentMs = this.#env.clock.monotonicMs();
    this.#sendNamed();
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#withBoard((read) => {
      // What can't be counted now is told with the next mark.
      if (!read.ok || this.#room.audience.isEmpty) return;
      const seen = this.#steps(read.value);
      if (seen.length > 0) this.#room.audience.show({ type: "receipts", roomId: this.#room.room, receipts: [], seen });
    });
  }

  #sendNamed(): void {
    const receipts = [...this.#moved.values()];
    this.#moved.clear();
    for (let i = 0; i < receipts.length; i += RECEIPTS_PER_FRAME_MAX) {
      this.#room.audience.show({
        type: "receipts",
        roomId: this.#room.room,
        receipts: receipts.slice(i, i + RECEIPTS_PER_FRAME_MAX),
      });
    }
  }

  /** The counts of the newest messages, where they differ from those of the next one. */
  #steps(board: ReaderBoard): SeenStep[] {
    const { publishedSeq, state } = this.#room;
    const steps: SeenStep[] = [];
    let messages = 0;
    for (let seq = publishedSeq; seq > 0 && seq > publishedSeq - RECEIPTS_EVENTS_MAX; seq -= 1) {
      const event = state.recent.get(seq);
      if (event?.kind !== "message_sent") continue;
      const { readBy, deliveredTo, members } = board.at(seq);
      const next = steps[steps.length - 1];
      if (next?.readBy !== readBy || next.deliveredTo !== deliveredTo || next.members !== members) {
        steps.push({ seq, readBy, deliveredTo, members });
      }
      messages += 1;
      if (messages === RECEIPTS_MESSAGES_MAX) break;
    }
    return steps.reverse();
  }

  // ---------------------------------------------------------------------------------------------- members

  #withBoard(answer: Answer<ReaderBoard>): void {
    this.#usedMs = this.#env.clock.monotonicMs();
    if (this.#board !== undefined) {
      this.#env.boards.used(this, this.#room.state.memberCount);
      return answer({ ok: true, value: this.#board });
    }
    if (this.#loading !== undefined) {
      this.#loading.waiting.push(answer);
      return;
    }
    this.#loading = { board: new ReaderBoard(), changes: [], moved: new Map(), waiting: [answer] };
    this.#loadPage(this.#loading, undefined);
  }

  #loadPage(loading: Loading, after: UserId | undefined): void {
    this.#env.journal.listMembers(
      this.#room.key,
      { ...(after !== undefined && { after }), limit: RECEIPTS_PAGE_MEMBERS },
      this.#later((members) => {
        if (!members.ok) return this.#loaded(loading, members);
        this.#loadMarks(loading, members.value);
      }),
    );
  }

  #loadMarks(loading: Loading, members: readonly MemberRow[]): void {
    const { tenant, room } = this.#room;
    this.#env.projections.readMarks(
      tenant,
      room,
      members.map(({ userId }) => userId),
      this.#later((marks) => {
        if (!marks.ok) return this.#loaded(loading, marks);
        for (const [i, { userId, joinedSeq }] of members.entries()) {
          const mark = marks.value[i];
          loading.board.join(userId, joinedSeq, mark?.readSeq ?? 0, mark?.deliveredSeq ?? 0);
        }
        const last = members[members.length - 1];
        if (last === undefined || members.length < RECEIPTS_PAGE_MEMBERS) this.#finish(loading);
        else this.#loadPage(loading, last.userId);
      }),
    );
  }

  #finish(loading: Loading): void {
    const { board, changes, moved } = loading;
    for (const event of changes) change(board, event);
    for (const { userId, readSeq, deliveredSeq } of moved.values()) board.move(userId, readSeq, deliveredSeq);
    // Marks that are not written yet, or were decided while their page was read.
    for (const mark of this.#room.marks.decided()) board.move(mark.userId, mark.readSeq, mark.deliveredSeq);
    this.#board = board;
    this.#env.boards.used(this, this.#room.state.memberCount);
    this.#forgetLater();
    this.#loaded(loading, { ok: true, value: board });
  }

  #loaded(loading: Loading, result: ReadResult<ReaderBoard>): void {
    this.#loading = undefined;
    for (const answer of loading.waiting) answer(result);
  }

  #forgetLater(): void {
    this.#idleTimer = this.#env.clock.after(
      RECEIPTS_IDLE_MS,
      this.#later(() => {
        if (this.#env.clock.monotonicMs() - this.#usedMs < RECEIPTS_IDLE_MS) return this.#forgetLater();
        this.#env.boards.gone(this);
        this.#board = undefined;
      }),
    );
  }
}

function change(board: ReaderBoard, event: Change): void {
  if (event.kind === "member_joined") board.join(event.userId, event.seq, 0, 0);
  else board.leave(event.userId);
}
