/**
 * What waits for one actor: system messages (completions of its own I/O, timers) before requests of users.
 * The user lane is bounded and refuses when full; the system lane holds at most what the actor itself has under way.
 */
import { MAILBOX_USER_LANE_MAX } from "../base/limits.ts";

/**
 * First in, first out, without moving the rest at every take. An actor has several of these, and in a room with one message
 * at a time each holds one item at most: that one needs no list.
 */
export class Fifo<Item extends object | string | number> {
  /** Before all of `#items`. */
  #first: Item | undefined;
  #items: (Item | undefined)[] | undefined;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    this.#length += 1;
    if (this.#length === 1) {
      this.#first = item;
      return;
    }
    this.#items ??= [];
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    this.#length -= 1;
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      return first;
    }
    return this.#shiftItems();
  }

  peek(): Item | undefined {
    return this.#first ?? this.#items?.[this.#head];
  }

  #shiftItems(): Item | undefined {
    const items = this.#items ?? [];
    const item = items[this.#head];
    items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === items.length) {
      items.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > items.length) {
      this.#items = items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

export class Mailbox<UserMessage extends object | string | number> {
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
