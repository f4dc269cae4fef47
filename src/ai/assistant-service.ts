/**
 * The assistant as rooms know it: takes questions within its bounds, sees to it that they may be paid, has them answered.
 * Invariant: no provider is asked before the tokens are reserved, and what was reserved is settled however the run ends.
 */
import type { Clock } from "../base/clock.ts";
import type { RoomId, TenantId, UserId } from "../base/ids.ts";
import type {
  Assistant,
  AssistantListener,
  AssistantQuestion,
  AssistantRun,
  RememberedTurn,
} from "../domain/assistant/port.ts";
import type { RunReason } from "../domain/assistant/runs.ts";
import type { AssistantCounts, AssistantMetrics } from "./assistant-metrics.ts";
import type { Conversation, ConversationMemory } from "./conversation-memory.ts";
import { buildPrompt, estimateTokens, type Prompt, sentimentOf } from "./prompt.ts";
import type { Answering } from "./provider-host.ts";
import type { EngineEnd } from "./run-engine.ts";
import type { Reservation, UsageLedger } from "./usage-ledger.ts";

export interface ServiceSettings {
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  /** Code points of an answer. */
  readonly lengthMax: number;
  /** So many may be asked, one after another. */
  readonly providers: number;
  readonly runsMax: number;
  readonly waitingMax: number;
}
export interface ServiceParts {
  readonly answering: Answering;
  readonly ledger: UsageLedger;
  readonly memory: ConversationMemory;
  readonly clock: Clock;
  readonly metrics: AssistantMetrics;
  readonly settings: ServiceSettings;
}

const OVERLOADED_RETRY_MS = 2_000;

export class AssistantService implements Assistant {
  readonly isConfigured = true;
  readonly #parts: ServiceParts;
  readonly #waiting: Run[] = [];
  #running = 0;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  get counts(): AssistantCounts {
    return this.#parts.metrics.counts(this.#running, this.#waiting.length);
  }

  start(question: AssistantQuestion, listener: AssistantListener): AssistantRun {
    const { runsMax, waitingMax } = this.#parts.settings;
    const run = new Run(this.#parts, question, listener, () => this.#freed());
    if (this.#running < runsMax) {
      this.#running += 1;
      run.begin();
    } else if (this.#waiting.length < waitingMax) {
      this.#waiting.push(run);
    } else {
      queueMicrotask(() => run.refuse("overloaded", OVERLOADED_RETRY_MS));
    }
    return {
      stop: () => {
        const at = this.#waiting.indexOf(run);
        if (at >= 0) this.#waiting.splice(at, 1);
        run.stop();
      },
    };
  }

  recall(
    tenant: TenantId,
    room: RoomId | undefined,
    user: UserId,
    done: (turns: readonly RememberedTurn[]) => void,
  ): void {
    this.#parts.memory.recall({ tenant, ...(room !== undefined && { room }), user, isPrivate: false }, done);
  }

  #freed(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next.begin();
  }
}

/** One question on its way. */
class Run {
  readonly #parts: ServiceParts;
  readonly #question: AssistantQuestion;
  readonly #listener: AssistantListener;
  readonly #freed: () => void;
  #prompt: Prompt | undefined;
  #reserved: Reservation | undefined;
  #hosted: { stop(): void } | undefined;
  #text = "";
  /** What was spent on text that is void, tokens. */
  #superseded = 0;
  /** One of those who may be answered at a time. */
  #hasPlace = false;
  #isOver = false;

  constructor(parts: ServiceParts, question: AssistantQuestion, listener: AssistantListener, freed: () => void) {
    this.#parts = parts;
    this.#question = question;
    this.#listener = listener;
    this.#freed = freed;
  }

  begin(): void {
    this.#hasPlace = true;
    // What was said in a room is among its messages already; a private conversation is known here alone.
    if (!this.#conversation.isPrivate) return this.#reserve([]);
    this.#parts.memory.recall(this.#conversation, (turns) => this.#reserve(turns));
  }

  stop(): void {
    if (this.#isOver) return;
    this.#parts.metrics.stopped();
    this.#hosted?.stop();
    this.#over(this.#superseded + (this.#hosted === undefined ? 0 : this.#estimated));
  }

  /** What the provider that is being asked took, as far as anybody knows. */
  get #estimated(): number {
    return (this.#prompt?.inputTokens ?? 0) + estimateTokens(this.#text);
  }

  refuse(reason: RunReason, retryAfterMs: number): void {
    if (this.#isOver) return;
    this.#parts.metrics.refused(reason);
    this.#over(0);
    this.#listener.ended({ state: "failed", reason, retryAfterMs, sources: [] });
  }

  get #conversation(): Conversation {
    const { tenant, room, user, question } = this.#question;
    return { tenant, ...(room !== undefined && { room }), user, isPrivate: question === undefined };
  }

  #reserve(turns: readonly RememberedTurn[]): void {
    if (this.#isOver) return;
    const { ledger, settings } = this.#parts;
    const { tenant, room, user } = this.#question;
    const prompt = buildPrompt(this.#question, turns, settings);
    this.#prompt = prompt;
    const spender = { tenant, ...(room !== undefined && { room }), user };
    ledger.reserve(spender, settings.providers * (prompt.inputTokens + prompt.outputTokensMax), (reserved) => {
      if (typeof reserved === "string") {
        if (reserved === "exhausted") this.refuse("budget_exhausted", ledger.untilTomorrowMs);
        else this.refuse("overloaded", OVERLOADED_RETRY_MS);
        return;
      }
      if (this.#isOver) return ledger.settle(reserved, 0);
      this.#reserved = reserved;
      this.#ask(prompt);
    });
  }

  #ask(prompt: Prompt): void {
    this.#hosted = this.#parts.answering.run(prompt, {
      began: () => {
        if (this.#text !== "") this.#superseded += this.#estimated;
        this.#text = "";
        this.#listener.began();
      },
      piece: (text) => {
        this.#text += text;
        this.#listener.piece(text);
      },
      ended: (end) => this.#ended(prompt, end),
    });
  }

  #ended(prompt: Prompt, end: EngineEnd): void {
    if (this.#isOver) return;
    this.#parts.metrics.ended(end);
    const { spent, tried: _tried, ...said } = end;
    const used = spent && spent.input + spent.output;
    const isComplete = end.state === "complete";
    if (isComplete) this.#remember(used ?? 0);
    this.#over(used);
    const mood = isComplete && this.#question.task === "sentiment" ? sentimentOf(this.#text) : undefined;
    const sources = isComplete ? prompt.sources : [];
    this.#listener.ended({ ...said, sources, ...(mood !== undefined && { sentiment: mood }) });
  }

  #remember(tokens: number): void {
    const { question, answer, text } = this.#question;
    this.#parts.memory.remember(this.#conversation, {
      question: { text, ...(question !== undefined && { seq: question }) },
      answer: { text: this.#text, ...(answer !== undefined && { seq: answer }) },
      tokens,
    });
  }

  /** `used`: tokens; `undefined`: nobody knows, and what was reserved counts. */
  #over(used: number | undefined): void {
    this.#isOver = true;
    if (this.#reserved !== undefined && used !== undefined) this.#parts.ledger.settle(this.#reserved, used);
    if (this.#hasPlace) this.#freed();
  }
}
