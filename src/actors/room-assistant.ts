/**
 * The assistant's answers in one room, as they grow: asks for them, shows pieces to whoever listens, saves what came, ends them.
 * Invariant: what is shown stands at its place in the text that the log will have; an answer of this activation ends with it:
 * the next one finds it open in the log, and ends it.
 */
import type { Timer } from "../base/clock.ts";
import { messageIdOf, type Seq } from "../base/ids.ts";
import { AI_CHECKPOINT_MS, AI_PIECE_INTERVAL_MS, AI_RETRY_MS } from "../base/limits.ts";
import type { AssistantListener, AssistantRun, RunEnd } from "../domain/assistant/port.ts";
import { ASSISTANT, type OpenRun, type RunOutcome } from "../domain/assistant/runs.ts";
import { askedOf } from "../domain/assistant/triggers.ts";
import type { Principal } from "../domain/principal.ts";
import type { AnswerCommand } from "../domain/room/commands.ts";
import type { DomainEvent, LogEvent } from "../domain/room/events.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { AiResponseFrame } from "../protocol/frames.ts";
import { gatherContext } from "./assistant-context.ts";
import { sendFrame, type ShardConnection } from "./connections.ts";
import { PrivateQuestions } from "./private-questions.ts";
import type { AnswerWay, RoomRequest } from "./request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "./shard-env.ts";
import type { Growing } from "./views.ts";

type Later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void;
/** What the room asks itself came over nothing. */
const NO_LINK: AnswerWay = { no: 0, finish: () => undefined, reply: () => undefined };
type Outcome = Omit<RunOutcome, "attempt">;

const INTERRUPTED: Outcome = { state: "failed", reason: "interrupted" };

/** An answer that this activation asked for. */
interface Live {
  readonly seq: Seq;
  run: AssistantRun | undefined;
  /** It came and is in no event yet. */
  tail: string;
  /** The end of the text that nobody was shown yet. */
  unshown: string;
  /** Length of what was shown. */
  shown: number;
  pieceTimer: Timer | undefined;
  checkpointTimer: Timer | undefined;
  /** Begins anew, and the log does not say so yet: nothing is shown. */
  restarting: boolean;
  outcome: Outcome | undefined;
}

export class RoomAssistant {
  readonly questions: PrivateQuestions<RoomRequest>;
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #take: (request: RoomRequest) => void;
  /** Who writes answers. */
  readonly #by: Principal;
  readonly #later: Later;
  readonly #live = new Map<Seq, Live>();

  constructor(env: ShardEnv, room: RoomActor, take: (request: RoomRequest) => void, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#take = take;
    this.#by = { tenant: room.tenant, userId: ASSISTANT, role: "system" };
    this.#later = later;
    this.questions = new PrivateQuestions<RoomRequest>(env, later);
  }

  get isIdle(): boolean {
    return this.#live.size === 0 && this.questions.isIdle;
  }

