/**
 * What a user did and the server has not confirmed: sent when there is a connection, again after a loss, until it is answered.
 * Invariant: an entry keeps its `clientId` and the sequence known at its first try, so that it is done once; a room's entries
 * leave in the order in which they were asked.
 */
import type { RoomId, Seq } from "../base/ids.ts";
import type { ClientFrame, ErrorFrame, AckFrame } from "../protocol/frames.ts";
import { ChatError } from "./chat-error.ts";
import type { Ack, MutationFrame, OutboxStorage, Pending } from "./types.ts";

export interface OutboxPorts {
  /** false: there is no connection; it is asked for again when there is. */
  send(frame: ClientFrame): boolean;
  knownSeq(roomId: RoomId): Seq | undefined;
  changed(pending: readonly Pending[]): void;
  readonly storage: OutboxStorage | undefined;
  readonly storageKey: string;
}

interface Entry extends Pending {
  ref: string | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly settle: { readonly resolve: (ack: Ack) => void; readonly reject: (error: ChatError) => void } | undefined;
}

/** Without an answer for so long a request is repeated. */
const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;
const PENDING_MAX = 1_000;

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #entries: Entry[] = [];
  #refs = 0;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  get pending(): readonly Pending[] {
    return this.#entries.map(({ clientId, frame, at }) => ({ clientId, frame, at }));
  }

  /** What the last page left. */
  async load(): Promise<void> {
    const { storage, storageKey } = this.#ports;
    const text = await storage?.getItem(storageKey);
    if (!text) return;
    for (const kept of JSON.parse(text) as Pending[]) {
      if (this.#entries.some(({ clientId }) => clientId === kept.clientId)) continue;
      this.#entries.push({ ...kept, ref: undefined, timer: undefined, settle: undefined });
    }
    this.#changed();
  }

  add(wish: MutationFrame): Promise<Ack> {
    return new Promise((resolve, reject) => {
      if (this.#entries.length >= PENDING_MAX) {
        return reject(new ChatError("overloaded", "Too much waits to be sent."));
      }
      const clientId = wish.clientId ?? crypto.randomUUID();
      const { roomId } = wish;
      const knownSeq = wish.knownSeq ?? (roomId === undefined ? undefined : this.#ports.knownSeq(roomId));
      const frame = { ...wish, clientId, ...(knownSeq !== undefined && { knownSeq }) } as MutationFrame;
      const entry = { clientId, frame, at: Date.now(), ref: undefined, timer: undefined, settle: { resolve, reject } };
      this.#entries.push(entry);
      this.#changed();
      this.#send(entry);
    });
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
      this.#remove(entry);
      entry.settle?.reject(new ChatError(frame.code, frame.message, frame.field));
    }
    return true;
  }

  /** The event itself came: an answer that was lost is not needed any more. */
  seen(clientId: string, ack: Ack): void {
    const entry = this.#entries.find((one) => one.clientId === clientId);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.#remove(entry);
    entry.settle?.resolve(ack);
  }

  stop(): void {
    this.lost();
  }

  #send(entry: Entry): void {
    clearTimeout(entry.timer);
    if (!this.#entries.includes(entry)) return;
    this.#refs += 1;
    entry.ref = `o${this.#refs}`;
    if (!this.#ports.send({ ...entry.frame, ref: entry.ref } as ClientFrame)) {
      entry.ref = undefined;
      return;
    }
    entry.timer = setTimeout(() => this.#send(entry), ANSWER_MS);
  }

  #remove(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#changed();
  }

  #changed(): void {
    const { pending } = this;
    void this.#ports.storage?.setItem(this.#ports.storageKey, JSON.stringify(pending));
    this.#ports.changed(pending);
  }
}
