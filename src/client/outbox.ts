/**
 * What a user did and the server has not confirmed: sent when there is a connection, again after a loss, until it is answered.
 * Invariant: an entry keeps its `clientId` and the sequence known at its first try, so that it is done once; a room's entries
 * leave in the order in which they were asked.
 */
import type { RoomId, Seq } from "../base/ids.ts";
import type { AckFrame, ClientFrame, ErrorFrame } from "../protocol/frames.ts";
import { ChatError } from "./chat-error.ts";
import type { Emitter } from "./emitter.ts";
import { randomId } from "./random-id.ts";
import { type Kept, Shelf } from "./shelf.ts";
import type { Ack, ClientEvents, Failed, MutationFrame, OutboxStorage, Pending } from "./types.ts";

export interface OutboxPorts {
  /** false: there is no connection; it is asked for again when there is. */
  send(frame: ClientFrame): boolean;
  knownSeq(roomId: RoomId): Seq | undefined;
  readonly emitter: Emitter<ClientEvents>;
  readonly storage: OutboxStorage | undefined;
}

interface Entry {
  kept: Kept;
  ref: string | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly settle: { readonly resolve: (ack: Ack) => void; readonly reject: (error: ChatError) => void } | undefined;
}

/** Without an answer for so long a request is repeated. */
const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;
const PENDING_MAX = 1_000;
/** Refused messages that wait for the user to look at them. The oldest go first. */
const FAILED_MAX = 100;

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #entries: Entry[] = [];
  #failed: readonly Failed[] = [];
  #pending: readonly Pending[] = [];
  #shelf: Shelf | undefined;
  #owner: string | undefined;
  #isLoading = false;
  #refs = 0;
  #lastAt = 0;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  get failed(): readonly Failed[] {
    return this.#failed;
  }

  /** What earlier pages of this user left, and from now on what this one would leave. Then all of it is sent. */
  async load(owner: string): Promise<void> {
    if (this.#owner !== owner) {
      // Somebody else's now: theirs stays where it is kept.
      if (this.#owner !== undefined) this.#entries.splice(0);
      this.#owner = owner;
      this.#isLoading = true;
      await this.#read(owner).catch(() => undefined);
      this.#isLoading = false;
    }
    this.sendAll();
  }

  async #read(owner: string): Promise<void> {
    const { storage } = this.#ports;
    if (storage === undefined) return;
    const shelf = new Shelf(storage, owner);
    this.#shelf = shelf;
    for (const { kept } of this.#entries) shelf.put(kept);
    const left = await shelf.load();
    const known = new Set(this.#entries.map(({ kept }) => kept.clientId));
    const older = left.filter(({ clientId }) => !known.has(clientId));
    this.#entries.unshift(...older.filter((kept) => !("error" in kept)).map((kept) => entryOf(kept)));
    this.#changed();
    this.#failedAre(older.filter((kept): kept is Failed => "error" in kept));
  }

  add(wish: MutationFrame): Promise<Ack> {
    return new Promise((resolve, reject) => {
      if (this.#entries.length >= PENDING_MAX) {
        return reject(new ChatError("overloaded", "Too much waits to be sent.", undefined, true));
      }
      const clientId = wish.clientId ?? randomId();
      const knownSeq = this.#knownOf(wish);
      const frame = { ...wish, clientId, ...(knownSeq !== undefined && { knownSeq }) } as MutationFrame;
      // No two alike, so that they keep their order.
      this.#lastAt = Math.max(Date.now(), this.#lastAt + 0.001);
      const entry = entryOf({ clientId, frame, at: this.#lastAt }, { resolve, reject });
      this.#entries.push(entry);
      this.#shelf?.put(entry.kept);
      this.#changed();
      this.#send(entry);
    });
  }

  /** A mark stands in no log: how far the room was known then says nothing. */
  #knownOf(wish: MutationFrame): Seq | undefined {
    if (wish.type === "mark_unread") return undefined;
    const { roomId } = wish;
    return wish.knownSeq ?? (roomId === undefined ? undefined : this.#ports.knownSeq(roomId));
  }

  /** What was refused is asked for once more, under the same name where that is safe. */
  retry(clientId: string): Promise<Ack> {
    const failed = this.#failed.find((one) => one.clientId === clientId);
    if (failed === undefined) return Promise.reject(new ChatError("not_found", "Nothing of this name was refused."));
    this.#forget(clientId);
    const {
      clientId: _clientId,
      knownSeq: _knownSeq,
      ...wish
    } = failed.frame as MutationFrame & {
      readonly knownSeq?: Seq;
    };
    return this.add((failed.error.code === "retry_expired" ? wish : failed.frame) as MutationFrame);
  }

  /** Refused or not sent yet: nobody wants it any more. What is under way may be done all the same. */
  discard(clientId: string): boolean {
    if (this.#forget(clientId)) return true;
    const entry = this.#entries.find(({ kept }) => kept.clientId === clientId);
    if (entry === undefined) return false;
    this.#remove(entry);
    entry.settle?.reject(new ChatError("discarded", "It was taken back."));
    return true;
  }

  /** There is a connection: all of it, in order. */
  sendAll(): void {
    for (const entry of [...this.#entries]) this.#send(entry);
  }

  /** The connection is lost: nobody will answer what went over it. */
  lost(): void {
    for (const entry of this.#entries) {
      entry.ref = undefined;
      clearTimeout(entry.timer);
    }
  }

  /** An `ack` or `error`. false: it answers nothing of this. */
  answered(frame: AckFrame | ErrorFrame): boolean {
    const entry = this.#entries.find(({ ref }) => ref !== undefined && ref === frame.ref);
    if (entry === undefined) return false;
    clearTimeout(entry.timer);
    if (frame.type === "ack") {
      const { type: _type, ref: _ref, ...ack } = frame;
      this.#remove(entry);
      entry.settle?.resolve(ack);
    } else if (frame.temporary) {
      entry.timer = setTimeout(() => this.#send(entry), (frame.retryAfterMs ?? RETRY_MS) * (1 + Math.random()));
    } else {
      const { code, message, field } = frame;
      this.#remove(entry);
      if (entry.kept.frame.type === "send_message") this.#fail({ ...entry.kept, error: { code, message } });
      entry.settle?.reject(new ChatError(code, message, field));
    }
    return true;
  }

  /** The event itself came: an answer that was lost is not needed any more. */
  seen(clientId: string, ack: Ack): void {
    const entry = this.#entries.find(({ kept }) => kept.clientId === clientId);
    if (entry === undefined) return;
    this.#remove(entry);
    entry.settle?.resolve(ack);
  }

  #send(entry: Entry): void {
    clearTimeout(entry.timer);
    if (this.#isLoading || !this.#entries.includes(entry)) return;
    this.#refs += 1;
    entry.ref = `o${this.#refs}`;
    if (!this.#ports.send({ ...entry.kept.frame, ref: entry.ref } as ClientFrame)) {
      entry.ref = undefined;
      return;
    }
    entry.timer = setTimeout(() => this.#send(entry), ANSWER_MS);
  }

  #remove(entry: Entry): void {
    clearTimeout(entry.timer);
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#shelf?.remove(entry.kept.clientId);
    this.#changed();
  }

  #fail(failed: Failed): void {
    const all = [...this.#failed, failed];
    for (const { clientId } of all.slice(0, -FAILED_MAX)) this.#shelf?.remove(clientId);
    this.#shelf?.put(failed);
    this.#failedAre(all.slice(-FAILED_MAX));
  }

  #forget(clientId: string): boolean {
    const left = this.#failed.filter((one) => one.clientId !== clientId);
    if (left.length === this.#failed.length) return false;
    this.#shelf?.remove(clientId);
    this.#failedAre(left);
    return true;
  }

  #failedAre(failed: readonly Failed[]): void {
    this.#failed = failed;
    this.#ports.emitter.emit("failed", failed);
  }

  #changed(): void {
    this.#pending = this.#entries.map(({ kept }) => kept);
    this.#ports.emitter.emit("pending", this.#pending);
  }
}

function entryOf(kept: Kept, settle?: Entry["settle"]): Entry {
  return { kept, ref: undefined, timer: undefined, settle };
}
