/** Frames that go up by requests: those of one turn together, one request at a time, so that they keep their order. */
import type { ClientFrame } from "../protocol/frames.ts";
import { headersOf, type Target } from "./link.ts";

const FRAMES_MAX = 32;
const RETRY_MS = 1_000;

export class Posting {
  readonly #target: Target;
  /** The connection does not take frames any more. */
  readonly #lost: () => void;
  #token: string;
  readonly #waiting: ClientFrame[] = [];
  #connectionId: string | undefined;
  #isBusy = false;
  #isOver = false;

  constructor(target: Target, lost: () => void) {
    this.#target = target;
    this.#token = target.token;
    this.#lost = lost;
  }

  get token(): string {
    return this.#token;
  }

  /** From now on frames can go. */
  to(connectionId: string): void {
    this.#connectionId = connectionId;
    this.#post();
  }

  send(frame: ClientFrame): void {
    if (frame.type === "auth") this.#token = frame.token;
    this.#waiting.push(frame);
    queueMicrotask(() => this.#post());
  }

  end(goes: boolean): void {
    this.#isOver = true;
    if (!goes || this.#connectionId === undefined) return;
    void this.#request("DELETE", null).catch(() => undefined);
  }

  #post(): void {
    if (this.#isBusy || this.#isOver || this.#connectionId === undefined || this.#waiting.length === 0) return;
    const frames = this.#waiting.slice(0, FRAMES_MAX);
    this.#isBusy = true;
    const again = (): void => {
      this.#isBusy = false;
      this.#post();
    };
    this.#request("POST", JSON.stringify({ frames })).then(
      ({ status }) => {
        if (status === 429 || status === 503) return void setTimeout(again, RETRY_MS);
        if (status === 404) return this.#lost();
        // Anything else is answered in the stream, or wrong for ever.
        this.#waiting.splice(0, frames.length);
        again();
      },
      () => void setTimeout(again, RETRY_MS),
    );
  }

  #request(method: string, body: string | null): Promise<Response> {
    const { url, fetch } = this.#target;
    const address = `${url}/v1/chat/events/${encodeURIComponent(this.#connectionId ?? "")}`;
    return fetch(address, { method, headers: headersOf(this.#token), keepalive: true, body });
  }
}
