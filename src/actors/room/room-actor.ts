/**
 * One room: takes requests in order, lets the domain decide, writes what it decided, and answers after the commit.
 * Life: activating (reading the log) → active → stopped (idle, fenced, failed), or quarantined when its log cannot be replayed.
 * Invariant: nothing that rests on an event leaves this actor before the event is durable.
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import { apply } from "../../domain/room/apply.ts";
import type { BlockMark, RoomHold } from "../../domain/room/decision.ts";
import { mayBeAudited } from "../../domain/room/audit.ts";
import { emptyRoomState } from "../../domain/room/empty-state.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import { evictRows } from "../../domain/room/message-rows.ts";
import { hasNoRows, rowChanges } from "../../domain/room/rows.ts";
import { decodeSnapshot } from "../../domain/room/snapshot.ts";
import type { LogTail, ReadResult, RowChange } from "../../storage/journal.ts";
import { roomAddress } from "../address.ts";
import { answerRejection } from "../answers.ts";
import { decodeEntries } from "../log-codec.ts";
import type { ActorMessage } from "../messages.ts";
import { isFenceOf } from "../ownership.ts";
import type { RoomRequest } from "../request.ts";
import { RoomActivation } from "./room-activation.ts";
import { blocksHeard } from "./room-blocks.ts";
import { RoomAssistant } from "./room-assistant.ts";
import { RoomAudience } from "./room-audience.ts";
import { catchUp } from "./room-catch-up.ts";
import { type Outcome, RoomAnswers } from "./room-answers.ts";
import { type DecisionParts, RoomDecisions } from "./room-decisions.ts";
import { RoomFence } from "./room-fence.ts";
import { RoomSnapshots } from "./room-snapshots.ts";
import { type Attach, type Ending, estateOf, type Former, isBehind, lastSeqOf, mayReread } from "./room-succession.ts";
import { RoomTold } from "./room-told.ts";
import { RoomWatch } from "./room-watch.ts";
import { topicKey } from "./room-listeners.ts";
import { RoomLog } from "./room-log.ts";
import { RoomMarks } from "./room-marks.ts";
import { RoomReads } from "./room-reads.ts";
import { RoomReceipts } from "./room-receipts.ts";
import { RoomSequels } from "./room-sequels.ts";
import type { ShardEnv } from "../shard-env.ts";
import { UnreadNotices } from "./unread-notices.ts";
import { TenantAudit } from "../tenant/tenant-audit.ts";
import type { CountedRoom } from "../tenant/written-figures.ts";

/** What a room's user lane carries. */
export type RoomMessage =
  | RoomRequest
  | Attach
  /** Comes first. */
  | { readonly to: "inherit"; readonly former: Former }
  | { readonly to: "actor"; readonly message: ActorMessage };

