/** A room as the store holds it: read from DynamoDB itself, past every node and every proxy. */
import { messageIdOf, type RoomId, type TenantId } from "../../src/base/ids.ts";
import { decodeEntries } from "../../src/actors/log-codec.ts";
import type { Journal, LogKey, Segment } from "../../src/storage/journal.ts";
import type { FinalLog, FinalSegment } from "../sim/history.ts";
import { eventsOf } from "../sim/log-facts.ts";
import type { Kept } from "./verdict.ts";

const EVENTS_PER_PAGE = 2_000;
const TENANT = "default" as TenantId;
/** Rooms of these tests are made once and never deleted. */
const INCARNATION = 1;

export async function readLog(journal: Journal, roomId: string): Promise<FinalLog> {
  const room = roomId as RoomId;
  const log: LogKey = { tenant: TENANT, room, incarnation: INCARNATION };
  const segments: FinalSegment[] = [];
  for (let from = 1; ; ) {
    const page = await readPage(journal, log, from);
    for (const segment of page) segments.push(finalSegment(segment));
    const last = page.at(-1);
    if (last === undefined) break;
    from = last.lastSeq + 1;
  }
  return { room, isPrivate: false, segments, members: new Map(), overlays: new Map(), items: new Map() };
}

export function messagesOf(log: FinalLog): readonly Kept[] {
  return eventsOf(log)
    .filter((event) => event.kind === "message_sent")
    .map(({ seq, content }) => ({ messageId: messageIdOf(seq), seq, content }));
}

function readPage(journal: Journal, log: LogKey, from: number): Promise<readonly Segment[]> {
  return new Promise((resolve, reject) => {
    journal.readRange(log, { from, to: Number.MAX_SAFE_INTEGER, eventsMax: EVENTS_PER_PAGE }, (read) => {
      if (read.ok) resolve(read.value);
      else reject(new Error(`the log of ${log.room} could not be read from ${from}`));
    });
  });
}

function finalSegment({ firstSeq, lastSeq, epoch, batchId, messageCount, entries }: Segment): FinalSegment {
  const writer = batchId.slice(0, batchId.indexOf("."));
  return { firstSeq, lastSeq, epoch, writer, messageCount, events: decodeEntries(firstSeq, entries) };
}
