/** Clients without a WebSocket at a `SmallNode`: an event stream that keeps what it was sent, and polls. */
import type { RoomId } from "../../src/base/ids.ts";
import type { Principal } from "../../src/domain/principal.ts";
import { readCursor } from "../../src/edge/streams/cursor.ts";
import type { EventSink } from "../../src/edge/streams/event-stream.ts";
import type { GivenCursor, StreamWish } from "../../src/edge/streams/event-streams.ts";
import type { PollAnswer } from "../../src/edge/streams/poll-session.ts";
import type { StreamSocket } from "../../src/edge/streams/stream-socket.ts";
import { CODECS } from "../../src/protocol/codec.ts";
import { contentsOfFrame } from "./event-stream-client.ts";
import { principalOf, type SmallNode } from "./small-node.ts";
import { readEvents, type StreamEvent } from "./stream-events.ts";
import type { Frame } from "./wire.ts";

const BYTES_MAX = 50_000;

export function cursorOf(text: string): GivenCursor {
  const value = readCursor(text, BYTES_MAX);
  if (value === undefined) throw new Error(`no cursor: ${text}`);
  return { text, value };
}

function wishOf(principal: Principal, rooms: readonly string[], cursor: GivenCursor | undefined): StreamWish {
  const arrival = { principal, expiresAtMs: Number.MAX_SAFE_INTEGER, codec: CODECS.json, remote: "", userAgent: "" };
  return { arrival, rooms: cursor?.value.rooms ?? new Map(rooms.map((room) => [room as RoomId, undefined])) };
}

/** What a client of an event stream gets; it may take nothing for a while. */
export class SmallStream implements EventSink {
  /** What left, and what waits for the next flush. */
  text = "";
  flushes = 0;
  end_: "open" | "ended" | "aborted" = "open";
  readonly socket: StreamSocket;
  #written = "";
  #drained: (() => void) | undefined;
  #stall: Promise<void> | undefined;

  constructor(
    node: SmallNode,
    user: string,
    {
      rooms = [],
      cursor,
      withCursor = true,
    }: { rooms?: readonly string[]; cursor?: string; withCursor?: boolean } = {},
  ) {
    const wish = wishOf(principalOf(user), rooms, cursor === undefined ? undefined : cursorOf(cursor));
    this.socket = node.streams.listen(wish, this, withCursor);
  }

  write(data: Uint8Array): number | Promise<unknown> {
    this.#written += Buffer.from(data).toString("utf8");
    return this.#stall ?? data.length;
  }

  flush(): void {
    this.flushes += 1;
    this.text += this.#written;
    this.#written = "";
  }

  end(): void {
    this.flush();
    this.end_ = "ended";
  }

  abort(): void {
    this.end_ = "aborted";
  }

  stall(): void {
    this.#stall = new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  async drain(): Promise<void> {
    this.#drained?.();
    this.#stall = undefined;
    await Promise.resolve();
  }

  get events(): readonly StreamEvent[] {
    return readEvents(this.text);
  }

  get frames(): readonly Frame[] {
    return this.events.flatMap(({ event, data }) =>
      data === undefined || event !== undefined ? [] : [JSON.parse(data) as Frame],
    );
  }

  get connectionId(): string {
    return String(this.frames.find(({ type }) => type === "connection")?.["connectionId"]);
  }

  /** What a browser would send as `Last-Event-ID`. */
  get lastId(): string {
    return this.events.findLast(({ id }) => id !== undefined)?.id ?? "";
  }
}

/** A poll that may be answered, now or later. */
export class SmallPoll {
  answer: PollAnswer | undefined;
  readonly refused: string | undefined;
  readonly #node: SmallNode;
  readonly #take = (given: PollAnswer): void => {
    this.answer = given;
  };

  constructor(node: SmallNode, user: string, { rooms = [], cursor, waitMs = 20_000 }: PollOptions = {}) {
    this.#node = node;
    const given = cursor === undefined ? undefined : cursorOf(cursor);
    const begun = node.streams.poll(wishOf(principalOf(user), rooms, given), given, waitMs, this.#take);
    this.refused = begun.ok ? undefined : begun.error.code;
  }

  hangUp(): void {
    this.#node.streams.forsake(this.#take);
  }

  get frames(): readonly Frame[] {
    return (this.answer?.frames ?? []).map((frame) => JSON.parse(Buffer.from(frame).toString("utf8")) as Frame);
  }

  get cursor(): string {
    return this.answer?.cursor ?? "";
  }
}
interface PollOptions {
  readonly rooms?: readonly string[];
  readonly cursor?: string;
  readonly waitMs?: number;
}

/** Texts of the messages in these frames, in order. */
export function contentsOf(frames: readonly Frame[]): readonly string[] {
  return frames.flatMap(contentsOfFrame);
}
