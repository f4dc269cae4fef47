/**
 * Bun's sockets behind the ports `Socket` and `Broadcaster`: one method call each, nothing kept.
 * Invariant: nothing is ever compressed; a text frame goes out as text, also when it comes as bytes.
 */
import type { Server, ServerWebSocket } from "bun";
import { CLOSE_CODES, type CloseReason } from "../../protocol/errors.ts";
import type { Broadcaster, Socket } from "../ports.ts";

export class BunSocket implements Socket {
  readonly #ws: ServerWebSocket<unknown>;

  constructor(ws: ServerWebSocket<unknown>) {
    this.#ws = ws;
  }

  /** On the prototype: an idle connection pays nothing for it. */
  get transport(): "websocket" {
    return "websocket";
  }

  send(data: Uint8Array, text: boolean): "sent" | "queued" | "dropped" {
    const status = text ? this.#ws.sendText(textOf(data), false) : this.#ws.sendBinary(data, false);
    if (status > 0) return "sent";
    return status === -1 ? "queued" : "dropped";
  }

  subscribe(topic: string): void {
    this.#ws.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#ws.unsubscribe(topic);
  }

  cork(run: () => void): void {
    this.#ws.cork(run);
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  close(reason: CloseReason): void {
    this.#ws.close(CLOSE_CODES[reason].code, CLOSE_CODES[reason].reason);
  }

  get backlog(): number {
    return this.#ws.getBufferedAmount();
  }

  terminate(): void {
    this.#ws.terminate();
  }
}

export class BunBroadcaster implements Broadcaster {
  readonly #server: Server<unknown>;

  constructor(server: Server<unknown>) {
    this.#server = server;
  }

  publish(topic: string, data: Uint8Array, text: boolean): void {
    this.#server.publish(topic, text ? textOf(data) : data, false);
  }
}

/** Bun sends bytes as a binary frame always; the frames are UTF-8 that our own codecs wrote. */
function textOf(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
}
