/**
 * One client that polls, in the place of a WebSocket: what it is told between two polls waits here, and what it was given is
 * kept until it says that it has it.
 * Invariant: what waits is bounded; beyond, the session is lost, and the client's cursor says from where to go on. A cursor says
 * no more than what was given with it.
 */
import type { Timer } from "../../base/clock.ts";
import type { ConnectionId, RoomId } from "../../base/ids.ts";
import { BACKPRESSURE_BYTES_MAX, POLL_CURSOR_BYTES_MAX } from "../../base/limits.ts";
import { CLOSE_CODES, type CloseReason } from "../../protocol/errors.ts";
import { writeCursor } from "./cursor.ts";
import type { Published } from "./stream-hub.ts";
import { LOST, type StreamSetting, StreamSocket } from "./stream-socket.ts";

export interface PollAnswer {
  readonly connectionId: ConnectionId;
  readonly cursor: string;
  /** Each one object of JSON. */
  readonly frames: readonly Uint8Array[];
  /** The session is over. */
  readonly closed?: {
    readonly code: number;
    readonly reason: string;
    readonly reconnect: boolean;
    readonly delayMs: number;
  };
}

export type Answer = (answer: PollAnswer) => void;

interface Waiting {
  readonly answer: Answer;
  timer: Timer;
  /** Monotonic, milliseconds. */
  dueMs: number;
}

/** What comes within this time is answered together, milliseconds. */
const GATHER_MS = 10;
/** The first answer waits so long for what the client's rooms have to say. */
const GATHER_FIRST_MS = 1_000;

export class PollSession extends StreamSocket {
  readonly transport = "long_poll";
  readonly #id: ConnectionId;
  readonly #idleMs: number;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  /** How many frames the client has said to have, before those in `#frames`, and the cursor that says so. */
  #taken = 0;
  #cursor: string;
  #waiting: Waiting | undefined;
  /** Since when nobody polls. */
  #idleSinceMs: number;
  #closed: PollAnswer["closed"];
  /** Of a session that is over: the cursor behind all that waits. */
  #lastCursor: string | undefined;

  /** `cursor`: what the client came with. */
  constructor(setting: StreamSetting, id: ConnectionId, idleMs: number, cursor: string | undefined) {
    super(setting);
    this.#id = id;
    this.#idleMs = idleMs;
    this.#cursor = cursor ?? writeCursor({ session: id, taken: 0, rooms: setting.wanted });
    this.#idleSinceMs = setting.clock.monotonicMs();
  }

  /** It has what follows the first `taken` frames, or will have it. */
  has(taken: number): boolean {
    const all = this.#taken + this.#frames.length;
    return taken >= this.#taken && (this.#closed === undefined ? taken <= all : taken < all);
  }

  /**
   * Answers with what there is beyond the first `taken` frames, or when something comes, or after `waitMs` with nothing. A poll
   * that waits already is answered with nothing. `cursor`: what says `taken`.
   */
  poll(taken: number, cursor: string | undefined, waitMs: number, answer: Answer): void {
    this.#giveNothing();
    const known = taken - this.#taken;
    for (const frame of this.#frames.splice(0, known)) this.#bytes -= frame.length;
    this.#taken += known;
    if (cursor !== undefined) this.#cursor = cursor;
    const ms = this.#closed === undefined ? waitMs : 0;
    this.#waiting = { answer, dueMs: this.setting.clock.monotonicMs() + ms, timer: this.#timer(ms) };
    if (this.#frames.length > 0) this.#ripen();
  }

  /** The client does not wait for its answer any more: what it would have got is for its next poll. */
  forsake(answer: Answer): void {
    if (this.#waiting?.answer === answer) this.#giveNothing();
  }

  hasPlace(rooms: readonly RoomId[]): boolean {
    return this.itinerary.makePlace(rooms, POLL_CURSOR_BYTES_MAX);
  }

  get backlog(): number {
    return this.#bytes;
  }

  send(data: Uint8Array): "sent" | "queued" | "dropped" {
    this.itinerary.told(data);
    return this.#keep(data.slice()) ? "sent" : "dropped";
  }

  published(message: Published): void {
    if (!this.#keep(message.kept)) this.terminate();
  }

  /** The poll that waits, or the next one, is told. */
  close(reason: CloseReason): void {
    if (this.#closed !== undefined) return;
    const { code, reconnect, reason: why } = CLOSE_CODES[reason];
    this.#end({ code, reason: why, reconnect, delayMs: reconnect ? this.setting.retryMs() : 0 });
    this.#giveAll();
  }

  terminate(): void {
    if (this.#closed !== undefined) return;
    this.#giveNothing();
    this.#frames = [];
    this.#end({ code: LOST, reason: "", reconnect: true, delayMs: 0 });
    this.#lastCursor = this.#cursor;
  }

  lost(): void {
    this.close("normal");
  }

  tick(nowMs: number): void {
    this.ask();
    // The person is shown for their grace time, and then no longer.
    if (this.isForgotten(nowMs)) this.lost();
  }

  get isOver(): boolean {
    return this.#closed !== undefined;
  }

  /** Nobody has polled for so long that nobody will. */
  isForgotten(nowMs: number): boolean {
    return this.#waiting === undefined && nowMs - this.#idleSinceMs >= this.#idleMs;
  }

  #end(closed: NonNullable<PollAnswer["closed"]>): void {
    this.#lastCursor = this.#cursorBehind();
    this.#closed = closed;
    this.itinerary.leaveAll();
    this.setting.closed(closed.code);
  }

  #keep(frame: Uint8Array): boolean {
    if (this.#closed !== undefined || this.#bytes > BACKPRESSURE_BYTES_MAX) return false;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#ripen();
    return true;
  }

  /** There is something to answer. */
  #ripen(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const gatherMs = this.itinerary.isSettled ? GATHER_MS : GATHER_FIRST_MS;
    const dueMs = this.setting.clock.monotonicMs() + gatherMs;
    if (dueMs >= waiting.dueMs) return;
    waiting.timer.cancel();
    waiting.dueMs = dueMs;
    waiting.timer = this.#timer(gatherMs);
  }

  #timer(afterMs: number): Timer {
    return this.setting.clock.after(afterMs, () => this.#giveAll());
  }

  #cursorBehind(): string {
    const taken = this.#taken + this.#frames.length;
    return writeCursor({ session: this.#id, taken, rooms: this.itinerary.positions() });
  }

  #giveAll(): void {
    this.#give(this.#lastCursor ?? this.#cursorBehind(), [...this.#frames]);
  }

  #giveNothing(): void {
    this.#give(this.#cursor, []);
  }

  #give(cursor: string, frames: readonly Uint8Array[]): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    waiting.timer.cancel();
    this.#idleSinceMs = this.setting.clock.monotonicMs();
    const closed = this.#closed === undefined ? {} : { closed: this.#closed };
    waiting.answer({ connectionId: this.#id, cursor, frames, ...closed });
  }
}
