/**
 * What waits for one actor: system messages (completions of its own I/O, timers) before requests of users.
 * The user lane is bounded and refuses when full; the system lane holds at most what the actor itself has under way.
 */
import { MAILBOX_USER_LANE_MAX } from "../base/limits.ts";

/** First in, first out, without moving the rest at every take. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  peek(): Item | undefined {
    return this.#items[this.#head];
  }
}

export class Mailbox<UserMessage> {
  readonly #system = new Fifo<() => void>();
  readonly #user = new Fifo<UserMessage>();

  get isEmpty(): boolean {
    return this.#system.length === 0 && this.#user.length === 0;
  }

  get hasSystem(): boolean {
    return this.#system.length > 0;
  }

  pushSystem(run: () => void): void {
    this.#system.push(run);
  }

  /** false: the lane is full; the sender is to be told `overloaded`. */
  pushUser(message: UserMessage): boolean {
    if (this.#user.length >= MAILBOX_USER_LANE_MAX) return false;
    this.#user.push(message);
    return true;
  }

  takeSystem(): (() => void) | undefined {
    return this.#system.shift();
  }

  takeUser(): UserMessage | undefined {
    return this.#user.shift();
  }
}
