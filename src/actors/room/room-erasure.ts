/**
 * Erasure in one room: where a person's words are, and writing what stands in the log without them.
 * Invariant: the log's places, sequences and batches stay as they are; only this room's owner rewrites, in steps of bounded
 * size that find nothing the second time.
 */
import { itemKey, type Seq, seqOfMessageId, type UserId } from "../../base/ids.ts";
import { ERASE_TARGETS_MAX, UPKEEP_EVENTS_MAX } from "../../base/limits.ts";
import {
  type Erasure,
  erasedEvent,
  erasedRow,
  isMessageOf,
  itemsToErase,
  withoutQuotes,
} from "../../domain/room/erasure.ts";
import type { LogEvent, MessageSent } from "../../domain/room/events.ts";
import { fileIdsOf } from "../../domain/room/files.ts";
import { firstHeir } from "../../domain/room/heirs.ts";
import type { MemberRow, MessageOverlay } from "../../domain/room/state.ts";
import type { ListedItem, ReadResult, Rewrite, Segment } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import type { KeepAsk, KeepReply } from "../keeping-calls.ts";
import { decodeEntries, encodeEntries } from "../log-codec.ts";
import type { RoomActor } from "./room-actor.ts";
import { eventsIn } from "./room-reads.ts";
import type { ShardEnv } from "../shard-env.ts";

type Answer = (reply: ReadResult<KeepReply>) => void;

const UNAVAILABLE = { ok: false, error: "unavailable" } as const;

