/** The benchmark's own instruments: a counter that cannot count would make every figure worthless. */
import { describe, expect, test } from "bun:test";
import { blankContent, CONTENT_BYTES, readNumber, readSender, readTime } from "../../../bench/load/content.ts";
import { Histogram } from "../../../bench/load/histogram.ts";
import type { LinkOwner } from "../../../bench/load/link.ts";
import { Link, MASK, OPCODES } from "../../../bench/load/link.ts";
import { StoaWire } from "../../../bench/load/stoa-wire.ts";
import { Tally } from "../../../bench/load/tally.ts";
import { messageTemplate } from "../../../bench/load/wire.ts";
import type { MessageId, RoomId, UserId } from "../../../src/base/ids.ts";
import { createCodecs } from "../../../src/protocol/codecs.ts";
import type { EventsFrame, RoomEvent } from "../../../src/protocol/frames.ts";

const ROOM = "bench-0" as RoomId;

class Recorder implements LinkOwner {
  readonly payloads: string[] = [];
  readonly failures: string[] = [];
  readonly handle: ((link: Link, bytes: Uint8Array, start: number, end: number) => void) | undefined;

  constructor(handle?: (link: Link, bytes: Uint8Array, start: number, end: number) => void) {
    this.handle = handle;
  }
  upgraded(): void {
    this.payloads.push("upgraded");
  }
  frame(link: Link, bytes: Uint8Array, start: number, end: number): void {
    if (this.handle === undefined) this.payloads.push(Buffer.from(bytes.subarray(start, end)).toString("latin1"));
    else this.handle(link, bytes, start, end);
  }
  readDone(): void {
    // Nothing is sent from here.
  }
  failed(_link: Link, why: string): void {
    this.failures.push(why);
  }
}

function serverFrame(payload: Uint8Array): Uint8Array {
  const head =
    payload.length < 126
      ? [0x82, payload.length]
      : payload.length < 65_536
        ? [0x82, 126, payload.length >> 8, payload.length & 255]
        : [0x82, 127, 0, 0, 0, 0, 0, payload.length >> 16, (payload.length >> 8) & 255, payload.length & 255];
  return Buffer.concat([Uint8Array.from(head), payload]);
}

const HANDSHAKE = Buffer.from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");

/** The frame that `link` would send as its message `number`, unmasked. */
function sentPayload(link: Link, number: number, timeUs: number): Uint8Array {
  const frames: Uint8Array[] = [];
  link.sent = number - 1;
  link.write = (bytes) => frames.push(bytes.slice());
  link.send(1, timeUs);
  const frame = frames[0] ?? new Uint8Array(0);
  const at = link.template?.payloadAt ?? 0;
  return frame.slice(at).map((byte, i) => byte ^ (MASK[i & 3] ?? 0));
}

function contentOf(sender: number, number: number): string {
  const link = new Link(new Recorder(), sender, 0, 0);
  link.template = messageTemplate(link, OPCODES.binary, new TextEncoder().encode(blankContent()));
  return Buffer.from(sentPayload(link, number, 0)).toString("latin1");
}

function tallyOf(members: number): Tally {
  return new Tally({ rooms: 1, members, senders: members, sampleAll: false, returns: true });
}

describe("a link", () => {
  test("hands over every frame, however the stream is cut", () => {
    const small = Buffer.from("hello");
    const medium = Buffer.alloc(300, "m");
    const large = Buffer.alloc(70_000, "l");
    const stream = Buffer.concat([HANDSHAKE, ...[small, medium, large, small].map(serverFrame)]);
    const whole = ["upgraded", ...[small, medium, large, small].map((payload) => payload.toString("latin1"))];
    for (const step of [1, 2, 3, 7, 131, 4_096, stream.length]) {
      const owner = new Recorder();
      const link = new Link(owner, 0, 0, 0);
      for (let at = 0; at < stream.length; at += step) link.receive(stream.subarray(at, at + step));
      expect(owner.payloads).toEqual(whole);
      expect(owner.failures).toEqual([]);
    }
  });

  test("fails when the server closes, and when it refuses the upgrade", () => {
    const owner = new Recorder();
    const link = new Link(owner, 0, 0, 0);
    link.receive(Buffer.concat([HANDSHAKE, Uint8Array.from([0x88, 2, 0x0f, 0xa0])]));
    new Link(owner, 1, 0, 0).receive(Buffer.from("HTTP/1.1 401 Unauthorized\r\n\r\n"));
    expect(owner.failures[0]).toContain("4000");
    expect(owner.failures[1]).toContain("401");
  });
});

