/** Checks of how everything stands at the end (10): heads, who is there, who types, what is unread. */
import type { RoomId, Seq, UserId } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import type { Answer, ClientHistory, History } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { eventsOf, headOf, membershipsOf, presentMembership, trimmedIn } from "./log-facts.ts";

export function checkEnding(history: History, violate: Violate): void {
  for (const log of history.logs) {
    const events = eventsOf(log);
    const memberships = membershipsOf(events);
    const present = presentUsers(history, log.room);
    for (const client of history.clients) {
      const position = client.final?.positions.find((candidate) => candidate.roomId === log.room);
      if (position !== undefined && position.error === undefined) {
        const place = `${client.name} ${log.room} at the end`;
        if (position.head !== headOf(log)) violate("10 head", `${place}: ${position.head}, the log ${headOf(log)}`);
        if (position.typing.length > 0) violate("10 typing", `${place}: ${position.typing.join(", ")}`);
        const shown = [...position.present].sort().join(", ");
        if (shown !== present) violate("10 presence", `${place}: shown [${shown}], there [${present}]`);
      }
      const membership = presentMembership(memberships.get(client.user));
      if (client.final === undefined || membership === undefined) continue;
      checkUnread(client, log.room, events, membership.joinedNo, violate);
    }
  }
}

function presentUsers({ clients }: History, room: RoomId): string {
  const users: UserId[] = [];
  for (const { user, final } of clients) {
    const position = final?.positions.find((candidate) => candidate.roomId === room);
    if (final?.status === "online" && position !== undefined && position.error === undefined) users.push(user);
  }
  return users.sort().join(", ");
}

/**
 * Messages after the last one that the user wrote under their name, marked as read, or found when joining; more of them where some were marked
 * as unread, unless the user wrote something when that was over.
 */
function checkUnread(
  client: ClientHistory,
  room: RoomId,
  events: readonly LogEvent[],
  joinedNo: number,
  violate: Violate,
): void {
  let marked: Seq = 0;
  let perhaps: Seq = 0;
  for (const { room: of, body, answers } of client.requests) {
    if (of !== room || body.kind !== "mark_read") continue;
    perhaps = Math.max(perhaps, body.seq);
    if (answers.some((answer) => answer.kind === "ack")) marked = Math.max(marked, body.seq);
  }
  // What is gone is nobody's to read.
  const { no: trimmed } = trimmedIn(events);
  const after = (mark: Seq, ownTo: Seq): number => {
    let messages = 0;
    let read = Math.max(joinedNo, trimmed);
    for (const event of events) {
      if (event.kind !== "message_sent") continue;
      messages += 1;
      // What one says without one's name moves no mark: it would tell who it was.
      const isOwn = event.by === client.user && event.as === undefined && event.seq <= ownTo;
      if (isOwn || event.seq <= mark) read = Math.max(read, messages);
    }
    return messages - read;
  };
  const all = Number.POSITIVE_INFINITY;
  const unread = client.final?.unread[room] ?? 0;
  const least = after(Math.max(marked, perhaps), all);
  const back = unreadFrom(client, room, events) - 1;
  const most = Math.max(after(marked, all), after(Math.min(back, marked), back));
  if (unread < least || unread > most) {
    violate("10 unread", `${client.name} ${room}: told ${unread}, in truth ${least} to ${most}`);
  }
}

/** What was there before is said once more, and what was held and approved by nobody is not said: neither ends anything. */
function isWritten(answer: Answer, events: readonly LogEvent[]): boolean {
  if (answer.kind !== "ack" || answer.duplicate) return false;
  if (answer.held !== true) return true;
  return events.some((event) => event.kind === "held_resolved" && event.approved && event.heldSeq === answer.seq);
}

/** The first message that may be marked as unread at the end: what the user wrote after the answer ended that. */
function unreadFrom(client: ClientHistory, room: RoomId, events: readonly LogEvent[]): Seq {
  const requests = client.requests.filter((request) => request.room === room);
  const lastSentMs = Math.max(
    ...requests.map(({ body, tries, answers }) => {
      if (body.kind !== "send_message" || body.isAnonymous === true) return 0;
      return answers.some((answer) => isWritten(answer, events)) ? (tries[0]?.atMs ?? 0) : 0;
    }),
  );
  let from: Seq = Number.POSITIVE_INFINITY;
  for (const { body, tries, answers } of requests) {
    if (body.kind !== "mark_unread") continue;
    const isOver = answers.length === tries.length && answers.every(({ atMs }) => atMs < lastSentMs);
    if (!isOver) from = Math.min(from, body.seq);
  }
  return from;
}
