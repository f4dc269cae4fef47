/**
 * Who begins to listen to a room: what they lack is replayed, from memory or from the log, then they are subscribed.
 * Invariant: a connection is subscribed in the same turn in which its replay reached the head, so nothing falls between.
 */
import type { Seq } from "../../base/ids.ts";
import { LARGE_ROOM_MEMBERS, POSITION_NAMES_MAX, REPLAY_BYTES_MAX, RESUME_EVENTS_MAX } from "../../base/limits.ts";
import { muteOf } from "../../domain/room/decide/gates.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import type { RoomPosition } from "../../protocol/frames.ts";
import type { Mark } from "../../storage/projections.ts";
import { answerAck, answerRejection, answerValue } from "../answers.ts";
import type { ResumeGather, RoomRequest, RoomSequel } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomActor } from "./room-actor.ts";
import type { CatchUp, Missing } from "./room-audience.ts";

const RETRY_MS = 500;

type Replay = Pick<ResumeGather, "connection" | "bytesMax" | "mayWait">;
/** `lacks`: nothing is against the first part of what is missing but that it takes so many bytes. */
type Then = (missing: Missing | undefined, lacks?: number) => void;

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
    const replay = { connection, bytesMax: REPLAY_BYTES_MAX, mayWait: false };
    this.#listen(replay, lastSeq ?? this.#room.publishedSeq, (missing) => {
      const position = this.#position(request, missing);
      // What is published from here on may arrive before the answer; its head says where it belongs.
      this.#room.marks.of(request.by.userId, (mark) => {
        this.#open.delete(request);
        if (!mark.ok) return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        answerAck(this.#env, request, { position: { ...position, ...this.#unread(request, mark.value) } });
      });
    });
  }

  resume(request: RoomRequest, sequel: Extract<RoomSequel, { readonly kind: "resume" }>): void {
    const { gather, lastSeq, goesOn } = sequel;
    const waiting = goesOn ? this.#room.audience.catchUpOf(gather.connection) : undefined;
    // It waited at another owner, or for somebody else, who came.
    if (goesOn && waiting?.waitsAt === undefined)
      return answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
    this.#open.add(request);
    const then: Then = (missing, lacks) => {
      this.#open.delete(request);
      gather.add(this.#position(request, missing), lacks);
      this.#env.complete(request);
    };
    if (waiting?.waitsAt === undefined) this.#listen(gather, lastSeq, then);
    else this.#catchUp(waiting, gather, waiting.waitsAt, then);
  }

  /** Replays what the connection lacks and subscribes it; then the answer. */
  #listen(replay: Replay, lastSeq: Seq, then: Then): void {
    const { audience } = this.#room;
    const running = audience.catchUpOf(replay.connection);
    if (running !== undefined && running.waitsAt === undefined && !running.left) {
      // What is on its way is not sent twice.
      running.waiting.push(lastSeq >= running.after ? then : () => this.#listen(replay, lastSeq, then));
      return;
    }
    this.#catchUp(audience.beginCatchUp(replay.connection, lastSeq), replay, lastSeq, then);
  }

  #catchUp(catchUp: CatchUp, replay: Replay, after: Seq, then: Then): void {
    const { audience } = this.#room;
    catchUp.waitsAt = undefined;
    this.#replay(catchUp, replay.bytesMax, after, (missing, lacks) => {
      const isLast = !replay.mayWait || lacks === undefined || catchUp.left || catchUp.waiting.length > 0;
      if (missing !== undefined && !isLast) {
        audience.pauseCatchUp(catchUp, missing.from - 1);
        return then(missing, lacks);
      }
      audience.endCatchUp(catchUp, this.#room.publishedSeq);
      if (!catchUp.left) this.#room.assistant.tell(catchUp.connection);
      then(missing);
      for (const other of catchUp.waiting) other(missing);
    });
  }

  /** Replays (after, head] to one connection; `then` runs in the turn in which nothing is left. */
  #replay(catchUp: CatchUp, bytesMax: number, after: Seq, then: Then): void {
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
      if (this.#isExpired(missed)) return then({ from: after + 1, to: head });
      const lacks = audience.replay(connection, missed, after, facts, bytesMax);
      return lacks === 0 ? then(undefined) : then({ from: after + 1, to: head }, lacks);
    }
    reads.events(after, head, (page) => {
      const last = page.ok ? page.value[page.value.length - 1] : undefined;
      // What cannot be read is named, never skipped silently.
      if (!page.ok || last === undefined || this.#isExpired(page.value))
        return then({ from: after + 1, to: this.#room.publishedSeq });
      const lacks = audience.replay(connection, page.value, after, facts, bytesMax);
      if (lacks === 0) this.#replay(catchUp, bytesMax, last.seq, then);
      else then({ from: after + 1, to: this.#room.publishedSeq }, lacks);
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
