/**
 * A client that listens by Server-Sent Events through `fetch`: reconnecting is the test's business, with `lastId`.
 * Invariant: what each room showed, over all connections, is checked for gaps.
 */
import { type StreamEvent, readEvents } from "./stream-events.ts";
import { RoomLog } from "./room-log.ts";
import { at, listAt, textAt } from "./json.ts";
import type { Frame } from "./wire.ts";

const WAIT_MS_MAX = 30_000;

export interface ListenOptions {
  readonly token: string;
  readonly rooms?: readonly string[];
  readonly lastId?: string;
  readonly query?: string;
  readonly logs?: Map<string, RoomLog>;
}

export class EventStreamClient {
  readonly frames: Frame[] = [];
  readonly events: StreamEvent[] = [];
  readonly logs: Map<string, RoomLog>;
  readonly status: number;
  /** The answer has ended, or was lost. */
  readonly ended: Promise<void>;
  lastId: string;
  #isOver = false;
  readonly #stop: AbortController;

  private constructor(response: Response, stop: AbortController, { logs = new Map(), lastId = "" }: ListenOptions) {
    this.status = response.status;
    this.logs = logs;
    this.lastId = lastId;
    this.#stop = stop;
    this.ended = this.#read(response);
  }

  static async listen(http: string, options: ListenOptions): Promise<EventStreamClient> {
    const query = (options.rooms ?? []).map((room) => `room=${encodeURIComponent(room)}`).join("&");
    const stop = new AbortController();
    const response = await fetch(`${http}/v1/chat/events?${query}${options.query ?? ""}`, {
      signal: stop.signal,
      headers: {
        authorization: `Bearer ${options.token}`,
        ...(options.lastId !== undefined && { "last-event-id": options.lastId }),
      },
    });
    return new EventStreamClient(response, stop, options);
  }

  get connectionId(): string {
    return textAt(
      this.frames.find(({ type }) => type === "connection"),
      "connectionId",
    );
  }

  stop(): void {
    this.#stop.abort();
  }

  async until(isSo: () => boolean, what: string): Promise<void> {
    const endMs = performance.now() + WAIT_MS_MAX;
    while (!isSo()) {
      if (this.#isOver || performance.now() > endMs)
        throw new Error(`${what} did not come: ${JSON.stringify(this.frames)}`);
      await Bun.sleep(5);
    }
  }

  async frame(accepts: (frame: Frame) => boolean, what: string): Promise<Frame> {
    await this.until(() => this.frames.some(accepts), what);
    return this.frames.find(accepts) as Frame;
  }

  message(content: string): Promise<Frame> {
    return this.frame((frame) => contentsOfFrame(frame).includes(content), `the message ${content}`);
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        rest += decoder.decode(chunk, { stream: true });
        const end = rest.lastIndexOf("\n\n");
        if (end === -1) continue;
        for (const event of readEvents(rest.slice(0, end + 2))) this.#take(event);
        rest = rest.slice(end + 2);
      }
    } catch {
      // Cut: what came whole was taken.
    }
    this.#isOver = true;
  }

  #take(event: StreamEvent): void {
    this.events.push(event);
    this.lastId = event.id ?? this.lastId;
    if (event.data === undefined || event.event !== undefined) return;
    this.frames.push(takeFrame(JSON.parse(event.data) as Frame, this.logs));
  }
}

/** Notes what the frame says of a room's order. */
export function takeFrame(frame: Frame, logs: Map<string, RoomLog>): Frame {
  const log = (room: string): RoomLog => {
    const known = logs.get(room) ?? new RoomLog();
    logs.set(room, known);
    return known;
  };
  if (frame.type !== "resumed" && at(frame, "roomId") === undefined) return frame;
  if (frame.type === "events") log(textAt(frame, "roomId")).accept(frame);
  if (frame.type === "ack" && at(frame, "position") !== undefined) {
    log(textAt(frame, "roomId")).joined(at(frame, "position"), undefined);
  }
  if (frame.type === "resumed") {
    for (const position of listAt(frame, "rooms")) log(textAt(position, "roomId")).resumed(position);
  }
  return frame;
}

export function contentsOfFrame(frame: Frame): readonly string[] {
  if (frame.type !== "events") return [];
  return listAt(frame, "events").flatMap((event) => {
    const content = at(event, "message.content");
    return typeof content === "string" ? [content] : [];
  });
}
