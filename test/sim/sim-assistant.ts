/**
 * The assistant of a simulated shard: answers that come in pieces, begin anew, fail, or never end until their time is up.
 * Invariant: it lives and dies with its shard's thread; what it says is drawn from the seed.
 */
import type { Clock } from "../../src/base/clock.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { Assistant, AssistantListener, AssistantQuestion, AssistantRun } from "../../src/domain/assistant/port.ts";

const PIECES_MAX = 12;
const PIECE_MS_MAX = 500;
/** A real one gives up after a while, too. */
const RUN_MS_MAX = 3_000;

export class SimAssistant implements Assistant {
  readonly isConfigured = true;
  readonly #clock: Clock;
  readonly #random: SeededRandom;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  start({ text }: AssistantQuestion, listener: AssistantListener): AssistantRun {
    let isOver = false;
    const end = (how: () => void): void => {
      if (isOver) return;
      isOver = true;
      how();
    };
    const fail = (): void => end(() => listener.ended({ state: "failed", reason: "timed_out", sources: [] }));
    this.#clock.after(RUN_MS_MAX, fail);
    let left = this.#random.below(PIECES_MAX);
    const hangs = this.#random.next() < 0.1;
    const next = (): void => {
      if (isOver) return;
      if (left > 0) {
        left -= 1;
        if (this.#random.next() < 0.1) listener.began();
        listener.piece(`${text}, ${left} `);
      } else if (hangs) return;
      else return end(() => listener.ended({ state: "complete", provider: "sim", sources: [] }));
      this.#clock.after(this.#random.next() * PIECE_MS_MAX, next);
    };
    this.#clock.after(this.#random.next() * PIECE_MS_MAX, () => {
      if (!isOver) listener.began();
      next();
    });
    return {
      stop: () => {
        isOver = true;
      },
    };
  }

  recall(_tenant: unknown, _room: unknown, _user: unknown, done: (turns: readonly []) => void): void {
    this.#clock.after(this.#random.next() * 5, () => done([]));
  }
}
