/**
 * Fills a capsule's tables. Also the store of the rows that a replay asks for while it is filled.
 * Invariant: what is committed hangs together: segments, messages and rows are those of the state that stands in `progress`.
 */
import type { Database } from "bun:sqlite";
import { decodeEntries, encodeEntries } from "../actors/log-codec.ts";
import { type ItemKey, itemNames, messageIdOf, type Seq, type UserId } from "../base/ids.ts";
import { SEGMENT_BYTES_MAX, SEGMENT_EVENTS_MAX } from "../base/limits.ts";
import { unreachable } from "../base/result.ts";
import type { LogEvent, MessageSent } from "../domain/room/events.ts";
import { shownBy } from "../domain/room/shown-author.ts";
import type { RowChange } from "../domain/room/rows.ts";
import type { ItemValue, MemberRow, MessageOverlay, Pin } from "../domain/room/state.ts";
import type { Marked } from "../storage/projections.ts";
import { openToWrite } from "./capsule-file.ts";
import { statementsOf } from "./capsule-statements.ts";
import type { KeptRows } from "./row-replay.ts";

/** Where an interrupted export goes on. */
export interface Progress {
  /** The room's state up to where the capsule is filled. */
  readonly state: Uint8Array;
  readonly secret: Uint8Array;
}

/** Of what the packed segment says beside its events. */
export interface SegmentFacts {
  readonly epoch: number;
  readonly owner: string;
  readonly messageCount: number;
  readonly timestamp: number;
}

export class CapsuleWriter implements KeptRows {
  readonly #db: Database;
  readonly #statements;
  /** Events of the segment that is being packed. */
  #events: LogEvent[] = [];
  #bytes = 0;
  #facts: SegmentFacts | undefined;
  /** The segment that an event was looked up in last. */
  #opened: { readonly first: Seq; readonly events: readonly LogEvent[] } | undefined;

  constructor(path: string) {
    this.#db = openToWrite(path);
    this.#statements = statementsOf(this.#db);
    this.#db.run("BEGIN");
  }

  get progress(): Progress | undefined {
    return this.#statements.progress.get() ?? undefined;
  }

  value(name: string): string | undefined {
    return this.#statements.value.get(name)?.value;
  }

  setValue(name: string, value: string | number): void {
    this.#statements.setValue.run(name, String(value));
  }

  remove(...names: readonly string[]): void {
    for (const name of names) this.#statements.removeValue.run(name);
  }

  // ---------------------------------------------------------------------------------------------- the log

  /** `bytes`: what the events take, roughly. Of one segment in the store, or a part of it. */
  addEvents(events: readonly LogEvent[], bytes: number, facts: SegmentFacts): void {
    const { length } = this.#events;
    const isOther = this.#facts?.epoch !== facts.epoch || this.#facts.owner !== facts.owner;
    const isTooMuch = length + events.length > SEGMENT_EVENTS_MAX || this.#bytes + bytes > SEGMENT_BYTES_MAX;
    if (length > 0 && (isOther || isTooMuch)) this.#flush();
    for (const event of events) {
      this.#events.push(event);
      if (event.kind === "message_sent") this.#message(event);
    }
    this.#bytes += bytes;
    this.#facts = facts;
  }

  /** Everything so far is durable, and an interrupted export goes on from here. */
  commit(progress: Progress): void {
    this.#flush();
    this.#statements.setProgress.run(progress.state, progress.secret);
    this.#db.run("COMMIT");
    this.#db.run("BEGIN");
  }

  #flush(): void {
    const [first] = this.#events;
    const facts = this.#facts;
    if (first === undefined || facts === undefined) return;
    const { epoch, owner, messageCount, timestamp } = facts;
    const entries = encodeEntries(this.#events);
    const lastSeq = first.seq + this.#events.length - 1;
    this.#statements.addSegment.run(first.seq, lastSeq, epoch, owner, messageCount, timestamp, entries);
    this.#events = [];
    this.#bytes = 0;
  }

