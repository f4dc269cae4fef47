/**
 * What one activation of a room is at, and what others ask of it: how far it is, whether it may end, whether it lacks something.
 * A part of the actor's own object and none beside it: most is asked with each message, and of many rooms none is near in memory.
 * Invariant: a question changes nothing. What moves the activation on is in `room-actor.ts`.
 */
import type { RoomId, Seq, TenantId } from "../../base/ids.ts";
import { emptyRoomState } from "../../domain/room/empty-state.ts";
import type { RoomState } from "../../domain/room/state.ts";
import type { LogKey } from "../../storage/journal.ts";
import { Actor } from "../actor.ts";
import { addressHash, roomAddress } from "../address.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { RoomFacts } from "../views.ts";
import type { RoomMessage } from "./room-actor.ts";
import type { RoomAnswers } from "./room-answers.ts";
import type { RoomAssistant } from "./room-assistant.ts";
import type { RoomAudience } from "./room-audience.ts";
import type { RoomDecisions } from "./room-decisions.ts";
import { topicKey } from "./room-listeners.ts";
import type { RoomLog } from "./room-log.ts";
import type { RoomMarks } from "./room-marks.ts";
import type { Front } from "./room-reads.ts";
import { retentionDays, shownFromMs } from "./room-retention.ts";
import type { RoomSequels } from "./room-sequels.ts";
import type { RoomTold } from "./room-told.ts";

export abstract class RoomActivation extends Actor<RoomMessage> {
  readonly tenant: TenantId;
  readonly room: RoomId;
  /** Of its address. */
  readonly hash: number;
  readonly key: LogKey;
  protected readonly env: ShardEnv;
  /** Its log is written by a node that cannot be reached: it is read and not written. */
  protected isFollowing: boolean;
  /** `undefined` until the log was read. */
  protected log: RoomLog | undefined;
  protected current: RoomState = emptyRoomState();
  /** Its log cannot be replayed. */
  protected isQuarantined = false;
  abstract readonly audience: RoomAudience;
  abstract readonly marks: RoomMarks;
  abstract readonly assistant: RoomAssistant;
  protected abstract readonly sequels: RoomSequels;
  protected abstract readonly decisions: RoomDecisions;
  protected abstract readonly answers: RoomAnswers;
  protected abstract readonly told: RoomTold;

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId) {
    super(env);
    this.env = env;
    this.tenant = tenant;
    this.room = room;
    this.hash = addressHash(roomAddress(tenant, room));
    this.isFollowing = env.ownership.follows(this.hash, topicKey(tenant, room));
    this.key = { tenant, room, incarnation: 1 };
  }

  /** Its log is written by a node that cannot be reached. */
  get follows(): boolean {
    return this.isFollowing;
  }

  get state(): RoomState {
    return this.current;
  }

  /** What retention leaves to be seen. */
  get front(): Front {
    const { settings, trimmedSeq: seq, trimmedNo: no } = this.current;
    const days = retentionDays(settings, this.env.settings.messageRetentionDays);
    return { seq, no, fromMs: shownFromMs(days, this.env.clock.wallMs()) };
  }

  /** Something is not durable yet, or nothing is to be written here. */
  get isWriting(): boolean {
    return this.log?.isIdle !== true || this.isFollowing;
  }

  /** How far the room's subscribers have been told. */
  get publishedSeq(): Seq {
    return this.told.seq;
  }

  /** All up to here is committed, and was told or shows nothing: whoever reads by pages need not wait for it. */
  get seenSeq(): Seq {
    return this.told.seen;
  }

  get committedSeq(): Seq {
    return this.log?.committedSeq ?? 0;
  }

  /** Nothing would be lost by ending this activation: nobody listens, nothing is under way. */
  get isIdle(): boolean {
    return this.isSettled && this.audience.isEmpty;
  }

  /** Everything that was asked of it is answered, whoever may be listening. */
  get isSettled(): boolean {
    const quiet = this.log === undefined || this.log.isIdle;
    return (
      quiet &&
      this.marks.isIdle &&
      this.sequels.isIdle &&
      this.decisions.lanes.isEmpty &&
      this.answers.isEmpty &&
      this.assistant.isIdle &&
      !this.hasMail
    );
  }

  /** What the room's views are made of; `undefined` while there is no room. */
  get facts(): RoomFacts | undefined {
    const { settings, createdBy, createdAt, memberCount, lastTimestamp } = this.current;
    if (settings === undefined || createdBy === undefined) return undefined;
    return { settings, createdBy, createdAt, memberCount, lastActivity: lastTimestamp };
  }

  /** Its log was read, nothing is being written, and it may be asked. */
  get isAtRest(): boolean {
    return this.log?.isIdle === true && !this.isQuarantined;
  }

  get wasRead(): boolean {
    return this.log !== undefined;
  }

  /** Whether the log, which reaches up to `head`, has more than this activation. `undefined`: it reads or appends just now. */
  lacks(head: Seq): boolean | undefined {
    if (this.isQuarantined) return false;
    if (this.log === undefined) return undefined;
    if (this.committedSeq >= head) return false;
    return this.log.isIdle ? true : undefined;
  }
}
