/**
 * Judges a run: what clients were told and saw against the final log. Pure. The checks of docs/GUARANTEES.md, by number:
 * 1 acked → there, with that body          6 acked before another was sent → smaller sequence
 * 2 no key twice                           7 refused for good → not there
 * 3 contiguous, epochs never fall          8 recipients were members
 * 4 seen: contiguous and equal to the log  9 after healing everything is answered (`liveness`, from the scenario)
 * 5 nothing seen that is not there         10 presence, unread counts, heads at the end equal the truth
 * 11 an answer of the assistant ends exactly once   12 who is muted or banned is not heard, or let in, while that holds
 * 14 webhooks and consumers of the feed get each room's events in order, without a gap, at least once
 * 13 what is to be held is, is published once or never, and only moderators and its author hear of it
 * 15 who is away is told what is for them, and nobody else is
 * One node only, so far: nothing about several views of who owns a room.
 */
import { checkAnswers } from "./check-answers.ts";
import { checkEnding } from "./check-ending.ts";
import { checkLog, checkRows } from "./check-log.ts";
import { checkFeed } from "./check-feed.ts";
import { checkModerated, checkModeration } from "./check-moderation.ts";
import { checkNotices } from "./check-notices.ts";
import { checkOrder, checkRequests } from "./check-requests.ts";
import { checkSanctioned, checkSanctions } from "./check-sanctions.ts";
import { checkStreams } from "./check-streams.ts";
import type { History } from "./history.ts";

export interface Violation {
  readonly rule: string;
  /** Names client, room and sequence where there are any. */
  readonly message: string;
}
export type Violate = (rule: string, message: string) => void;

const VIOLATIONS_MAX = 50;

export function checkHistory(history: History): Violation[] {
  const violations: Violation[] = [];
  const violate: Violate = (rule, message) => {
    if (violations.length < VIOLATIONS_MAX) violations.push({ rule, message });
  };
  for (const log of history.logs) {
    checkLog(log, violate);
    checkRows(log, violate);
    checkAnswers(log, violate);
    checkSanctions(log, violate);
    checkModeration(log, violate);
  }
  for (const client of history.clients) {
    for (const fault of client.faults) violate("protocol", `${client.name}, ${fault}`);
  }
  checkRequests(history, violate);
  checkOrder(history, violate);
  checkStreams(history, violate);
  checkEnding(history, violate);
  checkSanctioned(history, violate);
  checkModerated(history, violate);
  checkFeed(history, violate);
  checkNotices(history, violate);
  return violations;
}
