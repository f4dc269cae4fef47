/**
 * What the engine itself does to rooms that have been there for long: their front goes, a person's words and rows go.
 * Invariant: nobody else may; each act may be repeated, and then has nothing left to do. Works on rooms that were deleted, too.
 */
import { itemNames, type ItemKey, type Seq, type UserId } from "../../../base/ids.ts";
import { ASSISTANT } from "../../assistant/runs.ts";
import type { Keep, KeepAct } from "../commands.ts";
import type { Decision, RoomEffect } from "../decision.ts";
import { erasedItem, isHeldOf, withoutQuotes } from "../erasure.ts";
import type { DomainEvent, RowsErased } from "../events.ts";
import { knownMessage, presentContent } from "../message-rows.ts";

import { HELD, type HeldItem } from "../moderation-items.ts";
import type { MessageRow, RoomState } from "../state.ts";
import {
  accept,
  type DecideContext,
  type LiveRoom,
  needMember,
  ROOM_NOT_FOUND,
  timestampOf,
  UNCHANGED,
} from "./answer.ts";
import { filesWithout } from "./files.ts";
import { isLastOwner } from "./membership.ts";
import { isDecision, threadWithout } from "./threads.ts";

interface Base {
  readonly timestamp: number;
  readonly by: UserId;
}

export function decideKeep(state: RoomState, { by, act }: Keep, context: DecideContext): Decision {
  if (by.role !== "system" || !isRoom(state)) return ROOM_NOT_FOUND;
  const base = { timestamp: timestampOf(state, context), by: by.userId };
  switch (act.do) {
    case "look":
      return UNCHANGED;
    case "trim": {
      const { throughSeq: through, throughNo } = act;
      if (through <= state.trimmedSeq || through > state.head) return UNCHANGED;
      // No sign of life: the room stands where it stood in lists.
      const timestamp = state.lastTimestamp;
      return accept([{ kind: "history_trimmed", seq: state.head + 1, ...base, timestamp, through, throughNo }]);
    }
    case "erase_member":
      return eraseMember(state, act, base);
    case "erase_messages":
      return eraseMessages(state, act, base);
    case "erase_quotes":
      return eraseQuotes(state, act.targets, base);
    case "erase_rows":
      return eraseRows(state, act.userId, act.keys, base);
  }
}

/** One that was deleted is one still. */
function isRoom(state: RoomState): state is LiveRoom {
  return state.settings !== undefined;
}

function eraseMember(
  state: LiveRoom,
  { userId, heir }: Extract<KeepAct, { readonly do: "erase_member" }>,
  base: Base,
): Decision {
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row === null) return UNCHANGED;
  const events: DomainEvent[] = [];
  const add = (event: DomainEvent): void => void events.push({ ...event, seq: state.head + 1 + events.length });
  if (heir !== undefined && isLastOwner(state, row)) {
    const next = state.members.get(heir);
    if (next === undefined) return needMember(heir);
    // Whoever has left meanwhile inherits nothing.
    if (next !== null) {
      add({ kind: "member_changed", seq: 0, ...base, userId: heir, role: "owner", previousRole: next.role });
    }
  }
  add({ kind: "member_left", seq: 0, ...base, userId, role: row.role, reason: "left" });
  return accept(events);
}

function eraseMessages(
  state: LiveRoom,
  { userId, targets }: Extract<KeepAct, { readonly do: "erase_messages" }>,
  base: Base,
): Decision {
  const rows = messagesOf(state, targets);
  if (isDecision(rows)) return rows;
  const events: DomainEvent[] = [];
  const effects: RoomEffect[] = [];
  /** What threads are left with, by the message that they hang on. */
  const counts = new Map<Seq, number>();
  for (const row of rows) {
    // Whose question an answer of the assistant is to, its row does not say: whoever asked for this has looked.
    if ((row.author !== userId && row.author !== ASSISTANT) || row.overlay.erased === true) continue;
    const without =
      row.files === undefined || row.overlay.deletedAt !== undefined ? undefined : filesWithout(state, row);
    if (isDecision(without)) return without;
    const left = row.overlay.deletedAt === undefined ? threadWithout(state, row) : undefined;
    if (isDecision(left)) return left;
    if (left !== undefined) counts.set(left.root, Math.max(0, (counts.get(left.root) ?? left.count + 1) - 1));
    const thread = left && { thread: { root: left.root, count: counts.get(left.root) ?? left.count } };
    const seq = state.head + 1 + events.length;
    const files = without && { files: without.files };
    events.push({ kind: "message_deleted", seq, ...base, target: row.seq, erased: true, ...thread, ...files });
    effects.push(...(without?.effects ?? []));
  }
  return events.length === 0 ? UNCHANGED : accept(events, effects);
}

function eraseQuotes(state: LiveRoom, targets: readonly Seq[], base: Base): Decision {
  const rows = messagesOf(state, targets);
  if (isDecision(rows)) return rows;
  const events: DomainEvent[] = [];
  for (const row of rows) {
    const content = withoutQuotes(presentContent(row));
    const isBare = row.overlay.history === undefined && content === presentContent(row);
    if (isBare || row.overlay.deletedAt !== undefined) continue;
    const seq = state.head + 1 + events.length;
    events.push({ kind: "message_edited", seq, ...base, target: row.seq, content, erased: true });
  }
  return events.length === 0 ? UNCHANGED : accept(events);
}

function messagesOf(state: LiveRoom, targets: readonly Seq[]): readonly MessageRow[] | Decision {
  const known = targets.map((seq) => knownMessage(state, seq));
  const messages = targets.filter((_, index) => known[index] === undefined);
  if (messages.length > 0) return { kind: "need", keys: { members: [], messages } };
  return known.filter((row) => row != null);
}

function eraseRows(state: LiveRoom, userId: UserId, keys: readonly ItemKey[], base: Base): Decision {
  const unknown = keys.filter((key) => state.items.get(key) === undefined);
  if (unknown.length > 0) return { kind: "need", keys: { members: [], messages: [], items: unknown } };
  const events: DomainEvent[] = [];
  const items: (readonly [ItemKey, object | null])[] = [];
  for (const key of keys) {
    const value = state.items.get(key);
    if (value == null) continue;
    const { collection, id } = itemNames(key);
    if (collection !== HELD) {
      const erased = erasedItem(collection, id, value, userId);
      if (erased !== value) items.push([key, erased]);
    } else if (isHeldOf(value, userId)) {
      // Only `apply` writes there, so it is of that shape.
      const { seq: heldSeq, author } = value as HeldItem;
      events.push({
        kind: "held_resolved",
        seq: state.head + 1 + events.length,
        ...base,
        heldSeq,
        author,
        approved: false,
      });
    }
  }
  if (items.length > 0) {
    const erased: RowsErased = { kind: "rows_erased", seq: state.head + 1 + events.length, ...base, userId, items };
    events.push(erased);
  }
  return events.length === 0 ? UNCHANGED : accept(events);
}
