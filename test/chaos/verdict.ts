/**
 * Compares what clients were told and saw with what the log holds at the end.
 * Invariant: pure; every deviation is counted, the first ones also in words.
 */
import { textAt } from "../support/json.ts";
import type { RoomLog } from "../support/room-log.ts";

export interface Acked {
  readonly roomId: string;
  readonly content: string;
  readonly messageId: string;
  readonly seq: number;
  /** The first try, and the first ack: `performance.now()` of this process. */
  readonly sentMs: number;
  readonly ackedMs: number;
}

/** A message of the history, oldest first. */
export interface Kept {
  readonly messageId: string;
  readonly seq: number;
  readonly content: string;
}

/** One client. */
export interface Witness {
  readonly userId: string;
  /** Rooms that it has been a member of since before their first message. */
  readonly memberOf: readonly string[];
  /** It went before the end: what it saw is a beginning of the history. */
  readonly left: boolean;
  readonly acked: readonly Acked[];
  readonly rooms: ReadonlyMap<string, RoomLog>;
  /** What went wrong for this client itself: refusals, two different acks. */
  readonly faults: readonly string[];
}

export interface Verdict {
  readonly acked: number;
  /** Acked, but not in the history where the ack said, or with another text; and what a client itself complains about. */
  readonly lost: number;
  readonly duplicates: number;
  /** Messages that were sent after another of their room had been acked, and stand before it. */
  readonly misordered: number;
  /** Breaks in what a client saw: gaps that nobody named, repetitions, events of no history. */
  readonly gaps: number;
  /** Ranges of which clients were told that they must read them from history: allowed, and nothing to be proud of. */
  readonly resets: number;
  readonly failures: readonly string[];
}

const FAILURES_SHOWN_MAX = 20;
/** Of one client and room: the first ones say where to look. */
const FAULTS_SHOWN_MAX = 3;

export function judge(histories: ReadonlyMap<string, readonly Kept[]>, witnesses: readonly Witness[]): Verdict {
  const failures: string[] = [];
  const counts = { acked: 0, lost: 0, duplicates: 0, misordered: 0, gaps: 0, resets: 0 };
  const fail: Fail = (kind, what): void => {
    counts[kind] += 1;
    if (what !== undefined && failures.length < FAILURES_SHOWN_MAX) failures.push(`${kind}: ${what}`);
  };
  for (const [roomId, history] of histories) {
    const contents = new Set<string>();
    let lastSeq = 0;
    for (const { messageId, seq, content } of history) {
      if (contents.has(content)) fail("duplicates", `${roomId} ${messageId} repeats "${content}"`);
      if (seq <= lastSeq) fail("gaps", `${roomId}: history has ${seq} after ${lastSeq}`);
      contents.add(content);
      lastSeq = seq;
    }
    for (const witness of witnesses) {
      if (!witness.memberOf.includes(roomId)) continue;
      counts.resets += witness.rooms.get(roomId)?.missing.length ?? 0;
      sawAll(roomId, history, witness, fail);
    }
  }
  for (const { userId, acked, faults } of witnesses) {
    counts.acked += acked.length;
    for (const fault of faults) fail("lost", `${userId}: ${fault}`);
    keptAll(userId, acked, histories, fail);
  }
  inOrder(witnesses, fail);
  return { ...counts, failures };
}

type Fail = (kind: "lost" | "duplicates" | "misordered" | "gaps", what: string | undefined) => void;

function keptAll(
  userId: string,
  acked: readonly Acked[],
  histories: ReadonlyMap<string, readonly Kept[]>,
  fail: Fail,
): void {
  const kept = new Map<string, Kept>();
  for (const [roomId, history] of histories)
    for (const message of history) kept.set(`${roomId} ${message.messageId}`, message);
  for (const { roomId, messageId, content, seq } of acked) {
    const message = kept.get(`${roomId} ${messageId}`);
    if (message?.content === content && message.seq === seq) continue;
    fail(
      "lost",
      `${userId} was told ${roomId} ${messageId} (${seq}) for "${content}"; there is ${JSON.stringify(message)}`,
    );
  }
}

/** What was acked before another was sent for the first time, by whomever, has the smaller sequence. */
function inOrder(witnesses: readonly Witness[], fail: Fail): void {
  const rooms = new Map<string, Acked[]>();
  for (const { acked } of witnesses) {
    for (const message of acked) {
      const room = rooms.get(message.roomId);
      if (room === undefined) rooms.set(message.roomId, [message]);
      else room.push(message);
    }
  }
  for (const [roomId, messages] of rooms) {
    messages.sort((a, b) => b.seq - a.seq);
    let earliest: Acked | undefined;
    for (const message of messages) {
      if (earliest !== undefined && earliest.ackedMs < message.sentMs) {
        fail("misordered", `${roomId}: ${message.messageId} was sent after ${earliest.messageId} had been acked`);
      }
      if (earliest === undefined || message.ackedMs < earliest.ackedMs) earliest = message;
    }
  }
}

function sawAll(roomId: string, history: readonly Kept[], { userId, rooms, left }: Witness, fail: Fail): void {
  const log = rooms.get(roomId);
  const where = `${userId} ${roomId}`;
  for (const [i, fault] of (log?.faults ?? []).entries()) {
    fail("gaps", i < FAULTS_SHOWN_MAX ? `${where}: ${fault}` : undefined);
  }
  const missing = log?.missing ?? [];
  const seen = (log?.events ?? [])
    .filter((event) => event.type === "new_message")
    .map((event) => `${textAt(event.body, "message.messageId")} ${textAt(event.body, "message.content")}`);
  // A range that was named as missing may be left out; part of it may have come all the same.
  const mayMiss = (seq: number): boolean => missing.some(({ from, to }) => from <= seq && seq <= to);
  let next = 0;
  for (const message of history) {
    if (seen[next] === `${message.messageId} ${message.content}`) next += 1;
    else if (!mayMiss(message.seq) && !(left && next === seen.length)) break;
  }
  const whole = history.findLast(({ seq }) => !mayMiss(seq));
  const isWhole = left || whole === undefined || seen.includes(`${whole.messageId} ${whole.content}`);
  if (next === seen.length && isWhole) return;
  fail("gaps", `${where}: saw ${seen.length} messages, history has ${history.length}; they differ at ${next}`);
}
