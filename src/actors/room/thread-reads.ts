/**
 * Threads as one person follows them: which, and how much of each they have not read. Read from rows alone, so that it can
 * be asked for many rooms at once; it may be a moment behind what their actors know.
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { ItemValue, MessageOverlay } from "../../domain/room/state.ts";
import { followsOf, seqId } from "../../domain/room/thread-items.ts";
import type { Done, Journal, LogKey } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { gather } from "../gather.ts";
import { type Front, type HistoryPage, RoomReads } from "./room-reads.ts";
import type { ThreadMarks } from "./thread-marks.ts";

/** A thread that somebody follows. */
export interface Follow {
  readonly room: RoomId;
  readonly root: Seq;
  /** The last reply that they wrote themselves, or that there was when they came. */
  readonly no: number;
}
/** With the message that it hangs on, and the replies not read. */
export interface FollowedThread {
  readonly follow: Follow;
  readonly message: HistoryPage[number];
  readonly unread: number;
}

export class ThreadReads {
  readonly #journal: Journal;
  readonly #tenant: TenantId;
  readonly #marks: ThreadMarks;
  readonly #later: Later;

  constructor(journal: Journal, tenant: TenantId, marks: ThreadMarks, later: Later) {
    this.#journal = journal;
    this.#tenant = tenant;
    this.#marks = marks;
    this.#later = later;
  }

  /** The newest threads first, those that hang on a message before `before`. */
  follows(
    room: RoomId,
    userId: UserId,
    { before, limit }: { readonly before?: Seq | undefined; readonly limit: number },
    answer: Done<readonly Follow[]>,
  ): void {
    const page = { limit, backward: true, ...(before !== undefined && { after: seqId(before) }) };
    this.#journal.listItems(
      this.#keyOf(room),
      { collection: followsOf(userId), ...page },
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const follows = read.value.map(({ id, value }) => ({ room, root: Number(id), no: noOf(value) }));
        answer({ ok: true, value: follows });
      }),
    );
  }

  /** In their order; one whose message is not there any more is left out. */
  threads(follows: readonly Follow[], userId: UserId, answer: Done<readonly FollowedThread[]>): void {
    gather<FollowedThread | undefined>(
      follows.map((follow) => (done) => this.#thread(follow, userId, done)),
      (read) => answer(read.ok ? { ok: true, value: read.value.filter((thread) => thread !== undefined) } : read),
    );
  }

  #thread(follow: Follow, userId: UserId, answer: Done<FollowedThread | undefined>): void {
    const { room, root } = follow;
    new RoomReads(this.#journal, this.#keyOf(room), this.#later, ALL).messages([root], (page) => {
      if (!page.ok) return answer(page);
      const [message] = page.value;
      if (message === undefined) return answer({ ok: true, value: undefined });
      this.unread(follow, message.overlay, userId, (unread) => {
        answer(unread.ok ? { ok: true, value: { follow, message, unread: unread.value } } : unread);
      });
    });
  }

  unread({ room, root, no }: Follow, overlay: MessageOverlay | null, userId: UserId, answer: Done<number>): void {
    this.#marks.of({ room, root, userId }, (mark) => {
      if (!mark.ok) return answer(mark);
      answer({ ok: true, value: Math.max(0, (overlay?.thread?.lastNo ?? 0) - Math.max(no, mark.value)) });
    });
  }

  #keyOf(room: RoomId): LogKey {
    return { tenant: this.#tenant, room, incarnation: 1 };
  }
}

/** What retention takes is not there; what it is about to take is known to the room alone. */
const ALL = (): Front => ({ seq: 0, no: 0, fromMs: 0 });

/** Of an item of `f.<user>`. */
export function noOf(value: ItemValue): number {
  return (value as { readonly no: number }).no;
}
