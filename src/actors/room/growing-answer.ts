/**
 * One answer of the assistant that this activation asked for: its text beyond what the log has, and how far it was shown.
 * Invariant: a piece is shown once, at its place, and no more often than listeners are to be told.
 */
import type { Seq } from "../../base/ids.ts";
import { AI_CHECKPOINT_MS } from "../../base/limits.ts";
import type { AssistantRun } from "../../domain/assistant/port.ts";
import type { RunOutcome } from "../../domain/assistant/runs.ts";
import type { Later } from "../actor.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { Beating } from "./answer-beat.ts";

const NEVER_MS = Number.POSITIVE_INFINITY;

export interface AnswerParts {
  readonly show: (answer: GrowingAnswer, offset: number, text: string) => void;
  /** What came and is in no event yet is to be saved. */
  readonly save: (answer: GrowingAnswer) => void;
}

export class GrowingAnswer implements Beating {
  readonly seq: Seq;
  run: AssistantRun | undefined;
  /** Begins anew, and the log does not say so yet: nothing is shown. */
  isRestarting = false;
  /** How it ends; only the log has to be told. */
  outcome: Omit<RunOutcome, "attempt"> | undefined;
  readonly #env: ShardEnv;
  readonly #parts: AnswerParts;
  readonly beat: () => void;
  /** It came and is in no event yet. */
  #tail = "";
  /** The end of the text that nobody was shown yet. */
  #unshown = "";
  /** Length of what was shown. */
  #shown = 0;
  /** Monotonic times from which on the next piece may be shown, and what came is to be saved. */
  #pieceMs = 0;
  #saveMs = NEVER_MS;
  #isSilent = false;

  constructor(env: ShardEnv, seq: Seq, parts: AnswerParts, later: Later) {
    this.#env = env;
    this.seq = seq;
    this.#parts = parts;
    this.beat = later(() => this.#beat());
    env.growing.answers += 1;
  }

  get dueMs(): number {
    return Math.min(this.#unshown === "" || this.isRestarting ? NEVER_MS : this.#pieceMs, this.#saveMs);
  }

  /** What is to be saved of it now: nothing, while the log's text is another provider's. */
  get unsaved(): string {
    return this.isRestarting ? "" : this.#tail;
  }

  /** The first one is shown at once, those that follow it soon after together. */
  piece(text: string): void {
    const nowMs = this.#env.clock.monotonicMs();
    this.#tail += text;
    this.#unshown += text;
    if (this.#pieceMs <= nowMs) this.#show(nowMs);
    if (this.#saveMs === NEVER_MS) this.#saveMs = nowMs + AI_CHECKPOINT_MS;
    this.#env.growing.wait(this);
  }

  /** So much of what came is in the log now. */
  saved(length: number): void {
    this.#tail = this.#tail.slice(length);
  }

  /** What came so far is void. */
  restart(): void {
    this.#tail = "";
    this.#unshown = "";
    this.isRestarting = true;
  }

  /** The log says so. */
  restarted(): void {
    this.isRestarting = false;
    this.#shown = 0;
    if (this.outcome === undefined) this.#show(this.#env.clock.monotonicMs());
  }

  /** `saved`: what the log has of it. */
  shownText(saved: string): string {
    return this.isRestarting ? "" : `${saved}${this.#tail}`.slice(0, this.#shown);
  }

  /** Nothing comes any more; what came is shown. */
  end(outcome: Omit<RunOutcome, "attempt">): void {
    this.outcome = outcome;
    this.run = undefined;
    this.#show(this.#env.clock.monotonicMs());
    this.silence();
  }

  /** Asks for nothing more and shows nothing more. */
  silence(): void {
    if (!this.#isSilent) this.#env.growing.answers -= 1;
    this.#isSilent = true;
    this.run?.stop();
    this.run = undefined;
    this.#env.growing.forget(this);
  }

  #beat(): void {
    if (this.#isSilent) return;
    const nowMs = this.#env.clock.monotonicMs();
    if (this.#pieceMs <= nowMs) this.#show(nowMs);
    if (this.#saveMs <= nowMs) {
      this.#saveMs = NEVER_MS;
      if (this.unsaved !== "") this.#parts.save(this);
    }
    if (this.dueMs < NEVER_MS) this.#env.growing.wait(this);
  }

  #show(nowMs: number): void {
    if (this.#unshown === "" || this.isRestarting) return;
    this.#parts.show(this, this.#shown, this.#unshown);
    this.#shown += this.#unshown.length;
    this.#unshown = "";
    this.#pieceMs = nowMs + this.#env.growing.intervalMs;
  }
}
