/** Over a WebSocket: the token in the first frame, so that it stands in no address. */
import { SUBPROTOCOLS } from "../protocol/codec.ts";
import { writeClientFrame } from "../protocol/client-writer.ts";
import type { ClientFrame } from "../protocol/frames.ts";
import { readServerFrame as readJson } from "../protocol/json-frames.ts";
import { readServerFrame } from "../protocol/msgpack-server-reader.ts";
import { type Link, type LinkOwner, LOST, NORMAL, type Target } from "./link.ts";

export function openWebSocket({ url, token, encoding, WebSocket }: Target, owner: LinkOwner): Link {
  if (WebSocket === undefined) {
    queueMicrotask(() => owner.closed(LOST));
    return { send: () => undefined, close: () => undefined };
  }
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/chat`, [SUBPROTOCOLS[encoding]]);
  socket.binaryType = "arraybuffer";
  const write = (frame: ClientFrame): void =>
    socket.send(encoding === "json" ? JSON.stringify(frame) : writeClientFrame(frame));
  socket.onopen = () => write({ type: "auth", token });
  socket.onmessage = ({ data }) => {
    const frame = typeof data === "string" ? readJson(data) : readServerFrame(new Uint8Array(data as ArrayBuffer));
    // One of a newer server is passed over.
    if (frame !== undefined) owner.frame(frame);
  };
  socket.onclose = ({ code }) => owner.closed(code);
  socket.onerror = () => undefined;
  return { send: write, close: () => socket.close(NORMAL) };
}
