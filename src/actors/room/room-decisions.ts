/**
 * Asks the domain about a room's requests, one after the other, with all that a decision may need, and sees to what it says.
 * Invariant: what is refused or accepted was judged by a log that nobody else can still change, or is answered after a fence.
 */
import type { UserId } from "../../base/ids.ts";
import { PSEUDONYM_TOKEN_LENGTH } from "../../base/limits.ts";
import type { Rate } from "../../base/token-bucket.ts";
import type { HookVerdict } from "../../domain/moderation/hook.ts";
import type { TenantModeration } from "../../domain/moderation/rules.ts";
import type { RoomCommand } from "../../domain/room/commands.ts";
import type { BlockMark, Decision, RoomHold, RoomEffect } from "../../domain/room/decision.ts";
import { type DecideContext, decide } from "../../domain/room/decide.ts";
import type { DomainEvent } from "../../domain/room/events.ts";
import type { Later } from "../actor.ts";
import { answerRejection } from "../answers.ts";
import { isPublishing, isVerdict, needsOwner } from "./command-kinds.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { Outcome } from "./room-answers.ts";
import type { RoomFence } from "./room-fence.ts";
import { RoomLanes } from "./room-lanes.ts";
import type { RoomLog } from "./room-log.ts";
import { RoomRate } from "./room-rate.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { TenantWishes } from "../tenant/tenant-moderation.ts";

/** What the room lets its decisions do. */
export interface DecisionParts {
  readonly fence: RoomFence;
  readonly log: () => RoomLog | undefined;
  readonly writeFence: (log: RoomLog) => void;
  readonly append: (log: RoomLog, event: DomainEvent) => void;
  /** Answers once all that the answer rests on is durable. */
  readonly settle: (request: RoomRequest, outcome: Outcome) => void;
}

const OVERLOADED_RETRY_MS = 500;
/** When to try again what a room that only follows its log cannot do, milliseconds. */
const FOLLOWER_RETRY_MS = 1_000;
const NO_BLOCKS: ReadonlyMap<UserId, BlockMark> = new Map();
const NO_EFFECTS: readonly RoomEffect[] = [];

