/**
 * Stoa over its MessagePack subprotocol, as a client would speak it: bearer token, own user per connection, `create_room`
 * or `join_room`, then `send_message`. Each frame of events must follow the one before it: a gap fails the run.
 */
import type { RoomId } from "../../src/base/ids.ts";
import { parseId } from "../../src/base/ids.ts";
import { SUBPROTOCOLS } from "../../src/protocol/codec.ts";
import { createCodecs } from "../../src/protocol/codecs.ts";
import type { AckFrame, ErrorFrame } from "../../src/protocol/frames.ts";
import { EVENT_LAYOUTS, MESSAGE, SERVER_LAYOUTS } from "../../src/protocol/layouts.ts";
import { decodeServerFrame } from "../../src/protocol/msgpack-codec.ts";
import { blankContent, CONTENT_BYTES } from "./content.ts";
import { clientFrame, OPCODES } from "./link.ts";
import type { Link } from "./link.ts";
import { MsgpackCursor } from "./msgpack-cursor.ts";
import { tokenFor } from "./token.ts";
import type { Wire, WireContext } from "./wire.ts";
import { messageTemplate, roomName, upgradeRequest } from "./wire.ts";

const CODEC = createCodecs()[0];
const STAGES = { connecting: 0, entering: 1, joined: 2 } as const;
const RETRY_MS = 200;
/** Encoded in five bytes, as are all numbers that are patched over it. */
const WIDE_REF = 0xffff_ffff;
/** Array header and operation stand before it, and its own type byte. */
const REF_AT = 3;
const CONTENT_SLOT = MESSAGE.findIndex((slot) => slot.name === "content");

function roomIdOf(link: Link): RoomId {
  const id = parseId<RoomId>(roomName(link.room));
  if (id === undefined) throw new Error("not a room id");
  return id;
}

export class StoaWire implements Wire {
  readonly #context: WireContext;
  readonly #cursor = new MsgpackCursor();

  constructor(context: WireContext) {
    this.#context = context;
  }

  request(link: Link): string {
    const token = tokenFor({ sub: `usr_${link.id}`, name: `User ${link.id}` }, this.#context.secret);
    return upgradeRequest(this.#context.port, "/chat", [
      `Authorization: Bearer ${token}`,
      `Sec-WebSocket-Protocol: ${SUBPROTOCOLS.msgpack}`,
    ]);
  }

  begin(link: Link): void {
    const ref = this.#context.acked ? { ref: WIDE_REF } : {};
    const message = { type: "send_message", ...ref, roomId: roomIdOf(link), content: blankContent() } as const;
    const payload = CODEC.encodeClientFrame(message);
    link.template = messageTemplate(link, OPCODES.binary, payload, this.#context.acked ? REF_AT : 0);
  }

  frame(link: Link, bytes: Uint8Array, start: number, end: number): void {
    const cursor = this.#cursor;
    cursor.bytes = bytes;
    cursor.at = start;
    cursor.arrayLength();
    const op = cursor.uint();
    if (op === SERVER_LAYOUTS.events.no) this.#events(link, start, end);
    else if (op === SERVER_LAYOUTS.ack.no && link.stage === STAGES.joined) this.#context.answered(link, cursor.uint());
    else if (op === SERVER_LAYOUTS.receipts.no) link.receipts += 1;
    else if (op === SERVER_LAYOUTS.reconnect.no) link.fail("the server asked to reconnect");
    else if (op === SERVER_LAYOUTS.connection.no || op === SERVER_LAYOUTS.ack.no || op === SERVER_LAYOUTS.error.no) {
      this.#enter(link, decodeServerFrame(bytes.subarray(start, end)));
    }
  }

  /** Without `ref`: nobody waits for the answers. */
  read(link: Link): boolean {
    if (link.head <= link.marked) return false;
    link.marked = link.head;
    const room = { roomId: roomIdOf(link), seq: link.head };
    link.write(clientFrame(OPCODES.binary, CODEC.encodeClientFrame({ type: "mark_read", ...room })).bytes);
    link.write(clientFrame(OPCODES.binary, CODEC.encodeClientFrame({ type: "confirm_delivered", ...room })).bytes);
    return true;
  }

  /** The conversation before the load: connected, then into the room. */
  #enter(link: Link, frame: { readonly type: string }): void {
    if (frame.type === "connection") {
      link.stage = STAGES.entering;
      if (!this.#context.joins) this.#context.ready(link);
      else this.#goIn(link);
    } else if (frame.type === "ack") {
      link.stage = STAGES.joined;
      link.head = Math.max(link.head, (frame as AckFrame).position?.head ?? 0);
      this.#context.ready(link);
    } else {
      const { code, message, temporary, retryAfterMs } = frame as ErrorFrame;
      // As a client would. Once the load runs, any error counts.
      if (temporary && link.stage === STAGES.entering) {
        setTimeout(() => this.#goIn(link), retryAfterMs ?? RETRY_MS);
      } else if (code === "room_exists" && link.stage === STAGES.entering) this.#join(link);
      else link.fail(`${code}: ${message}`);
    }
  }

  #goIn(link: Link): void {
    if (link.id === link.roomFirst) this.#create(link);
    else this.#join(link);
  }

  #create(link: Link): void {
    const room = {
      roomId: roomIdOf(link),
      name: "Bench",
      roomType: "public",
      maxMembers: this.#context.members + 1,
    } as const;
    link.write(
      clientFrame(OPCODES.binary, CODEC.encodeClientFrame({ type: "create_room", ref: "create", ...room })).bytes,
    );
  }

  #join(link: Link): void {
    const frame = { type: "join_room", ref: "join", roomId: roomIdOf(link) } as const;
    link.write(clientFrame(OPCODES.binary, CODEC.encodeClientFrame(frame)).bytes);
  }

  /** `[op, ref, room, after, head, events]`; the cursor stands behind the operation. */
  #events(link: Link, start: number, end: number): void {
    const cursor = this.#cursor;
    cursor.skip(2);
    const after = cursor.uint();
    const head = cursor.uint();
    // Before the answer to `join_room` there is no position yet that could have a gap.
    if (link.stage === STAGES.joined && after > link.head) link.fail(`events after ${after} came at ${link.head}`);
    link.head = Math.max(link.head, head);
    for (let events = cursor.arrayLength(); events > 0; events -= 1) this.#event(link);
    if (cursor.at !== end) link.fail(`a frame of ${end - start} bytes has its end at ${cursor.at - start}`);
  }

  /** `[kind, seq, timestamp, message, …]`, the message `[messageId, messageNo, authorId, content, …]`. */
  #event(link: Link): void {
    const cursor = this.#cursor;
    const fields = cursor.arrayLength();
    if (cursor.uint() !== EVENT_LAYOUTS.new_message.no) {
      cursor.skip(fields - 1);
      return;
    }
    cursor.skip(2);
    const parts = cursor.arrayLength();
    cursor.skip(CONTENT_SLOT);
    const length = cursor.stringLength();
    if (length === CONTENT_BYTES) this.#context.tally.deliver(link, cursor.bytes, cursor.at);
    else link.fail(`a message of ${length} bytes`);
    cursor.at += length;
    cursor.skip(parts - CONTENT_SLOT - 1 + fields - 4);
  }
}
