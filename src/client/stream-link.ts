/**
 * Over Server-Sent Events, read through `fetch`, which can send the token as a header. A proxy that keeps what it should pass on is
 * noticed by its silence.
 */
import type { ServerFrame } from "../protocol/frames.ts";
import { readServerFrame } from "../protocol/json-frames.ts";
import {
  closeCodeOf,
  headersOf,
  type Link,
  type LinkOwner,
  LOST,
  NORMAL,
  retryAfterOf,
  SILENT,
  type Target,
} from "./link.ts";
import { Posting } from "./posting.ts";

/** Until the first frame, and later on: the server says something every 15 s. */
const OPENING_MS = 5_000;
const SILENCE_MS = 35_000;

export function openStream(target: Target, owner: LinkOwner): Link {
  const stop = new AbortController();
  const end = (code: number, delayMs?: number): void => {
    clearTimeout(watch);
    stop.abort();
    posting.end(code === NORMAL);
    owner.closed(code, delayMs);
  };
  let watch = setTimeout(() => end(SILENT), OPENING_MS);
  const posting = new Posting(target, () => end(LOST));
  const take = (event: string): void => {
    const { event: name, data } = fieldsOf(event);
    if (data === undefined || stop.signal.aborted) return;
    clearTimeout(watch);
    watch = setTimeout(() => end(LOST), SILENCE_MS);
    if (name === "close") end((JSON.parse(data) as { code: number }).code);
    if (name !== undefined) return;
    const frame: ServerFrame = readServerFrame(data);
    owner.frame(frame);
    if (frame.type === "connection") posting.to(frame.connectionId);
  };
  void (async () => {
    try {
      const address = `${target.url}/v1/chat/events?cursor=off`;
      const response = await target.fetch(address, { headers: headersOf(target.token), signal: stop.signal });
      if (!response.ok || response.body === null) return end(closeCodeOf(response.status), retryAfterOf(response));
      await readEvents(response.body, take);
    } catch {
      // Lost, or stopped.
    }
    end(LOST);
  })();
  return { send: (frame) => posting.send(frame), close: () => end(NORMAL) };
}

async function readEvents(body: ReadableStream<Uint8Array>, take: (event: string) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    for (let at = rest.indexOf("\n\n"); at >= 0; at = rest.indexOf("\n\n")) {
      take(rest.slice(0, at));
      rest = rest.slice(at + 2);
    }
  }
}

/** Lines are `name: value`; a value may have line separators of other kinds in it. */
function fieldsOf(event: string): { readonly event?: string; readonly data?: string } {
  return Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s)));
}
