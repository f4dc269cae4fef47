/**
 * Runs the actors that have mail, one turn after another; a turn never awaits, so no two turns interleave.
 * A run goes on until nobody has mail; an actor with much mail lets others in after `TURN_MESSAGES_MAX` messages.
 * At the end of a run `settle` commits and sends what the turns left: that is what makes a turn's writes one group.
 */
import { Fifo } from "./mailbox.ts";

/** Something with a mailbox. */
export interface Runnable {
  /** In the run queue already. Only the scheduler writes it. */
  queued: boolean;
  /** Handles mail up to its budget; true: there is more. Never throws. */
  runTurn(): boolean;
}

export class Scheduler {
  readonly #queue = new Fifo<Runnable>();
  readonly #defer: (run: () => void) => void;
  readonly #settle: () => void;
  readonly #run = (): void => this.run();
  #running = false;
  #deferred = false;

  /** `defer` runs a function soon, after the present call stack: a microtask, or a step of the simulation. */
  constructor(defer: (run: () => void) => void, settle: () => void) {
    this.#defer = defer;
    this.#settle = settle;
  }

  /** The actor has mail: it will run, at the latest right after the present call stack. */
  wake(actor: Runnable): void {
    if (!actor.queued) {
      actor.queued = true;
      this.#queue.push(actor);
    }
    this.wakeSettle();
  }

  /** `settle` will run, also when no actor has mail. */
  wakeSettle(): void {
    if (this.#running || this.#deferred) return;
    this.#deferred = true;
    this.#defer(this.#run);
  }

  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#deferred = false;
    for (let actor = this.#queue.shift(); actor !== undefined; actor = this.#queue.shift()) {
      actor.queued = false;
      if (actor.runTurn() && !actor.queued) {
        actor.queued = true;
        this.#queue.push(actor);
      }
    }
    this.#running = false;
    this.#settle();
  }
}
