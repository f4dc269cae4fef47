/**
 * One client that listens by Server-Sent Events, in the place of a WebSocket: what is for it alone and what is published leave
 * in the order in which they came, with the cursor behind them.
 * Invariant: what the client does not take is bounded; beyond, the connection is lost, and the client resumes by its cursor.
 */
import type { RoomId, Seq } from "../../base/ids.ts";
import {
  BACKPRESSURE_BYTES_MAX,
  STREAM_CURSOR_BYTES_MAX,
  STREAM_CURSOR_SMALL_LENGTH,
  STREAM_HEARTBEAT_MS,
  STREAM_TICK_MS,
} from "../../base/limits.ts";
import { CLOSE_CODES, type CloseReason } from "../../protocol/errors.ts";
import { writeCursor } from "./cursor.ts";
import { framed, type Published } from "./stream-hub.ts";
import { LOST, type StreamSetting, StreamSocket } from "./stream-socket.ts";

/** Where the bytes go: the body of an HTTP answer. */
export interface EventSink {
  /** A promise: it is kept until the client has taken what was before it. */
  write(data: Uint8Array): number | Promise<unknown>;
  /** Sends what was written. */
  flush(): void;
  /** What was written leaves, then the answer ends. */
  end(): void;
  /** The connection ends now. */
  abort(): void;
}

const encoder = new TextEncoder();
/** An event with a name: a page that listens for it sees it; those that only listen to messages do not. */
const HEARTBEAT = encoder.encode("event: heartbeat\ndata: {}\n\n");
/** Some proxies pass nothing on before so much has come. */
const OPENING_BYTES = 2_048;

export class EventStream extends StreamSocket {
  readonly transport = "sse";
  readonly #sink: EventSink;
  /** Clients that keep their positions themselves do without cursors, and may have more rooms. */
  readonly #withCursor: boolean;
  #lastCursor = "";
  /** Something was told since the last cursor. */
  #owesCursor = false;
  #flushDue = false;
  /** What this turn tells, in order: it leaves in one write. */
  #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;
  /** Something was written since the last tick, and seconds without anything before it. */
  #hasSpoken = true;
  #silentTicks = 0;
  /** Bytes that were written and wait since the client takes nothing; `undefined`: it takes what comes. */
  #waitingBytes: number | undefined;
  #isOver = false;

  constructor(setting: StreamSetting, sink: EventSink, withCursor: boolean) {
    super(setting);
    this.#sink = sink;
    this.#withCursor = withCursor;
    this.#add(encoder.encode(`:${" ".repeat(OPENING_BYTES)}\nretry: ${setting.retryMs()}\n\n`));
    this.#flushSoon();
  }

  hasPlace(rooms: readonly RoomId[]): boolean {
    return !this.#withCursor || this.itinerary.makePlace(rooms, STREAM_CURSOR_BYTES_MAX);
  }

  get backlog(): number {
    return this.#waitingBytes ?? 0;
  }

  send(data: Uint8Array): "sent" | "queued" | "dropped" {
    this.itinerary.told(data);
    return this.#tell(framed(data)) ? "sent" : "dropped";
  }

  published(message: Published): void {
    if (!this.#tell(message.framed)) this.terminate();
  }

  override subscribe(topic: string, head: Seq): void {
    if (this.#isOver) return;
    super.subscribe(topic, head);
    this.#owesCursor = true;
    this.#flushSoon();
  }

  override unsubscribe(topic: string): void {
    super.unsubscribe(topic);
    this.#owesCursor = true;
    this.#flushSoon();
  }

  close(reason: CloseReason): void {
    if (this.#isOver) return;
    const { code, reconnect, reason: why } = CLOSE_CODES[reason];
    this.#addCursor();
    const retry = reconnect ? `retry: ${this.setting.retryMs()}\n` : "";
    const last = JSON.stringify({ code, reason: why, reconnect });
    this.#add(encoder.encode(`${retry}event: close\ndata: ${last}\n\n`));
    this.#write();
    // Who takes nothing would keep what waits in memory for as long as they like.
    this.#end(code, this.#waitingBytes === undefined);
  }

  terminate(): void {
    this.#end(LOST, false);
  }

  lost(): void {
    this.#end(LOST, false);
  }

  tick(): void {
    if (this.#isOver) return;
    this.ask();
    this.#silentTicks = this.#hasSpoken ? 0 : this.#silentTicks + 1;
    this.#hasSpoken = false;
    if (this.#silentTicks >= STREAM_HEARTBEAT_MS / STREAM_TICK_MS && !this.#tell(HEARTBEAT)) return this.terminate();
    if (!this.#owesCursor) return;
    this.#addCursor();
    this.#flushSoon();
  }

  #end(code: number, isInOrder: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unwritten = [];
    if (isInOrder) this.#sink.end();
    else this.#sink.abort();
    this.itinerary.leaveAll();
    this.setting.closed(code);
  }

  /** false: too much waits. */
  #tell(event: Uint8Array): boolean {
    if (this.#isOver) return false;
    if (this.#waitingBytes !== undefined && this.#waitingBytes + this.#unwrittenBytes > BACKPRESSURE_BYTES_MAX)
      return false;
    this.#add(event);
    this.#owesCursor = true;
    this.#flushSoon();
    return true;
  }

  #add(event: Uint8Array): void {
    this.#unwritten.push(event);
    this.#unwrittenBytes += event.length;
    this.#hasSpoken = true;
  }

  #write(): void {
    const [first] = this.#unwritten;
    if (first === undefined) return;
    // The body sends each write by itself: two of them cost twice as much as one.
    const all = this.#unwritten.length === 1 ? first : Buffer.concat(this.#unwritten, this.#unwrittenBytes);
    this.#unwritten = [];
    this.#unwrittenBytes = 0;
    const waitingBytes = this.#waitingBytes;
    if (waitingBytes !== undefined) this.#waitingBytes = waitingBytes + all.length;
    const taken = this.#sink.write(all);
    this.#sink.flush();
    if (typeof taken === "number") return;
    this.#waitingBytes ??= all.length;
    const drained = (): void => {
      if (waitingBytes === undefined) this.#waitingBytes = undefined;
    };
    taken.then(drained, drained);
  }

  /** What one turn tells leaves at once, and one cursor behind it. */
  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.setting.flushSoon(this);
  }

  flush(): void {
    this.#flushDue = false;
    if (this.#isOver) return;
    if (this.#lastCursor.length <= STREAM_CURSOR_SMALL_LENGTH) this.#addCursor();
    this.#write();
  }

  #addCursor(): void {
    if (!this.#owesCursor) return;
    this.#owesCursor = false;
    if (!this.#withCursor) return;
    const { text, event } = this.#cursor();
    if (text === this.#lastCursor) return;
    this.#lastCursor = text;
    this.#add(event);
  }

  /** Of a room with many listeners it is made once. */
  #cursor(): { readonly text: string; readonly event: Uint8Array } {
    const topic = this.itinerary.onlyTopic;
    if (topic !== undefined && topic.lone?.seq === topic.seq) return topic.lone;
    const text = writeCursor({ taken: 0, rooms: this.itinerary.positions() });
    const event = encoder.encode(`id: ${text}\n\n`);
    if (topic !== undefined) topic.lone = { seq: topic.seq, text, event };
    return { text, event };
  }
}
