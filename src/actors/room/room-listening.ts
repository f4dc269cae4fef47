/**
 * Who begins to listen to a room: what they lack is replayed, from memory or from the log, then they are subscribed.
 * Invariant: a connection is subscribed in the same turn in which its replay reached the head, so nothing falls between.
 */
import type { Seq } from "../../base/ids.ts";
import { LARGE_ROOM_MEMBERS, POSITION_NAMES_MAX, RESUME_EVENTS_MAX } from "../../base/limits.ts";
import { muteOf } from "../../domain/room/decide/gates.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { RoomPosition } from "../../protocol/frames.ts";
import type { Mark } from "../../storage/projections.ts";
import { answerAck, answerRejection, answerValue } from "../answers.ts";
import type { ShardConnection } from "../connections.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomActor } from "./room-actor.ts";
import type { CatchUp, Missing } from "./room-audience.ts";

const RETRY_MS = 500;

export class RoomListening {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests) {
    this.#env = env;
    this.#room = room;
    this.#open = open;
  }

  subscribe(request: RoomRequest, lastSeq: Seq | undefined): void {
    if (request.asker.kind !== "frame") return answerValue(this.#env, request, {});
    const { connection } = request.asker;
    this.#open.add(request);
    this.#listen(connection, lastSeq ?? this.#room.publishedSeq, (missing) => {
      const position = this.#position(request, missing);
      // What is published from here on may arrive before the answer; its head says where it belongs.
      this.#room.marks.of(request.by.userId, (mark) => {
        this.#open.delete(request);
        if (!mark.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        answerAck(this.#env, request, { position: { ...position, ...this.#unread(request, mark.value) } });
      });
    });
  }

  resume(request: RoomRequest, connection: ShardConnection, lastSeq: Seq): void {
    if (request.sequel.kind !== "resume") return;
    const { gather } = request.sequel;
    this.#open.add(request);
    this.#listen(connection, lastSeq, (missing) => {
      this.#open.delete(request);
      gather.add(this.#position(request, missing));
      this.#env.complete(request);
    });
  }

  /** Replays what the connection lacks and subscribes it; then the answer. */
  #listen(connection: ShardConnection, lastSeq: Seq, then: (missing: Missing | undefined) => void): void {
    const { audience } = this.#room;
    const running = audience.catchUpOf(connection);
    if (running !== undefined) {
      // What is on its way is not sent twice.
      running.waiting.push(lastSeq >= running.after ? then : () => this.#listen(connection, lastSeq, then));
      return;
    }
    const catchUp = audience.beginCatchUp(connection, lastSeq);
    this.#replay(catchUp, lastSeq, (missing) => {
      audience.endCatchUp(catchUp, this.#room.publishedSeq);
      if (!catchUp.left) this.#room.assistant.tell(connection);
      then(missing);
      for (const other of catchUp.waiting) other(missing);
    });
  }

  /** Replays (after, head] to one connection; `then` runs in the turn in which nothing is left. */
  #replay(catchUp: CatchUp, after: Seq, then: (missing: Missing | undefined) => void): void {
    const { connection } = catchUp;
    const head = this.#room.publishedSeq;
    const { facts, state, audience, reads } = this.#room;
    if (after >= head || facts === undefined || connection.closed) return then(undefined);
    // Whoever left meanwhile is shown nothing of what came after; the answer says so, or its head would promise it.
    if (catchUp.left) return then({ from: after + 1, to: head });
    // Retention has taken some of it.
    if (after < state.trimmedSeq) return then({ from: after + 1, to: head });
    if (head - after > RESUME_EVENTS_MAX) return then({ from: after + 1, to: head });
    if (state.recent.covers(after)) {
      const missed = state.recent.slice(after, head);
      const sent = !this.#isExpired(missed) && audience.replay(connection, missed, after, facts);
      return then(sent ? undefined : { from: after + 1, to: head });
    }
    reads.events(after, head, (page) => {
      const last = page.ok ? page.value[page.value.length - 1] : undefined;
      // What cannot be read is named, never skipped silently.
      if (!page.ok || last === undefined || this.#isExpired(page.value))
        return then({ from: after + 1, to: this.#room.publishedSeq });
      if (audience.replay(connection, page.value, after, facts)) this.#replay(catchUp, last.seq, then);
      else then({ from: after + 1, to: this.#room.publishedSeq });
    });
  }

  /** Retention is about to take some of it: nobody is shown that any more. */
  #isExpired(events: readonly LogEvent[]): boolean {
    const { fromMs } = this.#room.front;
    if (fromMs === 0) return false;
    const first = events.find(({ kind }) => kind === "message_sent");
    return first !== undefined && first.timestamp < fromMs;
  }

  #unread(request: RoomRequest, mark: Mark): Pick<RoomPosition, "unread" | "mentions" | "readSeq"> {
    const { state, marks } = this.#room;
    const { unread, mentions } = marks.countsOf(mark, state.members.get(request.by.userId));
    return { unread, readSeq: mark.readSeq, ...(mentions > 0 && { mentions }) };
  }

  #position(request: RoomRequest, missing: Missing | undefined): RoomPosition {
    const { room, state, audience, publishedSeq } = this.#room;
    const member = state.members.get(request.by.userId);
    const muted = muteOf(state, request.by, this.#env.clock.wallMs());
    return {
      roomId: room,
      head: publishedSeq,
      ...(member != null && { role: member.role }),
      typing: audience.ephemera.typingUsers,
      present: audience.ephemera.presentUsers,
      ...(audience.ephemera.presentCount > POSITION_NAMES_MAX && { presentCount: audience.ephemera.presentCount }),
      ...(missing !== undefined && { missing }),
      ...(state.memberCount >= LARGE_ROOM_MEMBERS && { memberCount: state.memberCount }),
      ...(muted !== undefined && { muted }),
    };
  }
}
