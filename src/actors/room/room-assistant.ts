/**
 * The assistant's answers in one room, as they grow: asks for them, shows pieces to whoever listens, saves what came, ends them.
 * Invariant: what is shown stands at its place in the text that the log will have; an answer of this activation ends with it:
 * the next one finds it open in the log, and ends it.
 */
import { messageIdOf, type Seq } from "../../base/ids.ts";
import { AI_RETRY_MS } from "../../base/limits.ts";
import type { AssistantListener, RunEnd } from "../../domain/assistant/port.ts";
import { ASSISTANT, type OpenRun, type RunOutcome } from "../../domain/assistant/runs.ts";
import { askedOf } from "../../domain/assistant/triggers.ts";
import type { Principal } from "../../domain/principal.ts";
import type { AnswerCommand } from "../../domain/room/commands.ts";
import type { DomainEvent, LogEvent } from "../../domain/room/events.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { AiResponseFrame } from "../../protocol/frames.ts";
import type { Later } from "../actor.ts";
import { gatherContext } from "./assistant-context.ts";
import { sendFrame, type ShardConnection } from "../connections.ts";
import { type AnswerParts, GrowingAnswer } from "./growing-answer.ts";
import { PrivateQuestions } from "../user/private-questions.ts";
import type { AnswerWay, RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { Growing } from "../views.ts";

/** What the room asks itself came over nothing. */
const NO_LINK: AnswerWay = { mark: 0, finish: () => undefined, reply: () => undefined, isRetired: false };
type Outcome = Omit<RunOutcome, "attempt">;

const INTERRUPTED: Outcome = { state: "failed", reason: "interrupted" };
const STOPPED: Outcome = { state: "cancelled", reason: "stopped" };

export class RoomAssistant {
  readonly questions: PrivateQuestions<RoomRequest>;
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #take: (request: RoomRequest) => void;
  /** Who writes answers. */
  readonly #by: Principal;
  readonly #later: Later;
  readonly #live = new Map<Seq, GrowingAnswer>();
  readonly #parts: AnswerParts;

  constructor(env: ShardEnv, room: RoomActor, take: (request: RoomRequest) => void, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#take = take;
    this.#by = { tenant: room.tenant, userId: ASSISTANT, role: "system" };
    this.#later = later;
    this.questions = new PrivateQuestions<RoomRequest>(env, later);
    this.#parts = {
      show: ({ seq }, offset, text) => {
        const open = room.state.runs.get(seq);
        if (open !== undefined) room.audience.show(this.#frame(open, offset, text));
      },
      save: (live) => this.#save(live),
    };
  }

  get isIdle(): boolean {
    return this.#live.size === 0 && this.questions.isIdle;
  }

  /** The room answers the message `question` with the message `seq`, which is durable. */
  begin(seq: Seq, question: Seq): void {
    const open = this.#room.state.runs.get(seq);
    if (open === undefined) return;
    const live = new GrowingAnswer(this.#env, seq, this.#parts, this.#later);
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
      if (overlay?.deletedAt !== undefined) return this.#end(live, STOPPED);
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
  readonly unsaved = (seq: Seq): string => this.#live.get(seq)?.unsaved ?? "";

  /** Events that this room asked for were applied. */
  decided(events: readonly DomainEvent[]): void {
    for (const event of events) {
      if (event.kind === "answer_extended") this.#live.get(event.target)?.saved(event.text.length);
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
    for (const live of this.#live.values()) live.silence();
    this.#live.clear();
    this.questions.stop();
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
        this.#again(attempt);
      });
    attempt();
  }

  #listener(live: GrowingAnswer): AssistantListener {
    return {
      began: this.#later(() => this.#began(live)),
      piece: this.#later((text: string) => {
        if (!this.#isOver(live)) live.piece(text);
      }),
      ended: this.#later((end: RunEnd) => this.#ended(live, end)),
    };
  }

  #isOver({ seq, outcome }: GrowingAnswer): boolean {
    return outcome !== undefined || !this.#live.has(seq) || !this.#room.state.runs.has(seq);
  }

  #began(live: GrowingAnswer): void {
    if (this.#isOver(live)) return;
    const open = this.#room.state.runs.get(live.seq);
    // Nothing has come yet: whoever answers, it is the first attempt.
    if (open === undefined || (open.text === "" && live.unsaved === "" && !live.isRestarting)) return;
    live.restart();
    this.#restart(live);
  }

  #restart(live: GrowingAnswer): void {
    this.#ask({ kind: "restart_answer", by: this.#by, target: live.seq }, (refused) => {
      if (!this.#live.has(live.seq) || !this.#room.state.runs.has(live.seq)) return;
      if (refused !== undefined) return this.#again(() => this.#restart(live));
      live.restarted();
      if (live.outcome !== undefined) this.#finish(live);
    });
  }

  /** What is refused now is saved with the next checkpoint, or at the end. */
  #save(live: GrowingAnswer): void {
    if (this.#isOver(live)) return;
    this.#ask({ kind: "extend_answer", by: this.#by, target: live.seq }, () => undefined);
  }

  #ended(live: GrowingAnswer, end: RunEnd): void {
    if (this.#isOver(live)) return;
    const { retryAfterMs: _wait, confidence: _sureness, sources, ...outcome } = end;
    this.#end(live, { ...outcome, ...(sources.length > 0 && { sources }) });
  }

  #end(live: GrowingAnswer, outcome: Outcome): void {
    live.end(outcome);
    if (!live.isRestarting) this.#finish(live);
  }

  #finish(live: GrowingAnswer): void {
    const { seq, outcome } = live;
    if (outcome === undefined || this.#live.get(seq) !== live) return;
    this.#ask({ kind: "end_answer", by: this.#by, target: seq, outcome }, (refused) => {
      if (refused === undefined || !this.#room.state.runs.has(seq)) return this.#drop(seq);
      this.#again(() => this.#finish(live));
    });
  }

  #again(run: () => void): void {
    this.#env.clock.after(AI_RETRY_MS, this.#later(run));
  }

  #drop(seq: Seq): void {
    this.#live.get(seq)?.silence();
    this.#live.delete(seq);
  }

  #shownText({ seq, text }: OpenRun): string {
    return this.#live.get(seq)?.shownText(text) ?? text;
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
