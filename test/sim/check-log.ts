/** Checks of the log by itself (2, 3), and of the rows that were written with it. */
import { type Seq, seqOfMessageId, type UserId } from "../../src/base/ids.ts";
import type { LogEvent, MessagePinned } from "../../src/domain/room/events.ts";
import { type VoteRow, voteKey } from "../../src/domain/room/polls.ts";
import { emojiOf, reactionKey, tallyOf } from "../../src/domain/room/reactions.ts";
import type { MessageOverlay } from "../../src/domain/room/state.ts";
import type { FinalLog } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { POLL_OPTIONS } from "./request-frames.ts";
import { eventsOf, membershipsOf, presentMembership, trimmedIn } from "./log-facts.ts";

export function checkLog(log: FinalLog, violate: Violate): void {
  checkSegments(log, violate);
  checkEvents(log, violate);
}

/** Contiguous; each activation begins with a fence of its own epoch and writes in no other; epochs only rise. */
function checkSegments({ room, segments }: FinalLog, violate: Violate): void {
  const epochs = new Map<string, number>();
  let head = 0;
  let epoch = 0;
  let messages = 0;
  for (const segment of segments) {
    const place = `${room} segment ${segment.firstSeq}-${segment.lastSeq}`;
    if (segment.firstSeq !== head + 1) violate("3 contiguous", `${place} follows ${head}`);
    if (segment.lastSeq !== segment.firstSeq + segment.events.length - 1) {
      violate("3 contiguous", `${place} has ${segment.events.length} events`);
    }
    const first = segment.events[0];
    if (!epochs.has(segment.writer) && first?.kind !== "fence") {
      violate(
        "3 fenced",
        `${place}: activation ${segment.writer} wrote in epoch ${segment.epoch} without a fence before`,
      );
    }
    for (const event of segment.events) {
      if (event.kind === "message_sent") messages += 1;
      if (event.kind !== "fence") continue;
      if (event.epoch <= epoch) violate("3 epochs", `${place}: fence of epoch ${event.epoch} after ${epoch}`);
      epoch = event.epoch;
    }
    if (segment.epoch !== epoch) violate("3 epochs", `${place} says epoch ${segment.epoch}, the last fence ${epoch}`);
    if ((epochs.get(segment.writer) ?? segment.epoch) !== segment.epoch) {
      violate("3 fenced", `${place}: activation ${segment.writer} wrote in two epochs`);
    }
    epochs.set(segment.writer, segment.epoch);
    if (segment.messageCount !== messages)
      violate("3 counts", `${place} counts ${segment.messageCount}, not ${messages}`);
    head = segment.lastSeq;
  }
}

function checkEvents(log: FinalLog, violate: Violate): void {
  const keys = new Map<string, LogEvent>();
  const contents = new Map<string, Seq>();
  let timestamp = 0;
  for (const event of eventsOf(log)) {
    const place = `${log.room} seq ${event.seq}`;
    if (event.timestamp < timestamp) violate("3 timestamps", `${place}: ${event.timestamp} after ${timestamp}`);
    timestamp = event.timestamp;
    if (event.kind === "fence") continue;
    if (event.kind === "message_sent" && event.run === undefined) {
      const earlier = contents.get(event.content);
      if (earlier !== undefined) violate("2 once", `${place} repeats "${event.content}" of ${earlier}`);
      contents.set(event.content, event.seq);
    }
    if (event.clientId === undefined) continue;
    const key = `${event.by} ${event.clientId}`;
    const earlier = keys.get(key);
    // Only the making of a room is several events, and a ban takes the member away.
    const isNext = earlier?.seq === event.seq - 1;
    const isBanned = event.kind === "member_left" && earlier?.kind === "member_banned";
    const isFlagged = event.kind === "reported" && event.finding !== undefined;
    const isRest =
      (isNext && (event.kind === "member_joined" || isBanned || isFlagged)) || isApproved(event, earlier, log);
    if (earlier !== undefined && !isRest) violate("2 once", `${place} repeats key ${key} of ${earlier.seq}`);
    keys.set(key, event);
  }
}

/** What was held is published under its own key: rule 13 looks whether it should be. */
function isApproved(event: LogEvent, earlier: LogEvent | undefined, log: FinalLog): boolean {
  const before = event.kind === "message_sent" ? eventsOf(log)[event.seq - 2] : undefined;
  return before?.kind === "held_resolved" && before.approved && before.heldSeq === earlier?.seq;
}

/** Members and overlays as replaying the log gives them. */
export function checkRows(log: FinalLog, violate: Violate): void {
  const events = eventsOf(log);
  const expected = new Map<UserId, Seq>();
  for (const [userId, spans] of membershipsOf(events)) {
    const present = presentMembership(spans);
    if (present !== undefined) expected.set(userId, present.from);
  }
  for (const [userId, joinedSeq] of expected) {
    const row = log.members.get(userId);
    if (row?.joinedSeq !== joinedSeq)
      violate("rows", `${log.room}: ${userId} joined at ${joinedSeq}, row ${row?.joinedSeq}`);
  }
  for (const userId of log.members.keys()) {
    if (!expected.has(userId)) violate("rows", `${log.room}: ${userId} has a row and is no member`);
  }
  checkItems(log, events, violate);
  const changed = new Set<Seq>();
  for (const event of events) {
    if ("target" in event && !isPin(event)) changed.add(event.target);
    if (event.kind === "message_sent" && event.thread !== undefined) changed.add(event.thread.root);
  }
  const { seq: trimmed } = trimmedIn(events);
  for (const seq of changed) {
    if (seq <= trimmed) continue;
    const line = `${overlayLine(replayedOverlay(events, seq))}, ${repliesTo(events, seq)}`;
    const overlay = log.overlays.get(seq) ?? {};
    const row = `${overlayLine(overlay)}, ${overlay.thread?.count ?? 0} of ${overlay.thread?.lastNo ?? 0} replies`;
    if (line !== row) violate("rows", `${log.room} seq ${seq}: the log says ${line}, the row ${row}`);
  }
}