export class RoomErasure {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  /** Messages of the person that are not erased yet, and replies of others that quote them, of one part of the log. */
  find({ userId, after }: Extract<KeepAsk, { readonly do: "find" }>, answer: Answer): void {
    this.#page(after, (read) => {
      if (!read.ok) return answer(read);
      const all = eventsIn(read.value, after + 1, Number.MAX_SAFE_INTEGER);
      const { events, next } = firstPart(all, userId);
      const sent = events.filter((event): event is MessageSent => event.kind === "message_sent");
      this.#erasure(userId, sent, [], (erasure) => {
        if (!erasure.ok) return answer(erasure);
        const theirs = sent.filter((event) => isMessageOf(event, userId));
        const replies = sent.filter(({ seq }) => erasure.value.isReply(seq));
        this.#overlays([...theirs, ...replies], (overlays) => {
          if (!overlays.ok) return answer(overlays);
          const targets = theirs.filter(({ seq }) => overlays.value.get(seq)?.erased !== true);
          const quotes = replies.filter((event) => isQuoting(event, overlays.value.get(event.seq)));
          const files = [
            ...targets.flatMap(({ attachments }) => fileIdsOf(attachments)),
            ...events.flatMap((event) => uploadOf(event, userId)),
          ];
          const reply: KeepReply = {
            targets: targets.map(({ seq }) => seq),
            quotes: quotes.map(({ seq }) => seq),
            files,
            seen: theirs.map(({ seq }) => seq),
            ...(next !== undefined && { next }),
          };
          answer({ ok: true, value: reply });
        });
      });
    });
  }

  /** Whoever has the highest role has been there longest among those. */
  findHeir({ userId, after, best }: Extract<KeepAsk, { readonly do: "find_heir" }>, answer: Answer): void {
    const { state, key } = this.#room;
    // Only where nobody else is an owner: they themselves are the first who is looked for.
    if (state.ownerCount !== 1 || state.deletedAt !== undefined || state.memberCount < 2) {
      return answer({ ok: true, value: {} });
    }
    const page = { ...(after !== undefined && { after }), limit: UPKEEP_EVENTS_MAX };
    this.#ofMember(userId, (row) => {
      if (!row.ok) return answer(row);
      if (row.value?.role !== "owner") return answer({ ok: true, value: {} });
      this.#env.journal.listMembers(
        key,
        page,
        this.#later((read: ReadResult<readonly MemberRow[]>) => {
          if (!read.ok) return answer(read);
          const others = read.value.filter((member) => member.userId !== userId);
          const heir = firstHeir(best === undefined ? others : [best, ...others]);
          const last = read.value.length < UPKEEP_EVENTS_MAX ? undefined : read.value.at(-1)?.userId;
          answer({ ok: true, value: { ...(heir && { heir }), ...(last !== undefined && { after: last }) } });
        }),
      );
    });
  }

  #ofMember(userId: UserId, answer: (row: ReadResult<MemberRow | null>) => void): void {
    const known = this.#room.state.members.get(userId);
    if (known !== undefined) return answer({ ok: true, value: known });
    this.#env.journal.readMembers(
      this.#room.key,
      [userId],
      this.#later((read: ReadResult<readonly (MemberRow | null)[]>) => {
        answer(read.ok ? { ok: true, value: read.value[0] ?? null } : read);
      }),
    );
  }

  findRows({ userId, collection, after }: Extract<KeepAsk, { readonly do: "find_rows" }>, answer: Answer): void {
    const query = { collection, limit: ERASE_TARGETS_MAX, ...(after !== undefined && { after }) };
    this.#env.journal.listItems(
      this.#room.key,
      query,
      this.#later((read: ReadResult<readonly ListedItem[]>) => {
        if (!read.ok) return answer(read);
        const keys = itemsToErase(collection, read.value, userId).map((id) => itemKey(collection, id));
        const last = read.value.length < ERASE_TARGETS_MAX ? undefined : read.value.at(-1)?.id;
        answer({ ok: true, value: { keys, ...(last !== undefined && { after: last }) } });
      }),
    );
  }

  /** One part of the log, as it is without the person. */
  rewrite({ userId, after }: Extract<KeepAsk, { readonly do: "rewrite" }>, answer: Answer): void {
    this.#page(after, (read) => {
      if (!read.ok) return answer(read);
      const last = read.value.at(-1);
      if (last === undefined) return answer({ ok: true, value: { changed: 0 } });
      const events = eventsIn(read.value, 1, Number.MAX_SAFE_INTEGER);
      this.#erasure(userId, events, events.flatMap(messagesNamed), (erasure) => {
        if (!erasure.ok) return answer(erasure);
        const { changes, changed } = rewritten(read.value, erasure.value);
        const reply = { changed, next: last.lastSeq };
        if (changes.length === 0) return answer({ ok: true, value: reply });
        this.#env.journal.rewrite(
          this.#room.key,
          changes,
          (row) => erasedRow(row, erasure.value),
          this.#later((done: ReadResult<boolean>) => {
            // Another erasure was at work on the same part: it is read again.
            answer(done.ok && done.value ? { ok: true, value: reply } : UNAVAILABLE);
          }),
        );
      });
    });
  }

  #page(after: Seq, answer: (read: ReadResult<readonly Segment[]>) => void): void {
    const from = Math.max(after, this.#room.state.trimmedSeq) + 1;
    const to = this.#room.committedSeq;
    if (from > to) return answer({ ok: true, value: [] });
    const range = { from, to, eventsMax: UPKEEP_EVENTS_MAX };
    this.#env.journal.readRange(this.#room.key, range, this.#later(answer));
  }

  /** Whose messages these events are about: of each the author, and of replies the author of what they reply to. */
  #erasure(
    userId: UserId,
    events: readonly LogEvent[],
    named: readonly Seq[],
    answer: (erasure: ReadResult<Erasure>) => void,
  ): void {
    const known = new Map<Seq, LogEvent>(events.map((event) => [event.seq, event]));
    this.#learn(known, named, (read) => {
      if (!read.ok) return answer(read);
      const originals = [...known.values()].flatMap((event) => repliedTo(event, userId) ?? []);
      this.#learn(known, originals, (more) => {
        if (!more.ok) return answer(more);
        const isTheirs = (seq: Seq): boolean => {
          const event = known.get(seq);
          return event !== undefined && isMessageOf(event, userId);
        };
        const isReply = (seq: Seq): boolean => {
          const event = known.get(seq);
          const original = event && repliedTo(event, userId);
          return original !== undefined && isTheirs(original);
        };
        answer({ ok: true, value: { userId, isTheirs, isReply } });
      });
    });
  }

  #learn(known: Map<Seq, LogEvent>, seqs: readonly Seq[], done: (read: ReadResult<true>) => void): void {
    const missing = [...new Set(seqs)].filter((seq) => !known.has(seq));
    if (missing.length === 0) return done({ ok: true, value: true });
    this.#room.reads.eventsAt(missing, (read) => {
      if (!read.ok) return done(read);
      for (const event of read.value) known.set(event.seq, event);
      done({ ok: true, value: true });
    });
  }

  #overlays(
    messages: readonly MessageSent[],
    answer: (read: ReadResult<ReadonlyMap<Seq, MessageOverlay>>) => void,
  ): void {
    const seqs = messages.map(({ seq }) => seq);
    if (seqs.length === 0) return answer({ ok: true, value: new Map() });
    this.#env.journal.readOverlays(
      this.#room.key,
      seqs,
      this.#later((read: ReadResult<readonly (MessageOverlay | null)[]>) => {
        if (!read.ok) return answer(read);
        answer({ ok: true, value: new Map(seqs.map((seq, index) => [seq, read.value[index] ?? {}])) });
      }),
    );
  }
}

