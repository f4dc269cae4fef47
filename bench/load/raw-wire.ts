/** Raw publish: the message's content is the whole payload, both ways. */
import { blankContent, CONTENT_BYTES } from "./content.ts";
import { OPCODES } from "./link.ts";
import type { Link } from "./link.ts";
import type { Wire, WireContext } from "./wire.ts";
import { messageTemplate, roomName, upgradeRequest } from "./wire.ts";

export class RawWire implements Wire {
  readonly #context: WireContext;

  constructor(context: WireContext) {
    this.#context = context;
  }

  request(link: Link): string {
    return upgradeRequest(this.#context.port, `/?room=${roomName(link.room)}`);
  }

  begin(link: Link): void {
    link.template = messageTemplate(link, OPCODES.binary, new TextEncoder().encode(blankContent()));
    this.#context.ready(link);
  }

  read(): boolean {
    return false;
  }

  frame(link: Link, bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== CONTENT_BYTES) link.fail(`a message of ${end - start} bytes`);
    else this.#context.tally.deliver(link, bytes, start);
  }
}
