/**
 * The part of an export that is different where retention has removed the front of a log: the log is copied as it is, and rows are
 * those of the store. A fork is not possible then, and names that are hidden cannot be taken out of rows that nobody derived.
 */
import { decodeEntries } from "../actors/log-codec.ts";
import type { Seq } from "../base/ids.ts";
import { CAPSULE_COMMIT_EVENTS, CAPSULE_READ_EVENTS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { RoomState } from "../domain/room/state.ts";
import type { Segment } from "../storage/journal.ts";
import { ask } from "./asking.ts";
import { copyRows, type RowSource } from "./trimmed-rows.ts";

export interface TrimmedJob extends RowSource {
  /** Where the log begins now. */
  readonly first: Seq;
  readonly identities: boolean;
  readonly secret: Uint8Array;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const NO_STATE = new Uint8Array();

/** Fills the capsule but for marks and snapshot; the state that it comes to. A refusal is a sentence. */
export async function fillTrimmed(job: TrimmedJob): Promise<Result<RoomState, string>> {
  const { writer, key, identities } = job;
  const hasAnonymity = { found: false };
  const state = await copyRows(job, (last) => copyLog(job, last, hasAnonymity));
  if (state === undefined) {
    return err(`people change room ${key.room} faster than its rows can be copied: try again at a quieter moment`);
  }
  if (!identities && (hasAnonymity.found || writer.hasItems("anon"))) {
    const why = "Retention has removed its beginning, without which those who wrote without a name cannot be hidden";
    return err(`${why}: export room ${key.room} with --identities`);
  }
  return ok(state);
}

async function copyLog(job: TrimmedJob, last: Seq, hasAnonymity: { found: boolean }): Promise<void> {
  const { journal, key, writer, first, secret, onProgress } = job;
  let next = Math.max(first, writer.lastSeq + 1);
  let since = 0;
  while (next <= last) {
    const range = { from: next, to: last, eventsMax: CAPSULE_READ_EVENTS };
    const segments = await ask<readonly Segment[]>((done) => journal.readRange(key, range, done));
    const from = next;
    for (const { firstSeq, lastSeq, entries, epoch, owner, messageCount, timestamp } of segments) {
      if (firstSeq > next) throw new Error(`a part of room ${key.room} was removed meanwhile: begin anew`);
      const events = decodeEntries(firstSeq, entries).filter(({ seq }) => seq >= from);
      hasAnonymity.found ||= events.some(isAnonymous);
      writer.addEvents(events, entries.length, { epoch, owner, messageCount, timestamp });
      since += events.length;
      next = lastSeq + 1;
    }
    if (segments.length === 0) throw new Error(`the log of ${key.room} ends before ${last}`);
    if (since >= CAPSULE_COMMIT_EVENTS) {
      writer.commit({ state: NO_STATE, secret });
      since = 0;
    }
    onProgress?.(next - first, last - first + 1);
  }
  writer.commit({ state: NO_STATE, secret });
}

function isAnonymous(event: LogEvent): boolean {
  if (event.kind === "fence") return false;
  const isPoll = event.kind === "message_sent" && event.poll?.anonymous === true;
  return isPoll || event.as !== undefined || ("userAs" in event && event.userAs !== undefined);
}
