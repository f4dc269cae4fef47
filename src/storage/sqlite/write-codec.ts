/**
 * What crosses between a shard's thread and the writer's: a group of operations as one block of bytes, its outcomes as one
 * short string. Both ends are the same program, so the packing may be as dense as it likes: positional arrays.
 */
import { Packr } from "msgpackr";
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { LogKey } from "../journal.ts";
import type { Mark } from "../projections.ts";
import type { RowWrite, UpkeepOperation, WriteOperation, WriteOutcome } from "./write-operation.ts";

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

type Packed =
  | readonly [
      0,
      TenantId,
      RoomId,
      number,
      Seq,
      Seq,
      number,
      string,
      string,
      number,
      number,
      Uint8Array,
      readonly RowWrite[],
    ]
  | readonly [1, TenantId, RoomId, number, Seq, Uint8Array]
  | readonly [2, readonly Mark[]]
  | readonly [3, TenantId, UserId, string]
  | readonly [4, TenantId, string, string, string | null, number]
  /** Rare, and as they are. */
  | readonly [5, UpkeepOperation];

/** Bytes in a buffer of their own, to be transferred. */
export function packOperations(operations: readonly WriteOperation[]): Uint8Array<ArrayBuffer> {
  // A copy: the packer's buffer is shared with other blocks.
  return new Uint8Array(packr.pack(operations.map(packed)));
}

export function unpackOperations(bytes: Uint8Array): WriteOperation[] {
  return (packr.unpack(bytes) as Packed[]).map(unpacked);
}

function packed(operation: WriteOperation): Packed {
  switch (operation.kind) {
    case "append": {
      const { log, segment: s, rows } = operation;
      const { tenant, room, incarnation } = log;
      const { firstSeq, lastSeq, epoch, owner, batchId, messageCount, timestamp, entries } = s;
      const rest = [owner, batchId, messageCount, timestamp, entries, rows] as const;
      return [0, tenant, room, incarnation, firstSeq, lastSeq, epoch, ...rest];
    }
    case "snapshot": {
      const { log, snapshot } = operation;
      return [1, log.tenant, log.room, log.incarnation, snapshot.seq, snapshot.bytes];
    }
    case "marks":
      return [2, operation.marks];
    case "user":
      return [3, operation.tenant, operation.userId, operation.json];
    case "document": {
      const { tenant, collection, id, json, expectedVersion } = operation;
      return [4, tenant, collection, id, json, expectedVersion];
    }
    case "trim":
    case "rewrite":
    case "forget":
    case "clean":
      return [5, operation];
  }
}

function unpacked(fields: Packed): WriteOperation {
  switch (fields[0]) {
    case 0: {
      const [
        ,
        tenant,
        room,
        incarnation,
        firstSeq,
        lastSeq,
        epoch,
        owner,
        batchId,
        messageCount,
        timestamp,
        entries,
        rows,
      ] = fields;
      const segment = { firstSeq, lastSeq, epoch, owner, batchId, messageCount, timestamp, entries };
      return { kind: "append", log: { tenant, room, incarnation }, segment, rows };
    }
    case 1: {
      const [, tenant, room, incarnation, seq, bytes] = fields;
      const log: LogKey = { tenant, room, incarnation };
      return { kind: "snapshot", log, snapshot: { seq, bytes } };
    }
    case 2:
      return { kind: "marks", marks: fields[1] };
    case 3:
      return { kind: "user", tenant: fields[1], userId: fields[2], json: fields[3] };
    case 4: {
      const [, tenant, collection, id, json, expectedVersion] = fields;
      return { kind: "document", tenant, collection, id, json, expectedVersion };
    }
    case 5:
      return fields[1];
  }
}

const OUTCOMES: readonly WriteOutcome[] = ["written", "fenced", "unknown", "full"];

/** One digit per outcome: a string crosses threads cheaper than anything else. */
export function packOutcomes(outcomes: readonly WriteOutcome[]): string {
  let text = "";
  for (const outcome of outcomes) text += OUTCOMES.indexOf(outcome);
  return text;
}

export function unpackOutcomes(text: string): WriteOutcome[] {
  return Array.from(text, (digit) => OUTCOMES[Number(digit)] ?? "unknown");
}
