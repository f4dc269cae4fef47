/**
 * Port of those who follow the logs off the hot path: which logs there are, and how far each consumer has come in each.
 * Positions are durable and only move from where their mover believes they stand: of two that follow one log, one is told.
 */
import type { Seq } from "../base/ids.ts";
import type { Done, Journal, LogKey, ReadResult } from "./journal.ts";

/** One log, and what is known of its end. */
export interface KnownLog {
  readonly log: LogKey;
  /** The last sequence; `undefined`: not known here. */
  readonly head: Seq | undefined;
  /** When it was last said to be written to, milliseconds since 1970; 0 where nobody says so. */
  readonly openedAt: number;
}

export interface LogPage {
  readonly logs: readonly KnownLog[];
  /** For the next page; `undefined`: there is none. */
  readonly next: string | undefined;
}

export interface FollowStore {
  /** How far the consumer has come, in the order asked; 0 where it has not begun. Strong. */
  positions(consumer: string, logs: readonly LogKey[], done: Done<readonly Seq[]>): void;
  /** `conflict`: it does not stand at `from`; nothing was written. `to` may lie before `from`: begin again from there. */
  move(consumer: string, log: LogKey, from: Seq, to: Seq, done: Done<"moved" | "conflict">): void;
  /**
   * Logs in which somebody may be behind, whatever was lost with a process: at least every log that was written to since its
   * followers last came to its end. In no order; `after` is the page before's `next`.
   */
  openLogs(after: string | undefined, limit: number, done: Done<LogPage>): void;
  /** Every log of the store, for who begins from the start. */
  allLogs(after: string | undefined, limit: number, done: Done<LogPage>): void;
  /** All consumers have come to the end of this one, as `openLogs` named it: it need not be named again until it is written to. */
  closeLog(known: KnownLog, done: (closed: ReadResult<true>) => void): void;
}

/** What follows the logs has of a store. */
export interface FollowerStorage {
  readonly journal: Pick<Journal, "readRange">;
  readonly store: FollowStore;
  close(): void;
}

/** One name per log, for maps. Ids have no `#`. */
export function nameOfLog({ tenant, room, incarnation }: LogKey): string {
  return `${tenant}#${room}#${incarnation}`;
}

/** The log of such a name; `undefined` for what is none. */
export function logOfName(name: string): LogKey | undefined {
  const [tenant, room, incarnation] = name.split("#");
  if (tenant === undefined || room === undefined || incarnation === undefined) return undefined;
  return { tenant: tenant as LogKey["tenant"], room: room as LogKey["room"], incarnation: Number(incarnation) };
}
