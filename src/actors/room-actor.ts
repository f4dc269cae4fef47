/**
 * One room: takes requests in order, lets the domain decide, writes what it decided, and answers after the commit.
 * Life: activating (reading the log) → active → stopped (idle, fenced, failed), or quarantined when its log cannot be replayed.
 * Invariant: nothing that rests on an event leaves this actor before the event is durable.
 */
import type { RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import { FENCE_RESPECT_MS, PSEUDONYM_TOKEN_LENGTH, SNAPSHOT_EVENTS_MIN } from "../base/limits.ts";
import type { HookVerdict } from "../domain/moderation/hook.ts";
import type { TenantModeration } from "../domain/moderation/rules.ts";
import { apply } from "../domain/room/apply.ts";
import type { BlockMark, RoomEffect } from "../domain/room/decision.ts";
import { type DecideContext, decide } from "../domain/room/decide.ts";
import { emptyRoomState } from "../domain/room/empty-state.ts";
import type { DomainEvent, LogEvent } from "../domain/room/events.ts";
import { hasNoRows, rowChanges } from "../domain/room/rows.ts";
import { decodeSnapshot, encodeSnapshot } from "../domain/room/snapshot.ts";
import type { MemberRow, RoomState } from "../domain/room/state.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { LogKey, LogTail, ReadResult } from "../storage/journal.ts";
import type { UnreadCount } from "../storage/projections.ts";
import { Actor } from "./actor.ts";
import { addressHash, roomAddress } from "./address.ts";
import { answerRejection } from "./answers.ts";
import type { ShardConnection } from "./connections.ts";
import type { EdgeLink } from "./edge-link.ts";
import type { Departed } from "./link.ts";
import { isMark, isPublishing, isVerdict, needsOwner } from "./command-kinds.ts";
import { decodeEntries } from "./log-codec.ts";
import { LogWatch } from "./log-watch.ts";
import { Fifo } from "./mailbox.ts";
import type { ActorMessage, ShownPresence } from "./messages.ts";
import type { RoomRequest } from "./request.ts";
import { isFenceOf } from "./ownership.ts";
import { RoomAudience, topicKey } from "./room-audience.ts";
import { catchUp } from "./room-catch-up.ts";
import { carryOut, type EffectParts } from "./room-effects.ts";
import { RoomLanes } from "./room-lanes.ts";
import { RoomLog } from "./room-log.ts";
import { RoomMarks } from "./room-marks.ts";
import { RoomReads } from "./room-reads.ts";
import { RoomReceipts } from "./room-receipts.ts";
import { type Done, RoomSequels } from "./room-sequels.ts";
import type { ShardEnv } from "./shard-env.ts";
import { UnreadNotices } from "./unread-notices.ts";
import { TenantAudit } from "./tenant-audit.ts";
import type { TenantWishes } from "./tenant-moderation.ts";
import type { RoomFacts } from "./views.ts";

/** What a room's user lane carries. */
export type RoomMessage =
  | RoomRequest
  | Attach
  /** Comes first. */
  | { readonly to: "inherit"; readonly former: Former }
  | { readonly to: "actor"; readonly message: ActorMessage };

/** Connections of one edge that outlived the room's former activation, or their edge's former link. */
export interface Attach {
  readonly to: "attach";
  readonly link: EdgeLink;
  readonly connections: readonly ShardConnection[];
  /** What their edge published last. */
  readonly lastSeq: Seq;
  readonly departed: readonly Departed[];
  /** That was more than an activation knew, and the log was read anew for it. */
  readonly isReread?: true;
}
/** What a former activation in the same shard leaves. */
interface Former {
  readonly present: readonly ShownPresence[];
  /** The last epoch that it knew to be durable. */
  readonly epoch: number;
  /** It ended because the store was full. */
  readonly wasFull: boolean;
}

interface Ending {
  readonly failed: boolean;
  readonly wasFull?: boolean;
  readonly culprit?: RoomMessage | undefined;
  readonly current?: RoomMessage;
}

/** What waits until the log is durable up to `seq`: how to answer then. */
interface Waiting {
  readonly seq: Seq;
  readonly request: RoomRequest;
  readonly outcome: Outcome;
}
export type Outcome = (Done & { readonly effects: readonly RoomEffect[] }) | Rejection;

export class RoomActor extends Actor<RoomMessage> {
  readonly tenant: TenantId;
  readonly room: RoomId;
  /** Of its address. */
  readonly hash: number;
  readonly audience: RoomAudience;
  readonly marks: RoomMarks;
  readonly reads: RoomReads;
  readonly receipts: RoomReceipts;
  readonly notices: UnreadNotices;
  protected readonly env: ShardEnv;
  readonly #key: LogKey;
  readonly #sequels: RoomSequels;
  readonly #lanes: RoomLanes;
  readonly #effects: EffectParts;
  readonly #watch: LogWatch;
  /** Its log is written by a node that cannot be reached: it is read and not written. */
  #follows: boolean;
  #log: RoomLog | undefined;
  #state: RoomState = emptyRoomState();
  /** Used again for every decision; none keeps it. */
  readonly #context: DecideContext & {
    now: number;
    tenant: TenantModeration | undefined;
    verdict: HookVerdict | undefined;
    blocks: ReadonlyMap<UserId, BlockMark>;
  };
  readonly #wishes: TenantWishes;
  readonly #audit: TenantAudit;
  /** What is believed of block lists; made where somebody asks. */
  #blocks: Map<UserId, BlockMark> | undefined;
  /** This activation has written its fence. */
  #fenced = false;
  /** Of the newest fence that is known to be durable. */
  #durableEpoch = 0;
  /** An uncommitted fence with nothing but committed events before it: no answer rests on it. */
  #bareFence: Seq = 0;
  /** Somebody fenced the log since the former activation read it: what that one had left to write is not written here. */
  #yields = false;
  /** A former activation here ended with something under way, or in doubt: whose fence is the newest proves nothing. */
  #succeeds = false;
  /** Does not fence for its listeners' sake for now. */
  #waits = false;
  /** The log is to be looked at for its listeners' sake. */
  #owesLook = false;
  #quarantined = false;
  readonly #waiting = new Fifo<Waiting>();
  #publishedSeq: Seq = 0;
  /** Monotonic time at which the log was asked for. */
  #readMs = 0;
  #snapshotSeq: Seq = 0;
  /** A snapshot of the state at `seq`, taken when all up to there was in one segment; saved once that is durable. */
  #snapshotTaken: { readonly seq: Seq; readonly bytes: Uint8Array } | undefined;

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId) {
    super(env);
    this.env = env;
    this.tenant = tenant;
    this.room = room;
    this.hash = addressHash(roomAddress(tenant, room));
    this.#follows = env.ownership.follows(this.hash, topicKey(tenant, room));
    this.#key = { tenant, room, incarnation: 1 };
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
    };
    this.#wishes = env.tenants.of(tenant);
    if (!this.#wishes.isKnown) env.tenants.renew(tenant, this.#wishes);
    this.#audit = new TenantAudit(env, tenant, room);
    const later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => this.later(run);
    this.audience = new RoomAudience(env, tenant, room, later);
    this.reads = new RoomReads(env.journal, this.#key, later);
    this.receipts = new RoomReceipts(env, this, later);
    this.notices = new UnreadNotices(env, this, later);
    this.marks = new RoomMarks(env, this, later);
    this.#sequels = new RoomSequels(env, this, later);
    this.#lanes = new RoomLanes(env, this, (request) => this.#attempt(request), later);
    this.#effects = { env, room: this, sequels: this.#sequels, later };
    this.#watch = new LogWatch(env, this.#key, this, later);
    this.hold();
    this.#readTail();
  }

  /** For whoever reads block lists. */
  get blocks(): Map<UserId, BlockMark> {
    this.#blocks ??= new Map();
    this.#context.blocks = this.#blocks;
    return this.#blocks;
  }

  get state(): RoomState {
    return this.#state;
  }

  get key(): LogKey {
    return this.#key;
  }

  /** How far the room's subscribers have been told. */
  get publishedSeq(): Seq {
    return this.#publishedSeq;
  }

  get committedSeq(): Seq {
    return this.#log?.committedSeq ?? 0;
  }

  /** Nothing would be lost by ending this activation: nobody listens, nothing is under way. */
  get isIdle(): boolean {
    return this.isSettled && this.audience.isEmpty;
  }

  /** Everything that was asked of it is answered, whoever may be listening. */
  get isSettled(): boolean {
    const quiet = this.#log === undefined || this.#log.isIdle;
    return (
      quiet &&
      this.marks.isIdle &&
      this.#sequels.isIdle &&
      this.#lanes.isEmpty &&
      this.#waiting.length === 0 &&
      !this.hasMail
    );
  }

  /** What the room's views are made of; `undefined` while there is no room. */
  get facts(): RoomFacts | undefined {
    const { settings, createdBy, createdAt, memberCount, lastTimestamp } = this.#state;
    if (settings === undefined || createdBy === undefined) return undefined;
    return { settings, createdBy, createdAt, memberCount, lastActivity: lastTimestamp };
  }

  /** The view is another one. false: this activation is not what the room should be now. */
  fitsView(): boolean {
    if (this.#log !== undefined) this.#watch.start();
    return this.#follows === this.env.ownership.follows(this.hash, topicKey(this.tenant, this.room));
  }

  get needsWatch(): boolean {
    return this.#follows || this.env.ownership.isIsolated || (this.#owesLook && !this.audience.isEmpty);
  }

  /** Nodes came or went: whoever wrote here may not have seen this node, or have died before it told. */
  lookOnce(): void {
    if (this.audience.isEmpty) return;
    this.#owesLook = true;
    if (this.#log !== undefined) this.#watch.start();
  }

  foundNone(): void {
    this.#owesLook = false;
  }

  /** Whether the log, which reaches up to `head`, has more than this activation. `undefined`: it reads or appends just now. */
  lacks(head: Seq): boolean | undefined {
    if (this.#quarantined) return false;
    if (this.#log === undefined) return undefined;
    if (this.committedSeq >= head) return false;
    return this.#log.isIdle ? true : undefined;
  }

  /** What it knows may be out of date: whoever listens or waits is handed to an activation that reads the log anew. */
  reread(): void {
    this.#end({ failed: false });
  }

  lookAfter(): Seq | undefined {
    if (this.#log?.isIdle !== true || this.#quarantined) return undefined;
    const isWatched = this.#owesLook || this.env.ownership.isIsolated;
    return this.#follows || (isWatched && !this.audience.isEmpty) ? this.committedSeq : undefined;
  }

  foundMore(): void {
    this.reread();
  }

  override stop(): RoomMessage[] {
    this.receipts.stop();
    this.notices.stop();
    return super.stop();
  }

  /** What a member has not read, and how far they have; no answer for others, and when the store gives none. */
  countsOf(userId: UserId, answer: (counts: UnreadCount, readSeq: Seq) => void): void {
    const withMember = (member: MemberRow | null): void => {
      if (member === null) return;
      this.marks.of(userId, (mark) => {
        if (mark.ok) answer(this.marks.countsOf(mark.value, member), mark.value.readSeq);
      });
    };
    const known = this.#state.members.get(userId);
    if (known !== undefined) return withMember(known);
    this.env.journal.readMembers(
      this.#key,
      [userId],
      this.later((read) => {
        if (read.ok) withMember(this.#state.members.get(userId) ?? read.value[0] ?? null);
      }),
    );
  }

  /** Ends the activation in good order, leaving a snapshot so that the next one starts quickly. */
  passivate(): void {
    if (
      this.#log !== undefined &&
      !this.#follows &&
      this.#state.head - this.#snapshotSeq >= SNAPSHOT_EVENTS_MIN / 10 &&
      this.#log.isIdle
    ) {
      const snapshot = { seq: this.#state.head, bytes: encodeSnapshot(this.#state) };
      this.env.journal.saveSnapshot(this.#key, snapshot, () => undefined);
    }
    this.stop();
  }

  protected override receive(message: RoomMessage): void {
    switch (message.to) {
      case "room":
        this.#take(message);
        return;
      case "attach":
        this.#attach(message);
        return;
      case "inherit":
        this.#inherit(message.former);
        return;
      case "actor":
        this.#told(message.message);
        return;
    }
  }

  #told(message: ActorMessage): void {
    if (message.kind === "ask_unread") this.notices.asked(message.userId);
    if (message.kind === "blocks_changed") this.#blocks?.delete(message.userId);
    if (message.kind !== "presence") return;
    const { presence, many } = message;
    this.notices.heard(presence.user.userId, many === true && presence.status !== "offline");
    this.audience.ephemera.showPresence(presence);
  }

  protected override originOf(message: RoomMessage): RoomRequest | undefined {
    return message.to === "room" ? message : undefined;
  }

  protected override endTurn(): void {
    if (this.#log !== undefined) {
      if (!this.#fenced) this.fenceForListeners(this.#log);
      this.#submit(this.#log);
    }
    this.marks.submit();
  }

  protected override failed(error: unknown, culprit: RoomMessage | undefined): void {
    this.env.report("room_failed", { tenant: this.tenant, room: this.room, error: String(error) });
    if (culprit?.to === "room") answerRejection(this.env, culprit, { code: "internal" });
    this.#end({ failed: true, culprit });
  }

  // ---------------------------------------------------------------------------------------------- activation

  #readTail(): void {
    this.#readMs = this.env.clock.monotonicMs();
    this.env.journal.readTail(this.#key, this.later(this.#tailRead));
  }

  readonly #tailRead = (read: ReadResult<LogTail>): void => {
    if (!read.ok) {
      this.env.clock.after(
        ACTIVATION_RETRY_MS,
        this.later(() => this.#readTail()),
      );
      return;
    }
    try {
      this.#replay(read.value);
    } catch (error) {
      // A log that cannot be replayed would fail again each time: the room is set aside, the others live on.
      this.env.report("room_quarantined", { tenant: this.tenant, room: this.room, error: String(error) });
      this.#quarantined = true;
    }
    this.release();
  };

  #replay(tail: LogTail): void {
    const state = tail.snapshot === undefined ? emptyRoomState() : decodeSnapshot(tail.snapshot.bytes);
    this.#snapshotSeq = tail.snapshot?.seq ?? 0;
    for (const segment of tail.segments) {
      const events = decodeEntries(segment.firstSeq, segment.entries);
      for (const event of events) if (event.seq > state.head) apply(state, event);
      if (!this.#follows) this.marks.sent(events);
    }
    state.window.expire(this.env.clock.wallMs());
    this.#state = state;
    this.#publishedSeq = state.head;
    this.#durableEpoch = state.epoch;
    this.#log = new RoomLog(
      this.env,
      this.#key,
      {
        later: (run) => this.later(run),
        committed: (events, after) => this.committed(events, after),
        lost: (reason) => this.#lost(reason),
      },
      state.head,
    );
    this.#watch.start();
  }

  // ---------------------------------------------------------------------------------------------- requests

  #take(request: RoomRequest): void {
    if (this.#quarantined) {
      answerRejection(this.env, request, { code: "room_quarantined" });
      return;
    }
    if (this.#isBehind(request)) return this.#catchUpFor(request);
    if (this.#lanes.isEmpty || !this.#lanes.take(request)) this.#attempt(request);
  }

  /** Whoever asks has seen more than this activation: another owner wrote it, or the client errs. */
  #isBehind({ sequel, isReread }: RoomRequest): boolean {
    if (sequel.kind !== "subscribe" && sequel.kind !== "resume") return false;
    return (sequel.lastSeq ?? 0) > this.committedSeq && this.env.ownership.isAmongOthers && isReread === undefined;
  }

  /** A client is believed now and then. In between it is not told of a place behind its own. */
  #catchUpFor(request: RoomRequest): void {
    const waitMs = this.#readMs + REREAD_MS_MIN - this.env.clock.monotonicMs();
    if (waitMs > 0) {
      answerRejection(this.env, request, { code: "unavailable", retryAfterMs: Math.ceil(waitMs) });
      return;
    }
    request.isReread = true;
    this.#end({ failed: false, current: request });
  }

  /** false: the request waits for rows. */
  #attempt(request: RoomRequest): boolean {
    const log = this.#log;
    if (log === undefined) throw new Error("a request before the log was read");
    const { command } = request;
    if (log.isFull && "clientId" in command) {
      answerRejection(this.env, request, { code: "overloaded", retryAfterMs: OVERLOADED_RETRY_MS });
      return true;
    }
    if (this.#yields && request.attempts > 0 && "clientId" in command) {
      answerRejection(this.env, request, { code: "unavailable", retryAfterMs: OVERLOADED_RETRY_MS });
      return true;
    }
    const context = this.#context;
    context.now = this.env.clock.wallMs();
    if (!this.#wishes.isNewAt(context.now) && isPublishing(command)) {
      this.env.tenants.renew(this.tenant, this.#wishes);
      if (!this.#wishes.isKnown) {
        this.#lanes.awaitWishes(this.#wishes, request);
        return false;
      }
    }
    context.tenant = this.#wishes.current;
    context.verdict = request.verdict;
    let decision = decide(this.#state, command, context);
    if (this.#follows && needsOwner(command, decision)) {
      answerRejection(this.env, request, { code: "unavailable", retryAfterMs: FOLLOWER_RETRY_MS });
      return true;
    }
    const hasEvents = decision.kind === "accept" && decision.events.length > 0;
    if (!this.#fenced && (hasEvents || (this.#mayBeDoneElsewhere && isVerdict(command, decision)))) {
      this.writeFence(log);
      decision = decide(this.#state, command, context);
    }
    switch (decision.kind) {
      case "need":
        this.#lanes.fetch(decision.keys, request);
        return false;
      case "consult":
        this.#lanes.consult(decision.question, request);
        return false;
      case "reject":
        this.settleWhenCommitted(request, decision.rejection);
        return true;
      case "duplicate": {
        // What was allowed then may not be now: listening is judged anew.
        const listening =
          request.sequel.kind === "subscribe"
            ? decide(this.#state, { kind: "check_read", by: command.by }, context)
            : decision;
        if (listening.kind === "need") {
          this.#lanes.fetch(listening.keys, request);
          return false;
        }
        if (listening.kind === "reject") {
          this.settleWhenCommitted(request, listening.rejection);
          return true;
        }
        const { seq, timestamp } = decision;
        this.settleWhenCommitted(request, { seq, timestamp, duplicate: true, effects: NO_EFFECTS });
        return true;
      }
      case "accept":
        this.#accept(log, request, decision.events, decision.effects);
        return true;
    }
  }

  /**
   * A former owner may have a copy of any request, and still carry it out. So before the first one is refused for good, or
   * answered as having nothing to change, a fence makes sure that the log it was judged by is all there will be.
   */
  get #mayBeDoneElsewhere(): boolean {
    const { head, owner } = this.#state;
    if (head === 0 || !this.env.ownership.isAmongOthers) return false;
    return owner !== this.#fenceName || this.#succeeds;
  }

  #accept(log: RoomLog, request: RoomRequest, events: readonly DomainEvent[], effects: readonly RoomEffect[]): void {
    for (const event of events) this.#append(log, event);
    const first = events[0];
    const seq = first?.seq ?? 0;
    const timestamp = first?.timestamp ?? this.#state.lastTimestamp;
    this.settleWhenCommitted(request, { seq, timestamp, duplicate: false, effects });
  }

  #append(log: RoomLog, event: LogEvent): void {
    apply(this.#state, event);
    const rows = hasNoRows(this.#state, event) ? NO_ROWS : rowChanges(this.#state, event);
    if (rows.length > 0) this.#audit.note(event.seq, rows);
    log.add(event, rows, this.#state.epoch, this.#state.messageCount);
  }

  get #fenceName(): string {
    return this.env.ownership.fenceName(this.env.settings.node);
  }

  protected writeFence(log: RoomLog): void {
    const { head, epoch, lastTimestamp } = this.#state;
    const timestamp = Math.max(lastTimestamp, this.env.clock.wallMs());
    this.#append(log, { kind: "fence", seq: head + 1, timestamp, epoch: epoch + 1, owner: this.#fenceName });
    this.#fenced = true;
  }

  /**
   * While another owner's fence is the newest, an append of theirs may still land, also after the log was read. Whoever
   * listens to a room in which nothing is written would never hear of it: so the fence does not wait for a first event.
   */
  protected fenceForListeners(log: RoomLog): void {
    const { head, owner } = this.#state;
    if (this.audience.isEmpty || this.#waits || this.#publishedSeq < head) return;
    if (owner === this.#fenceName && !this.#succeeds) return;
    // Listeners of a room that is another node's are about to be told to go there.
    if (this.audience.hasLaggards || this.#follows || !this.env.ownership.isOwn(this.hash)) return;
    this.writeFence(log);
    this.#bareFence = this.#state.head;
  }

  // ---------------------------------------------------------------------------------------------- commit

  /** Answers once all that the answer rests on is durable. */
  protected settleWhenCommitted(request: RoomRequest, outcome: Outcome): void {
    const { head } = this.#state;
    const isRefused = "code" in outcome && "clientId" in request.command;
    const waiting = { seq: head === this.#bareFence && !isRefused ? head - 1 : head, request, outcome };
    if (waiting.seq <= this.committedSeq && this.#waiting.length === 0) this.#settle(waiting);
    else this.#waiting.push(waiting);
  }

  #submit(log: RoomLog): void {
    if (log.nextTakesAll && !log.isIdle && this.#snapshotTaken === undefined && this.#snapshotIsDue()) {
      this.#snapshotTaken = { seq: this.#state.head, bytes: encodeSnapshot(this.#state) };
    }
    log.submit();
  }

  /** A window of many keys makes a large snapshot: the larger, the rarer. */
  #snapshotIsDue(): boolean {
    const since = this.#state.head - this.#snapshotSeq;
    return since >= SNAPSHOT_EVENTS_MIN && since >= this.#state.window.size / 2;
  }

  protected committed(events: readonly LogEvent[], after: Seq): void {
    this.#durableEpoch = this.#state.epoch;
    this.#audit.committed(this.committedSeq);
    this.env.wrote(this);
    this.receipts.committed(events);
    this.marks.sent(events);
    this.notices.committed(events);
    for (
      let next = this.#waiting.peek();
      next !== undefined && next.seq <= this.committedSeq;
      next = this.#waiting.peek()
    ) {
      this.#waiting.shift();
      // Whoever subscribes gets what follows their request, also when it was committed in one group with it.
      if (next.request.sequel.kind === "subscribe") this.#publishUpTo(next.seq, events, after);
      this.#settle(next);
    }
    this.#publishUpTo(this.committedSeq, events, after);
    this.#state.members.evict(this.committedSeq);
    this.#state.messages.evict(this.committedSeq);
    this.#state.items.evict(this.committedSeq);
    const taken = this.#snapshotTaken;
    if (taken !== undefined && taken.seq <= this.committedSeq) {
      this.#snapshotTaken = undefined;
      this.#snapshotSeq = taken.seq;
      // The next activation looks for senders from the snapshot on: what came before must be marked by then.
      this.marks.flushSent(() => this.env.journal.saveSnapshot(this.#key, taken, () => undefined));
    }
  }

  /** `events` are those of one commit, following `after`; some of them may have been published already. */
  #publishUpTo(seq: Seq, events: readonly LogEvent[], after: Seq): void {
    const from = this.#publishedSeq;
    if (seq <= from) return;
    this.#publishedSeq = seq;
    if (this.audience.isEmpty) return;
    const { facts } = this;
    if (facts === undefined) return;
    const run = from === after && seq - after === events.length ? events : events.slice(from - after, seq - after);
    this.audience.publishCommitted(run, from, facts);
  }

  #settle({ request, outcome }: Waiting): void {
    if ("code" in outcome) {
      answerRejection(this.env, request, outcome);
      return;
    }
    for (const effect of outcome.effects) carryOut(this.#effects, effect, request, outcome.seq);
    const { kind } = request.command;
    if (!isMark(kind)) this.#sequels.follow(request, outcome);
  }

  // ---------------------------------------------------------------------------------------------- loss

  #lost(reason: "fenced" | "full"): void {
    this.env.report(reason === "fenced" ? "room_fenced" : "storage_full", { tenant: this.tenant, room: this.room });
    if (reason === "full") this.#refuseUnwritten();
    this.#end({ failed: true, wasFull: reason === "full" });
  }

  /** What needed to be written is refused; the rest (reads, leaving) goes on with the next activation. */
  #refuseUnwritten(): void {
    const kept: Waiting[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if ("code" in next.outcome || next.outcome.seq <= this.committedSeq) kept.push(next);
      else answerRejection(this.env, next.request, { code: "storage_full", retryAfterMs: STORAGE_FULL_RETRY_MS });
    }
    for (const waiting of kept) this.#waiting.push(waiting);
  }

  /**
   * Ends the activation; what it had not answered goes to the next one, in the order it came. `culprit`: the message that it
   * failed of, and `current` the one that it leaves to the next one.
   */
  #end({ failed, wasFull = false, culprit, current }: Ending): void {
    const unanswered: RoomRequest[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      unanswered.push(next.request);
    unanswered.push(...this.marks.unanswered(), ...this.#sequels.unanswered());
    unanswered.push(...this.#lanes.unanswered());
    const others: RoomMessage[] = [];
    for (const message of current === undefined ? this.stop() : [current, ...this.stop()]) {
      if (message.to === "room") unanswered.push(message);
      else others.push(message);
    }
    this.#log?.abandon();
    this.#watch.stop();
    const open = unanswered.filter((request) => !request.completed && request !== culprit);
    const former = { present: this.audience.ephemera.shown, epoch: this.#durableEpoch, wasFull };
    const first: RoomMessage[] = this.audience
      .release(this.#publishedSeq)
      .map(({ link, toldSeq, connections }) => ({ to: "attach", link, connections, lastSeq: toldSeq, departed: [] }));
    // One that never read its log knows nothing to leave.
    if (this.#log !== undefined && (first.length > 0 || open.length > 0)) first.unshift({ to: "inherit", former });
    this.env.restart(this, open, [...first, ...others], failed);
  }

  // ---------------------------------------------------------------------------------------------- what was before

  /** Requests wait until the connections have been told what the others at this room know. */
  #attach(attach: Attach): void {
    const { link, connections, lastSeq, departed, isReread } = attach;
    // Another owner wrote, and their edge heard of it first. What it heard must not be told again.
    if (lastSeq > this.committedSeq && isReread === undefined && !this.#quarantined) {
      return this.#end({ failed: false, current: { ...attach, isReread: true } });
    }
    const told = Math.min(lastSeq, this.#publishedSeq);
    const laggards = this.audience.attach(link, connections, told, this.#publishedSeq);
    this.audience.ephemera.departed(departed);
    if (laggards === undefined) return;
    this.hold();
    catchUp(this, laggards, () => this.release());
  }

  #inherit(former: Former): void {
    this.#succeeds = true;
    this.#heed(former);
    this.audience.ephemera.inherit(former.present);
  }

  /** Whoever took the log may be right: it is left to them for a while. A full store is not asked again and again. */
  #heed({ epoch, wasFull }: Former): void {
    this.#yields = this.#state.epoch > epoch && !isFenceOf(this.env.settings.node, this.#state.owner);
    if (!this.#yields && !wasFull) return;
    // While nobody can be asked whose it is, it stays theirs.
    if (this.#yields && this.env.ownership.giveUp(topicKey(this.tenant, this.room))) this.#follows = true;
    this.#waits = true;
    this.env.clock.after(
      wasFull ? STORAGE_FULL_RETRY_MS : FENCE_RESPECT_MS,
      this.later(() => {
        this.#waits = false;
      }),
    );
  }
}

/** Pause before the log is read again when the store did not answer. */
const ACTIVATION_RETRY_MS = 200;
/** The log is read anew on a client's word no more often than this, milliseconds. */
const REREAD_MS_MIN = 1_000;
const OVERLOADED_RETRY_MS = 500;
/** When to try again what a room that only follows its log cannot do, milliseconds. */
const FOLLOWER_RETRY_MS = 1_000;
const STORAGE_FULL_RETRY_MS = 5_000;
const NO_BLOCKS: ReadonlyMap<UserId, BlockMark> = new Map();
const NO_EFFECTS: readonly RoomEffect[] = [];
const NO_ROWS = [] as const;
