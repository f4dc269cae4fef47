/**
 * The shard's end of its link to one edge, of its own node or of another: what it tells that edge, the connections and topics
 * that they number between them, and which records are dealt with.
 * Invariant: connections, topics and records have numbers within their link only; a retired link says nothing more.
 */
import type { RoomId } from "../base/ids.ts";
import type { Result } from "../base/result.ts";
import type { NodeId } from "../cluster/membership.ts";
import type { Principal } from "../domain/principal.ts";
import type { Codec } from "../protocol/codec.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { Address } from "./address.ts";
import { ConnectionTable, type ShardConnection } from "./connections.ts";
import {
  type Attachment,
  type ConnectionInfo,
  type ConnectionNo,
  type LinkCall,
  readToShard,
  ToEdgeWriter,
  type ToShardHandler,
  type TopicNo,
} from "./link.ts";
import type { ActorMessage } from "./messages.ts";
import { Progress } from "./progress.ts";

/** The shard: what it does with the records of any of its links. */
export interface LinkOwner {
  frame(
    link: EdgeLink,
    record: number,
    no: ConnectionNo,
    frameNo: number,
    room: RoomId | undefined,
    data: Uint8Array,
  ): void;
  opened(connection: ShardConnection): void;
  /** `clean`: on purpose; otherwise it was lost, or with it the link. */
  closed(connection: ShardConnection, clean: boolean): void;
  call(link: EdgeLink, record: number, callNo: number, by: Principal, call: LinkCall): void;
  actor(to: Address, message: ActorMessage): void;
  attach(link: EdgeLink, attachment: Attachment): void;
}

/** The link to the shard's own edge. */
export const OWN_LINK = 0;

export class EdgeLink implements ToShardHandler {
  readonly no: number;
  readonly generation: number;
  /** What the working mark calls it. */
  readonly mark: number;
  /** The node that it is of; `undefined`: this one. */
  readonly edge: NodeId | undefined;
  readonly out = new ToEdgeWriter();
  readonly connections: ConnectionTable;
  readonly #owner: LinkOwner;
  readonly #progress = new Progress();
  #nextRecord = 1;
  #lastTopic: TopicNo = 0;
  #isRetired = false;
  #isBroken = false;

  constructor(no: number, generation: number, codecs: readonly Codec[], owner: LinkOwner, edge?: NodeId) {
    this.no = no;
    this.generation = generation;
    this.edge = edge;
    this.mark = edge === undefined ? 0 - generation : no;
    this.connections = new ConnectionTable(codecs, this);
    this.#owner = owner;
  }

  /** One block of the edge: its records in order. */
  read(block: Uint8Array): void {
    this.#nextRecord = readToShard(block, this.#nextRecord, this);
  }

  newTopic(): TopicNo {
    this.#lastTopic += 1;
    return this.#lastTopic;
  }

  /** The edge is gone, or repeats what was under way over another link, to wherever that belongs now. */
  get isRetired(): boolean {
    return this.#isRetired || this.#isBroken;
  }

  /**
   * Something got lost on the way: the edge repeats what was under way as soon as it knows. Until then, or until its node is
   * gone, its people stay.
   */
  breakOff(): void {
    this.#isBroken = true;
  }

  /** The record is dealt with: the edge need not repeat it. */
  finish(record: number): void {
    this.#progress.complete(record);
  }

  reply(callNo: number, result: Result<unknown, Rejection>): void {
    if (!this.isRetired) this.out.reply(callNo, result);
  }

  /** What there is to tell since the last time. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    this.out.progress(this.#progress.low);
    for (const record of this.#progress.takeAbove()) this.out.done(record);
    return this.out.isEmpty ? undefined : this.out.take();
  }

  /** The edge is gone, or its link has begun anew. What is still under way ends without an answer. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.connections.closeAll()) this.#owner.closed(connection, false);
  }

  // ---------------------------------------------------------------------------------------------- records

  frame(record: number, no: ConnectionNo, frameNo: number, room: RoomId | undefined, data: Uint8Array): void {
    this.#owner.frame(this, record, no, frameNo, room, data);
  }

  open(record: number, no: ConnectionNo, info: ConnectionInfo): void {
    this.finish(record);
    this.#owner.opened(this.connections.open(no, info));
  }

  close(record: number, no: ConnectionNo, clean: boolean): void {
    this.finish(record);
    const connection = this.connections.close(no);
    if (connection !== undefined) this.#owner.closed(connection, clean);
  }

  call(record: number, callNo: number, by: Principal, call: LinkCall): void {
    this.#owner.call(this, record, callNo, by, call);
  }

  actor(record: number, to: Address, message: ActorMessage): void {
    this.finish(record);
    this.#owner.actor(to, message);
  }

  attach(record: number, attachment: Attachment): void {
    this.finish(record);
    this.#owner.attach(this, attachment);
  }
}
