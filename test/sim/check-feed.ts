/**
 * Checks of what webhooks and named consumers were brought (14): of each room every event that is for clients, in order and without a gap,
 * at least once, and nothing else. A place moves only over what was taken: what follows a gap would show that it did not.
 */
import type { RoomId, Seq } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import type { Brought, FinalLog, History, Reader } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { RETENTION_DAYS } from "./sim-keeper.ts";
import { eventsOf, isEarlierResult, logLine, trimmedIn } from "./log-facts.ts";

/** With clocks that are set anew, by an hour at most. */
const RETENTION_MS = RETENTION_DAYS * 86_400_000 - 2 * 3_600_000;

export function checkFeed(history: History, violate: Violate): void {
  for (const reader of history.readers ?? []) {
    for (const log of history.logs) checkRoom(reader, log, violate);
    for (const { missing } of reader.brought) {
      if (missing.some(({ room }) => room === undefined))
        violate("14 missing", `${reader.name} was told that entries of the feed are kept no more`);
    }
  }
}

function checkRoom({ name, brought }: Reader, log: FinalLog, violate: Violate): void {
  const events = eventsOf(log);
  const shown = new Map(events.flatMap((event) => (isShown(event, events) ? [[event.seq, event]] : [])));
  const place = `${name} ${log.room}`;
  const taken = new Set<Seq>();
  const trimmed = Math.max(trimmedIn(events).seq, tooOldIn(events));
  for (const page of brought) {
    const seqs = page.events.filter(({ room }) => room === log.room).map(({ seq }) => seq);
    checkPage(page, log.room, { events, trimmed }, (rule, what) => violate(rule, `${place}: ${what}`));
    const gone = page.missing.filter(({ room }) => room === log.room);
    const first = seqs[0];
    if (first !== undefined) {
      const lacking = [...shown.keys()].find((seq) => seq < first && !taken.has(seq) && !isIn(seq, gone));
      if (lacking !== undefined) violate("14 gap", `${place}: ${first} came, and ${lacking} was never taken`);
    }
    if (!page.isTaken) continue;
    for (const seq of seqs) taken.add(seq);
    for (const { from, to } of gone) for (let seq = from; seq <= to; seq += 1) taken.add(seq);
    // What lies between two that came together shows nothing, or was never to be shown.
    const last = seqs.at(-1) ?? 0;
    const left = [...shown.keys()].find((seq) => first !== undefined && seq > first && seq < last && !taken.has(seq));
    if (left !== undefined) violate("14 gap", `${place}: ${first} to ${last} came without ${left}`);
  }
  const lacking = [...shown.keys()].filter((seq) => !taken.has(seq));
  if (lacking.length > 0) violate("14 lost", `${place}: ${lacking.join(", ")} never came`);
}

function isIn(seq: Seq, ranges: Brought["missing"]): boolean {
  return ranges.some(({ from, to }) => seq >= from && seq <= to);
}

function checkPage(
  { events: brought, missing }: Brought,
  room: RoomId,
  { events, trimmed }: { readonly events: readonly LogEvent[]; readonly trimmed: Seq },
  violate: Violate,
): void {
  let before = 0;
  for (const { room: of, seq, type } of brought) {
    if (of !== room) continue;
    if (seq < before) violate("14 order", `${seq} came after ${before}`);
    before = seq;
    const event = events[seq - 1];
    if (event === undefined || logLine(event) === undefined) violate("14 not in the log", `${type} ${seq}`);
  }
  for (const { room: of, from, to } of missing) {
    if (of === room && to > trimmed)
      violate("14 missing", `${from} to ${to} is said to be gone, and only ${trimmed} is`);
  }
}

/** Up to where events are so old that nobody is shown them, whether they are taken away already or not. */
function tooOldIn(events: readonly LogEvent[]): Seq {
  const fromMs = (events.at(-1)?.timestamp ?? 0) - RETENTION_MS;
  return events.findLast(({ timestamp }) => timestamp < fromMs)?.seq ?? 0;
}

export function lastShownIn(log: FinalLog): Seq {
  const events = eventsOf(log);
  return events.findLast((event) => isShown(event, events))?.seq ?? 0;
}

/**
 * A change of a message that is deleted by now is nobody's business; the deletion says it all. So do the last results of a poll for
 * those before.
 */
function isShown(event: LogEvent, events: readonly LogEvent[]): boolean {
  if (logLine(event) === undefined || isEarlierResult(event, events)) return false;
  if (event.kind !== "message_edited") return true;
  return !events.some((later) => later.kind === "message_deleted" && later.target === event.target);
}
