/**
 * The shard-link: what travels between an edge thread and a shard, one block of bytes per turn and direction.
 * A block to a shard is a run of records, numbered by counting from the link's start; a block to the edge begins with the
 * highest number up to which every record has been dealt with, so the edge knows what to repeat when the shard is lost.
 * Invariant: records take effect in the order written. That order is what makes subscribing and resuming gap-free.
 */
import { Packr } from "msgpackr";
import type { ConnectionId, RoomId, Seq, TenantId } from "../base/ids.ts";
import type { Result } from "../base/result.ts";
import type { NodeId } from "../cluster/membership.ts";
import type { View } from "../cluster/placement.ts";
import type { FiguresDelta } from "../domain/figures.ts";
import type { Principal } from "../domain/principal.ts";
import type { Profile } from "../domain/user/profile.ts";
import type { CodecId } from "../protocol/codec.ts";
import { CLOSE_CODES, type CloseReason, type Rejection } from "../protocol/errors.ts";
import type { RoomPosition, UserRef } from "../protocol/frames.ts";
import { type Address, addressHash } from "./address.ts";
import { ByteCursor, ByteQueue } from "./byte-queue.ts";
import type { Call } from "./calls.ts";
import type { ActorMessage } from "./messages.ts";

export type { Profile } from "../domain/user/profile.ts";

/** A socket's number at its edge; never used twice in a process. */
export type ConnectionNo = number;
/** A room with subscribers, as the shard numbers it for its edge. */
export type TopicNo = number;

/** What a shard must know of a connection before its first frame. */
export interface ConnectionInfo {
  readonly connectionId: ConnectionId;
  readonly principal: Principal;
  readonly codec: CodecId;
  /** This shard hosts the connection's user actor. */
  readonly home: boolean;
  /** The `connection` frame was sent before (the shard was restarted). */
  readonly greeted: boolean;
  /** With `home`, when the shard was restarted: what the connection listens to, on any shard. */
  readonly rooms?: readonly RoomId[];
}

/** A room whose subscribers an edge holds while its shard was restarted. */
export interface Attachment {
  readonly tenant: TenantId;
  readonly room: RoomId;
  /** What this edge published last: the room repeats what follows. */
  readonly lastSeq: Seq;
  readonly connections: readonly ConnectionNo[];
  /** People whose connection here ended lately: whoever was to take them back may be gone with the shard. */
  readonly departed?: readonly Departed[];
}
export interface Departed {
  readonly user: UserRef;
  /** Closed on purpose; otherwise lost, and perhaps coming back. */
  readonly clean: boolean;
  readonly agoMs: number;
}

/** Requests that want a value. `resume` is the edge's own: the part of a `resume` frame that concerns this shard. */
export type LinkCall =
  | Call
  | { readonly to: "shard"; readonly kind: "drain" }
  /** Adds to a tenant's figures; `true` when it is written. Any shard can. */
  | { readonly to: "shard"; readonly kind: "figures"; readonly delta: FiguresDelta }
  /** The tenant's administrators want something else of their rooms: it is to be looked at. */
  | { readonly to: "shard"; readonly kind: "tenant_changed"; readonly tenant: TenantId }
  /** Of `tenant`: `TenantAccess`. Any shard can say it. */
  | { readonly to: "shard"; readonly kind: "access"; readonly tenant: TenantId }
  | {
      readonly to: "connection";
      readonly kind: "resume";
      readonly connection: ConnectionNo;
      readonly rooms: ResumeWishes;
      /** This shard's part of what the socket holds. */
      readonly replayBytesMax: number;
      /**
       * Rooms that lack bytes of that wait to go on, and the answer is a `ResumeReport`: the edge comes back for each of them.
       * Nodes of former versions answer with positions all the same.
       */
      readonly reports?: true;
    };
/** A list: `__proto__` is a room id like any other. */
export type ResumeWishes = readonly ResumeWish[];
/** `lastSeq`: the last sequence seen. `goesOn`: the room waits for this, and goes on where it is. */
export type ResumeWish = readonly [room: RoomId, lastSeq: Seq, goesOn?: true];
export type ResumePositions = readonly RoomPosition[];
export interface ResumeReport {
  readonly positions: ResumePositions;
  /** In the present window. */
  readonly replayedBytes: number;
  /** Rooms that wait, and what the next part of each takes. */
  readonly lacking: readonly (readonly [RoomId, bytes: number])[];
}
export type ResumeReply = ResumePositions | ResumeReport;

