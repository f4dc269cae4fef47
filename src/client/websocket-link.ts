/** Over a WebSocket: the token in the first frame, so that it stands in no address. */
import { SUBPROTOCOLS } from "../protocol/codec.ts";
import { writeClientFrame } from "../protocol/client-writer.ts";
import type { ClientFrame, ServerFrame } from "../protocol/frames.ts";
import { readServerFrame as readJson } from "../protocol/json-frames.ts";
import { readServerFrame, UnknownServerFrame } from "../protocol/msgpack-server-reader.ts";
import { type Link, type LinkOwner, LOST, NORMAL, type Target } from "./link.ts";

export function openWebSocket({ url, token, encoding, WebSocket }: Target, owner: LinkOwner): Link {
  let isOver = false;
  const end = (code: number): void => {
    if (isOver) return;
    isOver = true;
    owner.closed(code);
  };
  if (WebSocket === undefined) {
    queueMicrotask(() => end(LOST));
    return { send: () => undefined, close: () => end(NORMAL) };
  }
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/chat`, [SUBPROTOCOLS[encoding]]);
  socket.binaryType = "arraybuffer";
  const write = (frame: ClientFrame): void =>
    socket.send(encoding === "json" ? JSON.stringify(frame) : writeClientFrame(frame));
  let waiting: ClientFrame[] | undefined = [];
  socket.onopen = () => {
    write({ type: "auth", token });
    for (const frame of waiting ?? []) write(frame);
    waiting = undefined;
  };
  socket.onmessage = ({ data }) => {
    const frame = read(data);
    if (frame !== undefined && !isOver) owner.frame(frame);
  };
  socket.onclose = ({ code }) => end(code);
  socket.onerror = () => undefined;
  return {
    send: (frame) => {
      if (isOver) return;
      if (waiting === undefined) write(frame);
      else waiting.push(frame);
    },
    close: () => {
      end(NORMAL);
      socket.close(NORMAL);
    },
  };
}

/** `undefined`: of a newer server. */
function read(data: unknown): ServerFrame | undefined {
  if (typeof data === "string") return readJson(data);
  try {
    return readServerFrame(new Uint8Array(data as ArrayBuffer));
  } catch (error) {
    if (error instanceof UnknownServerFrame) return undefined;
    throw error;
  }
}
