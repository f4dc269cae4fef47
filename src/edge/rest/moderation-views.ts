/** What REST shows of moderation: rows of a room's queues and logs, with ids for sequences and times in ISO 8601. */
import { messageIdOf } from "../../base/ids.ts";
import { iso } from "./views.ts";

/** Fields that are points in time, wherever they stand in a row. */
const TIMES: ReadonlySet<string> = new Set(["at", "heldAt", "openedAt"]);

export interface Row {
  readonly id: string;
  readonly value: object;
}

export function heldJson({ value }: Row): object {
  const { seq, message, ...rest } = value as { readonly seq: number; readonly message: object };
  return { heldId: messageIdOf(seq), ...withTimes(rest), ...message };
}

/** Resolved reports are named by the place at which they were resolved: one message may be reported again. */
export function reportJson({ value }: Row): object {
  const { messageSeq, ...rest } = value as { readonly messageSeq?: number };
  return { ...(messageSeq === undefined ? {} : { messageId: messageIdOf(messageSeq) }), ...withTimes(rest) };
}

/** The room is called as everywhere else, whatever it is called where it is stored. */
export function auditJson({ id, value }: Row): object {
  const { room, ...rest } = value as { readonly room?: string };
  return { entryId: id, ...(room !== undefined && { roomId: room }), ...withTimes(rest) };
}

function withTimes(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => {
      if (TIMES.has(name) && typeof value === "number") return [name, iso(value)];
      if (Array.isArray(value)) return [name, value.map((one: unknown) => (isRow(one) ? withTimes(one) : one))];
      return [name, isRow(value) ? withTimes(value) : value];
    }),
  );
}

function isRow(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
