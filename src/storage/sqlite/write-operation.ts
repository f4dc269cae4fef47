/** What the writer can be asked, as data that can cross threads: rows are encoded where they come from, not in the writer. */
import type { Seq, TenantId, UserId } from "../../base/ids.ts";
import type { AppendOutcome, ItemsOf, LogKey, ReadResult, Rewrite, RowChange, Segment, Snapshot } from "../journal.ts";
import type { DocumentOutcome, Mark, UserRow } from "../projections.ts";

export type RowWrite =
  | {
      readonly kind: "member";
      readonly userId: UserId;
      readonly joinedNo: number;
      readonly mentioned: string | null;
      readonly json: string;
    }
  | { readonly kind: "member_gone"; readonly userId: UserId }
  | { readonly kind: "message"; readonly seq: Seq; readonly json: string }
  | {
      readonly kind: "item";
      readonly collection: string;
      readonly id: string;
      readonly json: string;
      readonly person: UserId | null;
    }
  | { readonly kind: "item_gone"; readonly collection: string; readonly id: string }
  | { readonly kind: "room"; readonly type: string | null; readonly json: string };

export interface AppendOperation {
  readonly kind: "append";
  readonly log: LogKey;
  readonly segment: Segment;
  readonly rows: readonly RowWrite[];
}
export type WriteOperation =
  | AppendOperation
  | { readonly kind: "snapshot"; readonly log: LogKey; readonly snapshot: Snapshot }
  | { readonly kind: "marks"; readonly marks: readonly Mark[] }
  | { readonly kind: "user"; readonly tenant: TenantId; readonly userId: UserId; readonly json: string }
  | DocumentOperation
  | UpkeepOperation;

/** Of a log that has been there for long. A rewrite that did not find all as it was read is `fenced`. */
export type UpkeepOperation =
  | { readonly kind: "trim"; readonly log: LogKey; readonly throughSeq: Seq; readonly items: readonly ItemsOf[] }
  | { readonly kind: "rewrite"; readonly log: LogKey; readonly changes: readonly Rewrite[] }
  | { readonly kind: "forget"; readonly tenant: TenantId; readonly userId: UserId }
  /** Of the file as a whole. `fenced`: it is too large for it. */
  | { readonly kind: "clean" };

export interface DocumentOperation {
  readonly kind: "document";
  readonly tenant: TenantId;
  readonly collection: string;
  readonly id: string;
  readonly json: string | null;
  readonly expectedVersion: number;
}

/** For operations that are not appends: `written` or not; a document that is at another version is `fenced`. */
export type WriteOutcome = AppendOutcome;

const NO_ROWS: readonly RowWrite[] = [];

export function rowWrites(changes: readonly RowChange[]): readonly RowWrite[] {
  return changes.length === 0 ? NO_ROWS : changes.map(rowWrite);
}

function rowWrite(change: RowChange): RowWrite {
  switch (change.kind) {
    case "member": {
      const { row, userId } = change;
      if (row === null) return { kind: "member_gone", userId };
      const mentioned = row.mentioned === undefined ? null : JSON.stringify(row.mentioned);
      return { kind: "member", userId, joinedNo: row.joinedNo, mentioned, json: JSON.stringify(row) };
    }
    case "message":
      return { kind: "message", seq: change.seq, json: JSON.stringify(change.overlay) };
    case "item": {
      const { collection, id, value, person = null } = change;
      if (value === null) return { kind: "item_gone", collection, id };
      return { kind: "item", collection, id, json: JSON.stringify(value), person };
    }
    case "room":
      // Without a type a room is listed nowhere.
      return {
        kind: "room",
        type: change.card.deletedAt === undefined ? change.card.settings.type : null,
        json: JSON.stringify(change.card),
      };
  }
}

export function userWrite(tenant: TenantId, row: UserRow): WriteOperation {
  return { kind: "user", tenant, userId: row.userId, json: JSON.stringify(row) };
}

/** The answer to a write that is no append. `unavailable` may still have been written when the writer's thread was lost. */
export function savedResult(outcome: WriteOutcome): ReadResult<true> {
  return outcome === "written" ? { ok: true, value: true } : { ok: false, error: "unavailable" };
}

/** The same for a document. */
export function documentResult(outcome: WriteOutcome): ReadResult<DocumentOutcome> {
  if (outcome === "written") return { ok: true, value: "written" };
  return outcome === "fenced" ? { ok: true, value: "conflict" } : { ok: false, error: "unavailable" };
}