describe("content", () => {
  test("carries sender, number and time through the mask", () => {
    const link = new Link(new Recorder(), 31_999, 0, 0);
    link.template = messageTemplate(link, OPCODES.binary, new TextEncoder().encode(blankContent()));
    const payload = sentPayload(link, 33_000_000, 987_654_321_012);
    expect(payload.length).toBe(CONTENT_BYTES);
    expect([readSender(payload, 0), readNumber(payload, 0), readTime(payload, 0)]).toEqual([
      31_999, 33_000_000, 987_654_321_012,
    ]);
    expect(Buffer.from(payload).toString()).toMatch(/^[^"\\]+$/);
  });
});

describe("the tally", () => {
  const deliver = (tally: Tally, link: Link, sender: number, number: number): void => {
    tally.deliver(link, Buffer.from(contentOf(sender, number)), 0);
  };

  test("accepts each sender's messages in order and lets the sender go on at its own", () => {
    const tally = tallyOf(2);
    const links = [0, 1].map((id) => new Link(new Recorder(), id, 0, 0));
    for (const link of links) for (const number of [1, 2]) deliver(tally, link, 0, number);
    const [first, second] = links;
    if (first === undefined || second === undefined) throw new Error("two links were made");
    first.sent = 2;
    expect([tally.deliveries, tally.missing(links), tally.repeated, tally.foreign]).toEqual([4, 0, 0, 0]);
    expect([first.due, second.due]).toEqual([2, 0]);
    expect(tally.expected(links)).toBe(4);
  });

  test("tells missing, repeated, reordered and foreign deliveries", () => {
    const tally = tallyOf(1);
    const link = new Link(new Recorder(), 0, 0, 0);
    link.sent = 5;
    for (const number of [1, 3, 2, 3]) deliver(tally, link, 0, number);
    deliver(tally, link, 7, 1);
    // 2 was passed over and came late; 3 came twice; 4 and 5 never came.
    expect([tally.missing([link]), tally.repeated, tally.foreign]).toEqual([3, 2, 1]);
  });
});

describe("the driver for Stoa", () => {
  const codec = createCodecs()[0];

  function message(seq: number, content: string): RoomEvent {
    const ids = { messageId: `msg_${seq}` as MessageId, roomId: ROOM, authorId: "usr_0" as UserId };
    const text = { content, messageType: "text", messageNo: seq, authorName: "User 0", clientId: `c:${seq}` } as const;
    return { type: "new_message", seq, timestamp: 1_760_000_000_000, message: { ...ids, ...text, seq, timestamp: 0 } };
  }
  function joined(): { owner: Recorder; link: Link; tally: Tally; answered: number[] } {
    const tally = tallyOf(1);
    const answered: number[] = [];
    const context = { port: 1, secret: "s", members: 1, joins: true, acked: true, tally };
    const wire = new StoaWire({ ...context, ready: () => answered.push(0), answered: (_link, n) => answered.push(n) });
    const owner = new Recorder((link, bytes, start, end) => wire.frame(link, bytes, start, end));
    const link = new Link(owner, 0, 0, 0);
    link.write = () => undefined;
    wire.begin(link);
    link.receive(HANDSHAKE);
    const limits = { frameBytes: 1, messageLength: 1 };
    const user = { userId: "usr_0" as UserId, heartbeatMs: 1, limits, unread: { total: 0, rooms: {} } };
    const position = { roomId: ROOM, head: 2, unread: 0, readSeq: 0, typing: [], present: [] };
    for (const frame of [
      { type: "connection", status: "connected", connectionId: "c:1" as never, ...user },
      { type: "ack", ref: "create", position },
      { type: "ack", ref: 1, roomId: ROOM, seq: 3 },
    ] as const) {
      link.receive(serverFrame(codec.encode(frame)[0] ?? new Uint8Array(0)));
    }
    return { owner, link, tally, answered };
  }
  function events(after: number, list: readonly RoomEvent[]): Uint8Array {
    const frame: EventsFrame = { type: "events", roomId: ROOM, after, head: after + list.length, events: list };
    return serverFrame(codec.encode(frame)[0]);
  }

  test("joins, counts acks and every message of a frame, and passes over other events", () => {
    const { owner, link, tally, answered } = joined();
    const other: RoomEvent = {
      type: "user_joined",
      seq: 4,
      timestamp: 1,
      user: { userId: "usr_1" as UserId },
      role: "member",
      by: "usr_1" as UserId,
    };
    link.receive(events(2, [message(3, contentOf(0, 1)), other, message(5, contentOf(0, 2))]));
    expect([answered, tally.deliveries, link.head, owner.failures]).toEqual([[0, 1], 2, 5, []]);
  });

  test("fails on a gap between frames", () => {
    const { owner, link } = joined();
    link.receive(events(3, [message(4, contentOf(0, 1))]));
    expect(owner.failures).toEqual(["events after 3 came at 2"]);
  });

  test("sends frames that the engine's codec reads", () => {
    const { link } = joined();
    const frame = codec.decode(sentPayload(link, 70_000, 5));
    expect(frame).toMatchObject({ ok: true, value: { type: "send_message", ref: 70_000, roomId: ROOM } });
  });
});

describe("the histogram", () => {
  test("gives quantiles to its step's width, fine and coarse", () => {
    const histogram = new Histogram();
    for (let us = 1; us <= 1_000; us += 1) histogram.record(us * 100);
    expect(histogram.count).toBe(1_000);
    expect(Math.abs(histogram.quantileUs(0.25) - 25_000)).toBeLessThanOrEqual(105);
    expect(Math.abs(histogram.quantileUs(0.9) - 90_000)).toBeLessThanOrEqual(1_100);
    expect(histogram.highestUs).toBe(100_000);
  });
});
