/** A WebSocket client without any library of ours: JSON text in and out, as pages do that were written for such an API. */
import { at } from "./json.ts";

const WAIT_MS_MAX = 20_000;

/** A socket as a browser's script has it: no headers, no refs, whole frames compared. */
export class PlainSocket {
  readonly received: unknown[] = [];
  readonly #socket: WebSocket;
  #look: (() => void) | undefined;

  constructor(address: string) {
    this.#socket = new WebSocket(address);
    this.#socket.onmessage = ({ data }) => {
      this.received.push(JSON.parse(String(data)));
      this.#look?.();
    };
  }

  async open(): Promise<this> {
    await new Promise((resolve, reject) => {
      this.#socket.onopen = resolve;
      this.#socket.onclose = reject;
    });
    return this;
  }

  send(frame: unknown): void {
    this.#socket.send(JSON.stringify(frame));
  }

  async next(type: string, accepts: (frame: unknown) => boolean = () => true): Promise<unknown> {
    const find = (): unknown => this.received.find((frame) => at(frame, "type") === type && accepts(frame));
    if (find() !== undefined) return find();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no ${type}; got ${JSON.stringify(this.received)}`));
      }, WAIT_MS_MAX);
      this.#look = () => {
        if (find() === undefined) return;
        clearTimeout(timer);
        resolve();
      };
    });
    return find();
  }

  /** All of this type, in the order received. */
  all(type: string): readonly unknown[] {
    return this.received.filter((frame) => at(frame, "type") === type);
  }

  close(): void {
    this.#socket.close();
  }
}