/** What a shard is told beside the blocks of its own edge. */
export type ShardOrder =
  /** A block from the edge of another node. `link` is this process's number for (edge, generation). */
  | {
      readonly kind: "peer";
      readonly link: number;
      readonly edge: NodeId;
      readonly generation: number;
      readonly block: Uint8Array;
    }
  /** The own edge's link begins anew; it is answered with the same word. */
  | { readonly kind: "link" }
  | { readonly kind: "view"; readonly view: View }
  /** What another node's shard said with `heads`. */
  | { readonly kind: "heads"; readonly block: Uint8Array }
  /** Something got lost between this node and that one: what actors told one another may be among it. */
  | { readonly kind: "lost"; readonly node: NodeId }
  /** A burst is over: what it left may be given back. */
  | { readonly kind: "collect" };

const TO_SHARD = { frame: 1, open: 2, close: 3, call: 4, actor: 5, attach: 6 } as const;
const TO_EDGE = {
  send: 1,
  publish: 2,
  subscribe: 3,
  unsubscribe: 4,
  close: 5,
  reply: 6,
  actor: 7,
  openTopic: 8,
  closeTopic: 9,
  done: 10,
  heads: 11,
  person: 12,
  trace: 13,
  relay: 14,
} as const;
/** A block to the edge begins with the progress, filled in when the block is taken. */
const PROGRESS_BYTES = 8;
const CLOSE_REASONS = Object.keys(CLOSE_CODES) as CloseReason[];

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: "number" });

export interface ToShardHandler {
  /** `frameNo` counts the connection's frames: with the connection's id it makes an idempotency key. */
  frame(record: number, connection: ConnectionNo, frameNo: number, room: RoomId | undefined, data: Uint8Array): void;
  open(record: number, connection: ConnectionNo, info: ConnectionInfo): void;
  close(record: number, connection: ConnectionNo, clean: boolean): void;
  call(record: number, callNo: number, principal: Principal, call: LinkCall): void;
  actor(record: number, to: Address, message: ActorMessage): void;
  attach(record: number, attachment: Attachment): void;
}

/** The edge's half of the link to one shard. */
export class ToShardWriter {
  readonly #queue = new ByteQueue();
  #records = 0;

  /** Number of the last record written; the first is 1. */
  get lastRecord(): number {
    return this.#records;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  get bytes(): number {
    return this.#queue.length;
  }

  /** `room` is named when the edge chose it (`create_room`); otherwise the frame itself says it. */
  frame(connection: ConnectionNo, frameNo: number, room: RoomId | undefined, data: Uint8Array | string): void {
    this.#begin(TO_SHARD.frame);
    this.#queue.u32(connection);
    this.#queue.u32(frameNo);
    this.#queue.text(room ?? "");
    if (typeof data === "string") this.#queue.text(data);
    else this.#queue.bytes(data);
  }

  open(connection: ConnectionNo, info: ConnectionInfo): void {
    this.#begin(TO_SHARD.open);
    this.#queue.u32(connection);
    this.#queue.bytes(packr.pack(info));
  }

  close(connection: ConnectionNo, clean: boolean): void {
    this.#begin(TO_SHARD.close);
    this.#queue.u32(connection);
    this.#queue.u8(clean ? 1 : 0);
  }

  call(callNo: number, principal: Principal, call: LinkCall): void {
    this.#begin(TO_SHARD.call);
    this.#queue.u32(callNo);
    this.#queue.bytes(packr.pack([principal, call]));
  }

  actor(packed: Uint8Array): void {
    this.#begin(TO_SHARD.actor);
    this.#queue.bytes(packed);
  }

  attach(attachment: Attachment): void {
    this.#begin(TO_SHARD.attach);
    this.#queue.bytes(packr.pack(attachment));
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#queue.take();
  }

  #begin(kind: number): void {
    this.#records += 1;
    this.#queue.u8(kind);
  }
}

/** Hands every record of a block to `handler`. `firstRecord` is the number of the block's first record. */
export function readToShard(block: Uint8Array, firstRecord: number, handler: ToShardHandler): number {
  const cursor = new ByteCursor(block);
  let record = firstRecord;
  while (!cursor.done) {
    readRecordToShard(cursor, record, handler);
    record += 1;
  }
  return record;
}

