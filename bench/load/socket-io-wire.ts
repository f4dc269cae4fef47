/** Socket.IO spoken by hand: Engine.IO 4 on its WebSocket transport, default namespace, events as JSON text. */
import { blankContent } from "./content.ts";
import { clientFrame, OPCODES } from "./link.ts";
import type { Link } from "./link.ts";
import type { Wire, WireContext } from "./wire.ts";
import { messageTemplate, roomName, upgradeRequest } from "./wire.ts";

/** Engine.IO `message` (4) around Socket.IO `event` (2). */
const EVENT_HEAD = '42["message","';
const EVENT_TAIL = '"]';
const ENCODER = new TextEncoder();
const PONG = clientFrame(OPCODES.text, ENCODER.encode("3")).bytes;
const CONNECT = clientFrame(OPCODES.text, ENCODER.encode("40")).bytes;
const EVENT_BYTES = EVENT_HEAD.length + blankContent().length + EVENT_TAIL.length;

export class SocketIoWire implements Wire {
  readonly #context: WireContext;

  constructor(context: WireContext) {
    this.#context = context;
  }

  request(): string {
    return upgradeRequest(this.#context.port, "/socket.io/?EIO=4&transport=websocket");
  }

  begin(link: Link): void {
    link.template = messageTemplate(link, OPCODES.text, ENCODER.encode(EVENT_HEAD + blankContent() + EVENT_TAIL));
  }

  read(): boolean {
    return false;
  }

  frame(link: Link, bytes: Uint8Array, start: number, end: number): void {
    if (end - start === EVENT_BYTES && bytes[start + 1] === 0x32 && bytes[start + 3] === 0x22) {
      this.#context.tally.deliver(link, bytes, start + EVENT_HEAD.length);
      return;
    }
    const text = Buffer.from(bytes.subarray(start, end)).toString();
    if (text === "2") link.write(PONG);
    else if (text.startsWith("0{")) link.write(CONNECT);
    else if (text.startsWith("40")) {
      if (!this.#context.joins) this.#context.ready(link);
      else link.write(clientFrame(OPCODES.text, ENCODER.encode(`42["join","${roomName(link.room)}"]`)).bytes);
    } else if (text === '42["joined"]') this.#context.ready(link);
    else link.fail(`unexpected packet ${text.slice(0, 100)}`);
  }
}
