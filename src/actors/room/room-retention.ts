/**
 * Retention in one room: what of its front is older than it is kept, and taking that away.
 * Invariant: the log says first up to where it is gone; what is stored follows, a part at a time, and may be done again.
 * Wall clocks err: what is deleted is older by `RETENTION_GUARD_MS` than the room's days, so a clock that is an hour ahead
 * hides too early and deletes nothing too early.
 */
import { DAY_MS } from "../../base/days.ts";
import type { RoomId, Seq, UserId } from "../../base/ids.ts";
import { RETENTION_GUARD_MS, UPKEEP_EVENTS_MAX } from "../../base/limits.ts";
import { voteCollection } from "../../domain/room/polls.ts";
import { reactionCollection } from "../../domain/room/reactions.ts";
import type { MessageOverlay, RoomState } from "../../domain/room/state.ts";
import { followsOf, repliesOf, seqId } from "../../domain/room/thread-items.ts";
import type { ItemsOf, ReadResult, Segment } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import type { DueView, KeepAsk, KeepReply, LogPlace } from "../keeping-calls.ts";
import { gather } from "../gather.ts";
import { decodeEntries } from "../log-codec.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";
import { ThreadMarks, type ThreadOf } from "./thread-marks.ts";

type Answer = (reply: ReadResult<KeepReply>) => void;

/** Documents of thread marks that are removed at once. */
const MARKS_AT_ONCE = 32;
const UNAVAILABLE = { ok: false, error: "unavailable" } as const;

/** Days that a room's messages are kept; 0: for ever. The room's own setting counts before the installation's. */
export function retentionDays(settings: RoomState["settings"], installationDays: number | undefined): number {
  return settings?.messageRetention || installationDays || 0;
}

/** What is older is not shown, whether it is stored still or not; 0: everything is. */
export function shownFromMs(days: number, nowMs: number): number {
  return days === 0 ? 0 : nowMs - days * DAY_MS;
}

export class RoomRetention {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  due({ after, heldUsers }: Extract<KeepAsk, { readonly do: "due" }>, answer: Answer): void {
    const { state, committedSeq } = this.#room;
    const trimmed: LogPlace = { seq: state.trimmedSeq, no: state.trimmedNo };
    const from = after ?? trimmed;
    const days = retentionDays(state.settings, this.#env.settings.messageRetentionDays);
    this.#read(from.seq + 1, committedSeq, (read) => {
      if (!read.ok) return answer(read);
      const beforeMs = days === 0 ? 0 : this.#env.clock.wallMs() - days * DAY_MS - RETENTION_GUARD_MS;
      const front = dueOf(read.value, { beforeMs, committedSeq, fromNo: from.no, heldUsers: new Set(heldUsers) });
      const last = front.segments.at(-1);
      const due: DueView = {
        days,
        trimmed,
        ...(last !== undefined && { through: { seq: last.lastSeq, no: last.messageCount } }),
        segments: front.segments.length,
        messages: last === undefined ? 0 : last.messageCount - from.no,
        bytes: front.segments.reduce((sum, { entries }) => sum + entries.length, 0),
        ...(read.value[0] !== undefined && { oldestMs: firstMsOf(read.value[0]) }),
        more: last !== undefined && front.segments.length === read.value.length,
        held: front.held,
      };
      answer({ ok: true, value: { due } });
    });
  }

  /** One part of what the log says is gone. */
  trim(answer: Answer): void {
    const { key, state } = this.#room;
    const through = state.trimmedSeq;
    if (through === 0) return answer({ ok: true, value: { more: false } });
    this.#read(1, through, (read) => {
      const segments = read.ok ? read.value.filter(({ lastSeq }) => lastSeq <= through) : [];
      const last = segments.at(-1);
      if (read.ok && last === undefined) return answer({ ok: true, value: { more: false } });
      // Where it cannot be read it may have been left half done: then only what is certain is taken.
      this.#hangingOn(segments, (items) => {
        if (!items.ok) return answer(items);
        this.#room.coverBySnapshot(last?.lastSeq ?? through, (covered) => {
          if (!covered) return answer(UNAVAILABLE);
          const done = this.#later((gone: ReadResult<true>) => {
            if (!gone.ok) return answer(gone);
            this.#env.report("history_trimmed", { tenant: key.tenant, room: key.room, segments: segments.length });
            answer({ ok: true, value: { more: true, ...(segments[0] && { front: segments[0].firstSeq }) } });
          });
          this.#env.journal.trim(key, last?.lastSeq ?? through, items.value, done);
        });
      });
    });
  }

  #read(from: Seq, to: Seq, answer: (read: ReadResult<readonly Segment[]>) => void): void {
    if (from > to) return answer({ ok: true, value: [] });
    const range = { from, to, eventsMax: UPKEEP_EVENTS_MAX };
    this.#env.journal.readRange(this.#room.key, range, this.#later(answer));
  }

  /** The rows that hang on the messages of these segments. What people have read of their threads is gone when it is answered. */
  #hangingOn(segments: readonly Segment[], answer: (items: ReadResult<readonly ItemsOf[]>) => void): void {
    const seqs = segments
      .flatMap((segment) => decodeEntries(segment.firstSeq, segment.entries))
      .filter(({ kind }) => kind === "message_sent")
      .map(({ seq }) => seq);
    this.#env.journal.readOverlays(
      this.#room.key,
      seqs,
      this.#later((read: ReadResult<readonly (MessageOverlay | null)[]>) => {
        if (!read.ok) return answer(read);
        const items = seqs.flatMap((seq, index) => hangingOn(seq, read.value[index] ?? {}));
        const marks = seqs.flatMap((seq, index) => marksOn(this.#room.room, seq, read.value[index] ?? {}));
        this.#forgetMarks(marks, (forgotten) => answer(forgotten.ok ? { ok: true, value: items } : forgotten));
      }),
    );
  }

  #forgetMarks(threads: readonly ThreadOf[], answer: (forgotten: ReadResult<true>) => void): void {
    const [now, then] = [threads.slice(0, MARKS_AT_ONCE), threads.slice(MARKS_AT_ONCE)];
    if (now.length === 0) return answer({ ok: true, value: true });
    const marks = new ThreadMarks(this.#env.projections, this.#room.tenant, this.#later);
    gather<true>(
      now.map((thread) => (done) => marks.forget(thread, done)),
      (forgotten) => (forgotten.ok ? this.#forgetMarks(then, answer) : answer(forgotten)),
    );
  }
}

