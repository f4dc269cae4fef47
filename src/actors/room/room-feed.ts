/**
 * A room's events by pages, from any sequence on: for programs that follow a room, and for clients that were told that a range
 * is missing. Invariant: a page leaves nothing out that is kept and for clients, and what was edited or deleted since is shown
 * as it is now, to nobody as it was.
 */
import type { Seq } from "../../base/ids.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { MessageOverlay } from "../../domain/room/state.ts";
import type { RoomEvent } from "../../protocol/frames.ts";
import type { ReadResult } from "../../storage/journal.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { RoomCalls } from "../calls.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";
import { roomEvent, shownEvents } from "../event-views.ts";
import { presentView, type RoomFacts } from "../views.ts";

const RETRY_MS = 500;

export class RoomFeed {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests) {
    this.#open = open;
    this.#env = env;
    this.#room = room;
  }

  page(request: RoomRequest, { after, limit }: { readonly after: Seq; readonly limit: number }): void {
    const head = this.#room.seenSeq;
    if (after >= head) return this.#answer(request, { events: [], to: after, head });
    this.#open.add(request);
    const { front } = this.#room;
    this.#read(Math.max(after, front.seq), { head, limit }, (read) => {
      if (!read.ok) return this.#unavailable(request);
      // What retention is about to take is shown to nobody any more; times never fall within a log.
      const events = read.value.filter(({ timestamp }) => timestamp >= front.fromMs);
      const to = read.value.at(-1)?.seq ?? head;
      const first = events[0]?.seq ?? to + 1;
      const missing = first > after + 1 ? { missing: { from: after + 1, to: first - 1 } } : {};
      this.#show(request, events, { to, head, ...missing });
    });
  }

  /** Where nothing stands the front may be taken away meanwhile, or by an owner that this one has not heard of: what is left follows. */
  #read(
    from: Seq,
    { head, limit }: { readonly head: Seq; readonly limit: number },
    answer: (read: ReadResult<readonly LogEvent[]>) => void,
  ): void {
    const to = Math.min(head, from + limit);
    this.#room.reads.events(from, to, (read) => {
      if (!read.ok || read.value.length > 0 || to === head) answer(read);
      else
        this.#room.reads.events(to, head, (left) =>
          answer(left.ok ? { ok: true, value: left.value.slice(0, limit) } : left),
        );
    });
  }

  #show(request: RoomRequest, events: readonly LogEvent[], page: Omit<RoomCalls["events"]["reply"], "events">): void {
    const targets = [...new Set(events.flatMap(targetOf))];
    this.#room.reads.overlays(targets, (read) => {
      const { facts } = this.#room;
      if (!read.ok || facts === undefined) return this.#unavailable(request);
      const overlays = new Map(targets.map((seq, i) => [seq, read.value[i] ?? null]));
      const shown = shownEvents(this.#room.room, events, facts, (event) => this.#present(event, overlays, facts));
      this.#open.delete(request);
      this.#answer(request, { events: shown, ...page });
    });
  }

  #present(
    event: LogEvent,
    overlays: ReadonlyMap<Seq, MessageOverlay | null>,
    facts: RoomFacts,
  ): RoomEvent | undefined {
    const { room } = this.#room;
    const { seq, timestamp } = event;
    if (event.kind === "message_sent") {
      return { type: "new_message", seq, timestamp, message: presentView(room, event, overlays.get(seq) ?? null) };
    }
    if (event.kind !== "message_edited") return roomEvent(room, event, facts);
    const overlay = overlays.get(event.target);
    // What a deleted message said before is nobody's business; that it was deleted follows.
    if (overlay?.deletedAt !== undefined) return undefined;
    return roomEvent(room, { ...event, content: overlay?.content ?? event.content }, facts);
  }

  #answer(request: RoomRequest, reply: RoomCalls["events"]["reply"]): void {
    answerValue(this.#env, request, reply);
  }

  #unavailable(request: RoomRequest): void {
    this.#open.delete(request);
    answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
  }
}

/** The message whose present state an event has to be shown by. */
function targetOf(event: LogEvent): Seq[] {
  if (event.kind === "message_sent") return [event.seq];
  return event.kind === "message_edited" ? [event.target] : [];
}
