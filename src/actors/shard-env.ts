/** What the actors of one shard share: ports, settings, the way out. Built once by the shard. */
import type { Clock } from "../base/clock.ts";
import type { RoomId, TenantId } from "../base/ids.ts";
import type { Random } from "../base/prng.ts";
import type { Rate } from "../base/token-bucket.ts";
import type { Assistant } from "../domain/assistant/port.ts";
import type { HookQuestion, HookVerdict } from "../domain/moderation/hook.ts";
import type { ProfileSource } from "../domain/user/profile-source.ts";
import type { Codec } from "../protocol/codec.ts";
import type { Journal } from "../storage/journal.ts";
import type { Projections } from "../storage/projections.ts";
import type { Working } from "./actor.ts";
import type { Address } from "./address.ts";
import type { AnswerBeat } from "./room/answer-beat.ts";
import type { BoardBudget } from "./room/board-budget.ts";
import type { ActorMessage } from "./messages.ts";
import type { Ownership } from "./ownership.ts";
import type { Request, RoomRequest } from "./request.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { RoomActor, RoomMessage } from "./room/room-actor.ts";
import type { RouteTrace } from "./room/route-trace.ts";
import type { TenantModerations } from "./tenant/tenant-moderation.ts";
import type { ShardCounters } from "./shard-counters.ts";
import type { Scheduler } from "./scheduler.ts";

/** Settings that an operator may change. */
export interface ShardSettings {
  /** Name of this node, in fences and for people. */
  readonly node: string;
  readonly messageLengthMax: number;
  readonly typingTimeoutMs: number;
  /** Typing time-out of connections that speak the snake_case dialect, which promises 10 s. */
  readonly typingTimeoutSnakeMs: number;
  readonly presenceGraceMs: number;
  readonly heartbeatMs: number;
  /** Days that messages are kept in rooms that say nothing themselves; absent: for ever. */
  readonly messageRetentionDays?: number;
  /** Messages of type `system` tell what happened to a room. */
  readonly systemMessages?: boolean;
  /** How much people may write in one room; without it there is no bound. */
  readonly roomRate?: Rate;
}

/** What goes wrong inside and people who operate it want to know; never message bodies or tokens. */
export type Report = (event: string, details: Readonly<Record<string, string | number>>) => void;

export interface ShardEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly projections: Projections;
  readonly settings: ShardSettings;
  readonly codecs: readonly Codec[];
  readonly scheduler: Scheduler;
  readonly ownership: Ownership;
  readonly report: Report;
  /** Absent: nothing is counted. */
  readonly counters: ShardCounters | undefined;
  /** Bytes of all rooms of this worker that wait for the store. */
  readonly queued: { bytes: number };
  /** Answers of the assistant that grow in all rooms of this worker. */
  readonly growing: AnswerBeat;
  readonly working: Working;
  readonly tenants: TenantModerations;
  readonly boards: BoardBudget;
  /** Where frames went, as far as tenants want to know. */
  readonly routes: RouteTrace;
  readonly hasHook: boolean;
  /** Absent: people are called as they say themselves. */
  readonly profiles: ProfileSource | undefined;
  /** Absent: nobody asks it anything, and rooms do not look for questions. */
  readonly assistant: Assistant | undefined;
  /** Asks the pre-publish hook; published as it is where there is none. */
  consult(question: HookQuestion, done: (verdict: HookVerdict) => void): void;
  /** Their bytes are not needed any more. What is not removed now is found later. */
  removeFiles(tenant: TenantId, room: RoomId, files: readonly string[] | "all"): void;
  /** To another actor, wherever it lives. */
  tell(to: Address, message: ActorMessage): void;
  /** The request is answered: its edge need not repeat it when this shard is lost. */
  complete(request: Request): void;
  /** The room's log has grown by this activation. */
  wrote(room: RoomActor, events: readonly LogEvent[]): void;
  /**
   * This activation of a room is over; the next one is given `first` and then `unanswered`, in this order. `failed`: what is
   * given on once too often is refused.
   */
  restart(room: RoomActor, unanswered: readonly RoomRequest[], first: readonly RoomMessage[], failed: boolean): void;
}