function readRecordToShard(cursor: ByteCursor, record: number, handler: ToShardHandler): void {
  const kind = cursor.u8();
  switch (kind) {
    case TO_SHARD.frame: {
      const connection = cursor.u32();
      const frameNo = cursor.u32();
      const room = cursor.text();
      handler.frame(record, connection, frameNo, room === "" ? undefined : (room as RoomId), cursor.bytes());
      return;
    }
    case TO_SHARD.open:
      handler.open(record, cursor.u32(), packr.unpack(cursor.bytes()) as ConnectionInfo);
      return;
    case TO_SHARD.close:
      handler.close(record, cursor.u32(), cursor.u8() === 1);
      return;
    case TO_SHARD.call: {
      const callNo = cursor.u32();
      const [principal, call] = packr.unpack(cursor.bytes()) as [Principal, LinkCall];
      handler.call(record, callNo, principal, call);
      return;
    }
    case TO_SHARD.actor: {
      const [to, message] = packr.unpack(cursor.bytes()) as [Address, ActorMessage];
      handler.actor(record, to, message);
      return;
    }
    case TO_SHARD.attach:
      handler.attach(record, packr.unpack(cursor.bytes()) as Attachment);
      return;
    default:
      throw new Error(`shard-link: unknown record kind ${kind} at ${cursor.position}`);
  }
}

export interface ToEdgeHandler {
  /** Every record up to this number is dealt with. First of each block. */
  progress(record: number): void;
  send(connection: ConnectionNo, text: boolean, data: Uint8Array): void;
  /** `head` is the room's sequence after this frame; 0 for what is ephemeral. */
  publish(topic: TopicNo, codec: CodecId, text: boolean, head: Seq, data: Uint8Array): void;
  subscribe(connection: ConnectionNo, topic: TopicNo): void;
  unsubscribe(connection: ConnectionNo, topic: TopicNo): void;
  close(connection: ConnectionNo, reason: CloseReason): void;
  reply(callNo: number, result: Result<unknown, Rejection>): void;
  /** From here on the connection's person is called and shown like this. */
  person(connection: ConnectionNo, profile: Profile): void;
  /** For an actor of another shard, by its address's hash; forwarded unread. To the own edge only. */
  actor(hash: number, packed: Uint8Array): void;
  /** Heads of rooms that were written to lately, for other nodes; forwarded unread. To the own edge only. */
  heads(block: Uint8Array): void;
  openTopic(topic: TopicNo, key: string, head: Seq): void;
  closeTopic(topic: TopicNo): void;
  /** Until then, milliseconds since 1970, somebody may ask what became of this topic's frames; 0: nobody will. */
  trace(topic: TopicNo, untilMs: number): void;
  /** This record is dealt with, although one before it is not. */
  done(record: number): void;
  /** The connection's client said this at another edge, in a request called `post`; nothing: that it goes. */
  relay(connection: ConnectionNo, post: string, data: Uint8Array): void;
}

/** The shard's half of the link. */
export class ToEdgeWriter {
  readonly #queue = new ByteQueue();
  #progress = 0;
  #progressTaken = 0;

  constructor() {
    this.#queue.f64(0);
  }

  get isEmpty(): boolean {
    return this.#queue.length === PROGRESS_BYTES && this.#progress === this.#progressTaken;
  }

  progress(record: number): void {
    this.#progress = record;
  }

  send(connection: ConnectionNo, text: boolean, data: Uint8Array): void {
    this.#queue.u8(TO_EDGE.send);
    this.#queue.u32(connection);
    this.#queue.u8(text ? 1 : 0);
    this.#queue.bytes(data);
  }

  publish(topic: TopicNo, codec: CodecId, text: boolean, head: Seq, data: Uint8Array): void {
    this.#queue.u8(TO_EDGE.publish);
    this.#queue.u32(topic);
    this.#queue.u8(codec);
    this.#queue.u8(text ? 1 : 0);
    this.#queue.f64(head);
    this.#queue.bytes(data);
  }

  subscribe(connection: ConnectionNo, topic: TopicNo): void {
    this.#queue.u8(TO_EDGE.subscribe);
    this.#queue.u32(connection);
    this.#queue.u32(topic);
  }

  unsubscribe(connection: ConnectionNo, topic: TopicNo): void {
    this.#queue.u8(TO_EDGE.unsubscribe);
    this.#queue.u32(connection);
    this.#queue.u32(topic);
  }

