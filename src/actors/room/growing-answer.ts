/**
 * One answer of the assistant that this activation asked for: its text beyond what the log has, and how far it was shown.
 * Invariant: a piece is shown once, at its place, and no more often than listeners are to be told.
 */
import type { Timer } from "../../base/clock.ts";
import type { Seq } from "../../base/ids.ts";
import { AI_CHECKPOINT_MS, AI_PIECE_INTERVAL_MS, AI_PIECE_INTERVAL_MS_MAX } from "../../base/limits.ts";
import type { AssistantRun } from "../../domain/assistant/port.ts";
import type { RunOutcome } from "../../domain/assistant/runs.ts";
import type { ShardEnv } from "../shard-env.ts";

type Later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void;

export interface AnswerParts {
  readonly show: (answer: GrowingAnswer, offset: number, text: string) => void;
  /** What came and is in no event yet is to be saved. */
  readonly save: (answer: GrowingAnswer) => void;
}

export class GrowingAnswer {
  readonly seq: Seq;
  run: AssistantRun | undefined;
  /** It came and is in no event yet. */
  tail = "";
  /** Begins anew, and the log does not say so yet: nothing is shown. */
  isRestarting = false;
  /** How it ends; only the log has to be told. */
  outcome: Omit<RunOutcome, "attempt"> | undefined;
  readonly #env: ShardEnv;
  readonly #parts: AnswerParts;
  readonly #later: Later;
  /** The end of the text that nobody was shown yet. */
  #unshown = "";
  /** Length of what was shown. */
  #shown = 0;
  #pieceTimer: Timer | undefined;
  #checkpointTimer: Timer | undefined;
  #isSilent = false;

  constructor(env: ShardEnv, seq: Seq, parts: AnswerParts, later: Later) {
    this.#env = env;
    this.seq = seq;
    this.#parts = parts;
    this.#later = later;
    env.growing.answers += 1;
  }

  /** The first one is shown at once, those that follow it soon after together. */
  piece(text: string): void {
    this.tail += text;
    this.#unshown += text;
    if (this.#pieceTimer === undefined) this.#show();
    this.#checkpointTimer ??= this.#env.clock.after(
      AI_CHECKPOINT_MS,
      this.#later(() => {
        this.#checkpointTimer = undefined;
        if (!this.isRestarting && this.tail !== "") this.#parts.save(this);
      }),
    );
  }

  /** So much of what came is in the log now. */
  saved(length: number): void {
    this.tail = this.tail.slice(length);
  }

  /** What came so far is void. */
  restart(): void {
    this.tail = "";
    this.#unshown = "";
    this.isRestarting = true;
  }

  /** The log says so. */
  restarted(): void {
    this.isRestarting = false;
    this.#shown = 0;
    if (this.outcome === undefined) this.#show();
  }

  /** `saved`: what the log has of it. */
  shownText(saved: string): string {
    return this.isRestarting ? "" : `${saved}${this.tail}`.slice(0, this.#shown);
  }

  /** Nothing comes any more; what came is shown. */
  end(outcome: Omit<RunOutcome, "attempt">): void {
    this.outcome = outcome;
    this.run = undefined;
    this.#show();
    this.silence();
  }

  /** Asks for nothing more and shows nothing more. */
  silence(): void {
    if (!this.#isSilent) this.#env.growing.answers -= 1;
    this.#isSilent = true;
    this.run?.stop();
    this.run = undefined;
    this.#pieceTimer?.cancel();
    this.#checkpointTimer?.cancel();
    this.#pieceTimer = undefined;
    this.#checkpointTimer = undefined;
  }

  #show(): void {
    this.#pieceTimer?.cancel();
    this.#pieceTimer = undefined;
    if (this.#unshown === "" || this.isRestarting) return;
    this.#parts.show(this, this.#shown, this.#unshown);
    this.#shown += this.#unshown.length;
    this.#unshown = "";
    this.#pieceTimer = this.#env.clock.after(
      intervalMs(this.#env.growing.answers),
      this.#later(() => this.#show()),
    );
  }
}

/** The more answers grow, the less often each is shown: a write to a socket costs the same however long the piece. */
function intervalMs(answers: number): number {
  return Math.min(AI_PIECE_INTERVAL_MS_MAX, Math.max(AI_PIECE_INTERVAL_MS, answers / 2));
}