/** As many events as one step may ask to be erased; `next`: up to where that is, absent at the end. */
function firstPart(
  events: readonly LogEvent[],
  userId: UserId,
): { readonly events: readonly LogEvent[]; readonly next?: Seq } {
  let found = 0;
  for (const [index, event] of events.entries()) {
    if (isMessageOf(event, userId) || (event.kind === "message_sent" && event.replyTo !== undefined)) found += 1;
    if (found === ERASE_TARGETS_MAX) return { events: events.slice(0, index + 1), next: event.seq };
  }
  const last = events.at(-1);
  return { events, ...(last !== undefined && { next: last.seq }) };
}

/** Of an upload whose name is known still. */
function uploadOf(event: LogEvent, userId: UserId): readonly string[] {
  return event.kind === "file_added" && event.by === userId && event.fileName !== "" ? [event.fileId] : [];
}

function isQuoting(event: MessageSent, overlay: MessageOverlay = {}): boolean {
  if (overlay.deletedAt !== undefined && overlay.content === undefined && overlay.history === undefined) return false;
  const texts = [overlay.content ?? event.content, ...(overlay.history ?? []).map(({ content }) => content)];
  return texts.some((text) => withoutQuotes(text) !== text);
}

function repliedTo(event: LogEvent, userId: UserId): Seq | undefined {
  if (event.kind !== "message_sent" || isMessageOf(event, userId) || event.replyTo === undefined) return undefined;
  return seqOfMessageId(event.replyTo);
}

/** Messages whose rows change with the event: an adapter may keep copies of these with its segment. */
function messagesNamed(event: LogEvent): readonly Seq[] {
  if ("target" in event) return [event.target];
  if (event.kind === "thread_follow_changed") return [event.root];
  return event.kind === "message_sent" && event.thread !== undefined ? [event.thread.root] : [];
}

function rewritten(
  segments: readonly Segment[],
  erasure: Erasure,
): { readonly changes: readonly Rewrite[]; readonly changed: number } {
  const changes: Rewrite[] = [];
  let changed = 0;
  for (const segment of segments) {
    const before = decodeEntries(segment.firstSeq, segment.entries);
    const events = before.map((event) => erasedEvent(event, erasure));
    const differing = events.filter((event, index) => event !== before[index]).length;
    changed += differing;
    if (differing > 0 || before.some((event) => concerns(event, erasure))) {
      const after = differing > 0 ? { ...segment, entries: encodeEntries(events) } : segment;
      changes.push({ segment: after, before: segment.entries });
    }
  }
  return { changes, changed };
}

/** Rows that were written with it may be about the person, although it is not. */
function concerns(event: LogEvent, { userId, isTheirs, isReply }: Erasure): boolean {
  if (event.kind === "fence") return false;
  if (event.by === userId || ("userId" in event && event.userId === userId)) return true;
  if (event.kind === "message_sent" && event.mentions?.includes(userId) === true) return true;
  return messagesNamed(event).some((seq) => isTheirs(seq) || isReply(seq));
}
