/**
 * What this edge did with the frames of rooms that somebody may ask about: when a frame was published, who listened then, and
 * how their connections ended. Bounded by number and age; rooms that nobody asks about cost one look per frame.
 */
import type { Clock } from "../../base/clock.ts";
import type { ConnectionId, Seq, UserId } from "../../base/ids.ts";
import {
  NOTIFY_OUTCOMES_MAX,
  TRACE_ENTRIES_MAX,
  TRACE_KEPT_MS,
  TRACE_SOCKETS_LOOKED_AT_MAX,
  TRACE_SOCKETS_MAX,
} from "../../base/limits.ts";
import type { NotifyOutcome, ToldOutcome } from "../../domain/notify/outcome.ts";
import { RecentRing } from "../../base/recent-ring.ts";
import type { Connection } from "../sockets/connection.ts";
import type { EdgeRoom } from "../sockets/edge-room.ts";

/** One connection of the person, as far as it listened to the room here. */
export interface TracedSocket {
  readonly connectionId: ConnectionId;
  /** When it began to listen; absent: before anything was noted. */
  readonly sinceMs?: number;
  /** It listened when the frame was published: the frame was written to it. */
  readonly wasWritten: boolean;
  /** When it ended to listen, and how: it left the room, or was closed with this code. */
  readonly endedMs?: number;
  readonly closeCode?: number;
  /** Bytes that it had not taken when last looked at. */
  readonly backlog?: number;
}
export interface EdgeTraceView {
  readonly node: string;
  /** The room's frames are noted here. */
  readonly isTraced: boolean;
  /** When the frame with the event was published here, and to how many sockets. */
  readonly publishedMs?: number;
  readonly sockets: number;
  readonly own: readonly TracedSocket[];
  /** What became of a notification, where this node was to send it. */
  readonly notified?: { readonly atMs: number; readonly outcome: NotifyOutcome };
}

interface Base {
  readonly key: string;
  readonly atMs: number;
}
type Entry =
  | (Base & { readonly kind: "published"; readonly head: Seq; readonly sockets: number })
  | (Base & { readonly kind: "began" | "ended"; readonly userId: UserId; readonly connectionId: ConnectionId })
  | (Base & {
      readonly kind: "closed";
      readonly userId: UserId;
      readonly connectionId: ConnectionId;
      readonly code: number;
      readonly backlog: number;
    });

export class DeliveryTrace {
  readonly node: string;
  readonly #clock: Clock;
  readonly #told = new RecentRing<ToldOutcome>(NOTIFY_OUTCOMES_MAX, TRACE_KEPT_MS);
  readonly #ring = new RecentRing<Entry>(TRACE_ENTRIES_MAX, TRACE_KEPT_MS);
  /** Sockets that had not taken everything when last looked at, and how much that was. */
  readonly #backlogs = new WeakMap<Connection, number>();

  constructor(node: string, clock: Clock) {
    this.node = node;
    this.#clock = clock;
  }

  /** A frame up to `head` is about to be published; of several encodings of one frame the first counts. */
  published(room: EdgeRoom, head: Seq): void {
    if (head === 0 || head === room.tracedHead) return;
    const atMs = this.#clock.wallMs();
    if (atMs > room.tracedUntilMs) {
      room.tracedUntilMs = 0;
      return;
    }
    room.tracedHead = head;
    const { size } = room.connections;
    this.#ring.push({ kind: "published", key: room.key, atMs, head, sockets: size });
    if (size <= TRACE_SOCKETS_LOOKED_AT_MAX) for (const connection of room.connections) this.#look(connection);
  }

  /** What became of notifications here. */
  told(outcomes: readonly ToldOutcome[]): void {
    for (const outcome of outcomes) this.#told.push(outcome);
  }

  began(room: EdgeRoom, connection: Connection): void {
    this.#note("began", room, connection);
  }

  ended(room: EdgeRoom, connection: Connection): void {
    this.#note("ended", room, connection);
  }

