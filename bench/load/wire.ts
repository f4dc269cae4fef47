/** How one peer is spoken to: the port that `load/main.ts` drives, and what its implementations share. */
import { blankContent, writeSender } from "./content.ts";
import { clientFrame, MASK } from "./link.ts";
import type { Link, Template } from "./link.ts";
import type { Tally } from "./tally.ts";

export interface Wire {
  /** The HTTP request that opens the link. */
  request(link: Link): string;
  /** The upgrade is done: says hello and joins the link's room; calls `ready` when that is confirmed. */
  begin(link: Link): void;
  /** Marks as read, and confirms, what has arrived. false: there was nothing new, or this peer has no such thing. */
  read(link: Link): boolean;
  /** One whole text or binary message from the server, at [start, end) of `bytes`. */
  frame(link: Link, bytes: Uint8Array, start: number, end: number): void;
}

export interface WireContext {
  readonly port: number;
  readonly secret: string;
  readonly members: number;
  /** false: connections that only sit there. */
  readonly joins: boolean;
  /** Messages carry a `ref` and the ack brings the sender its next turn. */
  readonly acked: boolean;
  readonly tally: Tally;
  ready(link: Link): void;
  /** The request with this number was answered. */
  answered(link: Link, number: number): void;
}

export function upgradeRequest(port: number, path: string, headers: readonly string[] = []): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

export function roomName(room: number): string {
  return `bench-${room}`;
}

/** A frame whose payload holds the blank content once. `refAt` is a place in the payload. */
export function messageTemplate(link: Link, opcode: number, payload: Uint8Array, refAt = 0): Template {
  const contentAt = Buffer.from(payload).indexOf(blankContent());
  if (contentAt < 0) throw new Error("the payload does not hold the content");
  const { bytes, payloadAt } = clientFrame(opcode, payload);
  writeSender(bytes, payloadAt + contentAt, contentAt, link.id, MASK);
  return { bytes, payloadAt, contentAt, refAt };
}
