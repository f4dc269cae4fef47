/**
 * Makes a capsule of a room: reads the log through the journal's port and replays it with its rows, so it is the same from
 * every store, for any sequence, and while the room is in use. Nothing is written to the store.
 * Invariant: an interrupted export goes on from the last commit of the file; one of another room, or another end, does not.
 */
import { randomBytes } from "node:crypto";
import { decodeEntries } from "../actors/log-codec.ts";
import type { RoomId, Seq, TenantId } from "../base/ids.ts";
import { CAPSULE_COMMIT_EVENTS, CAPSULE_MEMBERS_PER_READ, CAPSULE_READ_EVENTS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { apply } from "../domain/room/apply.ts";
import { emptyRoomState } from "../domain/room/empty-state.ts";
import { decodeSnapshot, encodeSnapshot } from "../domain/room/snapshot.ts";
import type { RoomState } from "../domain/room/state.ts";
import type { Journal, LogKey, LogTail, Segment } from "../storage/journal.ts";
import { type ListedDocument, type Mark, type Marked, mergeMarks, type Projections } from "../storage/projections.ts";
import { ask } from "./asking.ts";
import { CapsuleWriter } from "./capsule-writer.ts";
import { contentHash } from "./content-hash.ts";
import { Disguise } from "./disguise.ts";
import { fillTrimmed } from "./export-trimmed.ts";
import { RowReplay } from "./row-replay.ts";

export interface Store {
  readonly journal: Journal;
  readonly projections: Projections;
}
export interface ExportOptions {
  readonly tenant: TenantId;
  readonly room: RoomId;
  /** The last sequence; absent: all there is when it begins. */
  readonly until?: Seq;
  /** Keeps who wrote without a name, and who voted where nobody is shown. */
  readonly identities: boolean;
  /** How far it is: events of all. */
  readonly onProgress?: (done: number, total: number) => void;
}
export interface Exported {
  readonly messages: number;
  readonly members: number;
  readonly lastSeq: Seq;
  readonly hash: string;
}

interface Job extends ExportOptions {
  readonly store: Store;
  readonly key: LogKey;
  readonly writer: CapsuleWriter;
  /** Where the log begins: 1, unless retention has removed what came before. */
  readonly first: Seq;
  readonly last: Seq;
}

/** Fills the file at `path`, or goes on with it. A refusal is a sentence. Throws `StoreAway`. */
export async function exportRoom(
  store: Store,
  path: string,
  options: ExportOptions,
): Promise<Result<Exported, string>> {
  const { tenant, room, until } = options;
  const key: LogKey = { tenant, room, incarnation: 1 };
  const head = await headOf(store, key);
  if (head.head === 0) return err(`there is no room ${room} of tenant ${tenant}`);
  if (until !== undefined && until > head.head) return err(`room ${room} has ${head.head} events, not ${until}`);
  const last = until ?? head.head;
  const [first] = await ask<readonly Segment[]>((done) =>
    store.journal.readRange(key, { from: 1, to: last, eventsMax: 1 }, done),
  );
  if (first === undefined) return err(`room ${room} has no log`);
  if (until !== undefined && first.firstSeq > 1) {
    return err(`retention has removed the beginning of room ${room}: it can be exported as it is now, without --until`);
  }
  const writer = new CapsuleWriter(path);
  try {
    const made = await fill({ ...options, store, key, writer, first: first.firstSeq, last });
    if (made.ok) writer.finish();
    else writer.abandon();
    return made;
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

async function headOf({ journal }: Store, key: LogKey): Promise<RoomState> {
  const { snapshot, segments } = await ask<LogTail>((done) => journal.readTail(key, done));
  const state = snapshot === undefined ? emptyRoomState() : decodeSnapshot(snapshot.bytes);
  for (const { firstSeq, entries } of segments) {
    for (const event of decodeEntries(firstSeq, entries)) if (event.seq > state.head) apply(state, event);
  }
  return state;
}

async function fill(job: Job): Promise<Result<Exported, string>> {
  const { writer, room, identities } = job;
  const begun = writer.progress;
  const wanted = `${job.tenant}/${room}/${job.until ?? "head"}/${identities ? "kept" : "hidden"}/${job.first}`;
  if (begun !== undefined && writer.value("wanted") !== wanted) {
    return err("the file was begun for something else: remove it, or name another one");
  }
  if (begun === undefined) writer.setValue("wanted", wanted);
  const secret = begun?.secret ?? randomBytes(32);
  const filled = await (job.first > 1 ? copied(job, secret) : replayed(job, secret, begun?.state));
  if (!filled.ok) return filled;
  const state = filled.value;
  if (state.settings === undefined) return err(`at ${job.last} there was no room ${room} yet`);
  if (state.deletedAt !== undefined) {
    const how = "retention has removed its beginning, without which what it was before cannot be exported";
    return err(`room ${room} was deleted; ${job.first > 1 ? how : "--until can name a place before that"}`);
  }
  await addMarks(job, state);
  for (const [target, pin] of state.pins) writer.addPin(target, pin);
  writer.setSnapshot(state.head, encodeSnapshot(state));
  return ok(describe(job, state));
}

function copied(job: Job, secret: Uint8Array): Promise<Result<RoomState, string>> {
  const { store, key } = job;
  return fillTrimmed({ ...job, secret, journal: store.journal, head: () => headOf(store, key) });
}

async function replayed(job: Job, secret: Uint8Array, begun?: Uint8Array): Promise<Result<RoomState, string>> {
  const replay = new RowReplay(job.writer, begun);
  await replayLog(job, replay, secret);
  return ok(replay.state);
}

async function replayLog(job: Job, replay: RowReplay, secret: Uint8Array): Promise<void> {
  const { writer, key, last, store, identities, onProgress } = job;
  const disguise = identities ? undefined : new Disguise(replay.state, secret, writer.value("disguised") === "yes");
  const commit = (): void => {
    replay.settle();
    if (disguise?.isNeeded === true) writer.setValue("disguised", "yes");
    writer.commit({ state: encodeSnapshot(replay.state), secret });
  };
  let since = 0;
  while (replay.state.head < last) {
    const from = replay.state.head + 1;
    const range = { from, to: last, eventsMax: CAPSULE_READ_EVENTS };
    const segments = await ask<readonly Segment[]>((done) => store.journal.readRange(key, range, done));
    if (segments.length === 0) throw new Error(`the log of ${key.room} ends before ${last}`);
    if ((segments[0]?.firstSeq ?? 0) > from) {
      throw new Error(`retention has removed a part of room ${key.room} meanwhile: remove the file, and begin anew`);
    }
    for (const { firstSeq, entries, epoch, owner } of segments) {
      const events = decodeEntries(firstSeq, entries).filter(({ seq }) => seq >= from && seq <= last);
      const shown = events.map((event) => {
        const one = disguise?.of(event) ?? event;
        replay.feed(one);
        return one;
      });
      const { messageCount, lastTimestamp } = replay.state;
      writer.addEvents(shown, entries.length, { epoch, owner, messageCount, timestamp: lastTimestamp });
      since += events.length;
    }
    replay.settle();
    if (since >= CAPSULE_COMMIT_EVENTS) {
      commit();
      since = 0;
    }
    onProgress?.(replay.state.head, last);
  }
  commit();
}

/**
 * As they are now; of a fork no further than it goes. Whoever wrote has read that far, before it stands in their mark. Nobody is
 * known by a pseudonym here.
 */
async function addMarks({ store, writer, tenant, room }: Job, { messageCount, head: last }: RoomState): Promise<void> {
  const lastOwn = writer.lastOwn();
  for (let after = ""; ; ) {
    const members = writer.members(after, CAPSULE_MEMBERS_PER_READ);
    const marks = await ask<readonly (Mark | null)[]>((done) =>
      store.projections.readMarks(tenant, room, members, done),
    );
    for (const [i, userId] of members.entries()) {
      const mark = marks[i] == null ? undefined : clamped(marks[i], last, messageCount);
      const own = lastOwn.get(userId);
      const sent = own && { readSeq: own.seq, readNo: own.no, deliveredSeq: own.seq };
      const furthest = sent === undefined ? mark : mergeMarks(mark, sent);
      if (furthest !== undefined) writer.addMark(userId, furthest);
    }
    if (members.length < CAPSULE_MEMBERS_PER_READ) break;
    after = members.at(-1) ?? "";
  }
  for (const userId of writer.followers()) {
    const documents = await ask<readonly ListedDocument[]>((done) =>
      store.projections.listDocuments(tenant, `threads.${userId}`, { prefix: `${room}/`, limit: THREADS_MAX }, done),
    );
    for (const { id, value } of documents) {
      const root = Number(id.slice(room.length + 1));
      if (root <= last) writer.addThreadMark(userId, root, (value as { readonly no: number }).no);
    }
  }
}
/** Threads of one person in one room whose marks are taken along. */
const THREADS_MAX = 10_000;

function clamped({ readSeq, readNo, deliveredSeq, unreadFrom }: Mark, last: Seq, messageCount: number): Marked {
  return {
    readSeq: Math.min(readSeq, last),
    readNo: Math.min(readNo, messageCount),
    deliveredSeq: Math.min(deliveredSeq, last),
    ...(unreadFrom !== undefined && unreadFrom.seq <= last && { unreadFrom }),
  };
}

function describe({ writer, identities, room, until, first }: Job, state: RoomState): Exported {
  writer.finishLog();
  const counts = { messages: writer.count("message"), members: writer.count("member") };
  const values: Readonly<Record<string, string | number>> = {
    ...counts,
    id: randomBytes(8).toString("hex"),
    room,
    made_at: new Date().toISOString(),
    first_seq: first,
    last_seq: state.head,
    is_fork: until === undefined ? "no" : "yes",
    items: writer.count("item"),
    marks: writer.count("mark"),
    attachments: writer.count("attachment"),
    segments: writer.count("segment"),
    identities: identities ? "kept" : "hidden",
    settings: JSON.stringify(state.settings),
  };
  for (const [name, value] of Object.entries(values)) writer.setValue(name, value);
  writer.remove("wanted", "disguised");
  const hash = contentHash(writer.database);
  writer.setValue("hash", hash);
  return { ...counts, lastSeq: state.head, hash };
}