  #message(event: MessageSent): void {
    const { seq, messageNo, timestamp, authorName, messageType, content, replyTo, thread, attachments } = event;
    this.#statements.addMessage.run(
      seq,
      messageIdOf(seq),
      messageNo,
      timestamp,
      shownBy(event),
      authorName ?? null,
      messageType,
      content,
      replyTo ?? null,
      thread?.root ?? null,
      moreOf(event),
    );
    for (const [no, file] of (attachments ?? []).entries()) {
      const { id, type, fileName, fileSize, mimeType, url } = file;
      this.#statements.addAttachment.run(seq, no, id, type, fileName, fileSize, mimeType, url, JSON.stringify(file));
    }
  }

  // ---------------------------------------------------------------------------------------------- rows

  member(userId: UserId): MemberRow | null {
    return parsed<MemberRow>(this.#statements.member.get(userId)?.row);
  }

  item(key: ItemKey): ItemValue | null {
    const { collection, id } = itemNames(key);
    return parsed<ItemValue>(this.#statements.item.get(collection, id)?.row);
  }

  overlay(seq: Seq): MessageOverlay | null {
    return parsed<MessageOverlay>(this.#statements.overlay.get(seq)?.row);
  }

  eventAt(seq: Seq): LogEvent | undefined {
    const pending = this.#events[seq - (this.#events[0]?.seq ?? 0)];
    if (pending?.seq === seq) return pending;
    const opened = this.#opened;
    if (opened === undefined || seq < opened.first || seq >= opened.first + opened.events.length) {
      const segment = this.#statements.segmentAt.get(seq);
      if (segment === null) return undefined;
      this.#opened = { first: segment.first, events: decodeEntries(segment.first, segment.entries) };
    }
    return this.#opened?.events[seq - this.#opened.first];
  }

  writeRows(changes: readonly RowChange[]): void {
    for (const change of changes) this.#row(change);
  }

  #row(change: RowChange): void {
    const statements = this.#statements;
    switch (change.kind) {
      case "member": {
        const { userId, row } = change;
        if (row === null) statements.removeMember.run(userId);
        else {
          const { name, role, joinedAt, joinedSeq } = row;
          statements.setMember.run(userId, name ?? null, role, joinedAt, joinedSeq, JSON.stringify(row));
        }
        return;
      }
      case "message": {
        const { content, editedAt, deletedAt } = change.overlay;
        const isDeleted = deletedAt !== undefined;
        const json = JSON.stringify(change.overlay);
        statements.setOverlay.run(content ?? null, editedAt ?? null, deletedAt ?? null, json, change.seq);
        if (isDeleted) statements.removeAttachments.run(change.seq);
        return;
      }
      case "item": {
        const { collection, id, value, person } = change;
        if (value === null) statements.removeItem.run(collection, id);
        else statements.setItem.run(collection, id, JSON.stringify(value), person ?? null);
        return;
      }
      case "room":
        this.setValue("card", JSON.stringify(change.card));
        return;
      default:
        unreachable(change);
    }
  }

  /** Members and items, to be copied anew. */
  clearRows(): void {
    this.#statements.clearMembers.run();
    this.#statements.clearItems.run();
  }

  // ---------------------------------------------------------------------------------------------- the rest

  /** Of the last event that is in a segment or waits for one; 0: none is. */
  get lastSeq(): Seq {
    return this.#events.at(-1)?.seq ?? this.#statements.lastSeq.get()?.seq ?? 0;
  }

  messages(after: Seq, limit: number): readonly Seq[] {
    return this.#statements.messages.all(after, limit).map(({ seq }) => seq);
  }

  hasItems(collection: string): boolean {
    return this.#statements.anItem.get(collection) !== null;
  }

  members(after: string, limit: number): readonly UserId[] {
    return this.#statements.members.all(after, limit).map(({ userId }) => userId as UserId);
  }

  /** Of each author the last message, which they have read: its sequence and number. */
  lastOwn(): ReadonlyMap<string, { readonly seq: Seq; readonly no: number }> {
    return new Map(this.#statements.lastOwn.all().map(({ author, seq, no }) => [author, { seq, no }]));
  }

  /** Whoever follows a thread. */
  followers(): readonly UserId[] {
    return this.#statements.followers.all().map(({ collection }) => collection.slice(2) as UserId);
  }

  addMark(userId: UserId, { readSeq, readNo, deliveredSeq, unreadFrom }: Marked): void {
    const { version, seq, no } = unreadFrom ?? { version: null, seq: null, no: null };
    this.#statements.addMark.run(userId, readSeq, readNo, deliveredSeq, version, seq, no);
  }

  addThreadMark(userId: UserId, root: Seq, no: number): void {
    this.#statements.addThreadMark.run(userId, root, no);
  }

  addPin(target: Seq, { by, at }: Pin): void {
    this.#statements.addPin.run(target, by, at);
  }

  setSnapshot(seq: Seq, bytes: Uint8Array): void {
    this.#statements.setSnapshot.run(seq, bytes);
  }

  count(table: "message" | "member" | "item" | "mark" | "attachment" | "segment"): number {
    return this.#db.prepare<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
  }

  get database(): Database {
    return this.#db;
  }

  /** The segments that are not full yet. Then the rest can be counted and hashed. */
  finishLog(): void {
    this.#flush();
  }

  /** Nothing is left of how it was made. */
  finish(): void {
    this.#db.run("DELETE FROM progress");
    this.#db.run("COMMIT");
    this.#db.close();
  }

  /** As it is; the next one goes on from the last commit. */
  abandon(): void {
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
    this.#db.close();
  }
}

function parsed<Row>(json: string | null | undefined): Row | null {
  return json == null ? null : (JSON.parse(json) as Row);
}

/** What a message has beside its text, if it has. */
function moreOf({ mentions, mentionsRoom, attachments, poll, as }: MessageSent): string | null {
  if ((mentions ?? mentionsRoom ?? attachments ?? poll ?? as) === undefined) return null;
  return JSON.stringify({ mentions, mentionsRoom, attachments, poll, ...(as !== undefined && { anonymous: true }) });
}
