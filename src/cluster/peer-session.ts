/**
 * One node's half of what it has with one other node: which session it sends in, which of the other's it listens to.
 *
 * A session is a run of numbered messages in one direction. Both ends begin a new one whenever something was lost, and tell
 * those above (`broken`). Each message says which session of the other end its sender listens to, and up to which it gave
 * them up; so both ends agree on a pair of sessions without waiting: messages flow before the other end has answered.
 *
 * Invariants: what is handed over of a session is a beginning of it, without a gap; of two sessions nothing is handed over
 * without a break between; who breaks listens to nobody until the other end has begun anew, or has itself listened to nobody.
 */
import type { PeerHeader } from "./peer-wire.ts";

/** What to do with a message: first tell that something was lost, then hand over what is in it. */
export interface Verdict {
  readonly breaks: boolean;
  readonly delivers: boolean;
}

const IGNORE: Verdict = { breaks: false, delivers: false };
const DELIVER: Verdict = { breaks: false, delivers: true };
const BREAK: Verdict = { breaks: true, delivers: false };
const BREAK_AND_DELIVER: Verdict = { breaks: true, delivers: true };

/** Sessions of one node, whoever they are with: a later one has a greater number, also after the other was away. */
export class SessionNumbers {
  /** Tells this run of the process from another one of the same id. Never 0. */
  readonly salt: number;
  #last = 0;

  constructor(random: number) {
    this.salt = 1 + Math.floor(random * 0xffff_fffe);
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}

/** What is remembered of the other end while it is no peer, so that what was delayed is not taken for new. */
export interface Remembered {
  readonly salt: number;
  readonly refused: number;
}

export class PeerSession {
  readonly #numbers: SessionNumbers;
  #out: number;
  #sent = 0;
  /** Of the other end's process; 0 when nothing was heard of it. */
  #salt: number;
  /** The other end's session that is listened to; 0 for none yet. */
  #in = 0;
  #expected = 1;
  /** The other end's sessions up to here are given up. */
  #refused: number;

  constructor(numbers: SessionNumbers, remembered: Remembered = { salt: 0, refused: 0 }) {
    this.#numbers = numbers;
    this.#out = numbers.next();
    this.#salt = remembered.salt;
    this.#refused = remembered.refused;
  }

  get remembered(): Remembered {
    return { salt: this.#salt, refused: Math.max(this.#refused, this.#in) };
  }

  /** The header of the next message. */
  next(): PeerHeader {
    this.#sent += 1;
    return {
      salt: this.#numbers.salt,
      session: this.#out,
      number: this.#sent,
      otherSalt: this.#salt,
      adopted: this.#in,
      refused: this.#refused,
    };
  }

  /** Something was or will be lost: another session from now on, and the other end is to begin another one, too. */
  begin(): void {
    this.#out = this.#numbers.next();
    this.#sent = 0;
    this.#refused = Math.max(this.#refused, this.#in);
    this.#in = 0;
  }

  /** Whether a message is of a session that was given up or replaced: it says nothing about the other end's present. */
  isOld(header: PeerHeader): boolean {
    return header.salt === this.#salt && (header.session <= this.#refused || header.session < this.#in);
  }

  take(header: PeerHeader): Verdict {
    if (this.isOld(header)) return IGNORE;
    // What is said of the sessions of another process with this id says nothing about this one's.
    const isToMe = header.otherSalt === this.#numbers.salt;
    const adopted = isToMe || header.adopted === 0 ? header.adopted : -1;
    if (header.salt !== this.#salt) return this.#takeFromOther(header, adopted);
    if (adopted !== 0 && adopted !== this.#out) return this.#takeFromPast(header);
    if (header.session === this.#in) return this.#takeNext(header);
    const isRefused = isToMe && header.refused >= this.#out;
    return this.#takeNew(header, adopted, isRefused || this.#in !== 0);
  }

  /** First contact, or another process under the same id. */
  #takeFromOther(header: PeerHeader, adopted: number): Verdict {
    const wasListening = this.#in !== 0;
    const isFirst = this.#salt === 0;
    this.#salt = header.salt;
    this.#in = 0;
    this.#refused = 0;
    const isRefused = header.otherSalt === this.#numbers.salt && header.refused >= this.#out;
    if (adopted !== 0 && adopted !== this.#out) {
      if (wasListening) this.begin();
      return wasListening ? BREAK : IGNORE;
    }
    return this.#takeNew(header, adopted, isRefused || wasListening || !isFirst);
  }

  /**
   * The other end still listens to a session that ended here. It will hear of the present one and begin anew, unless this end,
   * too, listens to one that has ended there: then each would wait for the other.
   */
  #takeFromPast(header: PeerHeader): Verdict {
    if (this.#in === 0 || header.session === this.#in) return IGNORE;
    this.begin();
    this.#refused = header.session;
    return BREAK;
  }

  #takeNext(header: PeerHeader): Verdict {
    if (header.number < this.#expected) return IGNORE;
    if (header.number === this.#expected) {
      this.#expected += 1;
      return DELIVER;
    }
    this.begin();
    return BREAK;
  }

  /** The first message seen of a session that nothing is known of. */
  #takeNew(header: PeerHeader, adopted: number, mustBreak: boolean): Verdict {
    // Its beginning is missing, or it goes with a session that ends here: the other end has to begin another one.
    const isUsable = header.number === 1 && !(mustBreak && adopted !== 0);
    const breaks = mustBreak || !isUsable;
    if (breaks) this.begin();
    if (!isUsable) {
      this.#refused = header.session;
      return BREAK;
    }
    this.#in = header.session;
    this.#expected = 2;
    return breaks ? BREAK_AND_DELIVER : DELIVER;
  }
}