  close(connection: ConnectionNo, reason: CloseReason): void {
    this.#queue.u8(TO_EDGE.close);
    this.#queue.u32(connection);
    this.#queue.u8(CLOSE_REASONS.indexOf(reason));
  }

  reply(callNo: number, result: Result<unknown, Rejection>): void {
    this.#queue.u8(TO_EDGE.reply);
    this.#queue.u32(callNo);
    this.#queue.bytes(packr.pack(result));
  }

  person(connection: ConnectionNo, profile: Profile): void {
    this.#queue.u8(TO_EDGE.person);
    this.#queue.u32(connection);
    this.#queue.bytes(packr.pack(profile));
  }

  actor(to: Address, message: ActorMessage): void {
    this.#queue.u8(TO_EDGE.actor);
    this.#queue.u32(addressHash(to));
    this.#queue.bytes(packr.pack([to, message]));
  }

  heads(block: Uint8Array): void {
    this.#queue.u8(TO_EDGE.heads);
    this.#queue.bytes(block);
  }

  openTopic(topic: TopicNo, key: string, head: Seq): void {
    this.#queue.u8(TO_EDGE.openTopic);
    this.#queue.u32(topic);
    this.#queue.text(key);
    this.#queue.f64(head);
  }

  closeTopic(topic: TopicNo): void {
    this.#queue.u8(TO_EDGE.closeTopic);
    this.#queue.u32(topic);
  }

  trace(topic: TopicNo, untilMs: number): void {
    this.#queue.u8(TO_EDGE.trace);
    this.#queue.u32(topic);
    this.#queue.f64(untilMs);
  }

  done(record: number): void {
    this.#queue.u8(TO_EDGE.done);
    this.#queue.f64(record);
  }

  relay(connection: ConnectionNo, post: string, data: string): void {
    this.#queue.u8(TO_EDGE.relay);
    this.#queue.u32(connection);
    this.#queue.text(post);
    this.#queue.text(data);
  }

  take(): Uint8Array<ArrayBuffer> {
    this.#progressTaken = this.#progress;
    const block = this.#queue.take();
    new DataView(block.buffer).setFloat64(0, this.#progress, true);
    this.#queue.f64(0);
    return block;
  }
}

export function readToEdge(block: Uint8Array, handler: ToEdgeHandler): void {
  const cursor = new ByteCursor(block);
  handler.progress(cursor.f64());
  while (!cursor.done) readRecordToEdge(cursor, handler);
}

function readRecordToEdge(cursor: ByteCursor, handler: ToEdgeHandler): void {
  const kind = cursor.u8();
  switch (kind) {
    case TO_EDGE.send:
      handler.send(cursor.u32(), cursor.u8() === 1, cursor.bytes());
      return;
    case TO_EDGE.publish:
      handler.publish(cursor.u32(), cursor.u8() as CodecId, cursor.u8() === 1, cursor.f64(), cursor.bytes());
      return;
    case TO_EDGE.subscribe:
      handler.subscribe(cursor.u32(), cursor.u32());
      return;
    case TO_EDGE.unsubscribe:
      handler.unsubscribe(cursor.u32(), cursor.u32());
      return;
    case TO_EDGE.close:
      handler.close(cursor.u32(), CLOSE_REASONS[cursor.u8()] ?? "reconnect");
      return;
    case TO_EDGE.reply:
      handler.reply(cursor.u32(), packr.unpack(cursor.bytes()) as Result<unknown, Rejection>);
      return;
    case TO_EDGE.person:
      handler.person(cursor.u32(), packr.unpack(cursor.bytes()) as Profile);
      return;
    case TO_EDGE.actor:
      handler.actor(cursor.u32(), cursor.bytes());
      return;
    case TO_EDGE.heads:
      handler.heads(cursor.bytes());
      return;
    case TO_EDGE.openTopic:
      handler.openTopic(cursor.u32(), cursor.text(), cursor.f64());
      return;
    case TO_EDGE.closeTopic:
      handler.closeTopic(cursor.u32());
      return;
    case TO_EDGE.trace:
      handler.trace(cursor.u32(), cursor.f64());
      return;
    case TO_EDGE.done:
      handler.done(cursor.f64());
      return;
    case TO_EDGE.relay:
      handler.relay(cursor.u32(), cursor.text(), cursor.bytes());
      return;
    default:
      throw new Error(`shard-link: unknown record kind ${kind} at ${cursor.position}`);
  }
}