/** A deleted message says no more who reacted and voted; their rows are there all the same. */

function hangingOn(seq: Seq, { reactions, poll, thread, deletedAt }: MessageOverlay): readonly ItemsOf[] {
  const items: ItemsOf[] = [];
  const isDeleted = deletedAt !== undefined;
  if (reactions !== undefined || isDeleted) items.push({ collection: reactionCollection(seq) });
  if (poll !== undefined || isDeleted) items.push({ collection: voteCollection(seq) });
  if (thread === undefined) return items;
  items.push({ collection: repliesOf(seq) });
  for (const userId of thread.followers) items.push({ collection: followsOf(userId), ids: [seqId(seq)] });
  return items;
}

/** How far those who follow the thread have read it. */
function marksOn(room: RoomId, root: Seq, { thread }: MessageOverlay): readonly ThreadOf[] {
  return (thread?.followers ?? []).map((userId) => ({ room, root, userId }));
}

interface Bounds {
  readonly beforeMs: number;
  readonly committedSeq: Seq;
  /** Messages before the first of the segments. */
  readonly fromNo: number;
  readonly heldUsers: ReadonlySet<UserId>;
}

/** The whole segments in front that are old enough; the newest one only where messages go with it: a segment takes its place. */
function dueOf(
  segments: readonly Segment[],
  { beforeMs, committedSeq, fromNo, heldUsers }: Bounds,
): { readonly segments: readonly Segment[]; readonly held: boolean } {
  const due: Segment[] = [];
  for (const segment of segments) {
    if (segment.timestamp >= beforeMs) break;
    if (segment.lastSeq >= committedSeq && segment.messageCount <= fromNo) break;
    if (heldUsers.size > 0 && isBy(segment, heldUsers)) return { segments: due, held: true };
    due.push(segment);
  }
  return { segments: due, held: false };
}

function isBy(segment: Segment, users: ReadonlySet<UserId>): boolean {
  return decodeEntries(segment.firstSeq, segment.entries).some((event) => "by" in event && users.has(event.by));
}

function firstMsOf(segment: Segment): number {
  return decodeEntries(segment.firstSeq, segment.entries)[0]?.timestamp ?? segment.timestamp;
}
