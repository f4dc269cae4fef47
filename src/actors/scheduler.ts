/**
 * Runs the actors that have mail, one turn after another; a turn never awaits, so no two turns interleave.
 * A run goes on until nobody has mail; an actor with much mail lets others in after `TURN_MESSAGES_MAX` messages.
 * At the end of a run `settle` commits and sends what the turns left: that is what makes a turn's writes one group.
 * Careful, it handles one message per turn of the event loop: what surfaces outside of a turn (a promise rejected in it) then
 * surfaces before the next one.
 */
import { TURN_MESSAGES_MAX } from "../base/limits.ts";
import { Fifo } from "./mailbox.ts";

/** Something with a mailbox. */
export interface Runnable {
  /** In the run queue already. Only the scheduler writes it. */
  queued: boolean;
  /** Handles at most so many messages; true: there is more. Never throws. */
  runTurn(messagesMax: number): boolean;
}

/** While careful: a commit for each message would take too long, one for all of them would come too late. */
const CAREFUL_STEPS_PER_SETTLE = 32;

export class Scheduler {
  readonly #queue = new Fifo<Runnable>();
  readonly #defer: (run: () => void) => void;
  readonly #settle: () => void;
  readonly #run = (): void => this.run();
  #running = false;
  #deferred = false;
  /** Runs a function when the event loop has turned; given while careful. */
  #nextTask: ((run: () => void) => void) | undefined;
  #carefulSteps = 0;

  /** `defer` runs a function soon, after the present call stack: a microtask, or a step of the simulation. */
  constructor(defer: (run: () => void) => void, settle: () => void) {
    this.#defer = defer;
    this.#settle = settle;
  }

  /** Actors that have mail. */
  get waiting(): number {
    return this.#queue.length;
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
    (this.#nextTask ?? this.#defer)(this.#run);
  }

  /** `nextTask` runs a function when the event loop has turned. `undefined`: no longer careful. */
  beCareful(nextTask: ((run: () => void) => void) | undefined): void {
    this.#nextTask = nextTask;
  }

  /** An actor may have a turn out of the queue, which `endTurn` ends. false: not now. */
  beginTurn(): boolean {
    if (this.#running || this.#nextTask !== undefined) return false;
    this.#running = true;
    return true;
  }

  endTurn(): void {
    this.#running = false;
    this.wakeSettle();
  }

  run(): void {
    if (this.#running) return;
    this.#deferred = false;
    if (this.#nextTask !== undefined) return this.#runCarefully(this.#nextTask);
    this.#running = true;
    for (let actor = this.#queue.shift(); actor !== undefined; actor = this.#queue.shift()) {
      this.#turn(actor, TURN_MESSAGES_MAX);
    }
    this.#running = false;
    this.#settle();
  }

  /** One step; what it leaves is settled in a later turn of the event loop, with what some more steps leave. */
  #runCarefully(nextTask: (run: () => void) => void): void {
    const actor = this.#queue.shift();
    this.#carefulSteps += 1;
    if (actor === undefined || this.#carefulSteps % CAREFUL_STEPS_PER_SETTLE === 0) this.#settle();
    if (actor === undefined) return;
    this.#running = true;
    this.#turn(actor, 1);
    this.#running = false;
    this.#deferred = true;
    nextTask(this.#run);
  }

  #turn(actor: Runnable, messagesMax: number): void {
    actor.queued = false;
    if (!actor.runTurn(messagesMax) || actor.queued) return;
    actor.queued = true;
    this.#queue.push(actor);
  }
}