export class RoomActor extends RoomActivation {
  override readonly audience: RoomAudience;
  override readonly marks: RoomMarks;
  readonly reads: RoomReads;
  readonly receipts: RoomReceipts;
  readonly notices: UnreadNotices;
  readonly watch: RoomWatch;
  /** `HeadHints` and `WrittenFigures` keep here what they have noted of this activation. */
  isHinted = false;
  counted: CountedRoom["counted"];
  override readonly assistant: RoomAssistant;
  protected override readonly sequels: RoomSequels;
  protected override readonly decisions: RoomDecisions;
  protected override readonly answers: RoomAnswers;
  readonly #fence: RoomFence;
  readonly #snapshots: RoomSnapshots;
  protected override readonly told: RoomTold;
  readonly #audit: TenantAudit;
  /** Of the newest fence that is known to be durable. */
  #durableEpoch = 0;
  /** Rows came with events up to here: what is kept of them is looked through when that is durable. Most messages bring none. */
  #rowsThrough: Seq = 0;
  /** A former activation left something, which is heard first. */
  #isHeir = false;
  /** Monotonic time at which the log was asked for. */
  #readMs = 0;

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId) {
    super(env, tenant, room);
    this.#audit = new TenantAudit(env, tenant, room);
    const later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => this.later(run);
    this.audience = new RoomAudience(env, tenant, room, later);
    this.reads = new RoomReads(env.journal, this.key, later, () => this.front);
    this.receipts = new RoomReceipts(env, this, later);
    this.notices = new UnreadNotices(env, this, later);
    this.assistant = new RoomAssistant(env, this, (request) => this.#take(request), later);
    this.marks = new RoomMarks(env, this, later);
    this.sequels = new RoomSequels(env, this, later);
    this.#fence = new RoomFence(env, this, later);
    this.#snapshots = new RoomSnapshots(env, this, this.#audit, later);
    this.told = new RoomTold(env, this, later);
    this.answers = new RoomAnswers({ env, room: this, sequels: this.sequels, later });
    this.decisions = new RoomDecisions(env, this, this.#decisionParts(), later);
    this.watch = new RoomWatch(env, this, later);
    this.hold();
    this.#readTail();
  }

  /** What the domain is asked with, and what it says, reaches the log and the answers here. */
  #decisionParts(): DecisionParts {
    return {
      fence: this.#fence,
      log: () => this.log,
      writeFence: (log) => this.writeFence(log),
      append: (log, event) => this.#append(log, event),
      settle: (request, outcome) => this.settleWhenCommitted(request, outcome),
    };
  }

  /** For whoever reads block lists. */
  get blocks(): Map<UserId, BlockMark> {
    return this.decisions.blocks;
  }

  /** What was read of legal holds, for as long as the request is decided that waits for it. */
  noteHold(hold: RoomHold | "unknown"): void {
    this.decisions.noteHold(hold);
  }

  /** Rows were read for a request: what is too many of them leaves with the next commit. */
  rowsCame(): void {
    this.#rowsThrough = Math.max(this.#rowsThrough, this.current.head + 1);
  }

  /** Whether all up to `seq` is in a stored snapshot; see `RoomSnapshots.cover`. */
  coverBySnapshot(seq: Seq, done: (isCovered: boolean) => void): void {
    this.#snapshots.cover(seq, done);
  }

  /** The view is another one. false: this activation is not what the room should be now. */
  fitsView(): boolean {
    this.watch.start();
    return this.isFollowing === this.env.ownership.follows(this.hash, topicKey(this.tenant, this.room));
  }

  /** What it knows may be out of date: whoever listens or waits is handed to an activation that reads the log anew. */
  reread(): void {
    this.#end({ failed: false });
  }

  override stop(): RoomMessage[] {
    this.receipts.stop();
    this.notices.stop();
    this.assistant.stop();
    this.told.stop();
    return super.stop();
  }

  /** Ends the activation in good order, leaving a snapshot so that the next one starts quickly. */
  passivate(): void {
    if (this.log?.isIdle === true && !this.isFollowing) this.#snapshots.saveLast();
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
        this.#hear(message.message);
        return;
    }
  }

  #hear(message: ActorMessage): void {
    if (message.kind === "ask_unread") this.notices.asked(message.userId);
    if (message.kind === "blocks_changed") {
      this.decisions.forgetBlocks();
      blocksHeard(this.env, roomAddress(this.tenant, this.room), message);
    }
    if (message.kind !== "presence") return;
    const { presence, many } = message;
    this.notices.heard(presence.user.userId, many === true && presence.status !== "offline");
    this.audience.ephemera.showPresence(presence);
  }

  protected override originOf(message: RoomMessage): RoomRequest | undefined {
    return message.to === "room" ? message : undefined;
  }

  protected override endTurn(): void {
    if (this.log !== undefined) {
      if (!this.#fence.isWritten) this.fenceForListeners(this.log);
      this.#snapshots.takeIfDue(this.log);
      this.log.submit();
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
    this.env.journal.readTail(this.key, this.later(this.#tailRead));
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
      this.isQuarantined = true;
    }
    if (this.#isHeir || !this.#endsOpenRuns()) this.release();
  };

  #replay(tail: LogTail): void {
    const state = tail.snapshot === undefined ? emptyRoomState() : decodeSnapshot(tail.snapshot.bytes);
    this.#snapshots.wasRead(tail.snapshot?.seq ?? 0);
    const audited: LogEvent[] = [];
    for (const segment of tail.segments) {
      const events = decodeEntries(segment.firstSeq, segment.entries);
      for (const event of events) if (mayBeAudited(event)) audited.push(event);
      for (const event of events) if (event.seq > state.head) apply(state, event);
      if (!this.isFollowing) this.marks.sent(events);
    }
    state.window.expire(this.env.clock.wallMs());
    this.current = state;
    if (!this.isFollowing && !isFenceOf(this.env.settings.node, state.owner)) this.#audit.copyAgain(this.key, audited);
    this.told.begin(state.head);
    this.#durableEpoch = state.epoch;
    this.log = new RoomLog(
      this.env,
      this.key,
      {
        later: (run) => this.later(run),
        committed: (events, after) => this.committed(events, after),
        lost: (reason) => this.#lost(reason),
      },
      state.head,
    );
    this.watch.start();
  }

  /** Answers that a former activation left open end before anything is answered. false: there are none, or not to be ended here. */
  #endsOpenRuns(): boolean {
    if (this.isFollowing || this.isQuarantined || this.#fence.waits || this.current.runs.size === 0) return false;
    this.hold();
    this.assistant.endOpen(() => this.release());
    return true;
  }

  // ---------------------------------------------------------------------------------------------- requests

  #take(request: RoomRequest): void {
    if (this.isQuarantined) {
      answerRejection(this.env, request, { code: "room_quarantined" });
      return;
    }
    this.told.meet(lastSeqOf(request));
    if (!isBehind(this.env, this, request)) return this.decisions.take(request);
    if (mayReread(this.env, this.#readMs, request)) this.#end({ failed: false, current: request });
  }

  #append(log: RoomLog, event: LogEvent): void {
    apply(this.current, event);
    let rows: readonly RowChange[] = NO_ROWS;
    if (!hasNoRows(this.current, event)) {
      rows = rowChanges(this.current, event);
      this.#rowsThrough = event.seq;
      this.#audit.note(event.seq, rows);
    }
    log.add(event, rows, this.current.epoch, this.current.messageCount);
  }

  protected writeFence(log: RoomLog): void {
    this.#append(log, this.#fence.make());
  }

  protected fenceForListeners(log: RoomLog): void {
    if (!this.#fence.isDueForListeners) return;
    this.writeFence(log);
    this.#fence.noteBare();
  }

  // ---------------------------------------------------------------------------------------------- commit

  /** Answers once all that the answer rests on is durable. */
  protected settleWhenCommitted(request: RoomRequest, outcome: Outcome): void {
    const isRefused = "code" in outcome && "clientId" in request.command;
    this.answers.give(this.#fence.restOf(isRefused), request, outcome);
  }

  protected committed(events: readonly LogEvent[], after: Seq): void {
    this.#durableEpoch = this.current.epoch;
    const hasRows = this.#rowsThrough > after;
    if (hasRows) this.#audit.committed(this.committedSeq);
    this.env.wrote(this, events);
    this.receipts.committed(events);
    this.marks.sent(events);
    this.notices.committed(events);
    if (!this.assistant.isIdle) this.assistant.committed(events);
    // Whoever subscribes gets what follows their request, also when it was committed in one group with it.
    this.answers.committed((seq) => this.told.publishUpTo(seq, events, after));
    this.told.publishUpTo(this.committedSeq, events, after);
    if (hasRows) evictRows(this.current, this.committedSeq);
    this.#snapshots.committed(this.committedSeq);
  }

  // ---------------------------------------------------------------------------------------------- loss

  #lost(reason: "fenced" | "full"): void {
    this.env.report(reason === "fenced" ? "room_fenced" : "storage_full", { tenant: this.tenant, room: this.room });
    if (reason === "full") this.answers.refuseUnwritten();
    this.#end({ failed: true, wasFull: reason === "full" });
  }

  /** Ends the activation; what it had not answered goes to the next one, in the order it came. */
  #end({ failed, wasFull = false, culprit, current }: Ending): void {
    const unanswered = [...this.answers.unanswered(), ...this.marks.unanswered(), ...this.sequels.unanswered()];
    unanswered.push(...this.decisions.lanes.unanswered(), ...this.assistant.questions.unanswered());
    const left = current === undefined ? this.stop() : [current, ...this.stop()];
    this.log?.abandon();
    this.watch.stop();
    const present = this.audience.ephemera.shown;
    // One that never read its log knows nothing to leave.
    const former = this.log === undefined ? undefined : { present, epoch: this.#durableEpoch, wasFull };
    const { open, first } = estateOf(this, unanswered, left, { culprit, current, former });
    this.env.restart(this, open, first, failed);
  }

  // ---------------------------------------------------------------------------------------------- what was before

  /** Requests wait until the connections have been told what the others at this room know. */
  #attach(attach: Attach): void {
    const { link, connections, lastSeq, departed, isReread } = attach;
    // Another owner wrote, and their edge heard of it first. What it heard must not be told again.
    if (lastSeq > this.committedSeq && isReread === undefined && !this.isQuarantined) {
      return this.#end({ failed: false, current: { ...attach, isReread: true } });
    }
    this.told.meet(lastSeq);
    const told = Math.min(lastSeq, this.publishedSeq);
    const laggards = this.audience.attach(link, connections, told, this.publishedSeq);
    this.audience.ephemera.departed(departed);
    if (laggards === undefined) return this.assistant.tellAll();
    this.hold();
    catchUp(this, laggards, () => {
      this.assistant.tellAll();
      this.release();
    });
  }

  #inherit(former: Former): void {
    if (this.#fence.inherit(former, () => this.#endsOpenRuns())) this.isFollowing = true;
    this.audience.ephemera.inherit(former.present);
    this.#endsOpenRuns();
  }

  override deliver(message: RoomMessage): boolean {
    if (message.to === "inherit") this.#isHeir = true;
    return super.deliver(message);
  }
}

/** Pause before the log is read again when the store did not answer. */
const ACTIVATION_RETRY_MS = 200;
const NO_ROWS = [] as const;
