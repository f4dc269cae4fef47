/**
 * What room and user actors have in common: a mailbox, turns, and the rule for failure.
 * Invariant: `receive` and completions run one at a time and never await; an exception ends this activation and no other.
 */
import { Mailbox } from "./mailbox.ts";
import type { Runnable, Scheduler } from "./scheduler.ts";

/** Which record of which link is at work. */
export interface Origin {
  readonly record: number;
  readonly link: { readonly mark: number };
}
/** Notes what is being handled where it survives the loss of the thread; record 0: nothing. */
export type Working = (record: number, link: number) => void;

/** `Actor.later` of one activation, for its parts: what they wait for comes back as a turn, or not at all. */
export type Later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void;

export abstract class Actor<Message extends object | string | number> implements Runnable {
  queued = false;
  /** Monotonic time of the last message from outside; the idle ones are passivated. */
  lastUsedMs = 0;
  /** Made for the first message, and again after `rest`. */
  #mailbox: Mailbox<Message> | undefined;
  readonly #scheduler: Scheduler;
  protected readonly working: Working;
  #stopped = false;
  #held = false;

  constructor(env: { readonly scheduler: Scheduler; readonly working: Working }) {
    this.#scheduler = env.scheduler;
    this.working = env.working;
  }

  /** Handles one message of the user lane. */
  protected abstract receive(message: Message): void;
  /** What a message came in, for the mark that tells what a shard was doing when it was lost; `undefined`: no request. */
  protected abstract originOf(message: Message): Origin | undefined;
  /** After the last message of a turn: writes what the turn collected. */
  protected abstract endTurn(): void;
  /** An exception came out of `receive` (with the message) or of a completion (without). The actor is stopped already. */
  protected abstract failed(error: unknown, culprit: Message | undefined): void;

  get stopped(): boolean {
    return this.#stopped;
  }

  get hasMail(): boolean {
    return this.#mailbox?.isEmpty === false;
  }

  /** false: too much is waiting. */
  deliver(message: Message): boolean {
    this.#mailbox ??= new Mailbox();
    if (!this.#mailbox.pushUser(message)) return false;
    if (!this.#held) this.#scheduler.wake(this);
    return true;
  }

  /**
   * Wraps a completion so that it comes back as a turn of this actor, or not at all when the activation has ended. That turn
   * is now if nobody has one and nothing is before it: the way through mailbox and queue is felt where each commit brings one.
   */
  protected later<Args extends readonly unknown[]>(run: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      if (this.#stopped) return;
      if (!this.hasMail && this.#scheduler.beginTurn()) {
        try {
          run(...args);
          if (!this.#stopped) this.endTurn();
        } catch (error) {
          this.#stopped = true;
          this.failed(error, undefined);
        }
        this.#scheduler.endTurn();
        return;
      }
      this.#mailbox ??= new Mailbox();
      this.#mailbox.pushSystem(() => run(...args));
      this.#scheduler.wake(this);
    };
  }

  /** While held only completions run; requests wait in their order. */
  protected hold(): void {
    this.#held = true;
  }

  protected release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.hasMail) this.#scheduler.wake(this);
  }

  /** Ends the activation: nothing of it runs any more. Returns the requests that it had not looked at. */
  stop(): Message[] {
    this.#stopped = true;
    const left: Message[] = [];
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return left;
    for (let message = mailbox.takeUser(); message !== undefined; message = mailbox.takeUser()) left.push(message);
    return left;
  }

  /** Gives back what an empty mailbox holds: for actors of which there are many and most have nothing to do. */
  protected rest(): void {
    if (!this.hasMail) this.#mailbox = undefined;
  }

  runTurn(messagesMax: number): boolean {
    let culprit: Message | undefined;
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return false;
    try {
      for (let budget = messagesMax; budget > 0 && !this.#stopped; budget -= 1) {
        const completion = mailbox.takeSystem();
        if (completion !== undefined) {
          completion();
          continue;
        }
        if (this.#held) break;
        culprit = mailbox.takeUser();
        if (culprit === undefined) break;
        const origin = this.originOf(culprit);
        if (origin === undefined) this.working(0, 0);
        else this.working(origin.record, origin.link.mark);
        this.receive(culprit);
        culprit = undefined;
      }
      // Alone in its turn of the event loop, a message answers for what surfaces after it, too.
      if (messagesMax > 1) this.working(0, 0);
      if (!this.#stopped) this.endTurn();
    } catch (error) {
      // The unread requests stay in the mailbox: `failed` takes them with `stop`.
      this.#stopped = true;
      this.failed(error, culprit);
      return false;
    }
    return !this.#stopped && (this.#held ? mailbox.hasSystem : !mailbox.isEmpty);
  }
}
