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
}

/** A message of the history, oldest first. */
export interface Kept {
  readonly messageId: string;
  readonly seq: number;
  readonly content: string;
}

/** One client: member of every room since before the first message. */
export interface Witness {
  readonly userId: string;
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
  /** Breaks in what a client saw: gaps, repetitions, ranges that a resume could not replay, events of no history. */
  readonly gaps: number;
  readonly failures: readonly string[];
}

const FAILURES_SHOWN_MAX = 20;

export function judge(histories: ReadonlyMap<string, readonly Kept[]>, witnesses: readonly Witness[]): Verdict {
  const failures: string[] = [];
  const counts = { acked: 0, lost: 0, duplicates: 0, gaps: 0 };
  const fail = (kind: "lost" | "duplicates" | "gaps", what: string): void => {
    counts[kind] += 1;
    if (failures.length < FAILURES_SHOWN_MAX) failures.push(`${kind}: ${what}`);
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
    for (const witness of witnesses) sawAll(roomId, history, witness, fail);
  }
  for (const { userId, acked, faults } of witnesses) {
    counts.acked += acked.length;
    for (const fault of faults) fail("lost", `${userId}: ${fault}`);
    keptAll(userId, acked, histories, fail);
  }
  return { ...counts, failures };
}

type Fail = (kind: "lost" | "duplicates" | "gaps", what: string) => void;

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

function sawAll(roomId: string, history: readonly Kept[], { userId, rooms }: Witness, fail: Fail): void {
  const log = rooms.get(roomId);
  const where = `${userId} ${roomId}`;
  for (const fault of log?.faults ?? []) fail("gaps", `${where}: ${fault}`);
  for (const { from, to } of log?.missing ?? []) fail("gaps", `${where}: ${from} to ${to} could not be replayed`);
  const seen = (log?.events ?? [])
    .filter((event) => event.type === "new_message")
    .map((event) => `${textAt(event.body, "message.messageId")} ${textAt(event.body, "message.content")}`);
  const expected = history.map((message) => `${message.messageId} ${message.content}`);
  if (seen.length === expected.length && seen.every((message, i) => message === expected[i])) return;
  const first = expected.findIndex((message, i) => message !== seen[i]);
  fail("gaps", `${where}: saw ${seen.length} messages, history has ${expected.length}; they differ at ${first}`);
}