export class RoomDecisions {
  readonly lanes: RoomLanes;
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #parts: DecisionParts;
  /** Used again for every decision; none keeps it. */
  readonly #context: DecideContext & {
    now: number;
    tenant: TenantModeration | undefined;
    verdict: HookVerdict | undefined;
    blocks: ReadonlyMap<UserId, BlockMark>;
    hold: RoomHold | "unknown";
  };
  readonly #wishes: TenantWishes;
  #rate: RoomRate | undefined;
  /** What is believed of block lists; made where somebody asks. */
  #blocks: Map<UserId, BlockMark> | undefined;

  constructor(env: ShardEnv, room: RoomActor, parts: DecisionParts, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#parts = parts;
    const token = (): string => env.random.token(PSEUDONYM_TOKEN_LENGTH);
    const { messageLengthMax, systemMessages = false } = env.settings;
    this.#context = {
      now: 0,
      messageLengthMax,
      systemMessages,
      tenant: undefined,
      verdict: undefined,
      token,
      blocks: NO_BLOCKS,
      hold: "unknown",
      ...(env.assistant !== undefined && { assistant: env.assistant.isConfigured ? "present" : "absent" }),
      unsaved: (seq) => room.assistant.unsaved(seq),
    };
    this.#wishes = env.tenants.of(room.tenant);
    if (!this.#wishes.isKnown) env.tenants.renew(room.tenant, this.#wishes);
    this.lanes = new RoomLanes(env, room, (request) => this.attempt(request), later);
  }

  /** For whoever reads block lists. */
  get blocks(): Map<UserId, BlockMark> {
    this.#blocks ??= new Map();
    this.#context.blocks = this.#blocks;
    return this.#blocks;
  }

  noteHold(hold: RoomHold | "unknown"): void {
    this.#context.hold = hold;
  }

  /** One of the lists is another one now. What is being read of it goes where nobody looks, and is read again. */
  forgetBlocks(): void {
    this.#blocks = undefined;
    this.#context.blocks = NO_BLOCKS;
  }

  take(request: RoomRequest): void {
    if (this.lanes.isEmpty || !this.lanes.take(request)) this.attempt(request);
  }

  /** false: the request waits for something. */
  attempt(request: RoomRequest): boolean {
    const log = this.#parts.log();
    if (log === undefined) throw new Error("a request before the log was read");
    const { command } = request;
    // Its edge has repeated it, to another owner perhaps, and that one may have refused it for good.
    if (request.link.isRetired) {
      this.#env.complete(request);
      return true;
    }
    if (log.isFull && ("clientId" in command || request.asker.kind === "own")) {
      answerRejection(this.#env, request, { code: "overloaded", retryAfterMs: OVERLOADED_RETRY_MS });
      return true;
    }
    if (this.#parts.fence.yields && request.isHandedOn === true && "clientId" in command) {
      answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: OVERLOADED_RETRY_MS });
      return true;
    }
    const context = this.#context;
    context.now = this.#env.clock.wallMs();
    if (!this.#wishes.isNewAt(context.now) && isPublishing(command)) {
      this.#env.tenants.renew(this.#room.tenant, this.#wishes);
      if (!this.#wishes.isKnown) {
        this.lanes.awaitWishes(this.#wishes, request);
        return false;
      }
    }
    context.tenant = this.#wishes.current;
    context.verdict = request.verdict;
    const decision = decide(this.#room.state, command, context);
    if (this.#room.follows && needsOwner(command, decision)) {
      answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: FOLLOWER_RETRY_MS });
      return true;
    }
    return this.#seeTo(log, request, this.#fenced(log, request, decision));
  }

  /** Behind the fence, where it needs one; then it was made anew. */
  #fenced(log: RoomLog, { command }: RoomRequest, decision: Decision): Decision {
    const { fence } = this.#parts;
    if (fence.isWritten) return decision;
    const hasEvents = decision.kind === "accept" && decision.events.length > 0;
    if (!hasEvents && !(fence.mayBeDoneElsewhere && isVerdict(command, decision))) return decision;
    this.#parts.writeFence(log);
    return decide(this.#room.state, command, this.#context);
  }

  #seeTo(log: RoomLog, request: RoomRequest, decision: Decision): boolean {
    switch (decision.kind) {
      case "need":
        this.lanes.fetch(decision.keys, request);
        return false;
      case "consult":
        this.lanes.consult(decision.question, request);
        return false;
      case "reject":
        this.#parts.settle(request, decision.rejection);
        return true;
      case "duplicate":
        return this.#repeat(request, decision);
      case "accept":
        if (this.#wishes.roomRate !== undefined && decision.events.length > 0) {
          const retryAfterMs = this.#countWriting(request.command, this.#wishes.roomRate);
          if (retryAfterMs > 0) {
            this.#parts.settle(request, { code: "rate_limited", retryAfterMs, field: "roomId" });
            return true;
          }
        }
        this.#accept(log, request, decision.events, decision.effects);
        return true;
    }
  }

  #countWriting(command: RoomCommand, rate: Rate): number {
    const nowMs = this.#env.clock.monotonicMs();
    this.#rate ??= new RoomRate(rate, nowMs);
    return this.#rate.take(command, rate, nowMs);
  }

  /** What was allowed then may not be now: listening is judged anew. */
  #repeat(request: RoomRequest, decision: Extract<Decision, { kind: "duplicate" }>): boolean {
    if (request.sequel.kind === "subscribe") {
      const listening = decide(this.#room.state, { kind: "check_read", by: request.command.by }, this.#context);
      if (listening.kind === "need") {
        this.lanes.fetch(listening.keys, request);
        return false;
      }
      if (listening.kind === "reject") {
        this.#parts.settle(request, listening.rejection);
        return true;
      }
    }
    const { seq, timestamp } = decision;
    this.#parts.settle(request, { seq, timestamp, duplicate: true, effects: NO_EFFECTS });
    return true;
  }

  #accept(log: RoomLog, request: RoomRequest, events: readonly DomainEvent[], effects: readonly RoomEffect[]): void {
    for (const event of events) this.#parts.append(log, event);
    if (request.asker.kind === "own") this.#room.assistant.decided(events);
    const first = events[0];
    const seq = first?.seq ?? 0;
    const timestamp = first?.timestamp ?? this.#room.state.lastTimestamp;
    this.#parts.settle(request, { seq, timestamp, duplicate: false, effects });
  }
}
