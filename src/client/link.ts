/** The port of the transports: one connection from its opening to its end, whatever carries it. */
import type { ClientFrame, ServerFrame } from "../protocol/frames.ts";
import type { WebSocketMaker } from "./types.ts";

export interface Target {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string;
  readonly encoding: "msgpack" | "json";
  readonly fetch: typeof fetch;
  /** `undefined`: the platform has none. */
  readonly WebSocket: WebSocketMaker | undefined;
}

export interface LinkOwner {
  frame(frame: ServerFrame): void;
  /**
   * Codes as in the protocol's table; 1006: lost. `delayMs`: how long to wait, if the server said so. The first time counts:
   * nothing is heard of a link that closed, or was closed.
   */
  closed(code: number, delayMs?: number): void;
}

export interface Link {
  /** Not before the first frame of all has come: `connection`. */
  send(frame: ClientFrame): void;
  close(): void;
}

export type Transport = (target: Target, owner: LinkOwner) => Link;

export const LOST = 1006;
export const NORMAL = 1000;
/** Ours alone: it was opened, and nothing came. Another attempt would not do better. */
export const SILENT = 0;
/** Of an HTTP answer that is no stream: the close code that says the same. */
export function closeCodeOf(status: number): number {
  return status === 401 || status === 403 ? 4_000 + status : LOST;
}

/** How long the server asked to wait, milliseconds. */
export function retryAfterOf(response: Response): number | undefined {
  return Number(response.headers.get("retry-after")) * 1_000 || undefined;
}

export function headersOf(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