  closed(room: EdgeRoom, connection: Connection, code: number): void {
    const { principal, id: connectionId } = connection;
    if (principal === undefined) return;
    const backlog = this.#backlogs.get(connection) ?? 0;
    const entry = { key: room.key, atMs: this.#clock.wallMs(), userId: principal.userId, connectionId, code, backlog };
    this.#ring.push({ kind: "closed", ...entry });
  }

  /** `present`: the connections that listen to the room here now, if any. */
  of(key: string, seq: Seq, userId: UserId, present: EdgeRoom | undefined): EdgeTraceView {
    const reader = new TraceReader(seq, userId);
    for (const entry of this.#ring.from(this.#clock.wallMs())) if (entry.key === key) reader.read(entry);
    for (const { principal, id } of present?.connections ?? []) if (principal?.userId === userId) reader.present(id);
    const isTraced = (present?.tracedUntilMs ?? 0) > this.#clock.wallMs();
    const notified = this.#notified(key, seq, userId);
    return { node: this.node, isTraced, ...reader.result(), ...(notified !== undefined && { notified }) };
  }

  /** The last word: what was tried again may have been taken in the end. */
  #notified(key: string, seq: Seq, userId: UserId): EdgeTraceView["notified"] {
    let last: EdgeTraceView["notified"];
    for (const told of this.#told.from(this.#clock.wallMs())) {
      const isMeant = told.userId === userId && told.key === key && told.seqs.includes(seq);
      // That they were told before says less than how.
      if (isMeant && !(told.outcome === "notified" && last !== undefined)) last = told;
    }
    return last && { atMs: last.atMs, outcome: last.outcome };
  }

  #note(kind: "began" | "ended", room: EdgeRoom, { principal, id: connectionId }: Connection): void {
    if (principal === undefined) return;
    this.#ring.push({ kind, key: room.key, atMs: this.#clock.wallMs(), userId: principal.userId, connectionId });
  }

  #look(connection: Connection): void {
    const bytes = connection.socket?.backlog ?? 0;
    if (bytes > 0) this.#backlogs.set(connection, bytes);
    else this.#backlogs.delete(connection);
  }
}

type Told = { -readonly [Name in keyof TracedSocket]: TracedSocket[Name] };

/** Goes through what was noted of one room, in its order. */
class TraceReader {
  readonly #seq: Seq;
  readonly #userId: UserId;
  readonly #sockets = new Map<ConnectionId, Told>();
  #published: { readonly atMs: number; readonly sockets: number } | undefined;

  constructor(seq: Seq, userId: UserId) {
    this.#seq = seq;
    this.#userId = userId;
  }

  read(entry: Entry): void {
    if (entry.kind === "published") this.#frame(entry.head, entry.atMs, entry.sockets);
    else if (entry.userId === this.#userId) this.#own(entry);
  }

  /** It listens to the room now. One of which nothing was noted did so before. */
  present(connectionId: ConnectionId): void {
    if (this.#sockets.has(connectionId)) return;
    this.#sockets.set(connectionId, { connectionId, wasWritten: this.#published !== undefined });
  }

  result(): Omit<EdgeTraceView, "node" | "isTraced"> {
    const own = [...this.#sockets.values()].slice(-TRACE_SOCKETS_MAX);
    const { atMs, sockets = 0 } = this.#published ?? {};
    return { ...(atMs !== undefined && { publishedMs: atMs }), sockets, own };
  }

  /** The first frame that reaches the event has it. */
  #frame(head: Seq, atMs: number, sockets: number): void {
    if (head < this.#seq || this.#published !== undefined) return;
    this.#published = { atMs, sockets };
    for (const socket of this.#sockets.values()) if (socket.endedMs === undefined) socket.wasWritten = true;
  }

  #own(entry: Exclude<Entry, { readonly kind: "published" }>): void {
    const { connectionId, atMs } = entry;
    const known = this.#sockets.get(connectionId);
    if (entry.kind === "began") {
      // One that comes again keeps what it was written before.
      const wasWritten = known?.wasWritten ?? false;
      this.#sockets.set(connectionId, { connectionId, sinceMs: atMs, wasWritten });
      return;
    }
    // Nothing was noted of its beginning: it was there before all frames that were.
    const socket = known ?? { connectionId, wasWritten: this.#published !== undefined };
    socket.endedMs = atMs;
    if (entry.kind === "closed") {
      socket.closeCode = entry.code;
      if (entry.backlog > 0) socket.backlog = entry.backlog;
    }
    this.#sockets.set(connectionId, socket);
  }
}
