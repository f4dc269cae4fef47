/**
 * The bytes of a message between two nodes: a header that says whose it is and where it stands, then records. All numbers are
 * little-endian; a block that is larger than a message is cut, its parts follow one another.
 */
import { PEER_MESSAGE_BYTES_MAX } from "../base/limits.ts";
import type { NodeId } from "./membership.ts";
import type { PeerMessage } from "./peers.ts";

/** Where a message stands: see `peer-session.ts`. */
export interface PeerHeader {
  /** The sender's process. */
  readonly salt: number;
  /** The sender's session, and the message's number in it; the first is 1. */
  readonly session: number;
  readonly number: number;
  /** The receiver's process as the sender knows it; 0 when it does not. */
  readonly otherSalt: number;
  /** The receiver's session that the sender listens to; 0 for none. */
  readonly adopted: number;
  /** The receiver's sessions up to this one are given up. */
  readonly refused: number;
}

export interface Envelope {
  readonly from: NodeId;
  readonly header: PeerHeader;
  /** The sender heard the receiver lately. */
  readonly hears: boolean;
  readonly records: readonly PeerRecord[];
}

/** A message, or a part of its block: more of it follows in the next record. */
export interface PeerRecord {
  readonly message: PeerMessage;
  readonly isPart: boolean;
}

/** First byte of every message; another one is another version, which this one does not understand. */
const VERSION = 0xa1;
const HEARS = 1;
const HEADER_BYTES = 1 + 1 + 2 + 4 * 5 + 8;
const KINDS = { to_shard: 1, to_edge: 2, shard_up: 3, heads: 4, roll_call: 5, edge: 6 } as const;
const PART = 0x80;
/** Kind, shard, generation, the block's number, length: of a record with a block. */
const BLOCK_HEAD_BYTES = 1 + 4 + 8 + 4 + 4;
const SHARD_UP_BYTES = 1 + 4 + 8 + 8 + 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes that a record takes in a message. */
export function recordBytes(message: PeerMessage): number {
  switch (message.kind) {
    case "to_shard":
    case "to_edge":
    case "heads":
    case "edge":
      return BLOCK_HEAD_BYTES + message.block.length;
    case "shard_up":
      return SHARD_UP_BYTES;
    case "roll_call":
      return 1;
  }
}

