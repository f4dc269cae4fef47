/**
 * What is published to those who listen without a WebSocket: by topic, as with Bun's sockets, each message made ready once and
 * given to every stream as it is.
 * Invariant: whoever is with a topic has, or gets, all of it up to the topic's sequence.
 */
import type { RoomId, Seq } from "../../base/ids.ts";

/** One client that listens. */
export interface Listener {
  /** `framed` makes the message an event of a stream, once for all. The bytes of both stay as they are. */
  published(message: Published): void;
}

export interface LoneCursor {
  readonly seq: Seq;
  readonly text: string;
  /** As an event of a stream. */
  readonly event: Uint8Array;
}

export class HubTopic {
  readonly room: RoomId;
  seq: Seq;
  readonly listeners = new Set<Listener>();
  /** The cursor of whoever listens to nothing else, as it was made last; `undefined`: of another sequence. */
  lone: LoneCursor | undefined;

  constructor(room: RoomId, seq: Seq) {
    this.room = room;
    this.seq = seq;
  }
}

const BEFORE = new TextEncoder().encode("data: ");
const BEHIND = new TextEncoder().encode("\n\n");

/** One message, in the forms in which it leaves. Made when they are first asked for: mostly all listeners want the same. */
export class Published {
  readonly #data: Uint8Array;
  #framed: Uint8Array | undefined;
  #kept: Uint8Array | undefined;

  /** `data`: one line of JSON, that may be another's after this turn. */
  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get framed(): Uint8Array {
    this.#framed ??= framed(this.#data);
    return this.#framed;
  }

  get kept(): Uint8Array {
    this.#kept ??= this.#data.slice();
    return this.#kept;
  }
}

/** As an event of a stream. */
export function framed(data: Uint8Array): Uint8Array {
  const event = new Uint8Array(BEFORE.length + data.length + BEHIND.length);
  event.set(BEFORE);
  event.set(data, BEFORE.length);
  event.set(BEHIND, BEFORE.length + data.length);
  return event;
}

export class StreamHub {
  readonly #topics = new Map<string, HubTopic>();

  /** `topic`: `tenant/room#codec`. */
  subscribe(topic: string, listener: Listener, head: Seq): HubTopic {
    let found = this.#topics.get(topic);
    if (found === undefined) {
      found = new HubTopic(topic.slice(topic.indexOf("/") + 1, topic.lastIndexOf("#")) as RoomId, head);
      this.#topics.set(topic, found);
    }
    found.seq = Math.max(found.seq, head);
    found.listeners.add(listener);
    return found;
  }

  unsubscribe(topic: string, listener: Listener): void {
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    found.listeners.delete(listener);
    if (found.listeners.size === 0) this.#topics.delete(topic);
  }

  publish(topic: string, data: Uint8Array, head: Seq): void {
    if (this.#topics.size === 0) return;
    const found = this.#topics.get(topic);
    if (found === undefined) return;
    if (head > 0) found.seq = head;
    const message = new Published(data);
    for (const listener of found.listeners) listener.published(message);
  }
}
