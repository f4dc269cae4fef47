/**
 * How segments are packed into the blobs of `batch` and `run`: records one after another, each with a header of fixed size,
 * so that a blob can be indexed without decoding. Little endian:
 *   u32 bytes of the record · u32 log · f64 firstSeq · f64 lastSeq · f64 epoch · f64 messageCount · f64 timestamp
 *   · u16 bytes of owner · u16 bytes of batchId · owner · batchId · entries
 * Invariant: the format is on disk; a change needs a migration.
 */
import type { Seq } from "../../base/ids.ts";
import type { Segment } from "../journal.ts";

const AT_LOG = 4;
const AT_FIRST_SEQ = 8;
const AT_LAST_SEQ = 16;
const AT_EPOCH = 24;
const AT_MESSAGE_COUNT = 32;
const AT_TIMESTAMP = 40;
const AT_OWNER_BYTES = 48;
const AT_BATCH_ID_BYTES = 50;
const HEADER_BYTES = 52;
/** Up to here a loop over the characters beats a native call. */
const LOOP_CHARS_MAX = 24;

/** One record within a blob that is kept in memory: what can be asked without decoding it. */
export interface RecordRef {
  readonly log: number;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly messageCount: number;
  readonly timestamp: number;
  readonly blob: Buffer;
  readonly offset: number;
  readonly end: number;
}

/** Collects records into one growing buffer that is used again and again. */
export class RecordWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #view = viewOf(this.#buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Valid until the next `append` or `reset`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  reset(): void {
    this.#length = 0;
  }

  find(log: number, firstSeq: Seq): Segment | undefined {
    const record = recordsOf(this.bytes).find((candidate) => candidate.log === log && candidate.firstSeq === firstSeq);
    return record && segmentOf(record);
  }

  append(log: number, segment: Segment): void {
    const start = this.#length;
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(HEADER_BYTES + (segment.owner.length + segment.batchId.length) * 3 + segment.entries.length);
    const buffer = this.#buffer;
    const view = this.#view;
    let at = start + HEADER_BYTES;
    const ownerBytes = writeText(buffer, segment.owner, at);
    at += ownerBytes;
    const batchIdBytes = writeText(buffer, segment.batchId, at);
    at += batchIdBytes;
    buffer.set(segment.entries, at);
    at += segment.entries.length;
    view.setUint32(start, at - start, true);
    view.setUint32(start + AT_LOG, log, true);
    view.setFloat64(start + AT_FIRST_SEQ, segment.firstSeq, true);
    view.setFloat64(start + AT_LAST_SEQ, segment.lastSeq, true);
    view.setFloat64(start + AT_EPOCH, segment.epoch, true);
    view.setFloat64(start + AT_MESSAGE_COUNT, segment.messageCount, true);
    view.setFloat64(start + AT_TIMESTAMP, segment.timestamp, true);
    view.setUint16(start + AT_OWNER_BYTES, ownerBytes, true);
    view.setUint16(start + AT_BATCH_ID_BYTES, batchIdBytes, true);
    this.#length = at;
  }

  /** Copies a record as it stands. */
  appendRecord(record: RecordRef): void {
    this.#reserve(record.end - record.offset);
    record.blob.copy(this.#buffer, this.#length, record.offset, record.end);
    this.#length += record.end - record.offset;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}

/** As UTF-8. Names and ids are short and ASCII: a loop beats a native call. Returns the number of bytes. */
function writeText(buffer: Buffer, text: string, start: number): number {
  const { length } = text;
  if (length > LOOP_CHARS_MAX) return buffer.write(text, start);
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return buffer.write(text, start);
    buffer[start + i] = code;
  }
  return length;
}

/** The records of a blob in the order written. */
export function recordsOf(bytes: Uint8Array): RecordRef[] {
  const blob = asBuffer(bytes);
  const view = viewOf(blob);
  const records: RecordRef[] = [];
  let offset = 0;
  while (offset < blob.length) {
    const end = offset + view.getUint32(offset, true);
    if (end <= offset || end > blob.length) throw new Error("a packed segment is damaged");
    records.push({
      log: view.getUint32(offset + AT_LOG, true),
      firstSeq: view.getFloat64(offset + AT_FIRST_SEQ, true),
      lastSeq: view.getFloat64(offset + AT_LAST_SEQ, true),
      messageCount: view.getFloat64(offset + AT_MESSAGE_COUNT, true),
      timestamp: view.getFloat64(offset + AT_TIMESTAMP, true),
      blob,
      offset,
      end,
    });
    offset = end;
  }
  return records;
}

/** The segment with bytes of its own: whoever gets it may hand them over to another thread. */
export function segmentOf(record: RecordRef): Segment {
  const { blob, offset } = record;
  const view = viewOf(blob);
  const ownerAt = offset + HEADER_BYTES;
  const batchIdAt = ownerAt + view.getUint16(offset + AT_OWNER_BYTES, true);
  const entriesAt = batchIdAt + view.getUint16(offset + AT_BATCH_ID_BYTES, true);
  return {
    firstSeq: record.firstSeq,
    lastSeq: record.lastSeq,
    epoch: view.getFloat64(offset + AT_EPOCH, true),
    owner: blob.toString("utf8", ownerAt, batchIdAt),
    batchId: blob.toString("utf8", batchIdAt, entriesAt),
    messageCount: record.messageCount,
    timestamp: record.timestamp,
    entries: new Uint8Array(blob.subarray(entriesAt, record.end)),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