/** A reply belongs to the thread of what it answers, and is numbered in it; deleted ones are not counted. */
function repliesTo(events: readonly LogEvent[], root: Seq): string {
  const replies = new Set<Seq>();
  let lastNo = 0;
  for (const event of events) {
    if (event.kind === "message_sent" && event.run !== undefined) {
      // It stands in the thread of its question.
      const asked = events[event.run.question - 1];
      if (asked?.kind !== "message_sent" || asked.thread?.root !== root) continue;
      lastNo += 1;
      replies.add(event.seq);
    } else if (event.kind === "message_sent" && event.replyTo !== undefined) {
      const answered = seqOfMessageId(event.replyTo) ?? 0;
      const parent = events[answered - 1];
      const hangsOn = parent?.kind === "message_sent" ? (parent.thread?.root ?? answered) : undefined;
      if (hangsOn !== root) continue;
      lastNo += 1;
      replies.add(event.seq);
    } else if (event.kind === "message_deleted") replies.delete(event.target);
  }
  return `${replies.size} of ${lastNo} replies`;
}

function isPin(event: LogEvent): event is MessagePinned {
  return event.kind === "message_pinned" || event.kind === "message_unpinned";
}

function replayedOverlay(events: readonly LogEvent[], seq: Seq): MessageOverlay {
  let content: string | undefined;
  let deletedAt: number | undefined;
  const reactions: Record<string, UserId[]> = {};
  for (const event of events) {
    if (!("target" in event) || event.target !== seq || isPin(event)) continue;
    if (event.kind === "message_edited" || event.kind === "answer_ended") content = event.content;
    else if (event.kind === "message_deleted") deletedAt = event.timestamp;
    else if (event.kind === "reaction_changed") {
      const users = (reactions[event.emoji] ?? []).filter((user) => user !== event.by);
      reactions[event.emoji] = event.added ? [...users, event.by] : users;
    }
  }
  const poll = replayedPoll(events, seq);
  return {
    ...(poll !== undefined && { poll }),
    ...(content !== undefined && { content }),
    ...(deletedAt !== undefined && { deletedAt }),
    reactions,
  };
}

/** Counted from each person's last vote. */
function replayedPoll(events: readonly LogEvent[], seq: Seq): MessageOverlay["poll"] {
  const last = lastVotes(events, seq);
  if (last.size === 0) return undefined;
  const cast = [...last.values()].filter((choices) => choices.length > 0);
  const votes = POLL_OPTIONS.map((_, place) => cast.filter((choices) => choices.includes(place)).length);
  return { votes, voters: cast.length };
}

function lastVotes(events: readonly LogEvent[], seq: Seq): ReadonlyMap<UserId, readonly number[]> {
  const last = new Map<UserId, readonly number[]>();
  for (const event of events) {
    if (event.kind === "poll_voted" && event.target === seq) last.set(event.by, event.choices);
  }
  return last;
}

/** Votes and reactions of people, as rows of their own. */
function checkItems(log: FinalLog, events: readonly LogEvent[], violate: Violate): void {
  const { seq: trimmed } = trimmedIn(events);
  for (const event of events) {
    if (("target" in event ? event.target : event.seq) <= trimmed) continue;
    if (event.kind === "message_sent" && event.poll !== undefined) {
      for (const [userId, choices] of lastVotes(events, event.seq)) {
        const row = log.items.get(voteKey(event.seq, userId)) as VoteRow | undefined;
        const [said, stored] = [choices.join(), (row?.choices ?? []).join()];
        if (said !== stored)
          violate("rows", `${log.room} seq ${event.seq}: ${userId} chose ${said}, the row ${stored}`);
      }
    }
    if (event.kind !== "reaction_changed") continue;
    const { target, emoji, by } = event;
    const last = events.findLast(
      (e) => e.kind === "reaction_changed" && e.target === target && e.by === by && e.emoji === emoji,
    );
    const isStored = log.items.has(reactionKey(target, emoji, by));
    if (last === event && isStored !== event.added)
      violate(
        "rows",
        `${log.room} seq ${target}: the reaction ${emoji} of ${by} is ${event.added}, the row ${isStored}`,
      );
  }
}

/** A deleted message's text and reactions are nobody's business any more. */
function overlayLine({ content, deletedAt, reactions = {}, poll }: MessageOverlay): string {
  if (deletedAt !== undefined) return `deleted at ${deletedAt}`;
  const shown = emojiOf({ reactions })
    .map((emoji) => ({ emoji, ...tallyOf({ reactions }, emoji) }))
    .filter(({ count }) => count > 0)
    .map(({ emoji, count, users }) => `${emoji} ${count} ${[...users].sort().join(",")}`);
  const results = poll === undefined ? "" : ` votes ${poll.votes.join(" ")} of ${poll.voters}`;
  return `${content ?? "unchanged"} ${shown.join(" ")}${results}`;
}
