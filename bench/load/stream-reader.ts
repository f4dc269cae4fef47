/**
 * A listener by Server-Sent Events, on a link that would speak WebSocket otherwise: HTTP's chunks, events, frames of
 * `stoa.v1.json`. It only listens. Each frame of events must follow the one before it: a gap fails the run.
 */
import type { EventsFrame, ServerFrame } from "../../src/protocol/frames.ts";
import { CONTENT_BYTES } from "./content.ts";
import type { Link } from "./link.ts";
import { tokenFor } from "./token.ts";
import { roomName, type WireContext } from "./wire.ts";

const HEAD_END = "\r\n\r\n";
const LINE_END = "\r\n";
const EVENT_END = "\n\n";
const DATA = "data: ";
const HEX = 16;

export class StreamReader {
  readonly #context: WireContext;
  #rest = "";
  #text = "";
  #hasHead = false;
  #isJoined = false;

  constructor(context: WireContext) {
    this.#context = context;
  }

  request(link: Link): string {
    const { port, secret } = this.#context;
    const token = tokenFor({ sub: `usr_${link.id}`, name: `User ${link.id}` }, secret);
    const lines = [`GET /v1/chat/events?room=${roomName(link.room)} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
    return `${[...lines, `Authorization: Bearer ${token}`].join(LINE_END)}${HEAD_END}`;
  }

  receive(link: Link, chunk: Uint8Array): void {
    // One character a byte: sizes are of bytes.
    this.#rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    if (!this.#hasHead && !this.#readHead(link)) return;
    this.#readChunks();
    for (let end = this.#text.indexOf(EVENT_END); end !== -1; end = this.#text.indexOf(EVENT_END)) {
      const event = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + EVENT_END.length);
      if (event.startsWith(DATA)) this.#frame(link, JSON.parse(event.slice(DATA.length)) as ServerFrame);
    }
  }

  #readHead(link: Link): boolean {
    const end = this.#rest.indexOf(HEAD_END);
    if (end === -1) return false;
    if (!this.#rest.startsWith("HTTP/1.1 200")) link.fail(`the stream was refused: ${this.#rest.slice(0, 300)}`);
    this.#rest = this.#rest.slice(end + HEAD_END.length);
    this.#hasHead = true;
    return true;
  }

  #readChunks(): void {
    for (;;) {
      const lineEnd = this.#rest.indexOf(LINE_END);
      if (lineEnd === -1) return;
      const size = Number.parseInt(this.#rest.slice(0, lineEnd), HEX);
      const from = lineEnd + LINE_END.length;
      if (this.#rest.length < from + size + LINE_END.length) return;
      this.#text += this.#rest.slice(from, from + size);
      this.#rest = this.#rest.slice(from + size + LINE_END.length);
    }
  }

  #frame(link: Link, frame: ServerFrame): void {
    if (frame.type === "events") this.#events(link, frame);
    else if (frame.type === "error") link.fail(`${frame.code}: ${frame.message}`);
    else if (frame.type === "reconnect") link.fail("the server asked to reconnect");
    else if (frame.type === "ack") {
      this.#isJoined = true;
      link.head = Math.max(link.head, frame.position?.head ?? 0);
      this.#context.ready(link);
    }
  }

  #events(link: Link, { after, head, events }: EventsFrame): void {
    if (this.#isJoined && after > link.head) link.fail(`events after ${after} came at ${link.head}`);
    link.head = Math.max(link.head, head);
    for (const event of events) {
      if (event.type !== "new_message") continue;
      const content = Buffer.from(event.message.content, "latin1");
      if (content.length === CONTENT_BYTES) this.#context.tally.deliver(link, content, 0);
      else link.fail(`a message of ${content.length} bytes`);
    }
  }
}