  /** The room answers the message `question` with the message `seq`, which is durable. */
  begin(seq: Seq, question: Seq): void {
    const open = this.#room.state.runs.get(seq);
    if (open === undefined) return;
    const live: Live = {
      seq,
      run: undefined,
      tail: "",
      unshown: "",
      shown: 0,
      pieceTimer: undefined,
      checkpointTimer: undefined,
      restarting: false,
      outcome: undefined,
    };
    this.#live.set(seq, live);
    const { task, asker } = open;
    const parts = { env: this.#env, room: this.#room, later: this.#later };
    gatherContext(parts, { asker, task, question }, (gathered) => {
      if (this.#live.get(seq) !== live || live.outcome !== undefined) return;
      const asked = gathered?.asked;
      if (gathered === undefined || asked === undefined || this.#env.assistant === undefined) {
        return this.#end(live, INTERRUPTED);
      }
      const { event, overlay } = asked;
      const content = overlay?.content ?? event.content;
      const { context, subject } = gathered;
      live.run = this.#env.assistant.start(
        {
          tenant: this.#room.tenant,
          room: this.#room.room,
          user: asker,
          userName: event.authorName ?? event.as ?? event.by,
          task,
          text: askedOf(content)?.text ?? content,
          context,
          ...(subject !== undefined && { subject }),
          question,
          answer: seq,
        },
        this.#listener(live),
      );
    });
  }

  /** What came of an answer and is in no event yet: the domain puts it there. */
  readonly unsaved = (seq: Seq): string => this.#live.get(seq)?.tail ?? "";

  /** Events that this room asked for were applied. */
  decided(events: readonly DomainEvent[]): void {
    for (const event of events) {
      const live = event.kind === "answer_extended" ? this.#live.get(event.target) : undefined;
      if (live !== undefined && event.kind === "answer_extended") live.tail = live.tail.slice(event.text.length);
    }
  }

  /** An answer that somebody stopped or deleted, or whose room is gone, is asked for no more. */
  committed(events: readonly LogEvent[]): void {
    for (const event of events) {
      if (event.kind === "answer_ended" || event.kind === "message_deleted") this.#drop(event.target);
      if (event.kind === "room_deleted") for (const seq of [...this.#live.keys()]) this.#drop(seq);
    }
  }

  /** As far as it was shown: who reads it now goes on with what is shown next. */
  readonly growing = (seq: Seq): Growing | undefined => {
    const open = this.#room.state.runs.get(seq);
    return open === undefined ? undefined : { attempt: open.attempt, text: this.#shownText(open) };
  };

  /** Somebody begins to listen: answers that grow, as far as the others have been shown them. */
  tell(connection: ShardConnection): void {
    for (const open of this.#room.state.runs.values()) sendFrame(connection, this.#whole(open));
  }

  /** What was shown may not have arrived everywhere. */
  tellAll(): void {
    for (const open of this.#room.state.runs.values()) this.#room.audience.show(this.#whole(open));
  }

  /** Answers of a former activation: nobody asks for them any more. `then` when all of them are decided. */
  endOpen(then: () => void): void {
    let left = this.#room.state.runs.size;
    const one = (): void => {
      left -= 1;
      if (left === 0) then();
    };
    for (const seq of [...this.#room.state.runs.keys()]) this.#interrupt(seq, one);
  }

  /** The process ends: answers end where they are, private ones are asked for elsewhere. */
  interruptAll(): void {
    if (this.isIdle) return;
    const interrupt = this.#later(() => {
      for (const live of [...this.#live.values()]) {
        if (live.outcome !== undefined) continue;
        live.run?.stop();
        this.#end(live, INTERRUPTED);
      }
      this.questions.failAll();
    });
    interrupt();
  }

  stop(): void {
    for (const live of this.#live.values()) this.#silence(live);
    this.#live.clear();
    this.questions.stop();
  }

  /** Asked over REST: the answer is for the asker alone. */
  askPrivately(
    request: RoomRequest,
    { question, topic }: { readonly question: string; readonly topic?: string | undefined },
  ): void {
    const { questions } = this;
    const { tenant, room } = this.#room;
    const { userId, name = userId } = request.by;
    questions.hold(request);
    const parts = { env: this.#env, room: this.#room, later: this.#later };
    gatherContext(parts, { asker: userId, task: "answer" }, (gathered) => {
      if (gathered === undefined) return questions.fail(request);
      questions.ask(request, {
        tenant,
        room,
        user: userId,
        userName: name,
        task: "answer",
        text: question,
        context: gathered.context,
        ...(topic !== undefined && { topic }),
      });
    });
  }

  /** Decides as a request of the room's own; `done` when it is durable, or refused. */
  #ask(command: AnswerCommand, done: (refused: Rejection | undefined) => void): void {
    this.#take({
      to: "room",
      link: NO_LINK,
      record: 0,
      asker: { kind: "own", done },
      by: this.#by,
      room: this.#room.room,
      command,
      sequel: { kind: "acknowledge" },
      attempts: 0,
      completed: false,
    });
  }

  #interrupt(seq: Seq, then: () => void): void {
    let isFirst = true;
    const attempt = (): void =>
      this.#ask({ kind: "end_answer", by: this.#by, target: seq, outcome: INTERRUPTED }, (refused) => {
        if (isFirst) then();
        isFirst = false;
        if (refused === undefined || !this.#room.state.runs.has(seq)) return;
        this.#env.clock.after(AI_RETRY_MS, this.#later(attempt));
      });
    attempt();
  }

  #listener(live: Live): AssistantListener {
    return {
      began: this.#later(() => this.#began(live)),
      piece: this.#later((text: string) => this.#piece(live, text)),
      ended: this.#later((end: RunEnd) => this.#ended(live, end)),
    };
  }

  #isOver({ seq, outcome }: Live): boolean {
    return outcome !== undefined || !this.#live.has(seq) || !this.#room.state.runs.has(seq);
  }

  #began(live: Live): void {
    if (this.#isOver(live)) return;
    const open = this.#room.state.runs.get(live.seq);
    if (open === undefined || (open.text === "" && live.tail === "" && !live.restarting)) return;
    live.tail = "";
    live.unshown = "";
    live.restarting = true;
    this.#restart(live);
  }

  #restart(live: Live): void {
    this.#ask({ kind: "restart_answer", by: this.#by, target: live.seq }, (refused) => {
      if (!this.#live.has(live.seq) || !this.#room.state.runs.has(live.seq)) return;
      if (refused !== undefined) {
        this.#env.clock.after(
          AI_RETRY_MS,
          this.#later(() => this.#restart(live)),
        );
        return;
      }
      live.restarting = false;
      live.shown = 0;
      if (live.outcome === undefined) this.#show(live);
      else this.#finish(live);
    });
  }

  #piece(live: Live, text: string): void {
    if (this.#isOver(live)) return;
    live.tail += text;
    live.unshown += text;
    if (live.pieceTimer === undefined) this.#show(live);
    live.checkpointTimer ??= this.#env.clock.after(
      AI_CHECKPOINT_MS,
      this.#later(() => {
        live.checkpointTimer = undefined;
        this.#save(live);
      }),
    );
  }

  #show(live: Live): void {
    live.pieceTimer = undefined;
    const open = this.#room.state.runs.get(live.seq);
    if (live.unshown === "" || live.restarting || open === undefined) return;
    this.#room.audience.show(this.#frame(open, live.shown, live.unshown));
    live.shown += live.unshown.length;
    live.unshown = "";
    live.pieceTimer = this.#env.clock.after(
      AI_PIECE_INTERVAL_MS,
      this.#later(() => this.#show(live)),
    );
  }

  /** What is refused now is saved with the next checkpoint, or at the end. */
  #save(live: Live): void {
    if (this.#isOver(live) || live.restarting || live.tail === "") return;
    this.#ask({ kind: "extend_answer", by: this.#by, target: live.seq }, () => undefined);
  }

  #ended(live: Live, end: RunEnd): void {
    if (this.#isOver(live)) return;
    const { state, reason, provider, model, sources, tokens, sentiment } = end;
    this.#end(live, {
      state,
      ...(reason !== undefined && { reason }),
      ...(provider !== undefined && { provider }),
      ...(model !== undefined && { model }),
      ...(sources.length > 0 && { sources }),
      ...(tokens !== undefined && { tokens }),
      ...(sentiment !== undefined && { sentiment }),
    });
  }

  #end(live: Live, outcome: Outcome): void {
    live.outcome = outcome;
    live.run = undefined;
    live.pieceTimer?.cancel();
    this.#show(live);
    this.#silence(live);
    if (!live.restarting) this.#finish(live);
  }

  #finish(live: Live): void {
    const { seq, outcome } = live;
    if (outcome === undefined || this.#live.get(seq) !== live) return;
    this.#ask({ kind: "end_answer", by: this.#by, target: seq, outcome }, (refused) => {
      if (refused === undefined || !this.#room.state.runs.has(seq)) return this.#drop(seq);
      this.#env.clock.after(
        AI_RETRY_MS,
        this.#later(() => this.#finish(live)),
      );
    });
  }

  #drop(seq: Seq): void {
    const live = this.#live.get(seq);
    if (live === undefined) return;
    this.#silence(live);
    this.#live.delete(seq);
  }

  #silence(live: Live): void {
    live.run?.stop();
    live.run = undefined;
    live.pieceTimer?.cancel();
    live.checkpointTimer?.cancel();
    live.pieceTimer = undefined;
    live.checkpointTimer = undefined;
  }

  #shownText({ seq, text }: OpenRun): string {
    const live = this.#live.get(seq);
    if (live === undefined) return text;
    return live.restarting ? "" : `${text}${live.tail}`.slice(0, live.shown);
  }

  #whole(open: OpenRun): AiResponseFrame {
    return this.#frame(open, 0, this.#shownText(open));
  }

  #frame({ seq, attempt }: OpenRun, offset: number, text: string): AiResponseFrame {
    const { room } = this.#room;
    return {
      type: "ai_response",
      roomId: room,
      messageId: messageIdOf(seq),
      state: "streaming",
      attempt,
      offset,
      text,
    };
  }
}