/** Groups records into messages of bounded size, and cuts blocks that are larger than one. */
export function pack(messages: readonly PeerMessage[]): readonly (readonly PeerRecord[])[] {
  const groups: PeerRecord[][] = [];
  let group: PeerRecord[] = [];
  let groupBytes = 0;
  const add = (record: PeerRecord): void => {
    const bytes = recordBytes(record.message);
    if (group.length > 0 && groupBytes + bytes > PEER_MESSAGE_BYTES_MAX) {
      groups.push(group);
      group = [];
      groupBytes = 0;
    }
    group.push(record);
    groupBytes += bytes;
  };
  for (const message of messages) {
    if (!("block" in message) || message.block.length <= PEER_MESSAGE_BYTES_MAX) {
      add({ message, isPart: false });
      continue;
    }
    const { block } = message;
    for (let at = 0; at < block.length; at += PEER_MESSAGE_BYTES_MAX) {
      const end = at + PEER_MESSAGE_BYTES_MAX;
      add({ message: { ...message, block: block.subarray(at, end) }, isPart: end < block.length });
    }
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

export function encode(
  from: NodeId,
  header: PeerHeader,
  hears: boolean,
  records: readonly PeerRecord[],
): Uint8Array<ArrayBuffer> {
  const id = encoder.encode(from);
  let length = HEADER_BYTES + id.length;
  for (const record of records) length += recordBytes(record.message);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, hears ? HEARS : 0);
  view.setUint32(2, header.salt, true);
  view.setUint32(6, header.session, true);
  view.setFloat64(10, header.number, true);
  view.setUint32(18, header.otherSalt, true);
  view.setUint32(22, header.adopted, true);
  view.setUint32(26, header.refused, true);
  view.setUint16(30, id.length, true);
  bytes.set(id, HEADER_BYTES);
  let at = HEADER_BYTES + id.length;
  for (const record of records) at = writeRecord(bytes, view, at, record);
  return bytes;
}

function writeRecord(bytes: Uint8Array, view: DataView, start: number, { message, isPart }: PeerRecord): number {
  view.setUint8(start, KINDS[message.kind] | (isPart ? PART : 0));
  switch (message.kind) {
    case "roll_call":
      return start + 1;
    case "shard_up":
      view.setUint32(start + 1, message.shard, true);
      view.setFloat64(start + 5, message.generation, true);
      view.setFloat64(start + 13, message.fatalRecord, true);
      view.setUint8(start + 21, message.explained ? 1 : 0);
      return start + SHARD_UP_BYTES;
    case "to_shard":
    case "to_edge":
    case "heads":
    case "edge": {
      const { block } = message;
      view.setUint32(start + 1, "shard" in message ? message.shard : 0, true);
      view.setFloat64(start + 5, "shard" in message ? message.generation : 0, true);
      view.setUint32(start + 13, "shard" in message ? message.no : 0, true);
      view.setUint32(start + 17, block.length, true);
      bytes.set(block, start + BLOCK_HEAD_BYTES);
      return start + BLOCK_HEAD_BYTES + block.length;
    }
  }
}

/** `undefined`: not a message of this version, or damaged. Blocks are views of the bytes. */
export function decode(bytes: Uint8Array): Envelope | undefined {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint8(0) !== VERSION) return undefined;
    const idEnd = HEADER_BYTES + view.getUint16(30, true);
    if (idEnd > bytes.length) return undefined;
    const records: PeerRecord[] = [];
    for (let at = idEnd; at < bytes.length; ) {
      const record = readRecord(bytes, view, at);
      if (record === undefined) return undefined;
      records.push(record);
      at += recordBytes(record.message);
    }
    return {
      from: decoder.decode(bytes.subarray(HEADER_BYTES, idEnd)) as NodeId,
      hears: (view.getUint8(1) & HEARS) !== 0,
      header: {
        salt: view.getUint32(2, true),
        session: view.getUint32(6, true),
        number: view.getFloat64(10, true),
        otherSalt: view.getUint32(18, true),
        adopted: view.getUint32(22, true),
        refused: view.getUint32(26, true),
      },
      records,
    };
  } catch (error) {
    // The bytes end where something should be.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readRecord(bytes: Uint8Array, view: DataView, start: number): PeerRecord | undefined {
  const first = view.getUint8(start);
  const isPart = (first & PART) !== 0;
  const kind = first & ~PART;
  if (kind === KINDS.roll_call) return { message: { kind: "roll_call" }, isPart: false };
  const shard = view.getUint32(start + 1, true);
  const generation = view.getFloat64(start + 5, true);
  if (kind === KINDS.shard_up) {
    const fatalRecord = view.getFloat64(start + 13, true);
    const explained = view.getUint8(start + 21) === 1;
    return { message: { kind: "shard_up", shard, generation, fatalRecord, explained }, isPart: false };
  }
  const no = view.getUint32(start + 13, true);
  const end = start + BLOCK_HEAD_BYTES + view.getUint32(start + 17, true);
  if (end > bytes.length) return undefined;
  const block = bytes.subarray(start + BLOCK_HEAD_BYTES, end);
  switch (kind) {
    case KINDS.to_shard:
      return { message: { kind: "to_shard", shard, generation, no, block }, isPart };
    case KINDS.to_edge:
      return { message: { kind: "to_edge", shard, generation, no, block }, isPart };
    case KINDS.heads:
      return { message: { kind: "heads", block }, isPart };
    case KINDS.edge:
      return { message: { kind: "edge", block }, isPart };
    default:
      return undefined;
  }
}
